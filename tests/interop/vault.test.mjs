// Azure Key Vault, as the emulator stands in for it: the key stays there, the token service takes what it signs, and the vault
// takes nothing that the service would not.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BACKENDS } from "./fixtures/certgrant.mjs";
import { run } from "./fixtures/child.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import { CLIENT, GRAPH, ORDERS, TENANT } from "./fixtures/registrations.mjs";
import { CHAINED, SINGLE } from "./fixtures/vectors.mjs";

const SCOPES = [`${GRAPH}/.default`, `${ORDERS}/.default`, `${GRAPH}/.default`];
const FIRST = "0123456789abcdef0123456789abcdef";
const VAULT_URL = "https://contoso.vault.azure.net";

function version({ certificate, key }, more = {}) {
  return { certificate, privateKey: key, ...more };
}

const VAULTS = [
  {
    name: "contoso",
    tenant: TENANT,
    hosts: ["contoso.vault.azure.net"],
    certificates: [
      { name: "app", versions: [version(SINGLE, { version: FIRST })] },
      {
        name: "rotated",
        versions: [version(SINGLE, { version: FIRST }), version(CHAINED)],
      },
      { name: "disabled", versions: [version(SINGLE, { enabled: false })] },
    ],
  },
];

for (const backend of BACKENDS) {
  describe(`a key in a vault, ${backend} backend`, () => {
    let emulator;
    before(async () => {
      emulator = await startEmulator({ vaults: VAULTS });
    });
    after(() => emulator.stop());

    async function ask(keyVault, { scopes = SCOPES.slice(0, 1), options } = {}) {
      await emulator.control("DELETE", "requests");
      const job = {
        authority: emulator.authority,
        tenant: TENANT,
        clientId: CLIENT,
        certificate: SINGLE.pem,
        vaultPort: emulator.vaultPort("contoso"),
        keyVault: { vaultUrl: VAULT_URL, certificateName: "app", ...keyVault },
        scopes,
        options,
      };
      const env = { CERTGRANT_BACKEND: backend };
      const { result } = await run("vault", job, {
        caFile: emulator.caFile,
        env,
      });
      return result;
    }

    /** How often the vault was asked for its certificate and for signatures. */
    async function asked() {
      const { counts } = await emulator.control("GET", "requests");
      return [counts["vault.certificate"] ?? 0, counts["vault.sign"] ?? 0];
    }

    for (const algorithm of ["PS256", "RS256"]) {
      it(`${algorithm}: the token service takes what the vault signed, and it is asked once`, async () => {
        const results = await ask({}, { scopes: SCOPES, options: { algorithm } });
        for (const { error } of results) assert.equal(error, undefined, JSON.stringify(error));
        assert.equal(results[0].token, results[2].token, "cached");
        assert.deepEqual(await asked(), [1, 1]);
      });
    }

    it("the newest version signs unless another is chosen", async () => {
      for (const [certificateVersion, { x5tS256 }] of [
        [undefined, CHAINED],
        [FIRST, SINGLE],
      ]) {
        const [{ error, assertion }] = await ask({ certificateName: "rotated", certificateVersion });
        assert.equal(error, undefined, JSON.stringify(error));
        const header = JSON.parse(Buffer.from(assertion.split(".")[0], "base64url").toString("utf8"));
        assert.equal(header["x5t#S256"], x5tS256);
      }
    });

    it("a disabled key, an unknown name and a missing permission are told apart", async () => {
      const [disabled] = await ask({ certificateName: "disabled" });
      assert.equal(disabled.error.code, "ERR_VAULT_REFUSED");
      assert.match(disabled.error.hint, /enable the version/);
      const [unknown] = await ask({ certificateName: "nobody" });
      assert.equal(unknown.error.statusCode, 404);
      assert.match(unknown.error.hint, /check the names/);
      const denied = [{ appId: CLIENT, operation: "sign", innererror: "ForbiddenByPolicy" }];
      await emulator.control("PATCH", "vaults/contoso", { denied });
      const [refused] = await ask({});
      await emulator.control("PATCH", "vaults/contoso", { denied: [] });
      assert.equal(refused.error.statusCode, 403);
      assert.match(refused.error.hint, /Key Vault Crypto User/);
    });

    it("a host that is not under the domain that its challenge names gets no token", async () => {
      const [{ error }] = await ask({
        vaultUrl: "https://contoso.vault.localhost",
      });
      assert.equal(error.code, "ERR_VAULT_CHALLENGE_FOREIGN");
      assert.deepEqual(await asked(), [1, 0]);
    });
  });
}
