// What only workerd has: whatever a request begins ends with it, and other requests may be waiting for that.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, describe, it } from "node:test";
import { newProject, removeProjects } from "./fixtures/project.mjs";
import { bundleWorker, serveWorker } from "./fixtures/runtimes/workerd.mjs";
import { worldOf } from "./fixtures/world.mjs";

const world = worldOf({ authority: "https://login.microsoftonline.com" });

/** A Worker with one credential for all requests, whose clock the test sets. */
const WORKER = `
import { ClientCertificateCredential } from "certgrant";
let credential;
let callers = 0;
const realNow = Date.now;
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/callers") return new Response(String(callers));
    const later = Number(searchParams.get("later") ?? 0);
    Date.now = () => realNow.call(Date) + later;
    credential ??= new ClientCertificateCredential("${world.tenant}", "${world.client}", { certificate: env.CERTIFICATE },
      { fetch: (url, init) => fetch(env.SERVICE, init) });
    callers += 1;
    return new Response((await credential.getToken("api://orders/.default")).token);
  },
};
`;

/** A token service that answers when the test says so. */
function startService() {
  const waiting = [];
  const server = createServer((request, response) => {
    request.resume();
    waiting.push(response);
  });
  const answer = (token) => {
    const body = { token_type: "Bearer", expires_in: 3600, refresh_in: 1800, access_token: token };
    waiting.shift().writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  return new Promise((started) => {
    server.listen(0, "127.0.0.1", () => {
      const url = `http://127.0.0.1:${server.address().port}/`;
      started({ url, waiting, answer, stop: () => server.close().closeAllConnections() });
    });
  });
}

/** Waits by the turns of the loop until `condition` holds. */
async function until(condition) {
  for (let turn = 0; turn < 20_000; turn++) {
    if (await condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error("what the test waits for did not come about");
}

describe("on workerd", () => {
  let modules;
  let service;
  let worker;
  before(async () => {
    modules = await bundleWorker(await newProject({ "worker.mjs": WORKER }, { native: false }), "worker.mjs");
  });
  beforeEach(async () => {
    await worker?.stop();
    service?.stop();
    service = await startService();
    const bindings = { CERTIFICATE: world.pem, SERVICE: service.url };
    const folder = await newProject({}, { native: false });
    worker = await serveWorker(modules, { folder, emulator: { ca: world.certificate }, bindings });
  });
  after(async () => {
    await worker.stop();
    service.stop();
    removeProjects();
  });

  const ask = async (query = "", signal = undefined) => (await fetch(worker.url + query, { signal })).text();
  const callers = async () => Number(await ask("callers"));

  it("a flight goes on for the requests that wait for it when the request that began it has gone", async () => {
    const controller = new AbortController();
    const leaving = ask("", controller.signal).catch((error) => error.name);
    await until(() => service.waiting.length === 1);
    const staying = ask();
    await until(async () => (await callers()) === 2);
    controller.abort();
    assert.equal(await leaving, "AbortError");
    service.answer("token-1");
    assert.equal(await staying, "token-1");
    assert.equal(service.waiting.length, 0);
  });

  it("a token is renewed behind the answer of the request that found it old", async () => {
    const first = ask();
    await until(() => service.waiting.length === 1);
    service.answer("token-1");
    assert.equal(await first, "token-1");
    const later = 45 * 60 * 1000;
    assert.equal(await ask(`?later=${later}`), "token-1");
    await until(() => service.waiting.length === 1);
    service.answer("token-2");
    await until(async () => (await ask(`?later=${later}`)) === "token-2");
    assert.equal(service.waiting.length, 0);
  });
});
