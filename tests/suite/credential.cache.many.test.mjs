// More tokens than are kept at hand: those that were not used for long lie outside of the heap where there is such a place, and
// nobody can tell.
import assert from "node:assert/strict";
import { test } from "node:test";
import { credential } from "./support/credential.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

const MANY = 1100;
const scope = (index) => `https://r${index}.example/.default`;
const indexOf = (form) => Number(/r(\d+)\./.exec(form.get("scope"))[1]);

/** Tokens of many lengths, among them some that are too long or of no token's letters. */
function tokenOf(index) {
  if (index === 3) return `${index}.${"x".repeat(40_000)}`;
  if (index === 4) return `${index}.Привет`;
  if (index === 5) return `${index}.line\nline`;
  return `${index}.${"y".repeat((index * 37) % 4000)}`;
}

function many(options) {
  const fetch = scriptedFetch(({ form }) => granted(tokenOf(indexOf(form))));
  return { fetch, one: credential(fetch, options) };
}

async function fill(one) {
  const answers = [];
  for (let index = 0; index < MANY; index++) answers.push(await one.getToken(scope(index)));
  return answers;
}

test("tokens that were not used for long are the same again", async () => {
  const { fetch, one } = many();
  const answers = await fill(one);
  for (const round of [1, 2]) {
    for (const [index, answer] of answers.entries()) {
      assert.deepEqual(await one.getToken(scope(index)), answer, `token ${index}, round ${round}`);
      assert.equal(answer.token, tokenOf(index));
    }
  }
  assert.equal(fetch.requests.length, MANY);
});

test("callers of a token that was not used for long get one frozen answer", async () => {
  const { one } = many();
  await fill(one);
  const answer = await one.getToken(scope(0));
  assert.ok(Object.isFrozen(answer));
  assert.equal(await one.getToken(scope(0)), answer);
});

test("the correlation id stays with a token that was not used for long", async () => {
  const { one } = many();
  await one.getToken(scope(0), { correlationId: "an-id-of-the-caller" });
  for (let index = 1; index < MANY; index++) await one.getToken(scope(index));
  assert.equal((await one.getToken(scope(0))).correlationId, "an-id-of-the-caller");
});

test("the least recently used of many goes first", async () => {
  const { fetch, one } = many({ tokenCacheLimits: { tokens: MANY } });
  await fill(one);
  await one.getToken(scope(0));
  await one.getToken(scope(MANY));
  await one.getToken(scope(0));
  assert.equal(fetch.requests.length, MANY + 1, "0 was used since");
  await one.getToken(scope(1));
  assert.equal(fetch.requests.length, MANY + 2, "1 was not");
});

test("one of many can be removed, and its place is taken by the next", async () => {
  const { fetch, one } = many();
  await fill(one);
  for (let index = 0; index < 60; index++) assert.equal(one.removeToken(scope(index)), true);
  for (let index = 0; index < MANY; index++) {
    assert.equal((await one.getToken(scope(index))).token, tokenOf(index));
  }
  assert.equal(fetch.requests.length, MANY + 60);
});

test("what lies outside of the heap is wiped when it is no longer kept", async (t) => {
  const buffers = [];
  const alloc = Buffer.alloc.bind(Buffer);
  t.mock.method(Buffer, "alloc", (...given) => {
    const buffer = alloc(...given);
    buffers.push(buffer);
    return buffer;
  });
  const { one } = many();
  await fill(one);
  const isThere = (index) => buffers.some((buffer) => buffer.includes(tokenOf(index)));
  assert.ok(isThere(17));
  assert.ok(one.removeToken(scope(17)));
  assert.ok(!isThere(17), "a removed token");
  assert.ok(isThere(18));
  one.clearTokens();
  assert.ok(buffers.every((buffer) => buffer.every((byte) => byte === 0)));
});
