// Giving up: each caller for itself, and the request only when nobody waits.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import { credential, expectError } from "./support/credential.mjs";
import { CERTIFICATE_PATH, CLIENT, PEM, SCOPE, TENANT } from "./support/fixtures.mjs";
import { ClientCertificateCredential } from "./support/package.mjs";
import { gate, granted, scriptedFetch, until } from "./support/service.mjs";

/** A fetch that answers when its gate is opened, or fails when its signal says so. */
function gatedFetch() {
  const { opened, open } = gate();
  const fetch = scriptedFetch(async ({ signal }) => {
    const aborted = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    await Promise.race([opened, aborted]);
    return granted(`token-${fetch.requests.length}`);
  });
  return { fetch, open };
}

test("a signal that is aborted already ends the call without a request", async () => {
  const fetch = scriptedFetch(granted());
  const reason = new Error("not wanted");
  await assert.rejects(credential(fetch).getToken(SCOPE, { abortSignal: AbortSignal.abort(reason) }), (error) => {
    expectError(error, "ERR_ABORTED");
    assert.equal(error.name, "AbortError");
    assert.equal(error.cause, reason);
    return true;
  });
  assert.equal(fetch.requests.length, 0);
});

test("one caller's abort leaves the others alone", async () => {
  const { fetch, open } = gatedFetch();
  const one = credential(fetch);
  const controller = new AbortController();
  const given = one.getToken(SCOPE, { abortSignal: controller.signal });
  const kept = one.getToken(SCOPE);
  await until(() => fetch.requests.length === 1);
  controller.abort();
  await assert.rejects(given, { name: "AbortError", code: "ERR_ABORTED" });
  assert.equal(fetch.requests[0].signal.aborted, false);
  open();
  assert.equal((await kept).token, "token-1");
  assert.equal(fetch.requests.length, 1);
});

test("the abort of the last caller ends the request, and the next call sends another", async () => {
  const { fetch, open } = gatedFetch();
  const one = credential(fetch);
  const controllers = [new AbortController(), new AbortController()];
  const calls = controllers.map(({ signal }) => one.getToken(SCOPE, { abortSignal: signal }));
  await until(() => fetch.requests.length === 1);
  controllers[0].abort();
  await assert.rejects(calls[0], { name: "AbortError" });
  assert.equal(fetch.requests[0].signal.aborted, false);
  controllers[1].abort();
  await assert.rejects(calls[1], { name: "AbortError" });
  assert.equal(fetch.requests[0].signal.aborted, true);
  open();
  assert.equal((await one.getToken(SCOPE)).token, "token-2");
});

test("an abort while the certificate is being opened is heard", async () => {
  const fetch = scriptedFetch(granted());
  const controller = new AbortController();
  const one = credential(fetch);
  const call = one.getToken(SCOPE, { abortSignal: controller.signal });
  controller.abort();
  await assert.rejects(call, { name: "AbortError" });
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
});

test("a signal without a reason, as @azure/abort-controller has it, is heard", async () => {
  const { fetch } = gatedFetch();
  const listeners = new Set();
  const signal = {
    aborted: false,
    addEventListener: (_type, listener) => listeners.add(listener),
    removeEventListener: (_type, listener) => listeners.delete(listener),
  };
  const call = credential(fetch).getToken(SCOPE, { abortSignal: signal });
  await until(() => fetch.requests.length === 1);
  signal.aborted = true;
  for (const listener of [...listeners]) listener.call(signal, {});
  await assert.rejects(call, { name: "AbortError" });
  assert.equal(listeners.size, 0, "no listener is left");
});

test("no listener is left on a signal after the token came, nor after a hit", async () => {
  const one = credential(scriptedFetch(granted()));
  const { signal } = new AbortController();
  for (let call = 0; call < 3; call++) await one.getToken(SCOPE, { abortSignal: signal });
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("no timer is left after a token came, whatever the caller's limits", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const { signal } = new AbortController();
  const options = { abortSignal: signal, requestOptions: { timeout: 60_000 } };
  await credential(scriptedFetch(granted())).getToken(SCOPE, options);
  await assert.rejects(credential(scriptedFetch(new TypeError("fetch failed"))).getToken(SCOPE, options));
  assert.equal(timers(), before);
});

test("requestOptions.timeout ends one caller's wait and leaves the others alone", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { fetch, open } = gatedFetch();
  const one = credential(fetch);
  const hasty = one.getToken(SCOPE, { requestOptions: { timeout: 50 } });
  const patient = one.getToken(SCOPE);
  const refused = assert.rejects(hasty, (error) => {
    expectError(error, "ERR_REQUEST_TIMEOUT");
    assert.match(error.message, /50 ms/);
    return true;
  });
  await until(() => fetch.requests.length === 1);
  t.mock.timers.tick(50);
  await refused;
  open();
  assert.equal((await patient).token, "token-1");
});

test("an abort during the wait before a retry ends the flight", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const lines = [];
  const fetch = scriptedFetch(new TypeError("fetch failed"), granted("token-2"));
  const one = credential(fetch, { retryOptions: { maxRetries: 3 }, logger: ({ message }) => lines.push(message) });
  const controller = new AbortController();
  const call = one.getToken(SCOPE, { abortSignal: controller.signal });
  await until(() => lines.some((line) => line.startsWith("asking again in")), "the wait");
  controller.abort();
  await assert.rejects(call, { name: "AbortError" });
  t.mock.timers.tick(600_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(fetch.requests.length, 1);
});

test("requestOptions.timeout is one limit for opening the certificate and asking for the token", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 1000;
  t.mock.method(performance, "now", () => now);
  const { opened, open } = gate();
  const { readFile } = fs.promises;
  t.after(() => {
    fs.promises.readFile = readFile;
    syncBuiltinESMExports();
  });
  fs.promises.readFile = async (path, ...rest) => {
    if (path !== CERTIFICATE_PATH) return readFile(path, ...rest);
    await opened;
    return Buffer.from(PEM);
  };
  syncBuiltinESMExports();
  const { fetch } = gatedFetch();
  const one = new ClientCertificateCredential(TENANT, CLIENT, CERTIFICATE_PATH, { fetch });
  let error;
  one.getToken(SCOPE, { requestOptions: { timeout: 1000 } }).catch((thrown) => {
    error = thrown;
  });
  now += 800;
  open();
  await until(() => fetch.requests.length === 1, "the request");
  t.mock.timers.tick(199);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(error, undefined);
  t.mock.timers.tick(1);
  await until(() => error, "the end of the wait");
  expectError(error, "ERR_REQUEST_TIMEOUT");
  assert.match(error.message, /1000 ms/);
});

test("requestOptions.timeout of 0 is no limit", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { fetch, open } = gatedFetch();
  const call = credential(fetch).getToken(SCOPE, { requestOptions: { timeout: 0 } });
  call.catch(() => undefined);
  await until(() => fetch.requests.length === 1, "the request");
  t.mock.timers.tick(1000);
  open();
  assert.equal((await call).token, "token-1");
});
