// @azure/msal-node, unmodified, gets tokens from the emulator with a certificate, and reads its refusals.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { selfSigned } from "./fixtures/certificate.mjs";
import { run } from "./fixtures/child.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import { CLIENT, DOMAIN, GRAPH, TENANT } from "./fixtures/registrations.mjs";
import { expectGraphToken } from "./fixtures/tokens.mjs";
import { CHAINED, SINGLE } from "./fixtures/vectors.mjs";

for (const strict of [false, true]) {
  describe(`msal-node, ${strict ? "strict" : "lenient"} emulator`, () => {
    let emulator;
    before(async () => {
      emulator = await startEmulator({ strict });
    });
    after(() => emulator.stop());

    const acquire = async (clientCertificate, changes = {}) => {
      const usual = { authority: emulator.authority, tenant: TENANT, clientId: CLIENT, scope: `${GRAPH}/.default` };
      emulator.forgetLines();
      const { result } = await run("msal-node", { ...usual, clientCertificate, ...changes }, emulator);
      return result;
    };
    const { key: privateKey, thumbprint, thumbprintSha256 } = SINGLE;

    it("gets a token with a SHA-1 thumbprint", async () => {
      const { token, error } = await acquire({ privateKey, thumbprint });
      assert.equal(error, undefined);
      await expectGraphToken(emulator, token);
      assert.match(await emulator.line("POST "), /alg RS256, .*key hint x5t,/);
    });

    it("gets a token with a SHA-256 thumbprint, in a tenant named by its domain", async () => {
      const { token, error } = await acquire({ privateKey, thumbprintSha256 }, { tenant: DOMAIN });
      assert.equal(error, undefined);
      await expectGraphToken(emulator, token);
      assert.match(await emulator.line("POST "), /alg PS256, .*key hint x5t#S256,/);
    });

    it("gets a token with a certificate chain", async () => {
      const { key, chain } = CHAINED;
      const { token, error } = await acquire({
        privateKey: key,
        thumbprintSha256: CHAINED.thumbprintSha256,
        x5c: chain,
      });
      assert.equal(error, undefined);
      await expectGraphToken(emulator, token);
    });

    it("is refused with Entra's error when the key is not registered", async () => {
      const stranger = selfSigned();
      const { error } = await acquire({ privateKey: stranger.key, thumbprintSha256: stranger.thumbprintSha256 });
      assert.equal(error.name, "ServerError");
      assert.equal(error.errorCode, "invalid_client");
      assert.equal(String(error.errorNo), "700027");
      assert.match(error.message, /AADSTS700027/);
      assert.match(error.correlationId, /^[0-9a-f-]{36}$/);
    });
  });
}
