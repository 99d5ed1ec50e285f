// Spans of OpenTelemetry's own SDK, by Microsoft's instrumentation of the Azure SDKs: a call that is traced is one of its caller's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BACKENDS } from "./fixtures/certgrant.mjs";
import { run } from "./fixtures/child.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import { CLIENT, GRAPH, TENANT } from "./fixtures/registrations.mjs";
import { SINGLE } from "./fixtures/vectors.mjs";

const OK = 0;
const ERROR = 2;

for (const backend of BACKENDS) {
  test(`a token, a cached one and a refusal are spans of the operation that asks, ${backend} backend`, async (t) => {
    const emulator = await startEmulator();
    t.after(() => emulator.stop());
    const { authority, caFile } = emulator;
    const scopes = [`${GRAPH}/.default`, `${GRAPH}/.default`, "api://nobody/.default"];
    const job = { authority, tenant: TENANT, clientId: CLIENT, certificate: SINGLE.pem, scopes };
    const { result } = await run("opentelemetry", job, { caFile, env: { CERTGRANT_BACKEND: backend } });
    const operation = result.spans.find(({ name }) => name === "operation");
    const calls = result.spans.filter(({ parent }) => parent === operation.id);
    assert.deepEqual(
      calls.map(({ name, trace, status }) => [name, trace, status]),
      [OK, OK, ERROR].map((status) => ["ClientCertificateCredential.getToken", operation.trace, status]),
    );
    for (const [index, { attributes }] of calls.entries()) {
      assert.equal(attributes["az.namespace"], "Microsoft.AAD");
      assert.match(attributes["az.client_request_id"], /^[0-9a-f-]{36}$/);
      assert.equal(attributes["az.client_request_id"], result.ids[index]);
    }
    assert.equal(result.ids[0], result.ids[1]);
    assert.equal(calls[2].attributes["error.type"], "ERR_SERVICE_REFUSED");
    assert.doesNotMatch(JSON.stringify(result), /eyJ/);
  });
}
