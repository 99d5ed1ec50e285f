// OnBehalfOfCredential: tokens in the name of the user who called.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { readAssertion } from "./support/assertion.mjs";
import { expectError } from "./support/credential.mjs";
import { CLIENT, PEM, SCOPE, TENANT } from "./support/fixtures.mjs";
import { certgrant } from "./support/package.mjs";
import { granted, refused, scriptedFetch } from "./support/service.mjs";

const { AuthenticationError, AuthenticationRequiredError, ClientCertificateCredential, OnBehalfOfCredential } =
  certgrant;
const USER_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJ1c2VyLTEifQ.dXNlcnM";
const CHALLENGE = '{"access_token":{"capolids":{"essential":true,"values":["policy"]}}}';

function credential(fetch, proof = { certificate: PEM }, options = {}) {
  return new OnBehalfOfCredential({
    tenantId: TENANT,
    clientId: CLIENT,
    userAssertionToken: USER_TOKEN,
    fetch,
    retryOptions: { maxRetries: 0 },
    silenceSecretWarning: true,
    ...proof,
    ...options,
  });
}

const failure = (promise) => promise.then(assert.fail, (error) => error);

test("the request is the on-behalf-of grant that Entra documents, signed with the certificate", async () => {
  const fetch = scriptedFetch(granted());
  assert.equal((await credential(fetch).getToken(SCOPE)).token, "token-1");
  const [{ url, form }] = fetch.requests;
  assert.equal(url, `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/token`);
  const { client_assertion: assertion, ...rest } = Object.fromEntries(form);
  assert.deepEqual(rest, {
    client_id: CLIENT,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion: USER_TOKEN,
    requested_token_use: "on_behalf_of",
    scope: SCOPE,
  });
  assert.equal(readAssertion(assertion).claims.aud, url);
});

test("a secret and an assertion of the caller's prove the application as well", async () => {
  const secret = scriptedFetch(granted());
  await credential(secret, { clientSecret: "hunter2" }).getToken(SCOPE);
  assert.equal(secret.requests[0].form.get("client_secret"), "hunter2");
  const own = scriptedFetch(granted());
  await credential(own, { getAssertion: async () => "a.b.c" }).getToken(SCOPE);
  assert.equal(own.requests[0].form.get("client_assertion"), "a.b.c");
  for (const { form } of [...secret.requests, ...own.requests]) assert.equal(form.get("assertion"), USER_TOKEN);
});

test("the user's token is cached by resource, and no other user gets it", async () => {
  const fetch = scriptedFetch(granted("first"), granted("second"));
  const first = credential(fetch);
  const second = credential(fetch, undefined, { userAssertionToken: `${USER_TOKEN}2` });
  for (let call = 0; call < 3; call++) assert.equal((await first.getToken(SCOPE)).token, "first");
  assert.equal((await second.getToken(SCOPE)).token, "second");
  assert.equal(fetch.requests.length, 2);
});

test("a user who has to act is an error with the service's claims, for the user's client", async () => {
  const rows = [
    { error: "interaction_required", error_codes: [50076], claims: CHALLENGE },
    { error: "invalid_grant", suberror: "consent_required", error_codes: [65001], claims: CHALLENGE },
  ];
  for (const refusal of rows) {
    const options = { enableCae: true };
    const error = await failure(credential(scriptedFetch(refused(refusal, 400))).getToken([SCOPE], options));
    expectError(error, "ERR_SERVICE_REFUSED");
    assert.ok(error instanceof AuthenticationRequiredError);
    assert.equal(error.name, "AuthenticationRequiredError");
    assert.deepEqual(error.scopes, [SCOPE]);
    assert.equal(error.getTokenOptions, options);
    assert.equal(error.statusCode, 400);
    assert.equal(error.errorResponse.claims, CHALLENGE);
    assert.ok(error.cause instanceof AuthenticationError);
  }
});

test("any other refusal is the service's own", async () => {
  const error = await failure(credential(scriptedFetch(refused({ error: "invalid_grant" }, 400))).getToken(SCOPE));
  assert.equal(error.name, "AuthenticationError");
  assert.ok(error instanceof AuthenticationError && !(error instanceof AuthenticationRequiredError));
});

