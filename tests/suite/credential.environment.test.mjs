// EnvironmentCredential: which variables make which credential.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readAssertion } from "./support/assertion.mjs";
import { expectError } from "./support/credential.mjs";
import { CLIENT, PEM, SCOPE, TENANT, withEnvironment } from "./support/fixtures.mjs";
import { certgrant } from "./support/package.mjs";
import { granted, refused, scriptedFetch } from "./support/service.mjs";

const { CredentialUnavailableError, EnvironmentCredential } = certgrant;
const IDS = { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT };

let folder;
let certificatePath;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "certgrant-environment-"));
  certificatePath = join(folder, "app.pem");
  writeFileSync(certificatePath, PEM);
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** The form that a credential of this environment sends. */
async function sent(environment, options = {}, getToken = {}) {
  const fetch = scriptedFetch(granted());
  const own = { fetch, silenceSecretWarning: true, retryOptions: { maxRetries: 0 }, ...options };
  await withEnvironment(environment, () => new EnvironmentCredential(own).getToken(SCOPE, getToken));
  return fetch.requests[0];
}

test("a secret goes before a certificate", async () => {
  const { url, form } = await sent({
    ...IDS,
    AZURE_CLIENT_SECRET: "the-secret",
    AZURE_CLIENT_CERTIFICATE_PATH: certificatePath,
  });
  assert.equal(form.get("client_secret"), "the-secret");
  assert.equal(form.get("client_assertion"), null);
  assert.match(url, new RegExp(`/${TENANT}/oauth2/v2.0/token$`));
});

test("without a secret the certificate signs, and sends its chain if the environment says so", async () => {
  const environment = { ...IDS, AZURE_CLIENT_CERTIFICATE_PATH: certificatePath };
  const header = async (variables, options) =>
    readAssertion((await sent({ ...environment, ...variables }, options)).form.get("client_assertion")).header;
  assert.equal((await header({})).x5c, undefined);
  for (const value of ["1", "true", "TRUE"]) {
    assert.equal((await header({ AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: value })).x5c.length, 1);
  }
  assert.equal((await header({ AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: "no" })).x5c, undefined);
  const option = { sendCertificateChain: false };
  assert.equal((await header({ AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: "1" }, option)).x5c, undefined);
});

test("the password of the environment opens the certificate file", async () => {
  const pfx = new URL("../vectors/pfx/openssl-default.pfx", import.meta.url).pathname;
  const environment = { ...IDS, AZURE_CLIENT_CERTIFICATE_PATH: pfx };
  const { form } = await sent({ ...environment, AZURE_CLIENT_CERTIFICATE_PASSWORD: "certgrant" });
  assert.ok(form.get("client_assertion"));
  const wrong = sent({ ...environment, AZURE_CLIENT_CERTIFICATE_PASSWORD: "wrong" });
  await assert.rejects(wrong, { code: "ERR_PASSWORD_WRONG" });
});

test("further tenants come from the environment, and the authority does", async () => {
  const environment = {
    ...IDS,
    AZURE_CLIENT_SECRET: "the-secret",
    AZURE_ADDITIONALLY_ALLOWED_TENANTS: "first.example; second.example;",
    AZURE_AUTHORITY_HOST: "https://login.partner.microsoftonline.cn",
  };
  for (const tenantId of ["first.example", "second.example"]) {
    const { url } = await sent(environment, {}, { tenantId });
    assert.equal(url, `https://login.partner.microsoftonline.cn/${tenantId}/oauth2/v2.0/token`);
  }
  const refusedTenant = sent(environment, {}, { tenantId: "third.example" });
  await assert.rejects(refusedTenant, { code: "ERR_TENANT_NOT_ALLOWED", name: "CredentialUnavailableError" });
  await sent({ ...environment, AZURE_ADDITIONALLY_ALLOWED_TENANTS: "*" }, {}, { tenantId: "third.example" });
});

