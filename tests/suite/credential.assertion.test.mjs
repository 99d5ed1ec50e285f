// ClientAssertionCredential: assertions that the caller gets elsewhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { expectError } from "./support/credential.mjs";
import { CLIENT, SCOPE, TENANT } from "./support/fixtures.mjs";
import { CertgrantError, ClientAssertionCredential } from "./support/package.mjs";
import { granted, json, scriptedFetch } from "./support/service.mjs";

const ASSERTION = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl";

function credential(fetch, getAssertion, options = {}) {
  const own = { fetch, retryOptions: { maxRetries: 0 }, ...options };
  return new ClientAssertionCredential(TENANT, CLIENT, getAssertion, own);
}

/** A callback that counts its calls and keeps what it was called with. */
function counting(answer = async () => ASSERTION) {
  const calls = [];
  const getAssertion = (...args) => {
    calls.push(args);
    return answer();
  };
  return { getAssertion, calls };
}

const failure = (promise) => promise.then(assert.fail, (error) => error);

test("the assertion of the callback is sent as it is", async () => {
  const fetch = scriptedFetch(granted());
  const { getAssertion, calls } = counting();
  await credential(fetch, getAssertion).getToken(SCOPE);
  const [{ url, form }] = fetch.requests;
  assert.deepEqual(Object.fromEntries(form), {
    client_id: CLIENT,
    client_assertion: ASSERTION,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    grant_type: "client_credentials",
    scope: SCOPE,
  });
  assert.deepEqual(calls, [[{ audience: url }]]);
});

test("the callback is called once for a request, and never for a cached token", async () => {
  const fetch = scriptedFetch(granted());
  const { getAssertion, calls } = counting();
  const one = credential(fetch, getAssertion);
  await Promise.all(Array.from({ length: 50 }, () => one.getToken(SCOPE)));
  for (let call = 0; call < 10; call++) await one.getToken(SCOPE);
  for (let call = 0; call < 10; call++) await one.getToken([SCOPE], { enableCae: false });
  assert.equal(calls.length, 1);
  assert.equal(fetch.requests.length, 1);
});

test("a request that is sent again gets a fresh assertion", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const fetch = scriptedFetch(json({}, { status: 503, headers: { "retry-after": "0" } }), granted());
  let made = 0;
  const getAssertion = async () => `${ASSERTION}${++made}`;
  const call = credential(fetch, getAssertion, { retryOptions: { maxRetries: 1 } }).getToken(SCOPE);
  while (fetch.requests.length < 2) {
    t.mock.timers.tick(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await call).token, "token-1");
  assert.deepEqual(
    fetch.requests.map(({ form }) => form.get("client_assertion")),
    [`${ASSERTION}1`, `${ASSERTION}2`],
  );
});

test("a callback that fails is an error with its own as the cause, and the next call asks again", async () => {
  const fetch = scriptedFetch(granted());
  const cause = new RangeError("the file that holds the password hunter2 is gone");
  const answers = [Promise.reject(cause), Promise.resolve(ASSERTION)];
  const one = credential(fetch, () => answers.shift());
  const error = expectError(await failure(one.getToken(SCOPE)), "ERR_ASSERTION_FAILED");
  assert.equal(error.cause, cause);
  assert.match(error.message, /found RangeError from its source, expected a signed JWT/);
  assert.ok(!error.message.includes("hunter2"));
  assert.equal(fetch.requests.length, 0);
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
});

test("an error of certgrant's from the callback arrives as it is", async () => {
  const own = new CertgrantError({ code: "ERR_FILE_UNREADABLE", message: "found a, expected b", hint: "read it" });
  const error = await failure(credential(scriptedFetch(granted()), () => Promise.reject(own)).getToken(SCOPE));
  assert.equal(error, own);
});

test("what is no assertion is refused before anything is sent", async () => {
  for (const [value, found] of [
    [undefined, "undefined"],
    [null, "object"],
    ["", "an empty text"],
    [{ token: "x" }, "object"],
  ]) {
    const fetch = scriptedFetch(granted());
    const error = expectError(
      await failure(credential(fetch, async () => value).getToken(SCOPE)),
      "ERR_ASSERTION_FAILED",
    );
    assert.match(error.message, new RegExp(`found ${found} from its source`));
    assert.equal(fetch.requests.length, 0);
  }
});

test("a callback that answers at once does as well", async () => {
  assert.equal((await credential(scriptedFetch(granted()), () => ASSERTION).getToken(SCOPE)).token, "token-1");
});

test("a token that lives is served while the callback fails", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_800_000_000_000 });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const fetch = scriptedFetch(granted("token-1", { refresh_in: 1800 }));
  let fails = false;
  const lines = [];
  const one = credential(
    fetch,
    async () => {
      if (fails) throw new Error("no vault");
      return ASSERTION;
    },
    { logger: ({ level, message }) => lines.push(`${level} ${message}`) },
  );
  await one.getToken(SCOPE);
  fails = true;
  now += 3_000_000;
  t.mock.timers.tick(3_000_000);
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
  while (!lines.some((line) => line.includes("ERR_ASSERTION_FAILED"))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(lines.includes("warning the token was not refreshed and is still served: ERR_ASSERTION_FAILED"));
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
  assert.equal(fetch.requests.length, 1);
});

test("no line of the log and no error holds the assertion", async () => {
  const lines = [];
  const logging = { logger: (entry) => lines.push(entry), loggingOptions: { allowLoggingAccountIdentifiers: true } };
  const one = credential(
    scriptedFetch(json({ error: "invalid_client", error_description: `bad ${ASSERTION}` }, { status: 401 })),
    async () => ASSERTION,
    logging,
  );
  const error = await failure(one.getToken(SCOPE));
  assert.ok(lines.some(({ message }) => message === "getting a client assertion"));
  assert.ok(!(inspect(error, { depth: null }) + JSON.stringify(lines)).includes(ASSERTION));
});

test("arguments that are missing or of other types are refused at once", () => {
  const rows = [
    [["", CLIENT, async () => ""], "ERR_INVALID_ARG_VALUE", /tenantId and clientId are required parameters\./],
    [[TENANT, CLIENT, undefined], "ERR_INVALID_ARG_VALUE", /clientAssertion is a required parameter\./],
    [[TENANT, CLIENT, "x.y.z"], "ERR_INVALID_ARG_TYPE", /getAssertion must be a function, found string/],
  ];
  for (const [args, code, message] of rows) {
    assert.throws(() => new ClientAssertionCredential(...args), { name: "TypeError", code, message });
  }
});
