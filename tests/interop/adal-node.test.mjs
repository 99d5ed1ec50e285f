// adal-node, unmodified, gets tokens from the emulator with a certificate, and reads its refusals.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { selfSigned } from "./fixtures/certificate.mjs";
import { run } from "./fixtures/child.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import { CLIENT, DOMAIN, GRAPH, TENANT } from "./fixtures/registrations.mjs";
import { expectGraphToken } from "./fixtures/tokens.mjs";
import { SINGLE } from "./fixtures/vectors.mjs";

for (const strict of [false, true]) {
  describe(`adal-node, ${strict ? "strict" : "lenient"} emulator`, () => {
    let emulator;
    before(async () => {
      emulator = await startEmulator({ strict });
    });
    after(() => emulator.stop());

    const acquire = async (changes) => {
      const { key, thumbprint } = SINGLE;
      const usual = {
        authority: emulator.authority,
        tenant: TENANT,
        clientId: CLIENT,
        resource: GRAPH,
        key,
        thumbprint,
      };
      emulator.forgetLines();
      const { result } = await run("adal-node", { ...usual, ...changes }, emulator);
      return result;
    };

    for (const tenant of [TENANT, DOMAIN]) {
      it(`gets a token in the tenant ${tenant}`, async () => {
        const { token, error } = await acquire({ tenant });
        assert.equal(error, undefined);
        await expectGraphToken(emulator, token);
        const line = await emulator.line("POST ");
        assert.match(line, /\/oauth2\/token 200 .*alg RS256, .*key hint x5t,/);
        assert.doesNotMatch(line, /deviations/);
      });
    }

    it("is refused with Entra's error when the key is not registered", async () => {
      const { key, thumbprint } = selfSigned();
      const { error } = await acquire({ key, thumbprint });
      assert.match(error.message, /^Get Token request returned http error: 401 and server response: /);
      assert.equal(error.response.error, "invalid_client");
      assert.deepEqual(error.response.error_codes, [700027]);
      assert.match(error.response.error_description, /^AADSTS700027: .*The key was not found/s);
    });
  });
}