test("an option that is undefined leaves the environment's variable in force", async () => {
  const environment = {
    ...IDS,
    AZURE_CLIENT_CERTIFICATE_PATH: certificatePath,
    AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: "1",
    AZURE_ADDITIONALLY_ALLOWED_TENANTS: "first.example",
    AZURE_AUTHORITY_HOST: "https://login.partner.microsoftonline.cn",
  };
  const names = ["additionallyAllowedTenants", "sendCertificateChain", "authorityHost", "azureRegion"];
  const options = Object.fromEntries(names.map((name) => [name, undefined]));
  const { url, form } = await sent(environment, options, { tenantId: "first.example" });
  assert.equal(url, "https://login.partner.microsoftonline.cn/first.example/oauth2/v2.0/token");
  assert.equal(readAssertion(form.get("client_assertion")).header.x5c.length, 1);
  const none = sent(environment, { additionallyAllowedTenants: [] }, { tenantId: "first.example" });
  await assert.rejects(none, { code: "ERR_TENANT_NOT_ALLOWED" });
});

test("an environment without a credential is told with what was found in it", async () => {
  const unavailable = (environment) =>
    withEnvironment(environment, async () => {
      const error = await new EnvironmentCredential().getToken(SCOPE).then(assert.fail, (thrown) => thrown);
      expectError(error, "ERR_CREDENTIAL_UNAVAILABLE");
      assert.ok(error instanceof CredentialUnavailableError);
      return `${error.message} ${error.hint}`;
    });
  assert.match(await unavailable({}), /found none of its variables, expected AZURE_TENANT_ID/);
  assert.match(await unavailable({ AZURE_TENANT_ID: TENANT }), /found AZURE_TENANT_ID, expected/);
  assert.match(await unavailable({ ...IDS }), /found AZURE_TENANT_ID, AZURE_CLIENT_ID, expected/);
  assert.match(await unavailable({ AZURE_CLIENT_SECRET: "hunter2", AZURE_TENANT_ID: TENANT }), /AZURE_CLIENT_SECRET/);
  const password = await unavailable({ ...IDS, AZURE_USERNAME: "me", AZURE_PASSWORD: "hunter2" });
  assert.match(password, /AZURE_USERNAME and AZURE_PASSWORD sign in a user/);
  assert.ok(!password.includes("hunter2"));
});

test("its tokens can be forgotten, one or all; where there is no credential there are none", async () => {
  const fetch = scriptedFetch(granted());
  await withEnvironment({ ...IDS, AZURE_CLIENT_CERTIFICATE_PATH: certificatePath }, async () => {
    const one = new EnvironmentCredential({ fetch });
    await one.getToken(SCOPE);
    assert.equal(one.removeToken(SCOPE, { enableCae: true }), false);
    assert.equal(one.removeToken([SCOPE]), true);
    assert.equal(one.removeToken(SCOPE), false);
    await one.getToken(SCOPE);
    one.clearTokens();
    await one.getToken(SCOPE);
  });
  assert.equal(fetch.requests.length, 3);
  await withEnvironment({}, () => {
    const none = new EnvironmentCredential();
    none.clearTokens();
    assert.equal(none.removeToken(SCOPE), false);
  });
});

test("a refusal arrives as the service's own, with its status", async () => {
  const fetch = scriptedFetch(refused());
  const environment = { ...IDS, AZURE_CLIENT_CERTIFICATE_PATH: certificatePath };
  await withEnvironment(environment, async () => {
    const error = await new EnvironmentCredential({ fetch }).getToken(SCOPE).then(assert.fail, (thrown) => thrown);
    expectError(error, "ERR_SERVICE_REFUSED");
    assert.ok(error instanceof certgrant.AuthenticationError);
    assert.equal(error.statusCode, 401);
    assert.deepEqual(error.errorResponse.errorCodes, [700027]);
  });
});
