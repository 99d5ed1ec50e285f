// WorkloadIdentityCredential: the token of a workload in a file, as Azure Workload Identity sets it up.
import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { expectError } from "./support/credential.mjs";
import { CLIENT, SCOPE, TENANT, withEnvironment } from "./support/fixtures.mjs";
import { certgrant } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

const { CredentialUnavailableError, WorkloadIdentityCredential } = certgrant;

let folder;
let tokenFilePath;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "certgrant-workload-"));
  tokenFilePath = join(folder, "azure-identity-token");
});

after(() => rmSync(folder, { recursive: true, force: true }));

const own = (fetch) => ({ fetch, retryOptions: { maxRetries: 0 } });
const assertions = (fetch) => fetch.requests.map(({ form }) => form.get("client_assertion"));
const failure = (promise) => promise.then(assert.fail, (error) => error);

test("tenant, client and file come from the environment", async () => {
  writeFileSync(tokenFilePath, "\uFEFFheader.claims.signature\n");
  const environment = {
    AZURE_TENANT_ID: TENANT,
    AZURE_CLIENT_ID: CLIENT,
    AZURE_FEDERATED_TOKEN_FILE: tokenFilePath,
    AZURE_AUTHORITY_HOST: "https://login.microsoftonline.us/",
  };
  const fetch = scriptedFetch(granted());
  await withEnvironment(environment, () => new WorkloadIdentityCredential(own(fetch)).getToken(SCOPE));
  const [{ url, form }] = fetch.requests;
  assert.equal(url, `https://login.microsoftonline.us/${TENANT}/oauth2/v2.0/token`);
  assert.equal(form.get("client_id"), CLIENT);
  assert.equal(form.get("client_assertion"), "header.claims.signature");
  assert.equal(form.get("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
});

test("options go before the environment", async () => {
  writeFileSync(tokenFilePath, "header.claims.signature");
  const environment = { AZURE_TENANT_ID: "other", AZURE_CLIENT_ID: "other", AZURE_FEDERATED_TOKEN_FILE: "/nowhere" };
  const fetch = scriptedFetch(granted());
  const options = { tenantId: TENANT, clientId: CLIENT, tokenFilePath, ...own(fetch) };
  await withEnvironment(environment, () => new WorkloadIdentityCredential(options).getToken(SCOPE));
  assert.match(fetch.requests[0].url, new RegExp(TENANT));
  assert.equal(fetch.requests[0].form.get("client_id"), CLIENT);
});

test("a token that was rotated by a link is used with the next request, and the file is not read for a cached one", async () => {
  // As the kubelet does it: the path is a link into a folder that is swapped as a whole.
  const path = join(folder, "linked");
  const rotate = (text) => {
    writeFileSync(join(folder, text), text);
    symlinkSync(join(folder, text), `${path}.new`);
    renameSync(`${path}.new`, path);
  };
  const fetch = scriptedFetch(granted());
  const one = new WorkloadIdentityCredential({
    tenantId: TENANT,
    clientId: CLIENT,
    tokenFilePath: path,
    ...own(fetch),
  });
  rotate("first.to.ken");
  await one.getToken(SCOPE);
  rotate("second.to.ken");
  await one.getToken("https://vault.azure.net/.default");
  rmSync(path);
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
  assert.deepEqual(assertions(fetch), ["first.to.ken", "second.to.ken"]);
});

test("what is missing is named by option and variable, in an error that chains go on behind", async () => {
  await withEnvironment({ AZURE_CLIENT_ID: CLIENT }, () => {
    assert.throws(
      () => new WorkloadIdentityCredential(),
      (error) => {
        expectError(error, "ERR_CREDENTIAL_UNAVAILABLE");
        assert.ok(error instanceof CredentialUnavailableError);
        assert.equal(error.name, "CredentialUnavailableError");
        assert.match(error.message, /no tenantId \(AZURE_TENANT_ID\), no tokenFilePath \(AZURE_FEDERATED_TOKEN_FILE\)/);
        return true;
      },
    );
  });
});

test("a file that is missing or empty makes it unavailable until it is there", async () => {
  const path = join(folder, "late");
  const fetch = scriptedFetch(granted());
  const one = new WorkloadIdentityCredential({
    tenantId: TENANT,
    clientId: CLIENT,
    tokenFilePath: path,
    ...own(fetch),
  });
  const missing = expectError(await failure(one.getToken(SCOPE)), "ERR_FILE_UNREADABLE");
  assert.equal(missing.name, "CredentialUnavailableError");
  assert.equal(missing.cause.code, "ENOENT");
  writeFileSync(path, " \n");
  const empty = expectError(await failure(one.getToken(SCOPE)), "ERR_CREDENTIAL_UNAVAILABLE");
  assert.equal(empty.name, "CredentialUnavailableError");
  assert.equal(fetch.requests.length, 0);
  writeFileSync(path, "header.claims.signature");
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
});

test("options of other types are refused", () => {
  for (const [options, message] of [
    [null, /options must be an object, found null/],
    [{ tenantId: 5 }, /options.tenantId must be a string, found number/],
    [{ tokenFilePath: {} }, /options.tokenFilePath must be a string, found object/],
  ]) {
    const expected = { name: "TypeError", code: "ERR_INVALID_ARG_TYPE", message };
    assert.throws(() => new WorkloadIdentityCredential(options), expected);
  }
});
