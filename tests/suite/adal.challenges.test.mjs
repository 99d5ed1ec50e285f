// What certgrant/adal reads of challenges beyond what adal-node did: responses of Node and of fetch.
import assert from "node:assert/strict";
import { test } from "node:test";
import { adal } from "./support/package.mjs";

const { AuthenticationParameters, createAuthenticationParametersFromResponse, createAuthenticationParametersFromUrl } =
  adal;
const HEADER = 'Bearer authorization_uri="https://login.windows.net/t/oauth2/authorize", resource="urn:r"';

test("responses of axios, of Node and of fetch are read", () => {
  const headers = { "www-authenticate": HEADER };
  for (const response of [
    { status: 401, headers },
    { statusCode: 401, headers },
    new Response("", { status: 401, headers }),
    { status: 401, headers: new Headers(headers) },
  ]) {
    const { authorizationUri, resource } = createAuthenticationParametersFromResponse(response);
    assert.deepEqual([authorizationUri, resource], ["https://login.windows.net/t/oauth2/authorize", "urn:r"]);
  }
});

test("what is read is read-only, and shows where it is printed", () => {
  const parameters = new AuthenticationParameters("uri", "resource");
  assert.throws(() => {
    parameters.authorizationUri = "other";
  }, TypeError);
  assert.deepEqual({ ...parameters }, { _authorizationUri: "uri", _resource: "resource" });
});

test("asking an address has a promise, a correlation id of the caller's, and one callback", async (t) => {
  const sent = [];
  t.mock.method(globalThis, "fetch", async (url, { headers }) => {
    sent.push([url, headers["client-request-id"]]);
    return new Response("", { status: 401, headers: { "www-authenticate": HEADER } });
  });
  const { resource } = await createAuthenticationParametersFromUrl("https://api.example");
  assert.equal(resource, "urn:r");
  const results = await new Promise((resolve) => {
    createAuthenticationParametersFromUrl({ href: "https://api.example/2" }, (...given) => resolve(given), "mine");
  });
  assert.equal(results[1].resource, "urn:r");
  assert.deepEqual(sent[1], ["https://api.example/2", "mine"]);
  await assert.rejects(createAuthenticationParametersFromUrl(""), { message: "Missing required parameter: url" });
});
