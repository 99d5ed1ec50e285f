// Arguments that are not what the documentation asks for: TypeErrors, at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { credential } from "./support/credential.mjs";
import { CLIENT, PEM, SCOPE, TENANT } from "./support/fixtures.mjs";
import { ClientCertificateCredential } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

const TROUBLESHOOT =
  "To troubleshoot, visit https://aka.ms/azsdk/js/identity/serviceprincipalauthentication/troubleshoot.";

const construct = (tenant, client, certificate, options) => () =>
  new ClientCertificateCredential(tenant, client, certificate, options);

test("tenant and client id are required, in the words of @azure/identity", () => {
  const expected = {
    name: "TypeError",
    code: "ERR_INVALID_ARG_VALUE",
    message: "ClientCertificateCredential: tenantId and clientId are required parameters.",
  };
  assert.throws(construct("", CLIENT, { certificate: PEM }), expected);
  assert.throws(construct(TENANT, undefined, { certificate: PEM }), expected);
});

test("neither file nor content is refused in the words of @azure/identity", () => {
  const expected = {
    name: "TypeError",
    code: "ERR_INVALID_ARG_VALUE",
    message: `ClientCertificateCredential: Provide either a PEM certificate in string form, or the path to that certificate in the filesystem. ${TROUBLESHOOT}`,
  };
  for (const certificate of [undefined, null, "", {}, { certificate: "" }]) {
    assert.throws(construct(TENANT, CLIENT, certificate), expected);
  }
});

test("file and content together are refused in the words of @azure/identity", () => {
  assert.throws(construct(TENANT, CLIENT, { certificate: PEM, certificatePath: "app.pem" }), {
    name: "TypeError",
    code: "ERR_INVALID_ARG_VALUE",
    message: `ClientCertificateCredential: To avoid unexpected behaviors, providing both the contents of a PEM certificate and the path to a PEM certificate is forbidden. ${TROUBLESHOOT}`,
  });
});

test("values of other types are refused with the name of the argument", () => {
  const rows = [
    [[5, CLIENT, { certificate: PEM }], /tenantId must be a string, found number/],
    [[TENANT, {}, { certificate: PEM }], /clientId must be a string, found object/],
    [[TENANT, CLIENT, { certificatePath: 7 }], /certificatePath must be a string, found number/],
    [[TENANT, CLIENT, { certificate: 7 }], /certificate must be a string or a Uint8Array, found number/],
    [[TENANT, CLIENT, { certificate: PEM, certificatePassword: 7 }], /certificatePassword must be a string/],
    [[TENANT, CLIENT, { certificate: PEM }, null], /options must be an object, found null/],
    [[TENANT, CLIENT, { certificate: PEM }, { fetch: "x" }], /options.fetch must be a function/],
    [[TENANT, CLIENT, { certificate: PEM }, { logger: {} }], /options.logger must be a function/],
    [[TENANT, CLIENT, { certificate: PEM }, { authorityHost: 1 }], /options.authorityHost must be a string/],
    [
      [TENANT, CLIENT, { certificate: PEM }, { sendCertificateChain: "yes" }],
      /options.sendCertificateChain must be a boolean/,
    ],
    [[TENANT, CLIENT, { certificate: PEM }, { additionallyAllowedTenants: "*" }], /options.additionallyAllowedTenants/],
  ];
  for (const [args, message] of rows) {
    assert.throws(construct(...args), { name: "TypeError", code: "ERR_INVALID_ARG_TYPE", message });
  }
});

test("values out of range are refused", () => {
  const rows = [
    [{ algorithm: "ES256" }, /options.algorithm must be "RS256" or "PS256"/],
    [{ retryOptions: { maxRetries: -1 } }, /maxRetries/],
    [{ retryOptions: { maxRetries: 0.5 } }, /maxRetries/],
  ];
  for (const [options, message] of rows) {
    assert.throws(construct(TENANT, CLIENT, { certificate: PEM }, options), {
      name: "TypeError",
      code: "ERR_INVALID_ARG_VALUE",
      message,
    });
  }
});

test("getToken rejects arguments of other types without a request", async () => {
  const fetch = scriptedFetch(granted());
  const one = credential(fetch);
  const rows = [
    [[undefined], /scopes must be a string or an array of strings/],
    [[[SCOPE, 5]], /scopes must be a string or an array of strings/],
    [[SCOPE, { claims: {} }], /options.claims must be a string/],
    [[SCOPE, { tenantId: 5 }], /options.tenantId must be a string/],
    [[SCOPE, { requestOptions: { timeout: "1" } }], /options.requestOptions.timeout must be a number of milliseconds/],
  ];
  for (const [args, message] of rows) {
    await assert.rejects(one.getToken(...args), { name: "TypeError", code: "ERR_INVALID_ARG_TYPE", message });
  }
  assert.equal(fetch.requests.length, 0);
});

test("options are read when the credential is made, and never written", async () => {
  const fetch = scriptedFetch(granted());
  const options = Object.freeze({ fetch, retryOptions: Object.freeze({ maxRetries: 0 }) });
  assert.equal((await credential(fetch, options).getToken(SCOPE, Object.freeze({}))).token, "token-1");
});

test("getToken rejects options of other types with the name of the option", async () => {
  const fetch = scriptedFetch(granted());
  const one = credential(fetch);
  const rows = [
    [null, /options must be an object, found null/],
    ["x", /options must be an object, found string/],
    [{ abortSignal: 5 }, /options.abortSignal must be an AbortSignal, found number/],
    [{ abortSignal: null }, /options.abortSignal must be an AbortSignal, found null/],
    [{ abortSignal: { aborted: false } }, /options.abortSignal must be an AbortSignal, found object/],
    [{ requestOptions: null }, /options.requestOptions must be an object, found null/],
    [{ requestOptions: 5 }, /options.requestOptions must be an object, found number/],
    [{ requestOptions: { timeout: Number.NaN } }, /options.requestOptions.timeout must be a number of milliseconds/],
    [{ enableCae: "yes" }, /options.enableCae must be a boolean, found string/],
    [{ claims: null }, /options.claims must be a string, found null/],
  ];
  for (const [options, message] of rows) {
    await assert.rejects(one.getToken(SCOPE, options), { name: "TypeError", code: "ERR_INVALID_ARG_TYPE", message });
  }
  assert.equal(fetch.requests.length, 0);
  assert.equal((await one.getToken(SCOPE, undefined)).token, "token-1");
});

test("the constructor refuses groups of options of other types", () => {
  for (const name of ["retryOptions", "loggingOptions"]) {
    for (const value of [5, null, "x"]) {
      assert.throws(construct(TENANT, CLIENT, { certificate: PEM }, { [name]: value }), {
        name: "TypeError",
        code: "ERR_INVALID_ARG_TYPE",
        message: new RegExp(`options.${name} must be an object`),
      });
    }
  }
});
