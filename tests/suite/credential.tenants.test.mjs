// Which tenant and which region a request goes to, by call, options and environment.
import assert from "node:assert/strict";
import { test } from "node:test";
import { credential } from "./support/credential.mjs";
import { SCOPE, TENANT, withEnvironment } from "./support/fixtures.mjs";
import { ClientSecretCredential } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

/** Host and tenant that a request goes to. */
async function asked(environment, options = {}, call = {}) {
  const fetch = scriptedFetch(granted());
  await withEnvironment(environment, () => credential(fetch, options).getToken(SCOPE, call));
  const { host, pathname } = new URL(fetch.requests[0].url);
  return [host, pathname.split("/")[1]];
}

test("a region of the options or of the environment is the one that is asked", async () => {
  const regional = "westeurope.login.microsoft.com";
  assert.deepEqual(await asked({}, { azureRegion: "westeurope" }), [regional, TENANT]);
  assert.deepEqual(await asked({ AZURE_REGIONAL_AUTHORITY_NAME: "westeurope" }), [regional, TENANT]);
  const both = asked({ AZURE_REGIONAL_AUTHORITY_NAME: "eastus" }, { azureRegion: "westeurope" });
  assert.deepEqual(await both, [regional, TENANT]);
  assert.deepEqual(await asked({}), ["login.microsoftonline.com", TENANT]);
});

test("AutoDiscoverRegion takes the region of the environment", async () => {
  const environment = { AZURE_REGIONAL_AUTHORITY_NAME: "AutoDiscoverRegion", REGION_NAME: "West Europe" };
  assert.deepEqual(await asked(environment), ["westeurope.login.microsoft.com", TENANT]);
});

test("a region that can be no part of a host name is refused", async () => {
  const azureRegion = "evil.example/";
  await assert.rejects(asked({}, { azureRegion }), { code: "ERR_REGION_INVALID" });
  assert.throws(() => credential(scriptedFetch(granted()), { azureRegion: 5 }), {
    name: "TypeError",
    message: /options.azureRegion must be a string/,
  });
});

test("a call's tenant is asked if it is allowed, and is told apart in the cache", async () => {
  const fetch = scriptedFetch(granted("own"), granted("other"));
  const one = credential(fetch, { additionallyAllowedTenants: ["Other.Example"] });
  assert.equal((await one.getToken(SCOPE)).token, "own");
  assert.equal((await one.getToken(SCOPE, { tenantId: "other.example" })).token, "other");
  assert.equal((await one.getToken(SCOPE, { tenantId: TENANT })).token, "own");
  assert.equal(fetch.requests.length, 2);
  await assert.rejects(one.getToken(SCOPE, { tenantId: "third.example" }), {
    code: "ERR_TENANT_NOT_ALLOWED",
    name: "CredentialUnavailableError",
  });
});

test("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH keeps to the credential's own tenant", async () => {
  const environment = { AZURE_IDENTITY_DISABLE_MULTITENANTAUTH: "true" };
  const options = { additionallyAllowedTenants: ["*"] };
  assert.deepEqual((await asked(environment, options, { tenantId: "other.example" }))[1], TENANT);
  assert.deepEqual((await asked({}, options, { tenantId: "other.example" }))[1], "other.example");
});

test("AD FS has no tenants, so a call's tenant is none", async () => {
  const fetch = scriptedFetch(granted());
  const options = { fetch, authorityHost: "https://fs.contoso.example", silenceSecretWarning: true };
  const one = new ClientSecretCredential("adfs", "client", "secret", { ...options, disableInstanceDiscovery: true });
  await one.getToken(SCOPE, { tenantId: "other.example" });
  assert.equal(new URL(fetch.requests[0].url).pathname.split("/")[1], "adfs");
});
