// Certificates, tenants, authorities and scopes that can't work: a typed error each, without a request and without secrets.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";
import { credential, expectError, expectNoSecret } from "./support/credential.mjs";
import {
  CERTIFICATE,
  CERTIFICATE_PATH,
  CLIENT,
  KEY,
  OTHER_CERTIFICATE,
  PEM,
  SCOPE,
  TENANT,
  vector,
} from "./support/fixtures.mjs";
import { ClientCertificateCredential } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

/** The error of a getToken that must not send anything. */
async function failure(make, ...args) {
  const fetch = scriptedFetch(granted());
  let error;
  await assert.rejects(make(fetch).getToken(...(args.length === 0 ? [SCOPE] : args)), (thrown) => {
    error = thrown;
    return true;
  });
  assert.equal(fetch.requests.length, 0, "nothing was sent");
  return error;
}

const CERTIFICATES = [
  ["text that is not a PEM", "not a certificate", "ERR_PEM_NOT_FOUND"],
  ["bytes that are not a PEM", new Uint8Array([0x30, 0x82, 1, 2, 3]), "ERR_PEM_NOT_FOUND"],
  ["a certificate without its key", CERTIFICATE, "ERR_KEY_MISSING"],
  ["a key without its certificate", KEY, "ERR_CERTIFICATE_MISSING"],
  ["a key that does not belong to the certificate", KEY + OTHER_CERTIFICATE, "ERR_KEY_MISMATCH"],
  ["an EC key in PKCS#8", vector("bundles/ec.key") + vector("bundles/ec.pem"), "ERR_KEY_UNSUPPORTED"],
  ["an EC key in SEC 1", vector("bundles/ec.sec1.key") + vector("bundles/ec.pem"), "ERR_KEY_UNSUPPORTED"],
  ["an encrypted key without its password", vector("bundles/encrypted.key") + CERTIFICATE, "ERR_PASSWORD_MISSING"],
  ["a key of 1024 bits", vector("bundles/weak.key") + CERTIFICATE, "ERR_KEY_WEAK"],
  [
    "two keys without a certificate",
    KEY + generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }),
    "ERR_KEY_AMBIGUOUS",
  ],
  ["a key that is cut off", KEY.slice(0, 400), /^ERR_(PEM|KEY)_/],
];

for (const [what, certificate, code] of CERTIFICATES) {
  test(`${what} is refused`, async () => {
    const error = await failure((fetch) => credential(fetch, {}, certificate));
    if (code instanceof RegExp) assert.match(error.code, code);
    expectError(error, code instanceof RegExp ? error.code : code);
    assert.equal(error.name, "CertgrantError");
  });
}

const TENANTS = [
  ["no GUID and no domain", "not a tenant!", "ERR_TENANT_INVALID"],
  ["with a slash", "contoso.com/oauth2", "ERR_TENANT_INVALID"],
  ["common", "common", "ERR_TENANT_NOT_SPECIFIC"],
  ["organizations", "organizations", "ERR_TENANT_NOT_SPECIFIC"],
];

for (const [what, tenant, code] of TENANTS) {
  test(`a tenant that is ${what} is refused`, async () => {
    const error = await failure(
      (fetch) => new ClientCertificateCredential(tenant, CLIENT, { certificate: PEM }, { fetch }),
    );
    expectError(error, code);
  });
}

test("an http authority is refused", async () => {
  const error = await failure((fetch) => credential(fetch, { authorityHost: "http://login.microsoftonline.com" }));
  expectError(error, "ERR_AUTHORITY_INSECURE");
});

test("an authority that is no address is refused", async () => {
  const error = await failure((fetch) => credential(fetch, { authorityHost: "https://" }));
  expectError(error, "ERR_AUTHORITY_INVALID");
});

test("a scope with characters that no scope has is refused", async () => {
  expectError(
    await failure((fetch) => credential(fetch), 'https://graph.microsoft.com/".default'),
    "ERR_SCOPE_INVALID",
  );
});

test("no scope at all is refused", async () => {
  expectError(await failure((fetch) => credential(fetch), []), "ERR_SCOPE_INVALID");
});

test("claims that are no JSON object are refused", async () => {
  expectError(
    await failure((fetch) => credential(fetch), SCOPE, { claims: "eyJub3QiOiJkZWNvZGVkIn0" }),
    "ERR_CLAIMS_INVALID",
  );
});

test("a tenant that is not allowed is refused", async () => {
  const error = await failure((fetch) => credential(fetch), SCOPE, {
    tenantId: "99999999-2222-3333-4444-555555555555",
  });
  expectError(error, "ERR_TENANT_NOT_ALLOWED");
});

test("a file that is not there is named, with the system's error as cause", async () => {
  const path = `${CERTIFICATE_PATH}.missing`;
  const error = await failure((fetch) => new ClientCertificateCredential(TENANT, CLIENT, path, { fetch }));
  expectError(error, "ERR_FILE_UNREADABLE");
  assert.ok(error.message.includes(path) && error.message.includes("ENOENT"));
  assert.equal(error.cause.code, "ENOENT");
});

test("a file without the key is refused", async () => {
  const error = await failure((fetch) => new ClientCertificateCredential(TENANT, CLIENT, CERTIFICATE_PATH, { fetch }));
  expectError(error, "ERR_KEY_MISSING");
});

test("a password is in no error", async () => {
  const password = "correct-horse-battery-staple";
  const certificate = vector("bundles/encrypted.key") + CERTIFICATE;
  const error = await failure(
    (fetch) =>
      new ClientCertificateCredential(TENANT, CLIENT, { certificate, certificatePassword: password }, { fetch }),
  );
  expectNoSecret(`${error.stack} ${error.hint}`, password);
});

const NO_PATHS = [
  ["a PEM", PEM],
  ["a PEM with its line ends spelled out", PEM.replaceAll("\n", "\\n")],
  ["text of several lines", `${CERTIFICATE_PATH}\n${KEY.split("\n")[3]}`],
  ["text longer than any path", KEY.split("\n")[3].repeat(70)],
];

for (const [what, path] of NO_PATHS) {
  test(`${what} in the place of a path is refused at once and not repeated`, () => {
    for (const certificate of [path, { certificatePath: path }]) {
      assert.throws(
        () => new ClientCertificateCredential(TENANT, CLIENT, certificate),
        (error) => {
          assert.equal(error.name, "TypeError");
          assert.equal(error.code, "ERR_INVALID_ARG_VALUE");
          assert.match(error.message, /certificatePath must be a path, found .+\{ certificate \}/);
          expectNoSecret(inspect(error));
          return true;
        },
      );
    }
  });
}

const ODD_PATHS = [
  ["a key's base64 in one line", KEY.split("\n").slice(1, -2).join("")],
  ["text with a null byte", `a\0${KEY.split("\n")[3]}`],
];

for (const [what, path] of ODD_PATHS) {
  test(`${what} as a path is in no part of the error`, async () => {
    const error = await failure((fetch) => new ClientCertificateCredential(TENANT, CLIENT, path, { fetch }));
    expectError(error, "ERR_FILE_UNREADABLE");
    assert.equal(typeof error.cause.code, "string");
    assert.equal(error.cause.path, undefined);
    expectNoSecret(inspect(error, { depth: null, showHidden: true }), path);
  });
}
