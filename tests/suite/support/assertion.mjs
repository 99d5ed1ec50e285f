// Reads and verifies client assertions with Node's own crypto, independently of certgrant.
import assert from "node:assert/strict";
import { constants, verify, X509Certificate } from "node:crypto";
import { CERTIFICATE } from "./fixtures.mjs";

/** Header and claims of an assertion whose signature the key of `certificate` verifies, and that key; throws otherwise. */
export function readAssertion(assertion, certificate = CERTIFICATE) {
  const parts = assertion.split(".");
  assert.equal(parts.length, 3);
  for (const part of parts) assert.match(part, /^[A-Za-z0-9_-]+$/, "base64url without padding");
  const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url").toString("utf8")));
  const key = new X509Certificate(certificate).publicKey;
  const options = header.alg === "PS256" ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : { key };
  const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
  assert.ok(
    verify("sha256", signed, options, Buffer.from(parts[2], "base64url")),
    "the signature fits the certificate",
  );
  return { header, claims, key };
}
