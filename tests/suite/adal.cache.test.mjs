// The cache of certgrant/adal: what is found, when, and what takes whose place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ARGUMENTS, acquire, acquireToken, context } from "./support/adal.mjs";
import { AUTHORITY, CLIENT, KEY, OTHER_CERTIFICATE, RESOURCE } from "./support/fixtures.mjs";
import { adal } from "./support/package.mjs";
import { gate, grantedV1, scriptedFetch, until } from "./support/service.mjs";

const { MemoryCache } = adal;

/** Calls and returns what the callback had got when the method returned. */
function acquireNow(made) {
  const { resource, clientId, certificate, thumbprint } = ARGUMENTS;
  let results;
  made.acquireTokenWithClientCertificate(resource, clientId, certificate, thumbprint, (...given) => {
    results = given;
  });
  return results;
}

test("a hit calls back before the method returns, with the very object that the cache holds", async () => {
  const fetch = scriptedFetch(grantedV1());
  const made = context(fetch);
  const token = await acquireToken(made);
  const [error, hit] = acquireNow(made);
  assert.equal(error, null);
  assert.equal(hit, token);
  assert.equal(made.cache._entries[0], token);
  assert.equal(fetch.requests.length, 1);
});

test("an expired token is replaced, and the new one is found ever after", async () => {
  const fetch = scriptedFetch(grantedV1("token-1"), grantedV1("token-2"), grantedV1("token-3"));
  const made = context(fetch);
  (await acquireToken(made)).expiresOn = new Date(Date.now() - 1000);
  assert.equal((await acquireToken(made)).accessToken, "token-2");
  assert.equal(made.cache._entries.length, 1);
  assert.equal(acquireNow(made)[1].accessToken, "token-2");
  assert.equal(acquireNow(made)[1].accessToken, "token-2");
  assert.deepEqual(
    fetch.requests.map(({ form }) => form.get("grant_type")),
    ["client_credentials", "client_credentials"],
  );
});

test("a token is not served in its last five minutes", async () => {
  const fetch = scriptedFetch(grantedV1("token-1"), grantedV1("token-2"));
  const made = context(fetch);
  const token = await acquireToken(made);
  token.expiresOn = new Date(Date.now() + 5 * 60_000 + 5000);
  assert.equal(acquireNow(made)[1], token);
  token.expiresOn = new Date(Date.now() + 5 * 60_000 - 1000);
  assert.equal((await acquireToken(made)).accessToken, "token-2");
});

test("each resource, client and authority has its own token, with one request each", async () => {
  const fetch = scriptedFetch(({ form }) =>
    grantedV1(`for ${form.get("resource")}`, { resource: form.get("resource") }),
  );
  const made = context(fetch);
  await acquireToken(made, { resource: "urn:a" });
  assert.equal((await acquireToken(made, { resource: "urn:b" })).accessToken, "for urn:b");
  const slash = context(fetch, { authority: `${AUTHORITY}/`, cache: made.cache });
  await acquireToken(slash, { resource: "urn:a" });
  assert.equal(fetch.requests.length, 3);
  assert.equal(made.cache._entries.length, 3);
  assert.ok(fetch.requests.every(({ form }) => form.get("grant_type") === "client_credentials"));
});

test("a resource that the service spells in another way is found again by the spelling of the caller", async () => {
  const made = context(scriptedFetch(grantedV1("token-1", { resource: `${RESOURCE}/` })));
  await acquireToken(made);
  assert.equal(acquireNow(made)[1].resource, `${RESOURCE}/`);
});

test("parallel calls share one request and one entry, across contexts with the same cache and options", async () => {
  const { opened, open } = gate();
  const fetch = scriptedFetch(async () => {
    await opened;
    return grantedV1();
  });
  const one = context(fetch);
  const two = context(fetch, { cache: one.cache });
  two.options = one.options;
  const calls = Promise.all([
    ...Array.from({ length: 10 }, () => acquireToken(one)),
    ...Array.from({ length: 10 }, () => acquireToken(two)),
  ]);
  await until(() => fetch.requests.length > 0);
  open();
  const tokens = new Set(await calls);
  assert.equal(tokens.size, 1);
  assert.equal(fetch.requests.length, 1);
  assert.equal(one.cache._entries.length, 1);
});

