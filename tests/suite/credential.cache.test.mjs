// Cached tokens: which is served, for how long, what happens behind its caller, and how much is kept.
import assert from "node:assert/strict";
import { test } from "node:test";
import { credential, expectError } from "./support/credential.mjs";
import { SCOPE, TENANT } from "./support/fixtures.mjs";
import { gate, granted, json, refused, scriptedFetch, until } from "./support/service.mjs";

const OTHER_TENANT = "99999999-2222-3333-4444-555555555555";
const scope = (name) => `https://${name}.example/.default`;

/** A `fetch` that counts its tokens. */
function counting() {
  let count = 0;
  return scriptedFetch(() => granted(`token-${++count}`));
}

/** Mocks the clock that can be set and the one that can't, together. */
function mockClocks(t) {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  let monotonic = performance.now();
  t.mock.method(performance, "now", () => monotonic);
  return {
    pass(milliseconds) {
      monotonic += milliseconds;
      t.mock.timers.tick(milliseconds);
    },
    set: (milliseconds) => t.mock.timers.setTime(Date.now() + milliseconds),
    sleepUnseen(milliseconds) {
      monotonic += milliseconds;
    },
  };
}

test("scopes are the same in any order and number", async () => {
  const fetch = counting();
  const one = credential(fetch);
  const first = await one.getToken(["b/.default", "a/.default"]);
  for (const scopes of [
    "a/.default b/.default",
    ["a/.default", "b/.default", "a/.default"],
    " b/.default  a/.default ",
  ]) {
    assert.deepEqual(await one.getToken(scopes), first);
  }
  assert.equal(fetch.requests.length, 1);
});

test("tenant and capability tell tokens apart, the own tenant by its name does not", async () => {
  const fetch = counting();
  const one = credential(fetch, { additionallyAllowedTenants: ["*"] });
  const tokens = [];
  for (const options of [
    {},
    { tenantId: OTHER_TENANT },
    { enableCae: true },
    { tenantId: OTHER_TENANT, enableCae: true },
  ]) {
    tokens.push((await one.getToken(SCOPE, options)).token);
  }
  assert.equal(new Set(tokens).size, 4);
  assert.equal((await one.getToken(SCOPE, { tenantId: TENANT.toUpperCase() })).token, tokens[0]);
  assert.equal((await one.getToken(SCOPE, { enableCae: false })).token, tokens[0]);
});

test("a claims challenge replaces the token that was rejected", async () => {
  const one = credential(counting());
  await one.getToken(SCOPE);
  const renewed = await one.getToken(SCOPE, { claims: '{"access_token":{}}' });
  assert.equal(renewed.token, "token-2");
  assert.equal((await one.getToken(SCOPE)).token, "token-2");
});

test("the token of a claims challenge serves those whose own request fails meanwhile", async () => {
  const { opened, open } = gate();
  const fetch = scriptedFetch(async ({ form }) => {
    if (form.has("claims")) return granted("challenged");
    await opened;
    return refused();
  });
  const one = credential(fetch);
  const plain = one.getToken(SCOPE);
  await until(() => fetch.requests.length === 1, "the request");
  const challenged = await one.getToken(SCOPE, { claims: '{"access_token":{}}' });
  open();
  assert.deepEqual(await plain, challenged);
  assert.deepEqual(await one.getToken(SCOPE), challenged);
});

test("a token that is to be refreshed is served at once and renewed behind its caller", async (t) => {
  const clocks = mockClocks(t);
  const { opened, open } = gate();
  let count = 0;
  const fetch = scriptedFetch(async () => {
    count += 1;
    if (count === 2) await opened;
    return granted(`token-${count}`, { refresh_in: 1800 });
  });
  const one = credential(fetch);
  await one.getToken(SCOPE);
  clocks.pass(1800_000);
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
  await until(() => fetch.requests.length === 2, "the renewal");
  open();
  for (let turn = 0; turn < 1000 && (await one.getToken(SCOPE)).token === "token-1"; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await one.getToken(SCOPE)).token, "token-2");
  assert.equal(fetch.requests.length, 2, "one renewal at a time");
});

