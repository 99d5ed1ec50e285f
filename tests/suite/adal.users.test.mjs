// Users' tokens in the cache of certgrant/adal: who gets which, what is refreshed, and what takes whose place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { call, context, grantedToUser, USER } from "./support/adal.mjs";
import { AUTHORITY, CLIENT, RESOURCE } from "./support/fixtures.mjs";
import { adal } from "./support/package.mjs";
import { gate, json, refused, scriptedFetch, until } from "./support/service.mjs";

const HOUR = 3_600_000;
const entry = (members = {}) => ({
  tokenType: "Bearer",
  accessToken: "cached",
  refreshToken: "refresh",
  expiresOn: new Date(Date.now() + HOUR),
  userId: USER,
  resource: RESOURCE,
  isMRRT: true,
  _clientId: CLIENT,
  _authority: AUTHORITY,
  ...members,
});
const expired = (members = {}) => entry({ expiresOn: new Date(Date.now() - 1000), ...members });

function over(fetch, ...entries) {
  const cache = new adal.MemoryCache();
  cache._entries.push(...entries);
  return context(fetch, { cache });
}

const find = (made, resource = RESOURCE, user = USER) => call(made, "acquireToken", resource, user, CLIENT);
const managed = (token) => (request) => (request.method === "GET" ? json({ account_type: "Managed" }) : token(request));

test("a user's name is compared without regard to case", async () => {
  const cached = entry();
  const [, token] = await find(over(scriptedFetch(), cached), RESOURCE, USER.toUpperCase());
  assert.equal(token, cached);
});

test("the name that was typed in finds the token that was got with it", async () => {
  const fetch = scriptedFetch(managed(() => grantedToUser("token-1", { id_token: undefined })));
  const made = context(fetch);
  await made.acquireTokenWithUsernamePassword(RESOURCE, "alias@contoso.example", "p", CLIENT);
  const [, token] = await find(made, RESOURCE, "Alias@contoso.example");
  assert.equal(token.accessToken, "token-1");
  assert.equal(token.userId, undefined, "and is not written into it");
  assert.equal((await find(made, RESOURCE, "other@contoso.example"))[0].code, "ERR_TOKEN_NOT_CACHED");
});

test("a token of another password is not served, and the refreshed one still is for the first", async () => {
  const fetch = scriptedFetch(
    managed(({ form }) => (form.get("password") === "right" ? grantedToUser() : refused({}, 400))),
  );
  const made = context(fetch);
  const acquire = (password) => call(made, "acquireTokenWithUsernamePassword", RESOURCE, USER, password, CLIENT);
  const [, token] = await acquire("right");
  assert.equal((await acquire("wrong"))[0].error, "invalid_client");
  assert.equal((await acquire("right"))[1], token);
});

test("an expired token is refreshed once for all who wait, and replaced", async () => {
  const { opened, open } = gate();
  const fetch = scriptedFetch(async () => {
    await opened;
    return grantedToUser("new");
  });
  const made = over(fetch, expired());
  const calls = Promise.all([find(made), find(made), find(made)]);
  await until(() => fetch.requests.length > 0);
  open();
  const tokens = (await calls).map(([, token]) => token);
  assert.equal(fetch.requests.length, 1);
  assert.equal(new Set(tokens).size, 1);
  assert.deepEqual(made.cache._entries, [tokens[0]]);
  assert.equal(tokens[0].accessToken, "new");
});

test("why a token could not be refreshed is the cause of the error", async () => {
  const [error] = await find(over(scriptedFetch(refused({}, 400)), expired()));
  assert.equal(error.message, "Entry not found in cache.");
  assert.equal(error.cause.error, "invalid_client");
  assert.match(error.hint, /sign the user in again/);
});