test("a user's token is not taken for an app's", async () => {
  const user = {
    accessToken: "user",
    refreshToken: "r",
    userId: "u",
    expiresOn: new Date(Date.now() + 3600_000),
    resource: RESOURCE,
    _clientId: CLIENT,
    _authority: AUTHORITY,
  };
  const cache = new MemoryCache();
  cache._entries.push(user);
  const made = context(scriptedFetch(grantedV1("app")), { cache });
  assert.equal((await acquireToken(made)).accessToken, "app");
  assert.deepEqual(cache._entries[0], user, "and is left alone");
});

test("an app's answer with an id_token is found again all the same", async () => {
  const idToken = `.${Buffer.from(JSON.stringify({ upn: "u" })).toString("base64url")}.`;
  const made = context(scriptedFetch(grantedV1("token-1", { id_token: idToken, refresh_token: "r" })));
  await acquireToken(made);
  assert.equal(acquireNow(made)[1].userId, "u");
});

test("entries restored from JSON are found while they are good, and expire", async () => {
  const first = context(scriptedFetch(grantedV1("token-1")));
  await acquireToken(first);
  const restored = new MemoryCache();
  restored._entries.push(...JSON.parse(JSON.stringify(first.cache._entries)));
  const fetch = scriptedFetch(grantedV1("token-2"));
  const made = context(fetch, { cache: restored });
  assert.equal(acquireNow(made)[1].accessToken, "token-1");
  restored._entries[0].expiresOn = new Date(Date.now() - 1000).toISOString();
  assert.equal((await acquireToken(made)).accessToken, "token-2");
});

test("expiry may be a Date, text, milliseconds or seconds; anything else has expired", async () => {
  const soon = Date.now() + 3600_000;
  const rows = [
    [new Date(soon), true],
    [new Date(soon).toISOString(), true],
    [soon, true],
    [Math.floor(soon / 1000), true],
    [String(Math.floor(soon / 1000)), true],
    [undefined, false],
    [null, false],
    ["soon", false],
  ];
  for (const [expiresOn, good] of rows) {
    const made = context(scriptedFetch(grantedV1("token-2")));
    made.cache._entries.push({
      accessToken: "token-1",
      expiresOn,
      resource: RESOURCE,
      _clientId: CLIENT,
      _authority: AUTHORITY,
    });
    assert.equal((await acquireToken(made)).accessToken, good ? "token-1" : "token-2", String(expiresOn));
  }
});

test("what callers do to _entries is believed at once", async () => {
  const fetch = scriptedFetch(grantedV1("token-1"), grantedV1("token-2"), grantedV1("token-3"));
  const made = context(fetch);
  await acquireToken(made);
  made.cache._entries.pop();
  assert.equal((await acquireToken(made)).accessToken, "token-2");
  made.cache._entries[0].expiresOn = new Date(0);
  assert.equal((await acquireToken(made)).accessToken, "token-3");
  made.cache._entries.unshift({ other: true });
  assert.equal(acquireNow(made)[1].accessToken, "token-3");
});

test("a cache of one's own sees adal-node's queries and answers when it likes", async () => {
  const calls = [];
  const entries = [];
  const later = (callback, ...args) => setImmediate(() => callback(...args));
  const cache = {
    find(query, callback) {
      calls.push(["find", query]);
      later(
        callback,
        null,
        entries.filter(({ _clientId }) => _clientId === query._clientId),
      );
    },
    add(added, callback) {
      calls.push(["add", added.length]);
      entries.push(...added.map((entry) => JSON.parse(JSON.stringify(entry))));
      later(callback);
    },
    remove(removed, callback) {
      calls.push(["remove", removed.length]);
      for (const entry of removed) entries.splice(entries.indexOf(entry), 1);
      later(callback);
    },
  };
  const fetch = scriptedFetch(grantedV1("token-1"), grantedV1("token-2"));
  const made = context(fetch, { cache });
  await acquireToken(made);
  assert.deepEqual(calls[0], ["find", { _clientId: CLIENT }]);
  assert.equal(calls.filter(([name]) => name === "add").length, 1);
  assert.equal((await acquireToken(made)).accessToken, "token-1");
  assert.equal(fetch.requests.length, 1);
  entries[0].expiresOn = new Date(0).toISOString();
  assert.equal((await acquireToken(made)).accessToken, "token-2");
  assert.equal(entries.length, 1, "replaced, not appended");
});

