// Credentials other than a certificate's against the emulator, which checks them as Entra and Azure's machines do: secrets, users
// whose token is exchanged, managed identities at each kind of endpoint, and one that stands for an application.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { decodeJwt } from "jose";
import { BACKENDS } from "./fixtures/certgrant.mjs";
import { run } from "./fixtures/child.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import { CLIENT, GRAPH, ORDERS, REGISTRATIONS, TENANT } from "./fixtures/registrations.mjs";
import { SINGLE } from "./fixtures/vectors.mjs";

const SECRET = "not~a~real~secret";
const IDENTITY = "1de00000-0000-4000-8000-000000000001";
const PRINCIPAL = "1de00000-0000-4000-8000-0000000000aa";
const OWN_IDENTITY = "1de00000-0000-4000-8000-000000000002";
const FEDERATED = "aaaaaaaa-0000-4000-8000-0000000000fe";
const USER = { userPrincipalName: "ada@contoso.example", displayName: "Ada", passwordProfile: { password: "p~w" } };

const federated = {
  name: "machine",
  issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`,
  subject: PRINCIPAL,
  audiences: ["api://AzureADTokenExchange"],
};

const registrations = {
  value: [
    ...REGISTRATIONS.map((application) =>
      application.appId === CLIENT
        ? { ...application, passwordCredentials: [{ secretText: SECRET, endDateTime: "2099-01-01T00:00:00Z" }] }
        : application,
    ),
    { appId: FEDERATED, displayName: "trusts a machine", federatedIdentityCredentials: [federated] },
  ],
  emulator: {
    users: [USER],
    managedIdentities: [
      { clientId: IDENTITY, principalId: PRINCIPAL, tenantId: TENANT },
      { clientId: OWN_IDENTITY, tenantId: TENANT, systemAssigned: true },
    ],
  },
};

let emulator;
let environments;

before(async () => {
  emulator = await startEmulator({ registrations, more: ["--http-port", "0", "--control"] });
  ({ environment: environments } = await emulator.control("GET", "identities"));
});

after(() => emulator?.stop());

for (const backend of BACKENDS) {
  describe(`credentials, ${backend} backend`, () => {
    async function ask(call, environment = {}) {
      const env = { CERTGRANT_BACKEND: backend, AZURE_AUTHORITY_HOST: emulator.authority, ...environment };
      const { result } = await run("credentials", { calls: [call] }, { caFile: emulator.caFile, env });
      return result[0];
    }

    it("a secret gets a token, and a wrong one Entra's words and what helps", async () => {
      const call = (secret) => ({ name: "ClientSecretCredential", args: [TENANT, CLIENT, secret], scope: `${GRAPH}/.default` });
      const { token, error } = await ask(call(SECRET));
      assert.equal(decodeJwt(token ?? error.message).appid, CLIENT);
      const wrong = (await ask(call("another"))).error;
      assert.equal(wrong.name, "AuthenticationError");
      assert.deepEqual(wrong.errorResponse.errorCodes, [7000215]);
      assert.match(wrong.hint, /not its id/);
    });

    it("the environment's certificate gets a token", async () => {
      const environment = { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT, AZURE_CLIENT_SECRET: SECRET };
      const { token } = await ask({ name: "EnvironmentCredential", args: [], scope: `${GRAPH}/.default` }, environment);
      assert.equal(decodeJwt(token).appid, CLIENT);
    });

    it("a user's token is exchanged for one to another API", async () => {
      const { accessToken } = await emulator.control("POST", `users/${USER.userPrincipalName}/tokens`, {
        audience: CLIENT,
        tenant: TENANT,
      });
      const own = { tenantId: TENANT, clientId: CLIENT, userAssertionToken: accessToken };
      for (const proof of [{ certificate: SINGLE.pem }, { clientSecret: SECRET }]) {
        const args = [{ ...own, ...proof }];
        const { token, error } = await ask({ name: "OnBehalfOfCredential", args, scope: `${GRAPH}/.default` });
        const claims = decodeJwt(token ?? JSON.stringify(error));
        assert.equal(claims.upn ?? claims.preferred_username, USER.userPrincipalName);
        assert.ok(claims.scp);
      }
    });

    for (const [kind, id] of [
      ["imds", IDENTITY],
      ["appService", IDENTITY],
      ["serviceFabric", undefined],
      ["cloudShell", undefined],
      ["machineLearning", IDENTITY],
    ]) {
      it(`a managed identity gets a token: ${kind}`, async () => {
        const args = id ? [{ clientId: id }] : [];
        const call = { name: "ManagedIdentityCredential", args, scope: `${GRAPH}/.default` };
        const { token, error } = await ask(call, environments[kind]);
        assert.equal(decodeJwt(token ?? JSON.stringify(error)).appid, id ?? OWN_IDENTITY);
      });
    }

    it("an identity that the machine does not have is unavailable", async () => {
      const args = [{ clientId: CLIENT }];
      const call = { name: "ManagedIdentityCredential", args, scope: `${GRAPH}/.default` };
      assert.equal((await ask(call, environments.imds)).error.name, "CredentialUnavailableError");
    });

    it("no proxy stands between a machine and its endpoints", async () => {
      const call = { name: "ManagedIdentityCredential", args: [{ clientId: IDENTITY }], scope: `${GRAPH}/.default` };
      const proxies = { HTTP_PROXY: "http://127.0.0.1:1", HTTPS_PROXY: "http://127.0.0.1:1" };
      assert.ok((await ask(call, { ...environments.appService, ...proxies })).token);
    });

    it("a managed identity stands for an application that trusts it", async () => {
      const args = [TENANT, FEDERATED, "identity"];
      const call = { name: "ClientAssertionCredential", args, identity: { clientId: IDENTITY }, scope: `${ORDERS}/.default` };
      const { token, error } = await ask(call, environments.imds);
      const { azp, appid } = decodeJwt(token ?? JSON.stringify(error));
      assert.equal(azp ?? appid, FEDERATED);
    });
  });
}
