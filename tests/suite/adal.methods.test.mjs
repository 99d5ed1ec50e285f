// What all methods of the context have in common: promises, callbacks that are called once, errors that say why.
import assert from "node:assert/strict";
import { test } from "node:test";
import { call, context, grantedToUser, USER } from "./support/adal.mjs";
import { expectNoSecret } from "./support/credential.mjs";
import { CLIENT, PEM, RESOURCE, THUMBPRINT } from "./support/fixtures.mjs";
import { adal } from "./support/package.mjs";
import { gate, grantedV1, json, refused, scriptedFetch, until } from "./support/service.mjs";

const INFO = { deviceCode: "device", interval: 5, expiresIn: 900 };
const SECRET = "s3cr3t-that-nobody-may-see";

/** Every method with good arguments, and what answers it. */
const METHODS = {
  acquireTokenWithUsernamePassword: [RESOURCE, USER, SECRET, CLIENT],
  acquireTokenWithClientCredentials: [RESOURCE, CLIENT, SECRET],
  acquireTokenWithClientCertificate: [RESOURCE, CLIENT, PEM, THUMBPRINT],
  acquireTokenWithAuthorizationCode: [SECRET, "https://redirect", RESOURCE, CLIENT, SECRET],
  acquireTokenWithRefreshToken: [SECRET, CLIENT, SECRET, RESOURCE],
  acquireUserCode: [RESOURCE, CLIENT, "de"],
  acquireTokenWithDeviceCode: [RESOURCE, CLIENT, { ...INFO, deviceCode: SECRET }],
};

const USER_CODE = { user_code: "u", device_code: "d", expires_in: "900", interval: "5", message: "m" };
const world = ({ url, method }) => {
  if (method === "GET") return json({ account_type: "Managed" });
  return url.includes("devicecode") ? json(USER_CODE) : grantedToUser();
};

for (const [method, parameters] of Object.entries(METHODS)) {
  test(`${method} returns a promise if it is given no callback`, async () => {
    const result = await context(scriptedFetch(world))[method](...parameters);
    assert.ok(result.accessToken === "token-1" || result.userCode === "u");
  });

  test(`${method} rejects with what a callback would get`, async () => {
    const answer = ({ method: verb }) => (verb === "GET" ? json({ account_type: "Managed" }) : refused({}, 400));
    await assert.rejects(context(scriptedFetch(answer))[method](...parameters), (error) => {
      assert.ok(error instanceof adal.AdalError);
      assert.match(error.message, /^Get (Token|Device Code) request returned http error: 400 and server response: \{/);
      assert.deepEqual([error.status, error.error, error.errorCodes], [400, "invalid_client", [700027]]);
      assert.match(error.errorDescription, /^AADSTS700027/);
      return true;
    });
  });

  test(`${method} keeps the cause of an answer that did not come`, async () => {
    const cause = new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ENOTFOUND" }) });
    // A device code would be asked about for its whole time.
    const [resource, client, info] = parameters;
    const once = method.endsWith("DeviceCode") ? [resource, client, { ...info, expiresIn: 1 }] : parameters;
    const [error, ...rest] = await call(context(scriptedFetch(cause)), method, ...once);
    assert.equal(error.message, "No response from the server");
    assert.equal(error.code, "ERR_NETWORK_FAILED");
    assert.equal(error.cause.cause.code, "ENOTFOUND");
    assert.deepEqual(rest, []);
  });

  test(`${method} sends nothing and gives nothing away that is in no request`, async (t) => {
    const lines = [];
    adal.Logging.setLoggingOptions({ level: 3, loggingWithPII: true, log: (_, line) => lines.push(line) });
    t.after(() => adal.Logging.setLoggingOptions());
    const [error] = await call(context(scriptedFetch(refused({}, 400))), method, ...parameters);
    assert.ok(lines.length > 0);
    expectNoSecret(`${lines.join("\n")} ${error.message} ${error.hint} ${error.stack}`, SECRET);
  });

  // There a function in that place is the callback of the older form.
  if (method === "acquireTokenWithRefreshToken") continue;
  test(`${method} refuses a function in the place of another argument at once`, () => {
    const made = context(scriptedFetch(world));
    assert.throws(() => made[method](...parameters.slice(0, -1), () => undefined), {
      message: "acquireToken requires a function callback parameter.",
    });
  });
}

test("calls that run at the same time send the correlation ids that they began with", async () => {
  const { opened, open } = gate();
  const fetch = scriptedFetch(async () => {
    await opened;
    return grantedV1();
  });
  const made = context(fetch);
  const calls = ["one", "two"].map((id) => {
    made.correlationId = id;
    return made.acquireTokenWithClientCredentials(`urn:${id}`, CLIENT, "s");
  });
  made.correlationId = "three";
  await until(() => fetch.requests.length === 2);
  open();
  await Promise.all(calls);
  const sent = fetch.requests.map(({ headers, form }) => [form.get("resource"), headers.get("client-request-id")]);
  assert.deepEqual(sent.sort(), [
    ["urn:one", "one"],
    ["urn:two", "two"],
  ]);
});

test("parallel calls with one secret share a request, and those with others do not", async () => {
  const fetch = scriptedFetch(() => grantedV1());
  const made = context(fetch);
  const acquire = (secret) => made.acquireTokenWithClientCredentials(RESOURCE, CLIENT, secret);
  await Promise.all([acquire("a"), acquire("a"), acquire("b"), acquire("a")]);
  assert.deepEqual(fetch.requests.map(({ form }) => form.get("client_secret")).sort(), ["a", "b"]);
});

test("the older form of acquireTokenWithRefreshToken has a promise too", async () => {
  const fetch = scriptedFetch(() => grantedToUser());
  const made = context(fetch);
  await made.acquireTokenWithRefreshToken("r", CLIENT, RESOURCE);
  await made.acquireTokenWithRefreshToken("r", CLIENT, null, RESOURCE);
  await made.acquireTokenWithRefreshToken("r", CLIENT);
  const sent = fetch.requests.map(({ form }) => [form.get("resource"), form.get("client_secret")]);
  assert.deepEqual(sent, [
    [RESOURCE, null],
    [RESOURCE, null],
    [null, null],
  ]);
});

test("options.http of a user is read and never written", async () => {
  const headers = { "X-Mine": "1", "Client-Request-Id": "mine" };
  const fetch = scriptedFetch(grantedV1());
  const made = context(fetch);
  made.options = { http: { fetch, headers } };
  await made.acquireTokenWithClientCredentials(RESOURCE, CLIENT, "s");
  assert.deepEqual(headers, { "X-Mine": "1", "Client-Request-Id": "mine" });
  assert.equal(fetch.requests[0].headers.get("x-mine"), "1");
  assert.match(fetch.requests[0].headers.get("client-request-id"), /^[0-9a-f-]{36}$/);
});

test("functions of Logging need no object before them", (t) => {
  t.after(() => adal.Logging.setLoggingOptions());
  const { setLoggingOptions, getLoggingOptions } = adal.Logging;
  const options = { level: 1 };
  setLoggingOptions(options);
  assert.equal(getLoggingOptions(), options);
});
