// Azure's own clients take certgrant's credential: Storage's with Azurite, the pipeline that all of them share with a claims
// challenge, and Microsoft Graph's. The tokens are the emulator's.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startAzurite } from "./fixtures/azurite.mjs";
import { BACKENDS } from "./fixtures/certgrant.mjs";
import { run } from "./fixtures/child.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import { CLIENT, GRAPH, GRAPH_ROLE, TENANT } from "./fixtures/registrations.mjs";
import { CLAIMS, REVOKE, startResource } from "./fixtures/resource.mjs";
import { SINGLE } from "./fixtures/vectors.mjs";

const SCOPE = `${GRAPH}/.default`;
const STORAGE_SCOPE = "https://storage.azure.com/.default";

const folder = mkdtempSync(join(tmpdir(), "certgrant-interop-"));
const caFile = join(folder, "ca.pem");
let emulator;
let azurite;
before(async () => {
  emulator = await startEmulator();
  azurite = await startAzurite();
});
after(async () => {
  await Promise.all([emulator?.stop(), azurite?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

for (const backend of BACKENDS) {
  describe(`Azure's clients with certgrant, ${backend} backend`, () => {
    let resource;
    before(async () => {
      resource = await startResource(emulator);
      writeFileSync(caFile, emulator.ca + azurite.ca + resource.ca);
    });
    after(() => resource.stop());

    async function use(sdk, job) {
      const { authority } = emulator;
      const common = { sdk, authority, tenant: TENANT, clientId: CLIENT, certificate: SINGLE.pem };
      const env = { CERTGRANT_BACKEND: backend };
      const { result } = await run("azure-sdks", { ...common, ...job }, { caFile, env });
      return result;
    }

    it("@azure/storage-blob writes and reads a blob at Azurite", async () => {
      const text = `written with the ${backend} backend`;
      const { results, requests, error } = await use("@azure/storage-blob", { url: azurite.url, text });
      assert.equal(error, undefined, JSON.stringify(error));
      assert.deepEqual(results, [text]);
      assert.deepEqual(
        requests.map(({ scope }) => scope),
        [STORAGE_SCOPE],
        "one token for all of it",
      );
    });

    it("Azurite takes no token of another resource", async () => {
      const { error } = await use("@azure/storage-blob", { url: azurite.url, text: "never", scope: SCOPE });
      assert.equal(error?.statusCode, 403, JSON.stringify(error));
      assert.equal(error.code, "AuthenticationFailed");
    });

    it("@azure/core-rest-pipeline asks for one token, whoever waits for it", async () => {
      const job = { url: resource.url, scope: SCOPE, paths: ["/first", "/second"], together: 20 };
      const { results, requests, error } = await use("@azure/core-rest-pipeline", job);
      assert.equal(error, undefined, JSON.stringify(error));
      assert.deepEqual([...new Set(results.map(({ status }) => status))], [200]);
      assert.equal(results.length, 40);
      assert.equal(requests.length, 1);
      const { xms_cc: capabilities, roles } = resource.accepted.at(-1);
      assert.deepEqual([capabilities, roles], [["cp1"], [GRAPH_ROLE]], "it understands claims challenges");
    });

    it("@microsoft/microsoft-graph-client reads from Graph", async () => {
      const job = { url: resource.url, scope: SCOPE, paths: ["/users", "/groups"] };
      const { results, requests, error } = await use("@microsoft/microsoft-graph-client", job);
      assert.equal(error, undefined, JSON.stringify(error));
      assert.deepEqual(
        results.map(({ value }) => value[0]),
        [
          { path: "/v1.0/users", app: CLIENT },
          { path: "/v1.0/groups", app: CLIENT },
        ],
      );
      assert.equal(requests.length, 1, "the second time from the cache");
    });
  });

  describe(`a claims challenge, ${backend} backend`, () => {
    let resource;
    before(async () => {
      resource = await startResource(emulator);
      writeFileSync(caFile, emulator.ca + azurite.ca + resource.ca);
    });
    after(() => resource.stop());

    it("@azure/core-rest-pipeline answers it with a new token, which then serves", async () => {
      const { authority } = emulator;
      const common = { sdk: "@azure/core-rest-pipeline", authority, tenant: TENANT, clientId: CLIENT };
      const paths = ["/before", REVOKE, "/challenged", "/after"];
      const job = { ...common, certificate: SINGLE.pem, url: resource.url, scope: SCOPE, paths };
      const { result } = await run("azure-sdks", job, { caFile, env: { CERTGRANT_BACKEND: backend } });
      assert.equal(result.error, undefined, JSON.stringify(result.error));
      assert.deepEqual(
        result.results.map(({ status }) => status),
        [200, 200, 200, 200],
        "no caller sees the challenge",
      );
      assert.deepEqual(resource.statuses, [200, 200, 401, 200, 200]);
      const claims = result.requests.map((request) => JSON.parse(request.claims));
      const capable = { xms_cc: { values: ["cp1"] } };
      assert.deepEqual(claims, [
        { access_token: capable },
        { access_token: { ...JSON.parse(CLAIMS).access_token, ...capable } },
      ]);
    });
  });
}
