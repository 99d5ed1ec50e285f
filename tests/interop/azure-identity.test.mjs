// @azure/identity, unmodified, gets tokens from the emulator with a certificate, and reads its refusals.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { importPKCS8, SignJWT } from "jose";
import { selfSigned } from "./fixtures/certificate.mjs";
import { run } from "./fixtures/child.mjs";
import { claims } from "./fixtures/claims.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import { CLIENT, GRAPH, TENANT } from "./fixtures/registrations.mjs";
import { expectGraphToken } from "./fixtures/tokens.mjs";
import { CHAINED, SINGLE } from "./fixtures/vectors.mjs";

for (const strict of [false, true]) {
  describe(`@azure/identity, ${strict ? "strict" : "lenient"} emulator`, () => {
    let emulator;
    before(async () => {
      emulator = await startEmulator({ strict });
    });
    after(() => emulator.stop());

    const acquire = async (changes) => {
      const usual = { authority: emulator.authority, tenant: TENANT, clientId: CLIENT, scope: `${GRAPH}/.default` };
      emulator.forgetLines();
      const { result } = await run("azure-identity", { ...usual, ...changes }, emulator);
      return result;
    };

    it("ClientCertificateCredential gets a token", async () => {
      const { token, error } = await acquire({ certificate: SINGLE.pem });
      assert.equal(error, undefined);
      await expectGraphToken(emulator, token);
      assert.match(await emulator.line("POST "), /alg PS256, .*key hint x5t#S256,/);
    });

    it("ClientCertificateCredential gets a token with sendCertificateChain", async () => {
      const { token, error } = await acquire({ certificate: CHAINED.pem, options: { sendCertificateChain: true } });
      assert.equal(error, undefined);
      await expectGraphToken(emulator, token);
    });

    it("ClientAssertionCredential gets a token with an assertion by jose", async () => {
      const header = { alg: "RS256", typ: "JWT", x5t: SINGLE.x5t };
      const key = await importPKCS8(SINGLE.key, "RS256");
      const assertion = await new SignJWT(claims(emulator.endpoint())).setProtectedHeader(header).sign(key);
      const { token, error } = await acquire({ assertion });
      assert.equal(error, undefined);
      await expectGraphToken(emulator, token);
    });

    it("is refused with Entra's error when the certificate is not registered", async () => {
      const { error } = await acquire({ certificate: selfSigned().pem });
      assert.equal(error.name, "AuthenticationRequiredError");
      assert.match(error.message, /AADSTS700027/);
    });
  });
}
