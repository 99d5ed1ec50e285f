// jsonwebtoken (npm), both ways: it verifies the assertions of both backends, and what it signs verifies in the emulator.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import jwt from "jsonwebtoken";
import { assertionsOf, BACKENDS } from "./fixtures/certgrant.mjs";
import { selfSigned } from "./fixtures/certificate.mjs";
import { claims, form } from "./fixtures/claims.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import { CLIENT } from "./fixtures/registrations.mjs";
import { expectGraphToken } from "./fixtures/tokens.mjs";
import { SINGLE } from "./fixtures/vectors.mjs";

const STRANGER = selfSigned();

for (const backend of BACKENDS) {
  describe(`jsonwebtoken verifies, ${backend} backend`, async () => {
    for (const { name, alg, signer, audience, assertion } of await assertionsOf(backend)) {
      const expected = { algorithms: [alg], issuer: CLIENT, subject: CLIENT, audience };

      it(`${name}: by the certificate`, () => {
        const { header, payload } = jwt.verify(assertion, signer.certificate, { ...expected, complete: true });
        assert.equal(header.alg, alg);
        assert.equal(payload.sub, CLIENT);
      });

      it(`${name}: not by another key, nor for another audience`, () => {
        assert.throws(() => jwt.verify(assertion, STRANGER.certificate, expected), /invalid signature/);
        const elsewhere = { ...expected, audience: `${audience}/` };
        assert.throws(() => jwt.verify(assertion, signer.certificate, elsewhere), /jwt audience invalid/);
      });
    }
  });
}

for (const strict of [false, true]) {
  describe(`jsonwebtoken signs, ${strict ? "strict" : "lenient"} emulator`, () => {
    let emulator;
    before(async () => {
      emulator = await startEmulator({ strict });
    });
    after(() => emulator.stop());

    const headers = { RS256: { x5t: SINGLE.x5t }, PS256: { "x5t#S256": SINGLE.x5tS256 } };
    for (const [algorithm, header] of Object.entries(headers)) {
      it(`${algorithm} gets a token`, async () => {
        const url = emulator.endpoint();
        const assertion = jwt.sign(claims(url), SINGLE.key, { algorithm, header });
        const { status, body } = await emulator.post(url, form(assertion));
        assert.equal(status, 200, body.error_description);
        await expectGraphToken(emulator, body.access_token);
        assert.doesNotMatch(await emulator.line("POST "), /deviations/);
      });
    }
  });
}