test("a cache that fails, throws or answers twice is a miss, and costs no token", async () => {
  const broken = [
    {
      find: (_query, callback) => callback(new Error("down"), undefined),
      add: (_list, callback) => callback(new Error("down")),
      remove: (_list, callback) => callback(),
    },
    {
      find() {
        throw new Error("down");
      },
      add() {
        throw new Error("down");
      },
      remove() {
        throw new Error("down");
      },
    },
    {
      find(_query, callback) {
        callback(null, []);
        callback(null, []);
      },
      add(_list, callback) {
        callback();
        callback();
      },
      remove: (_list, callback) => callback(),
    },
  ];
  for (const cache of broken) {
    let calls = 0;
    const made = context(scriptedFetch(grantedV1()), { cache });
    const { resource, clientId, certificate, thumbprint } = ARGUMENTS;
    await new Promise((resolve) => {
      made.acquireTokenWithClientCertificate(resource, clientId, certificate, thumbprint, (error, token) => {
        calls += 1;
        assert.equal(error, null);
        assert.equal(token.accessToken, "token-1");
        setImmediate(resolve);
      });
    });
    assert.equal(calls, 1);
  }
});

test("MemoryCache finds by equal members, all for an empty query, in a new array of the same objects", () => {
  const cache = new MemoryCache();
  const [a, b] = [
    { _clientId: "1", x: 1 },
    { _clientId: "2", x: 1 },
  ];
  cache.add([a, b], () => undefined);
  const find = (query) => {
    let found;
    cache.find(query, (error, list) => {
      assert.equal(error, null);
      found = list;
    });
    return found;
  };
  assert.deepEqual(find({ x: 1 }), [a, b]);
  assert.equal(find({ _clientId: "2" })[0], b);
  assert.deepEqual(find({ _clientId: "2", x: 2 }), []);
  assert.deepEqual(find({}), [a, b]);
  assert.notEqual(find(null), cache._entries);
});

test("MemoryCache drops copies of what it has, and marks them in the caller's array", () => {
  const cache = new MemoryCache();
  const date = () => new Date(1000);
  cache.add([{ accessToken: "a", expiresOn: date() }], () => undefined);
  const list = [{ accessToken: "a", expiresOn: date() }, { accessToken: "b" }, { accessToken: "b" }];
  let answer;
  cache.add(list, (...args) => {
    answer = args;
  });
  assert.deepEqual(answer, [null, true]);
  assert.equal(list[0], null);
  assert.equal(cache._entries.length, 3);
});

test("MemoryCache removes by the same values; a superset removes, a copy with another Date does not", () => {
  const cache = new MemoryCache();
  const expiresOn = new Date(1000);
  cache.add([{ accessToken: "a", expiresOn }], () => undefined);
  const before = cache._entries;
  cache.remove([{ accessToken: "a", expiresOn: new Date(1000) }], () => undefined);
  assert.equal(cache._entries.length, 1);
  cache.remove([{ accessToken: "a", expiresOn, more: true }], () => undefined);
  assert.equal(cache._entries.length, 0);
  assert.notEqual(cache._entries, before);
});

test("MemoryCache keeps at most maxEntries, the newest", () => {
  const cache = new MemoryCache({ maxEntries: 2 });
  for (const accessToken of ["a", "b", "c"]) cache.add([{ accessToken }], () => undefined);
  assert.deepEqual(
    cache._entries.map(({ accessToken }) => accessToken),
    ["b", "c"],
  );
});

test("a token is served only to the certificate and thumbprint that it was got with", async () => {
  const fetch = scriptedFetch(grantedV1("token-1"), grantedV1("token-2"));
  const made = context(fetch);
  await acquireToken(made);
  for (const changes of [{ certificate: "garbage" }, { certificate: OTHER_CERTIFICATE }, { thumbprint: "zz" }]) {
    const [error, token] = await acquire(made, changes);
    assert.ok(error instanceof adal.AdalError, JSON.stringify(changes));
    assert.equal(token, undefined);
  }
  assert.equal(fetch.requests.length, 1);
  assert.equal(acquireNow(made)[1].accessToken, "token-1");
});

test("two certificates of one app have a token each, and an expired one makes room", async () => {
  const fetch = scriptedFetch(grantedV1("token-1"), grantedV1("token-2"), grantedV1("token-3"));
  const made = context(fetch);
  const bare = { certificate: KEY };
  const first = await acquireToken(made);
  assert.equal((await acquireToken(made, bare)).accessToken, "token-2");
  assert.equal(acquireNow(made)[1], first);
  assert.equal((await acquireToken(made, bare)).accessToken, "token-2");
  assert.equal(made.cache._entries.length, 2);
  for (const entry of made.cache._entries) entry.expiresOn = new Date(0);
  assert.equal((await acquireToken(made, bare)).accessToken, "token-3");
  assert.equal(made.cache._entries.length, 1);
});