for (const [name, answer] of [
  ["the network is down", () => new TypeError("fetch failed")],
  ["it answers 503", () => json({}, { status: 503 })],
  ["it throttles", () => json({}, { status: 429, headers: { "retry-after": "60" } })],
  ["it answers a login page", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
  ["it refuses the client", () => refused()],
]) {
  test(`a living token is served when ${name}, and it is told`, async (t) => {
    const clocks = mockClocks(t);
    const told = [];
    const fetch = scriptedFetch(granted("token-1"), answer());
    const one = credential(fetch, { logger: ({ level, message }) => level === "warning" && told.push(message) });
    await one.getToken(SCOPE);
    for (const [passed, left] of [
      [3309, 290],
      [270, 20],
      [19, 1],
    ]) {
      clocks.pass(passed * 1000);
      assert.equal((await one.getToken(SCOPE)).token, "token-1", `${left} s left`);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(
      told.some((message) => /still served: ERR_/.test(message)),
      told.join("\n"),
    );
    clocks.pass(1000);
    await assert.rejects(one.getToken(SCOPE), "an expired token is never handed out");
  });
}

test("a clock that is set back does not make a token live longer", async (t) => {
  const clocks = mockClocks(t);
  const fetch = counting();
  const one = credential(fetch);
  await one.getToken(SCOPE);
  clocks.pass(1000_000);
  clocks.set(-600_000);
  assert.equal((await one.getToken(SCOPE)).token, "token-1", "it was got before");
  clocks.sleepUnseen(2700_000);
  assert.equal((await one.getToken(SCOPE)).token, "token-2", "by the clock that is never set its time is up");
  clocks.set(-3_600_000);
  assert.equal((await one.getToken(SCOPE)).token, "token-3", "a token of the future");
});

test("a token whose time is nearly up is not served because the clock was set back", async (t) => {
  const clocks = mockClocks(t);
  const fetch = counting();
  const one = credential(fetch);
  await one.getToken(SCOPE);
  clocks.pass(3580_000);
  clocks.set(-100_000);
  assert.equal((await one.getToken(SCOPE)).token, "token-2");
});

test("a token that was removed does not come back when its renewal fails", async (t) => {
  const clocks = mockClocks(t);
  const { opened, open } = gate();
  let count = 0;
  const fetch = scriptedFetch(async () => {
    if (++count === 1) return granted("rejected");
    await opened;
    throw new TypeError("fetch failed");
  });
  const one = credential(fetch);
  await one.getToken(SCOPE);
  clocks.pass(3400_000);
  assert.equal((await one.getToken(SCOPE)).token, "rejected");
  assert.equal(one.removeToken(SCOPE), true);
  const joined = one.getToken(SCOPE);
  open();
  await assert.rejects(joined, (error) => expectError(error, "ERR_NETWORK_FAILED") === error);
});

test("a scope that is written like the key of another tenant's token gets no token", async () => {
  const one = credential(counting(), { additionallyAllowedTenants: ["*"] });
  await one.getToken(SCOPE, { tenantId: OTHER_TENANT, enableCae: true });
  const parts = [`${OTHER_TENANT}\ncae\n\n\n${SCOPE}`, `${OTHER_TENANT}\n\n\n\n${SCOPE}`, `\n\n\n\n${SCOPE}`];
  for (const key of [...parts, ...parts.map((part) => `\n${part}`)]) {
    await assert.rejects(one.getToken(key), { code: "ERR_SCOPE_INVALID" });
    await assert.rejects(one.getToken([key]), { code: "ERR_SCOPE_INVALID" });
    assert.equal(one.removeToken(key), false);
  }
});

test("a renewal whose answer never comes is given up by the first caller who waited for it and left", async (t) => {
  const clocks = mockClocks(t);
  let count = 0;
  const fetch = scriptedFetch(() => (++count === 2 ? new Promise(() => undefined) : granted(`token-${count}`)));
  const one = credential(fetch);
  await one.getToken(SCOPE);
  clocks.pass(3400_000);
  await one.getToken(SCOPE);
  await until(() => fetch.requests.length === 2, "the renewal");
  clocks.pass(300_000);
  const caller = new AbortController();
  const waiting = one.getToken(SCOPE, { abortSignal: caller.signal });
  await until(() => true, "its wait");
  caller.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  assert.equal((await one.getToken(SCOPE)).token, "token-3");
});

test("an observer that asks for the same token shares its request", async () => {
  const fetch = counting();
  let nested;
  const one = credential(fetch, {
    logger({ message }) {
      if (message.startsWith("no cached token")) nested ??= one.getToken(SCOPE);
    },
  });
  const token = await one.getToken(SCOPE);
  assert.deepEqual(await nested, token);
  assert.equal(fetch.requests.length, 1);
});

test("a token of unknown life does not take the place of one that lives", async (t) => {
  const clocks = mockClocks(t);
  let count = 0;
  const fetch = scriptedFetch(() => granted(`token-${++count}`, count === 1 ? {} : { expires_in: undefined }));
  const one = credential(fetch);
  await one.getToken(SCOPE);
  clocks.pass(3400_000);
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
  await until(() => fetch.requests.length === 2, "the renewal");
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
});

test("the least recently used token goes first", async () => {
  const fetch = counting();
  const one = credential(fetch, { tokenCacheLimits: { tokens: 2 } });
  await one.getToken(scope("a"));
  await one.getToken(scope("b"));
  await one.getToken(scope("a"));
  await one.getToken(scope("c"));
  assert.equal((await one.getToken(scope("a"))).token, "token-1");
  assert.equal((await one.getToken(scope("b"))).token, "token-4");
  assert.equal(fetch.requests.length, 4);
});

test("dead tokens go before living ones, though they were used later", async (t) => {
  const clocks = mockClocks(t);
  const lifetimes = { a: 7200, b: 600, c: 7200, d: 7200 };
  const fetch = scriptedFetch(({ form }) => {
    const name = /https:\/\/(.)\./.exec(form.get("scope"))[1];
    return granted(`token-${name}`, { expires_in: lifetimes[name] });
  });
  const one = credential(fetch, { tokenCacheLimits: { tokens: 3 } });
  await one.getToken(scope("a"));
  await one.getToken(scope("b"));
  clocks.pass(700_000);
  await one.getToken(scope("c"));
  await one.getToken(scope("d"));
  for (const name of ["a", "c", "d"]) assert.equal((await one.getToken(scope(name))).token, `token-${name}`);
  assert.equal(fetch.requests.length, 4, "the living stayed");
});

test("bytes are bounded as well", async () => {
  const long = "x".repeat(400);
  const fetch = scriptedFetch(granted(long));
  const one = credential(fetch, { tokenCacheLimits: { bytes: 1000 } });
  for (const name of ["a", "b", "c", "b", "c"]) await one.getToken(scope(name));
  assert.equal(fetch.requests.length, 3);
  await one.getToken(scope("a"));
  assert.equal(fetch.requests.length, 4);
});

test("a limit that is undefined is the default", async () => {
  const long = "x".repeat(900 * 1024);
  const fetch = scriptedFetch(granted(long));
  const one = credential(fetch, { tokenCacheLimits: { tokens: undefined, bytes: undefined } });
  const names = Array.from({ length: 300 }, (_, index) => `r${index}`);
  for (const name of names) await one.getToken(scope(name));
  assert.equal(fetch.requests.length, 300);
  await one.getToken(scope(names[0]));
  assert.equal(fetch.requests.length, 301, "256 MiB do not hold all of them");
});

test("a token that was rejected can be removed, and all can be cleared", async () => {
  const fetch = counting();
  const one = credential(fetch);
  await one.getToken(scope("a"));
  await one.getToken(scope("b"));
  assert.equal(one.removeToken([scope("a")]), true);
  assert.equal(one.removeToken(scope("a")), false);
  assert.equal((await one.getToken(scope("b"))).token, "token-2");
  assert.equal((await one.getToken(scope("a"))).token, "token-3");
  one.clearTokens();
  assert.equal((await one.getToken(scope("b"))).token, "token-4");
});

test("ten thousand callers at once make one request", async () => {
  const { opened, open } = gate();
  const fetch = scriptedFetch(async () => {
    await opened;
    return granted();
  });
  const one = credential(fetch);
  const calls = Array.from({ length: 10_000 }, () => one.getToken(SCOPE));
  await until(() => fetch.requests.length === 1, "the request");
  open();
  const tokens = await Promise.all(calls);
  assert.equal(fetch.requests.length, 1);
  assert.ok(tokens.every(({ token }) => token === "token-1"));
});

test("a caller can't change what another is served", async () => {
  const one = credential(counting());
  for (let call = 0; call < 3; call++) {
    const got = await one.getToken(SCOPE);
    assert.equal(got.token, "token-1");
    for (const name of ["token", "expiresOnTimestamp", "more"]) assert.equal(Reflect.set(got, name, "changed"), false);
  }
});

test("an endpoint that throttles is left alone by all callers", async () => {
  const throttled = json({ error: "invalid_request" }, { status: 429, headers: { "retry-after": "600" } });
  const fetch = scriptedFetch(throttled);
  const one = credential(fetch);
  for (const name of ["a", "b", "c"]) {
    const error = expectError(await one.getToken(scope(name)).catch((thrown) => thrown), "ERR_SERVICE_UNAVAILABLE");
    assert.ok(error.errorResponse.retryAfter > 590);
  }
  assert.equal(fetch.requests.length, 1);
});

test("limits that are no positive integers are refused", () => {
  for (const tokenCacheLimits of [{ tokens: 0 }, { bytes: -1 }, { tokens: 1.5 }]) {
    assert.throws(() => credential(counting(), { tokenCacheLimits }), { code: "ERR_INVALID_ARG_VALUE" });
  }
});
