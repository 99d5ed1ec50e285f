// RS256 over a signing input, RSA 2048, on Node: the native backend beside what its peers call, and OpenSSL's signature, the limit.
import { createPrivateKey, sign as opensslSign } from "node:crypto";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { median } from "./figures.mjs";

const ROUNDS = 9;
const TIMES = 150;
const signInThreads = promisify(opensslSign);

/** Microseconds a signature, one after the other, and for how long each call holds the event loop. */
export async function measureNative(own, peers, world) {
  const signer = await signerOf(own, world);
  const jsonwebtoken = peers("jsonwebtoken");
  const jose = await import(peers.resolve("jose"));
  const key = createPrivateKey(world.key);
  const webKey = await jose.importPKCS8(world.key, "RS256");
  const header = { alg: "RS256", typ: "JWT", x5t: "BezeeY0li1RB8d4r577xXmMhcvg" };
  const input = `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${"a".repeat(400)}`;
  const claims = { aud: `${world.authority}/x`, iss: world.client, sub: world.client, jti: "a", exp: 1_900_000_000 };
  const works = {
    "OpenSSL's signature, in a thread: the limit": () => signInThreads("sha256", Buffer.from(input), key),
    "certgrant's native backend, in a thread": () => signer.sign("RS256", input),
    "jose, WebCrypto in a thread": () => new jose.SignJWT(claims).setProtectedHeader(header).sign(webKey),
    "jsonwebtoken with a PEM, as msal-node calls it": () =>
      jsonwebtoken.sign(claims, world.key, { algorithm: "RS256", header }),
  };
  const rounds = new Map(Object.keys(works).map((name) => [name, { whole: [], held: [] }]));
  for (const work of Object.values(works)) for (let index = 0; index < 50; index++) await work();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(works)) {
      let held = 0;
      const begun = performance.now();
      for (let index = 0; index < TIMES; index++) {
        const called = performance.now();
        const promise = work();
        held += performance.now() - called;
        await promise;
      }
      rounds.get(name).whole.push(((performance.now() - begun) * 1000) / TIMES);
      rounds.get(name).held.push((held * 1000) / TIMES);
    }
  }
  return [...rounds].map(([name, { whole, held }]) => ({ name, microseconds: median(whole), held: median(held) }));
}

/** What signs beside the addon: a part of the package that has no entry of its own. */
async function signerOf(own, world) {
  const { NodeCryptoSigner } = await import(new URL("node-node-crypto.js", pathToFileURL(own.resolve("certgrant"))));
  const { Client, fault } = own(addonName(own));
  const client = new Client({
    authority: world.authority,
    tenant: world.tenant,
    clientId: world.client,
    endpoint: "v2",
    certificate: world.pem,
    algorithm: "RS256",
  });
  const holder = { privateKey: () => client.takePrivateKey(), publicKey: () => client.publicKey(), fault };
  return new NodeCryptoSigner(holder, true);
}

function addonName(load) {
  const { optionalDependencies } = load("certgrant/package.json");
  return Object.keys(optionalDependencies).find((name) => {
    try {
      return load.resolve(name);
    } catch {
      return false;
    }
  });
}
