// How long callers wait: for the renewal of a token in its last seconds, and for functions of the application's that hang.
import assert from "node:assert/strict";
import { createSign } from "node:crypto";
import { test } from "node:test";
import { credential, expectError } from "./support/credential.mjs";
import { CERTIFICATE, CLIENT, KEY, PEM, SCOPE, TENANT } from "./support/fixtures.mjs";
import { ClientAssertionCredential, ClientCertificateCredential } from "./support/package.mjs";
import { granted, json, refused, scriptedFetch, until } from "./support/service.mjs";

const ASSERTION = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl";
const never = () => new Promise(() => undefined);

/** Lets all go on that waits for no timer. */
async function turns() {
  for (let count = 0; count < 20; count++) await new Promise((resolve) => setImmediate(resolve));
}

/** Mocks all clocks; passes time on all of them. */
function mockTime(t) {
  t.mock.timers.enable({ apis: ["Date", "setTimeout"], now: 1_800_000_000_000 });
  // What a test leaves behind clears its timers while they are still mocked: it would clear others of the next test's.
  t.after(turns);
  let monotonic = 1000;
  t.mock.method(performance, "now", () => monotonic);
  return async (milliseconds) => {
    monotonic += milliseconds;
    t.mock.timers.tick(milliseconds);
    await turns();
  };
}

/** A credential whose second request is answered by `second`, with a token in its last 25 seconds. */
async function inLastSeconds(t, second, options) {
  const pass = mockTime(t);
  let count = 0;
  const fetch = scriptedFetch(() => {
    count += 1;
    return count === 2 ? second() : granted(`token-${count}`);
  });
  const one = credential(fetch, options);
  await one.getToken(SCOPE);
  await pass(3_574_000);
  /** A caller, once the renewal was sent. */
  const ask = async (options) => {
    const caller = watch(one.getToken(SCOPE, options));
    await until(() => fetch.requests.length === 2, "the renewal");
    return caller;
  };
  return { one, ask, fetch, pass };
}

/** What a promise has come to by now. */
function watch(promise) {
  const state = {};
  promise.then(
    ({ token }) => Object.assign(state, { token }),
    (error) => Object.assign(state, { error }),
  );
  return state;
}

test("a token in its last seconds is renewed before it is served, and served if that takes two seconds", async (t) => {
  const { ask, fetch, pass } = await inLastSeconds(t, never);
  const caller = await ask();
  await pass(1_999);
  assert.deepEqual(caller, {});
  await pass(1);
  assert.deepEqual(caller, { token: "token-1" });
  const next = await ask();
  await pass(2_000);
  assert.deepEqual(next, { token: "token-1" });
  assert.equal(fetch.requests.length, 2, "they wait for one renewal");
});

test("the renewal goes on behind callers who got the old token", async (t) => {
  let answer;
  const { one, ask, pass } = await inLastSeconds(t, () => new Promise((resolve) => (answer = resolve)));
  const caller = await ask();
  await pass(2_000);
  assert.deepEqual(caller, { token: "token-1" });
  answer(granted("token-2"));
  await pass(0);
  assert.equal((await one.getToken(SCOPE)).token, "token-2");
});

test("a time limit that ends sooner gives the living token too", async (t) => {
  const { ask, pass } = await inLastSeconds(t, never);
  const caller = await ask({ requestOptions: { timeout: 300 } });
  await pass(300);
  assert.deepEqual(caller, { token: "token-1" });
});

test("a time limit stands where the token was rejected", async (t) => {
  const { ask, pass } = await inLastSeconds(t, never);
  const claims = JSON.stringify({ access_token: { nbf: { essential: true } } });
  const caller = await ask({ claims, requestOptions: { timeout: 300 } });
  await pass(300);
  assert.equal(caller.error?.code, "ERR_REQUEST_TIMEOUT");
});

test("a time limit stands where the token was removed meanwhile", async (t) => {
  const { one, ask, pass } = await inLastSeconds(t, never);
  const caller = await ask({ requestOptions: { timeout: 5_000 } });
  one.removeToken(SCOPE);
  await pass(4_999);
  assert.deepEqual(caller, {});
  await pass(1);
  assert.equal(caller.error?.code, "ERR_REQUEST_TIMEOUT");
});

