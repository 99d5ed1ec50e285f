// ChainedTokenCredential: which errors it goes on behind, and what it says in the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { credential, expectError } from "./support/credential.mjs";
import { SCOPE } from "./support/fixtures.mjs";
import { certgrant } from "./support/package.mjs";
import { granted, refused, scriptedFetch } from "./support/service.mjs";

const { AggregateAuthenticationError, CertgrantError, ChainedTokenCredential, CredentialUnavailableError } = certgrant;

const TOKEN = { token: "other-token", expiresOnTimestamp: 4_000_000_000_000 };

/** A credential of somebody else's that counts its calls. */
function other(answer) {
  const one = {
    calls: [],
    async getToken(...args) {
      one.calls.push(args);
      const value = typeof answer === "function" ? answer() : answer;
      if (value instanceof Error) throw value;
      return value;
    },
  };
  return one;
}

const named = (name, message = "secret words") => Object.assign(new Error(message), { name });
const failure = (promise) => promise.then(assert.fail, (error) => error);

test("the first link that can be used gives the token", async () => {
  const unavailable = other(new CredentialUnavailableError("not here"));
  const last = other(TOKEN);
  const chain = new ChainedTokenCredential(unavailable, credential(scriptedFetch(granted())), last);
  assert.equal((await chain.getToken(SCOPE)).token, "token-1");
  assert.deepEqual([unavailable.calls.length, last.calls.length], [1, 0]);
});

test("it goes on behind errors of these names, whoever throws them, and behind no token at all", async () => {
  const links = [
    other(named("CredentialUnavailableError")),
    other(named("AuthenticationRequiredError")),
    other(null),
    () => {
      throw new CredentialUnavailableError("not in a pod");
    },
    other(TOKEN),
  ];
  const options = { enableCae: true };
  const token = await new ChainedTokenCredential(...links).getToken([SCOPE], options);
  assert.deepEqual(token, { ...TOKEN, tokenType: "Bearer" });
  assert.deepEqual(links[0].calls, [[[SCOPE], options]]);
});

test("any other error ends it", async () => {
  const last = other(TOKEN);
  for (const link of [credential(scriptedFetch(refused())), other(named("TypeError")), other(named("AbortError"))]) {
    const error = await failure(new ChainedTokenCredential(link, last).getToken(SCOPE));
    assert.match(error.name, /AuthenticationError|TypeError|AbortError/);
  }
  assert.equal(last.calls.length, 0);
});

test("a chain of which none can be used says so with all their errors, but not with the words of others", async () => {
  const errors = [new CredentialUnavailableError("not here"), named("CredentialUnavailableError")];
  const error = await failure(new ChainedTokenCredential(...errors.map(other)).getToken(SCOPE));
  expectError(error, "ERR_CHAIN_EXHAUSTED");
  assert.ok(error instanceof AggregateAuthenticationError && error instanceof CertgrantError);
  assert.equal(error.name, "AggregateAuthenticationError");
  assert.deepEqual(error.errors, errors);
  assert.match(error.message, /found ERR_CREDENTIAL_UNAVAILABLE, CredentialUnavailableError, expected/);
  assert.ok(!error.message.includes("secret words"));
  expectError(await failure(new ChainedTokenCredential().getToken(SCOPE)), "ERR_CHAIN_EXHAUSTED");
});

test("the link that gave a token is asked first from then on, until it is unavailable", async () => {
  let there = true;
  const first = other(new CredentialUnavailableError("not here"));
  const second = other(() => (there ? TOKEN : new CredentialUnavailableError("gone")));
  const third = other({ ...TOKEN, token: "third" });
  const chain = new ChainedTokenCredential(first, second, third);
  for (let call = 0; call < 3; call++) assert.equal((await chain.getToken(SCOPE)).token, "other-token");
  assert.deepEqual([first.calls.length, second.calls.length], [1, 3]);
  there = false;
  assert.equal((await chain.getToken(SCOPE)).token, "third");
  assert.deepEqual([first.calls.length, second.calls.length, third.calls.length], [2, 4, 1]);
});

test("a link that is a function makes its credential once, when the chain comes to it", async () => {
  let made = 0;
  const make = () => {
    made += 1;
    return other(TOKEN);
  };
  const chain = new ChainedTokenCredential(make);
  assert.equal(made, 0);
  await chain.getToken(SCOPE);
  await chain.getToken(SCOPE);
  assert.equal(made, 1);
});

test("a token that a resource rejected is forgotten by every link that has it", async () => {
  const fetches = [scriptedFetch(granted("first")), scriptedFetch(granted("second"))];
  const links = fetches.map((fetch) => credential(fetch));
  const chain = new ChainedTokenCredential(new ChainedTokenCredential(links[0]), other(TOKEN), links[1]);
  const ask = () => Promise.all([chain, ...links].map((one) => one.getToken(SCOPE)));
  await ask();
  assert.equal(chain.removeToken(SCOPE, { enableCae: true }), false);
  assert.equal(chain.removeToken("https://vault.azure.net/.default"), false);
  assert.equal(chain.removeToken([SCOPE]), true);
  assert.equal(chain.removeToken(SCOPE), false);
  await ask();
  assert.deepEqual(
    fetches.map(({ requests }) => requests.length),
    [2, 2],
  );
});

test("its cleared tokens are those of all links, and no link is made for that", async () => {
  const fetch = scriptedFetch(granted());
  const make = () => credential(fetch);
  const chain = new ChainedTokenCredential(make, () => assert.fail("made"));
  chain.clearTokens();
  assert.equal(chain.removeToken(SCOPE), false);
  await chain.getToken(SCOPE);
  await chain.getToken(SCOPE);
  assert.equal(fetch.requests.length, 1);
  chain.clearTokens();
  await chain.getToken(SCOPE);
  assert.equal(fetch.requests.length, 2);
});

test("what is no credential is refused with its place", () => {
  for (const source of [undefined, null, {}, "x"]) {
    assert.throws(() => new ChainedTokenCredential(other(TOKEN), source), {
      name: "TypeError",
      code: "ERR_INVALID_ARG_TYPE",
      message: /source 2 must have a function getToken/,
    });
  }
});
