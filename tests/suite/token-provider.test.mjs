// getBearerTokenProvider: a function in the place of a credential.
import assert from "node:assert/strict";
import { test } from "node:test";
import { credential, expectError } from "./support/credential.mjs";
import { SCOPE } from "./support/fixtures.mjs";
import { certgrant } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

const { getBearerTokenProvider } = certgrant;

test("the provider gives the token's text and uses the credential's cache", async () => {
  const fetch = scriptedFetch(granted());
  const provide = getBearerTokenProvider(credential(fetch), SCOPE);
  assert.deepEqual([await provide(), await provide()], ["token-1", "token-1"]);
  assert.equal(fetch.requests.length, 1);
});

test("scopes and options reach the credential", async () => {
  const { signal } = new AbortController();
  const calls = [];
  const other = {
    async getToken(...args) {
      calls.push(args);
      return { token: "t", expiresOnTimestamp: 0 };
    },
  };
  assert.equal(await getBearerTokenProvider(other, [SCOPE], { abortSignal: signal })(), "t");
  assert.deepEqual(calls, [[[SCOPE], { abortSignal: signal }]]);
});

test("a credential without a token, and what is no credential, are errors", async () => {
  const none = getBearerTokenProvider({ getToken: async () => null }, SCOPE);
  expectError(await none().catch((error) => error), "ERR_CREDENTIAL_UNAVAILABLE");
  assert.throws(() => getBearerTokenProvider({}, SCOPE), { name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });
});
