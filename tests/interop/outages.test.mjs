// What callers see while the token service has a fault: the same matrix over Microsoft's clients and certgrant. The table in
// npm/certgrant/docs is made by this run with CERTGRANT_WRITE_DOCS=1; without it certgrant's cells must be what stands there.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BACKENDS } from "./fixtures/certgrant.mjs";
import { selfSigned } from "./fixtures/certificate.mjs";
import { run } from "./fixtures/child.mjs";
import { cell, committed, FILE, render, TOGETHER, WINDOWS } from "./fixtures/outage-table.mjs";
import { CLIENT, GRAPH, TENANT } from "./fixtures/registrations.mjs";
import { CONDITIONS } from "./fixtures/scripted-service.mjs";
import { SINGLE } from "./fixtures/vectors.mjs";

const PEERS = ["@azure/msal-node", "@azure/identity"];
const CALLERS = 50;
/** In milliseconds, for a machine that has much else to do: the matrix takes seconds. */
const TIME_LIMIT = 300_000;
const COLD = "no token";
const VALID = Object.keys(WINDOWS).filter((window) => window !== COLD);

const folder = mkdtempSync(join(tmpdir(), "certgrant-interop-"));
const caFile = join(folder, "ca.pem");
const tls = selfSigned();
writeFileSync(caFile, tls.certificate);

async function matrix(library, backend = "") {
  const { publicKey: _, ...certificate } = SINGLE;
  const job = {
    library,
    tls: { key: tls.key, certificate: tls.certificate },
    windows: WINDOWS,
    conditions: Object.keys(CONDITIONS),
    callers: CALLERS,
    tenant: TENANT,
    clientId: CLIENT,
    certificate,
    scope: `${GRAPH}/.default`,
  };
  const env = { CERTGRANT_BACKEND: backend, UV_THREADPOOL_SIZE: "1" };
  return (await run("outages", job, { caFile, env, timeLimit: TIME_LIMIT })).result;
}

function cells(results) {
  return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, cell(result)]));
}

function versionOf(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version;
}

describe("outages of the token service", () => {
  const results = {};
  const backends = {};
  before(async () => {
    for (const peer of PEERS) results[peer] = await matrix(peer);
    for (const backend of BACKENDS) backends[backend] = await matrix("certgrant", backend);
    results.certgrant = backends.native;
    if (process.env.CERTGRANT_WRITE_DOCS) {
      const versions = Object.fromEntries(PEERS.map((peer) => [peer, versionOf(peer)]));
      writeFileSync(FILE, render(results, versions));
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const condition of [...Object.keys(CONDITIONS), TOGETHER]) {
    it(`${condition}: a caller of certgrant neither fails nor waits while there is a valid token`, () => {
      for (const [backend, window] of BACKENDS.flatMap((backend) => VALID.map((window) => [backend, window]))) {
        for (const { got, seconds } of backends[backend][`${window}, ${condition}`].calls) {
          assert.notEqual(got, "error", `${backend}, ${window}`);
          assert.equal(seconds, 0, `${backend}, ${window}`);
        }
      }
    });
  }

  it("callers of certgrant that come together make one request", () => {
    for (const [backend, window] of BACKENDS.flatMap((backend) =>
      Object.keys(WINDOWS).map((window) => [backend, window]),
    )) {
      const { calls, requests } = backends[backend][`${window}, ${TOGETHER}`];
      assert.equal(requests, 1, `${backend}, ${window}`);
      assert.deepEqual(
        calls.map(({ got }) => got),
        [window === COLD ? "new" : "held"],
      );
    }
  });

  it("both backends of certgrant do the same", () => {
    assert.deepEqual(cells(backends.wasm), cells(backends.native));
  });

  it("the faults are real: without a token every library fails until the service is well", () => {
    for (const [library, result] of Object.entries(results)) {
      for (const condition of Object.keys(CONDITIONS).filter((name) => name !== "slow")) {
        const [during, again] = result[`${COLD}, ${condition}`].calls;
        assert.deepEqual([during.got, again.got], ["error", "error"], `${library}, ${condition}`);
      }
    }
  });

  it("certgrant does what npm/certgrant/docs/outages.md says; CERTGRANT_WRITE_DOCS=1 makes it anew", () => {
    assert.deepEqual(cells(results.certgrant), committed("certgrant"));
  });

  it("what Microsoft's clients do is recorded in the document", (t) => {
    for (const peer of PEERS) {
      const recorded = committed(peer);
      for (const [name, observed] of Object.entries(cells(results[peer]))) {
        assert.ok(recorded[name], `${peer}, ${name}`);
        if (recorded[name] !== observed) t.diagnostic(`${peer}, ${name}: ${observed}; recorded ${recorded[name]}`);
      }
    }
  });
});