test("a time limit says which status there was last, and names the request", async (t) => {
  const pass = mockTime(t);
  const lines = [];
  const busy = json({ error: "temporarily_unavailable" }, { status: 503, headers: { "retry-after": "20" } });
  const fetch = scriptedFetch(busy);
  const logger = ({ message }) => lines.push(message);
  const one = credential(fetch, { retryOptions: { maxRetries: 2 }, logger });
  const caller = watch(one.getToken(SCOPE, { requestOptions: { timeout: 1_000 } }));
  await until(() => lines.some((line) => line.startsWith("asking again")), "the wait");
  await pass(1_000);
  const error = expectError(caller.error, "ERR_REQUEST_TIMEOUT");
  assert.match(error.message, /found status 503 and none after 1000 ms/);
  assert.equal(error.correlationId, fetch.requests[0].headers.get("client-request-id"));
});

test("a source of assertions that hangs is given up after two minutes, and asked again", async (t) => {
  const pass = mockTime(t);
  let asked = 0;
  const getAssertion = () => {
    asked += 1;
    return asked === 1 ? never() : ASSERTION;
  };
  const fetch = scriptedFetch(granted());
  const one = new ClientAssertionCredential(TENANT, CLIENT, getAssertion, { fetch });
  const caller = watch(one.getToken(SCOPE));
  await until(() => asked === 1, "the first question");
  await pass(119_999);
  assert.deepEqual(caller, {});
  await pass(1);
  expectError(caller.error, "ERR_REQUEST_TIMEOUT");
  assert.match(caller.error.message, /^the application did not answer in time/);
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
});

test("a signer that hangs is asked again by the next call, when the one that waited has left", async (t) => {
  const pass = mockTime(t);
  let asked = 0;
  const sign = ({ signingInput }) => {
    asked += 1;
    return asked === 1 ? never() : createSign("sha256").update(signingInput).sign(KEY);
  };
  const fetch = scriptedFetch(granted());
  const one = new ClientCertificateCredential(
    TENANT,
    CLIENT,
    { certificate: CERTIFICATE, sign },
    { fetch, algorithm: "RS256" },
  );
  const caller = watch(one.getToken(SCOPE, { requestOptions: { timeout: 500 } }));
  await until(() => asked === 1, "the first question");
  await pass(500);
  assert.equal(caller.error?.code, "ERR_REQUEST_TIMEOUT");
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
  assert.equal(asked, 2);
});

test("a source of certificates that hangs at first is asked again by the next call", async (t) => {
  const pass = mockTime(t);
  let asked = 0;
  const certificate = () => {
    asked += 1;
    return asked === 1 ? never() : PEM;
  };
  const one = new ClientCertificateCredential(TENANT, CLIENT, { certificate }, { fetch: scriptedFetch(granted()) });
  const caller = watch(one.getToken(SCOPE));
  await until(() => asked === 1, "the first question");
  await pass(120_000);
  expectError(caller.error, "ERR_REQUEST_TIMEOUT");
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
});

test("a source of certificates that hangs leaves the old one in use after two minutes", async (t) => {
  const pass = mockTime(t);
  let hangs = false;
  let isAsked = false;
  const certificate = () => {
    isAsked = hangs;
    return hangs ? never() : PEM;
  };
  const lines = [];
  const fetch = scriptedFetch(granted());
  const options = { fetch, logger: ({ message }) => lines.push(message) };
  const one = new ClientCertificateCredential(TENANT, CLIENT, { certificate }, options);
  await one.getToken(SCOPE);
  hangs = true;
  await pass(700_000);
  const caller = watch(one.getToken("https://other.example/.default"));
  await until(() => isAsked, "the question");
  await pass(120_000);
  await until(() => caller.token, "its token");
  assert.ok(lines.some((line) => line.startsWith("the certificate in use stays, its successor is not usable")));
});

test("a refusal behind a token that lives is told with the service's numbers", async (t) => {
  const lines = [];
  const secretExpired = () => refused({ error: "invalid_client", error_codes: [7000222], trace_id: "trace-1" });
  const logger = ({ message }) => lines.push(message);
  const { one } = await inLastSeconds(t, secretExpired, { logger });
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
  const told =
    "the token was not refreshed and is still served: ERR_SERVICE_REFUSED, invalid_client, AADSTS7000222, trace id trace-1";
  assert.ok(lines.includes(told), lines.join("\n"));
});

test("a service that is in trouble has the hint of its number", async () => {
  const busy = json({ error: "temporarily_unavailable", error_codes: [90055] }, { status: 503 });
  const error = await credential(scriptedFetch(busy))
    .getToken(SCOPE)
    .then(assert.fail, (thrown) => thrown);
  assert.match(expectError(error, "ERR_SERVICE_UNAVAILABLE").hint, /^the tenant makes too many requests/);
});
