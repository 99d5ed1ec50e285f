// More tokens than are kept at hand: those that were not used for long lie outside of the heap where there is such a place, and
// nobody can tell.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { credential } from "./support/credential.mjs";
import { CLIENT, TENANT } from "./support/fixtures.mjs";
import { ClientSecretCredential } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

const MANY = 1100;
const LONG = 12_000;
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

/** Many thousand tokens are had sooner without signatures. */
function withSecret(fetch, options) {
  return new ClientSecretCredential(TENANT, CLIENT, "a-secret", { fetch, silenceSecretWarning: true, ...options });
}

/** Numbers without an order, the same each time (Knuth, TAOCP 2, 3.3.4). */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}

/** What is held outside of the heap when all that can go is gone. */
async function held() {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  for (let round = 0; round < 3; round++) {
    collect();
    await new Promise(setImmediate);
  }
  return process.memoryUsage().external;
}

/** A credential with so many tokens of {@link LONG} characters, of which nobody else remembers anything. */
async function filledWithLong(count, options) {
  const fetch = scriptedFetch(({ form }) => granted(`${indexOf(form)}.`.padEnd(LONG, "y")));
  const one = withSecret(fetch, options);
  for (let index = 0; index < count; index++) await one.getToken(scope(index));
  fetch.requests.length = 0;
  return one;
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

test("uses and removals in any order give nobody another token", async () => {
  const version = new Map();
  const text = (index) => `${index}.${version.get(index)}.`.padEnd(900 + ((index * 37) % 1200), "y");
  const fetch = scriptedFetch(({ form }) => granted(text(indexOf(form))));
  const one = withSecret(fetch);
  const next = numbers(7);
  const ask = async (index) => {
    if (!version.has(index)) version.set(index, fetch.requests.length);
    assert.equal((await one.getToken(scope(index))).token, text(index));
  };
  for (let index = 0; index < 3000; index++) await ask(index);
  for (let step = 0; step < 15_000; step++) {
    const index = next() % 3000;
    // The first thousand go more often, so that what was put away together leaves gaps of all sizes.
    const isRemoved = next() % 16 < (index < 1000 ? 4 : 1);
    if (isRemoved) assert.equal(one.removeToken(scope(index)), version.delete(index));
    else await ask(index);
  }
  const asked = fetch.requests.length;
  for (const index of version.keys()) await ask(index);
  assert.equal(fetch.requests.length, asked);
});

test("memory of tokens that had to go is given back", async () => {
  const before = await held();
  const one = await filledWithLong(3 * MANY, { tokenCacheLimits: { tokens: MANY } });
  const grown = (await held()) - before;
  assert.ok(grown < 5_000_000, `${grown} bytes`);
  assert.equal((await one.getToken(scope(3 * MANY - 1))).token.length, LONG, "it is there to be measured");
});

test("a token that is used keeps no memory of those beside it that had to go", async () => {
  const before = await held();
  const one = await filledWithLong(3 * MANY);
  const isUsed = (index) => index % 80 === 0;
  for (let index = 0; index < 2 * MANY; index++) if (isUsed(index)) await one.getToken(scope(index));
  for (let index = 0; index < 2 * MANY; index++) if (!isUsed(index)) one.removeToken(scope(index));
  const grown = (await held()) - before;
  assert.ok(grown < 5_000_000, `${grown} bytes`);
  assert.equal((await one.getToken(scope(80))).token.length, LONG, "it is there to be measured");
});

test("what a piece still grows with is wiped when it is no longer kept", async (t) => {
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
