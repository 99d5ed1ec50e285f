// Node's own crypto verifies what certgrant signs, and the thumbprints in its headers are those that Node's reader of
// certificates computes.
import assert from "node:assert/strict";
import { constants, verify } from "node:crypto";
import { describe, it } from "node:test";
import { assertionsOf, BACKENDS } from "./fixtures/certgrant.mjs";
import { selfSigned } from "./fixtures/certificate.mjs";
import { CLIENT } from "./fixtures/registrations.mjs";

const { RSA_PKCS1_PSS_PADDING, RSA_PKCS1_PADDING } = constants;

/** Whether `key` verifies the signature, with the padding and salt length of RFC 7518 sections 3.3 and 3.5. */
function isSignedBy(key, assertion, alg) {
  const [header, payload, signature] = assertion.split(".");
  const padding = alg === "PS256" ? { padding: RSA_PKCS1_PSS_PADDING, saltLength: 32 } : { padding: RSA_PKCS1_PADDING };
  return verify(
    "sha256",
    Buffer.from(`${header}.${payload}`),
    { key, ...padding },
    Buffer.from(signature, "base64url"),
  );
}

const STRANGER = selfSigned();

for (const backend of BACKENDS) {
  describe(`node:crypto, ${backend} backend`, async () => {
    for (const { name, alg, signer, audience, assertion, hasChain } of await assertionsOf(backend)) {
      const parts = assertion.split(".");
      const [header, payload] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));

      it(`${name}: the signature verifies, and only with the right key and padding`, () => {
        assert.ok(isSignedBy(signer.publicKey, assertion, alg));
        assert.ok(!isSignedBy(STRANGER.publicKey, assertion, alg));
        assert.ok(!isSignedBy(signer.publicKey, assertion, alg === "PS256" ? "RS256" : "PS256"));
        assert.ok(!isSignedBy(signer.publicKey, assertion.replace(".", ".e"), alg));
      });

      it(`${name}: parts are base64url without padding, the header has what goes with the algorithm and no more`, () => {
        for (const part of parts) assert.match(part, /^[A-Za-z0-9_-]+$/);
        const hint = alg === "PS256" ? { "x5t#S256": signer.x5tS256 } : { x5t: signer.x5t };
        assert.deepEqual(header, { alg, typ: "JWT", ...hint, ...(hasChain ? { x5c: signer.x5c } : {}) });
      });

      it(`${name}: claims are the application's, in whole seconds, for ten minutes at most`, () => {
        const { aud, iss, sub, jti, nbf, iat, exp } = payload;
        assert.deepEqual({ aud, iss, sub }, { aud: audience, iss: CLIENT, sub: CLIENT });
        assert.match(jti, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
        for (const date of [nbf, exp, ...(iat === undefined ? [] : [iat])]) assert.ok(Number.isInteger(date));
        const now = Date.now() / 1000;
        assert.ok(nbf <= now && nbf > now - 120 && exp > now && exp - nbf <= 600, JSON.stringify(payload));
      });
    }
  });
}