test("nothing is refreshed without a refresh token", async () => {
  const fetch = scriptedFetch(grantedToUser());
  for (const refreshToken of [undefined, null, ""]) {
    const [error] = await find(over(fetch, expired({ refreshToken })));
    assert.equal(error.message, "Entry not found in cache.");
    assert.equal(error.cause, undefined);
  }
  assert.equal(fetch.requests.length, 0);
});

test("a refresh without a new refresh token leaves those that are there", async () => {
  const first = entry();
  const fetch = scriptedFetch(grantedToUser("new", { refresh_token: undefined, resource: "urn:other" }));
  const made = over(fetch, first);
  const [, token] = await find(made, "urn:other");
  assert.equal(first.refreshToken, "refresh");
  assert.equal(token.refreshToken, "refresh");
});

test("a new refresh token renews those of all the user's resources, and of no other user's", async () => {
  const [mine, other] = [entry({ resource: "urn:a" }), entry({ userId: "other@contoso.example" })];
  const made = over(scriptedFetch(grantedToUser("new", { resource: "urn:b" })), mine, other);
  await find(made, "urn:b");
  assert.equal(mine.refreshToken, "refresh-of-new");
  assert.equal(other.refreshToken, "refresh");
  assert.equal(made.cache._entries.length, 3);
});

test("several tokens of two users are ambiguous without a name", async () => {
  const made = over(scriptedFetch(), entry(), entry({ userId: "other@contoso.example" }));
  const [error] = await call(made, "acquireToken", RESOURCE, undefined, CLIENT);
  assert.equal(error.message, "Entry not found in cache.");
});

test("a second user who signs in makes what was found without a name ambiguous", async () => {
  const made = over(scriptedFetch(), entry());
  const without = () => call(made, "acquireToken", RESOURCE, undefined, CLIENT);
  assert.equal((await without())[1].accessToken, "cached");
  made.cache._entries.push(entry({ userId: "other@contoso.example" }));
  assert.equal((await without())[0].message, "Entry not found in cache.");
});

test("what is done to the entries is seen by the next call", async () => {
  const cached = entry();
  const made = over(scriptedFetch(refused({}, 400)), cached);
  assert.equal((await find(made))[1], cached);
  cached.expiresOn = new Date(0);
  assert.equal((await find(made))[0].message, "Entry not found in cache.");
  cached.expiresOn = new Date(Date.now() + HOUR);
  assert.equal((await find(made))[1], cached);
  cached.userId = "other@contoso.example";
  assert.equal((await find(made))[0].message, "Entry not found in cache.");
  cached.userId = USER;
  while (made.cache._entries.pop());
  assert.equal((await find(made))[0].message, "Entry not found in cache.");
});

test("caches that answer with nothing, or with what are no entries, have none", async () => {
  for (const answer of [undefined, null, 5, [null, undefined, "x", 7]]) {
    const cache = { find: (_, done) => done(null, answer), add: (_, done) => done(), remove: (_, done) => done() };
    const [error] = await find(context(scriptedFetch(), { cache }));
    assert.equal(error.message, "Entry not found in cache.");
    const failing = { ...cache, find: (_, done) => done(new Error("broken"), undefined) };
    assert.equal((await find(context(scriptedFetch(), { cache: failing })))[0].message, "Entry not found in cache.");
    const throwing = {
      ...cache,
      find() {
        throw new Error("broken");
      },
    };
    assert.equal((await find(context(scriptedFetch(), { cache: throwing })))[0].message, "Entry not found in cache.");
  }
});

test("a look-up among ten thousand entries reads one of them", async () => {
  let reads = 0;
  const counted = (members) =>
    new Proxy(entry(members), {
      get(target, name) {
        reads += 1;
        return target[name];
      },
    });
  const entries = Array.from({ length: 10_000 }, (_, index) => counted({ resource: `urn:${index}` }));
  const made = over(scriptedFetch(), ...entries);
  await find(made, "urn:9999");
  reads = 0;
  assert.equal((await find(made, "urn:9999"))[1], entries[9999]);
  assert.ok(reads < 20, `${reads} reads`);
});