test("neither error, log nor credential shows the user's token", async () => {
  const lines = [];
  const logging = { logger: (entry) => lines.push(entry), loggingOptions: { allowLoggingAccountIdentifiers: true } };
  const echo = refused({ error_description: `AADSTS50013: Assertion failed: ${USER_TOKEN}` }, 400);
  const one = credential(scriptedFetch(echo), undefined, logging);
  const error = await failure(one.getToken(SCOPE));
  const text = inspect([error, one], { depth: null, showHidden: true }) + JSON.stringify(lines);
  assert.ok(lines.length > 3);
  assert.ok(!text.includes(USER_TOKEN));
});

test("one proof is needed, and a user's token", () => {
  const rows = [
    [{}, /provide one of .*, found none/],
    [{ certificate: PEM, clientSecret: "x" }, /provide one of .*, found 2/],
    [{ clientSecret: "x", userAssertionToken: "" }, /userAssertionToken is a required parameter\./],
    [{ clientSecret: "x", tenantId: "" }, /tenantId and clientId are required parameters\./],
  ];
  for (const [options, message] of rows) {
    const expected = { name: "TypeError", code: "ERR_INVALID_ARG_VALUE", message };
    assert.throws(() => credential(scriptedFetch(granted()), {}, options), expected);
  }
  assert.throws(() => new OnBehalfOfCredential(), { name: "TypeError" });
});

test("an application's credential serves all its users with one client, and each user alone with its tokens", async () => {
  let count = 0;
  const fetch = scriptedFetch(() => granted(`token-${++count}`));
  const application = new ClientCertificateCredential(TENANT, CLIENT, { certificate: PEM }, { fetch });
  const of = (userAssertionToken) => new OnBehalfOfCredential({ application, userAssertionToken });
  const tokenOf = async (credential) => (await credential.getToken(SCOPE)).token;
  assert.equal(await tokenOf(of("user-a")), "token-1");
  assert.equal(await tokenOf(of("user-b")), "token-2");
  assert.equal(await tokenOf(application), "token-3");
  assert.equal(await tokenOf(of("user-a")), "token-1", "from the cache, for a credential that was made anew");
  assert.equal(await tokenOf(application), "token-3");
  const assertions = fetch.requests.map(({ form }) => form.get("client_assertion"));
  assert.equal(new Set(assertions).size, 1, "signed once");
  assert.deepEqual(
    fetch.requests.map(({ form }) => form.get("assertion")),
    ["user-a", "user-b", null],
  );
  assert.equal(of("user-a").removeToken(SCOPE), true);
  assert.equal(await tokenOf(of("user-a")), "token-4");
  assert.equal(await tokenOf(of("user-b")), "token-2");
});

test("the tokens that one user's credential clears are those of the application and of all its users", async () => {
  const fetch = scriptedFetch(granted());
  const application = new ClientCertificateCredential(TENANT, CLIENT, { certificate: PEM }, { fetch });
  const of = (userAssertionToken) => new OnBehalfOfCredential({ application, userAssertionToken });
  const ask = () => Promise.all([application, of("user-a"), of("user-b")].map((one) => one.getToken(SCOPE)));
  await ask();
  await ask();
  assert.equal(fetch.requests.length, 3);
  of("user-a").clearTokens();
  await ask();
  assert.equal(fetch.requests.length, 6);
});

test("users of an application who ask at the same time share one request each", async () => {
  const fetch = scriptedFetch(({ form }) => granted(form.get("assertion")));
  const application = new ClientCertificateCredential(TENANT, CLIENT, { certificate: PEM }, { fetch });
  const ask = (userAssertionToken) => new OnBehalfOfCredential({ application, userAssertionToken }).getToken(SCOPE);
  const users = Array.from({ length: 300 }, (_, index) => `user-${index % 3}`);
  const tokens = await Promise.all(users.map(ask));
  assert.deepEqual(
    tokens.map(({ token }) => token),
    users,
  );
  assert.equal(fetch.requests.length, 3);
});

test("an application that is no credential of an application is refused", () => {
  for (const application of [{}, { getToken() {} }, "app", null]) {
    assert.throws(() => new OnBehalfOfCredential({ application, userAssertionToken: "t" }), {
      code: "ERR_INVALID_ARG_TYPE",
    });
  }
});

test("a machine's identity does not act for a user", async () => {
  const fetch = scriptedFetch(granted("machine"));
  const application = new certgrant.ManagedIdentityCredential({ fetch });
  const credential = new OnBehalfOfCredential({ application, userAssertionToken: "garbage" });
  await assert.rejects(credential.getToken(SCOPE), { code: "ERR_IDENTITY_UNSUPPORTED" });
  assert.equal(fetch.requests.length, 0);
});
