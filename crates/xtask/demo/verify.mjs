// Verifies an access token as a resource does, with nothing of certgrant: the key set that the authority publishes, Node's
// own RSA, the audience and the times. Prints the token's header and claims; a token that does not verify is an error.

import { createPublicKey, verify } from "node:crypto";

const { authority, tenant, resource } = JSON.parse(process.argv[2]);
const token = process.env.DEMO_TOKEN;

const json = async (url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered with status ${response.status}`);
  return response.json();
};
const part = (text) => JSON.parse(Buffer.from(text, "base64url").toString());

const { jwks_uri: keySetAddress } = await json(`${authority}/${tenant}/v2.0/.well-known/openid-configuration`);
const { keys } = await json(keySetAddress);

const [head, body, signature] = token.split(".");
const header = part(head);
const claims = part(body);
const jwk = keys.find((key) => key.kid === header.kid);
if (jwk === undefined) throw new Error(`the key set of ${authority} has no key ${header.kid}`);
if (header.alg !== "RS256") throw new Error(`the token's alg is ${header.alg}, expected RS256`);
const key = createPublicKey({ key: jwk, format: "jwk" });
if (!verify("sha256", Buffer.from(`${head}.${body}`), key, Buffer.from(signature, "base64url"))) {
  throw new Error("the token's signature does not verify");
}
const now = Date.now() / 1000;
if (claims.aud !== resource) throw new Error(`the token's aud is ${claims.aud}, expected ${resource}`);
if (!(claims.nbf <= now && now < claims.exp)) throw new Error("the token is not valid at this time");
console.log(JSON.stringify({ header, claims }));
