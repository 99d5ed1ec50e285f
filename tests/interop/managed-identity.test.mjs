// msal-node, unmodified, gets tokens of managed identities from the emulator's endpoints, and trades them in.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { run } from "./fixtures/child.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import * as people from "./fixtures/people.mjs";
import { GRAPH, TENANT } from "./fixtures/registrations.mjs";

const { ASSIGNED_IDENTITY, ASSIGNED_PATH, ASSIGNED_PRINCIPAL, OWN_PRINCIPAL, WORKLOAD } = people;
const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());

describe("msal-node on a machine with managed identities", () => {
  let emulator;
  let environment;
  before(async () => {
    emulator = await startEmulator({ registrations: people.PEOPLE, more: ["--control", "--http-port", "0"] });
    ({ environment } = await emulator.control("GET", "identities"));
  });
  after(() => emulator.stop());

  const acquire = async (kind, job) => {
    const settings = { caFile: emulator.caFile, env: environment[kind] };
    const { result } = await run("msal-identity", { resource: GRAPH, ...job }, settings);
    return result;
  };

  for (const [kind, source] of [
    ["imds", "DefaultToImds"],
    ["appService", "AppService"],
    ["cloudShell", "CloudShell"],
    ["serviceFabric", "ServiceFabric"],
    ["machineLearning", "MachineLearning"],
  ]) {
    it(`gets the machine's token from ${source}`, async () => {
      const result = await acquire(kind, {});
      assert.equal(result.error, undefined, JSON.stringify(result.error));
      assert.equal(result.source, source);
      assert.equal(claims(result.token).oid, OWN_PRINCIPAL);
      assert.ok(result.expiresOn > Date.now());
    });
  }

  for (const [kind, params] of [
    ["imds", { userAssignedClientId: ASSIGNED_IDENTITY }],
    ["imds", { userAssignedObjectId: ASSIGNED_PRINCIPAL }],
    ["imds", { userAssignedResourceId: ASSIGNED_PATH }],
    ["appService", { userAssignedClientId: ASSIGNED_IDENTITY }],
    ["appService", { userAssignedObjectId: ASSIGNED_PRINCIPAL }],
    ["appService", { userAssignedResourceId: ASSIGNED_PATH }],
    ["machineLearning", { userAssignedClientId: ASSIGNED_IDENTITY }],
  ]) {
    it(`names an identity by ${Object.keys(params)[0]} at ${kind}`, async () => {
      const result = await acquire(kind, { params });
      assert.equal(result.error, undefined, JSON.stringify(result.error));
      assert.equal(claims(result.token).oid, ASSIGNED_PRINCIPAL);
    });
  }

  it("is told that an identity is not assigned", async () => {
    const { error } = await acquire("imds", { params: { userAssignedClientId: WORKLOAD } });
    assert.match(error.message, /Identity not found/);
  });

  it("trades the identity's token for one of an application", async () => {
    const scope = `${GRAPH}/.default`;
    const exchange = { authority: emulator.authority, tenant: TENANT, clientId: WORKLOAD, scope };
    const job = {
      params: { userAssignedClientId: ASSIGNED_IDENTITY },
      resource: "api://AzureADTokenExchange",
      exchange,
    };
    const result = await acquire("imds", job);
    assert.equal(result.error, undefined, JSON.stringify(result.error));
    assert.equal(claims(result.token).appid, WORKLOAD);
  });
});
