// A token broker at the edge: partners get tokens of ours without holding a credential of ours. The Worker holds the certificate.
// A partner proves itself by a JWT that its own identity provider signed, from an address that is on its list, and gets a token
// for a scope that its policy names, or is refused without a word about why.
//
// Secrets: CERTIFICATE (a PEM with the private key and its certificate). Variables: TENANT_ID, CLIENT_ID, AUDIENCE (what partners'
// JWTs are made out to), POLICIES, as JSON:
//
//   [{ "issuer": "https://idp.partner.example", "subject": "orders", "key": { …public JWK… }, "addresses": ["203.0.113.7"],
//      "scopes": ["api://orders/.default"], "forward": false }]
//
// With `forward` the partner's JWT itself goes to Entra as the client assertion (a federated credential of CLIENT_ID), and the
// certificate is not needed: Entra then checks the JWT once more and logs the partner's name.
import { ClientAssertionCredential, ClientCertificateCredential } from "certgrant";

/** Seconds by which clocks may differ. */
const LEEWAY = 60;
/** A partner is told a shorter life than the token has, so that what it keeps is soon asked for again. */
const LONGEST_LIFE = 600;

const RS256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

let own;

export default {
  async fetch(request, env) {
    if (request.method !== "POST") return refusal(405);
    const jwt = /^Bearer (\S+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    const scope = new URLSearchParams(await request.text()).get("scope");
    const policy = await admitted(jwt, request.headers.get("cf-connecting-ip"), env);
    if (!policy?.scopes.includes(scope)) return refusal(403);
    const credential = policy.forward ? forwarding(jwt, env) : ours(env);
    const { token, expiresOnTimestamp } = await credential.getToken(scope);
    const life = Math.floor((expiresOnTimestamp - Date.now()) / 1000);
    const body = { access_token: token, token_type: "Bearer", expires_in: Math.min(life, LONGEST_LIFE) };
    return Response.json(body, { headers: { "cache-control": "no-store" } });
  },
};

/** One for all partners, so that they share its tokens. */
function ours({ TENANT_ID, CLIENT_ID, CERTIFICATE, AUTHORITY_HOST }) {
  const options = { authorityHost: AUTHORITY_HOST };
  own ??= new ClientCertificateCredential(TENANT_ID, CLIENT_ID, { certificate: CERTIFICATE }, options);
  return own;
}

function forwarding(jwt, { TENANT_ID, CLIENT_ID, AUTHORITY_HOST }) {
  return new ClientAssertionCredential(TENANT_ID, CLIENT_ID, async () => jwt, { authorityHost: AUTHORITY_HOST });
}

/** The policy of the partner that made `jwt`, if all is as it should be. */
async function admitted(jwt, address, env) {
  try {
    const [header, claims] = jwt.split(".", 2).map((part) => JSON.parse(new TextDecoder().decode(bytes(part))));
    const isOf = ({ issuer, subject }) => issuer === claims.iss && subject === claims.sub;
    const policy = JSON.parse(env.POLICIES).find(isOf);
    const now = Date.now() / 1000;
    const isFresh = claims.exp > now - LEEWAY && (claims.nbf ?? 0) < now + LEEWAY;
    if (!policy?.addresses.includes(address) || claims.aud !== env.AUDIENCE || !isFresh) return undefined;
    return header.alg === "RS256" && (await isSigned(jwt, policy.key)) ? policy : undefined;
  } catch {
    // Whatever can't be read admits nobody.
    return undefined;
  }
}

async function isSigned(jwt, jwk) {
  const key = await crypto.subtle.importKey("jwk", jwk, RS256, false, ["verify"]);
  const end = jwt.lastIndexOf(".");
  return crypto.subtle.verify(RS256, key, bytes(jwt.slice(end + 1)), new TextEncoder().encode(jwt.slice(0, end)));
}

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

const refusal = (status) => Response.json({ error: "access_denied" }, { status });
