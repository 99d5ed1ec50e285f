// Which address is called, and what is asked about an authority before it gets an assertion.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readAssertion } from "./support/assertion.mjs";
import { credential, expectError } from "./support/credential.mjs";
import { SCOPE, TENANT } from "./support/fixtures.mjs";
import { granted, json, scriptedFetch } from "./support/service.mjs";

const HOST = "https://login.contoso.com";
const INSTANCE = "https://login.microsoftonline.com/common/discovery/instance";
const known = () =>
  json({ tenant_discovery_endpoint: `${HOST}/t/v2.0/.well-known/openid-configuration`, metadata: [] });
const urls = (fetch) => fetch.requests.map(({ url }) => url);

test("an authority that is not one of Entra's is asked about, once for all its tokens", async () => {
  const endpoint = `${HOST}/elsewhere/token`;
  const fetch = scriptedFetch(known(), json({ token_endpoint: endpoint }), granted(), granted("token-2"));
  const client = credential(fetch, { authorityHost: HOST });
  assert.equal((await client.getToken(SCOPE)).token, "token-1");
  await client.getToken("https://vault.azure.net/.default");
  const authorize = encodeURIComponent(`${HOST}/${TENANT}/oauth2/v2.0/authorize`);
  assert.deepEqual(urls(fetch), [
    `${INSTANCE}?api-version=1.1&authorization_endpoint=${authorize}`,
    `${HOST}/${TENANT}/v2.0/.well-known/openid-configuration`,
    endpoint,
    endpoint,
  ]);
  assert.equal(readAssertion(fetch.requests[2].form.get("client_assertion")).claims.aud, endpoint);
  assert.ok(fetch.requests.slice(0, 2).every(({ method, body }) => method === "GET" && body === undefined));
});

test("a host that Entra does not know gets no assertion", async () => {
  const fetch = scriptedFetch(json({ error: "invalid_instance", error_codes: [50049] }, { status: 400 }));
  const client = credential(fetch, { authorityHost: "https://login.microsoft0nline.com" });
  await assert.rejects(client.getToken(SCOPE), (error) => {
    expectError(error, "ERR_AUTHORITY_UNKNOWN");
    return true;
  });
  assert.equal(fetch.requests.length, 1);
});

test("discovery that is down costs nobody a token", async () => {
  const fetch = scriptedFetch(new TypeError("fetch failed"), json({}, { status: 503 }), granted());
  await credential(fetch, { authorityHost: HOST }).getToken(SCOPE);
  assert.equal(urls(fetch)[2], `${HOST}/${TENANT}/oauth2/v2.0/token`);
});

test("nothing is asked with disableInstanceDiscovery, nor about hosts of Entra and of this machine", async () => {
  for (const [authorityHost, options] of [
    [HOST, { disableInstanceDiscovery: true }],
    ["https://login.microsoftonline.us"],
    ["https://login.partner.microsoftonline.cn"],
    ["https://login.sovcloud-identity.fr"],
    ["https://contoso.ciamlogin.com"],
    ["https://localhost:8443"],
  ]) {
    const fetch = scriptedFetch(granted());
    await credential(fetch, { authorityHost, ...options }).getToken(SCOPE);
    assert.deepEqual(urls(fetch), [`${authorityHost}/${TENANT}/oauth2/v2.0/token`]);
  }
});

test("a policy of Azure AD B2C is a part of the endpoint", async () => {
  const fetch = scriptedFetch(granted());
  const authorityHost = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_daemon";
  await credential(fetch, { authorityHost }).getToken(SCOPE);
  assert.deepEqual(urls(fetch), [`https://contoso.b2clogin.com/${TENANT}/B2C_1_daemon/oauth2/v2.0/token`]);
});
