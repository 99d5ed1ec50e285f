// A certificate whose key stays in an Azure Key Vault.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readAssertion } from "./support/assertion.mjs";
import { expectError, expectNoSecret } from "./support/credential.mjs";
import { CERTIFICATE, CLIENT, KEY, SCOPE, TENANT, vector } from "./support/fixtures.mjs";
import { ClientCertificateCredential } from "./support/package.mjs";
import { granted, refused as refusedToken, scriptedFetch } from "./support/service.mjs";
import { challenged, keyVault, refused, VAULT_TOKEN, VAULT_URL } from "./support/vault.mjs";

const FIRST = { version: "0123456789abcdef0123456789abcdef", certificate: CERTIFICATE, key: KEY };
const SECOND = {
  version: "fedcba9876543210fedcba9876543210",
  certificate: vector("bundles/leaf.pem"),
  key: vector("bundles/leaf.pkcs1.key"),
};
const LOGGED = [];

/** A credential with its key in `vault`, over a token service that answers from a script. */
function vaulted(vault, { answers = [granted()], keyVaultOptions = {}, options = {} } = {}) {
  const service = scriptedFetch(...answers);
  const asked = [];
  const credential = {
    async getToken(scopes, given) {
      asked.push({ scopes, ...given });
      return { token: VAULT_TOKEN, expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
  const fetch = (url, init) => (url.startsWith(VAULT_URL) ? vault.fetch(url, init) : service(url, init));
  const one = new ClientCertificateCredential(
    TENANT,
    CLIENT,
    { keyVault: { vaultUrl: VAULT_URL, certificateName: "app", credential, ...keyVaultOptions } },
    { fetch, retryOptions: { maxRetries: 0 }, logger: (entry) => LOGGED.push(entry.message), ...options },
  );
  return { one, service, asked };
}

const assertionOf = (request, certificate) => readAssertion(request.form.get("client_assertion"), certificate);

for (const algorithm of ["PS256", "RS256"]) {
  test(`the vault signs the digest of an assertion that its certificate verifies: ${algorithm}`, async () => {
    const vault = keyVault([FIRST]);
    const { one, service, asked } = vaulted(vault, { options: { algorithm } });
    await one.getToken(SCOPE);
    const { header } = assertionOf(service.requests[0], CERTIFICATE);
    assert.equal(header.alg, algorithm);
    assert.deepEqual(
      vault.requests.map(({ method, url }) => `${method} ${url.pathname}`),
      ["GET /certificates/app/", `POST /keys/app/${FIRST.version}/sign`],
    );
    assert.deepEqual(asked[0], { scopes: "https://vault.azure.net/.default" });
  });
}

test("the vault signs once for all requests of some minutes, and never for a cached token", async () => {
  const vault = keyVault([FIRST]);
  const { one } = vaulted(vault);
  await Promise.all(["a", "b", "c"].map((name) => one.getToken(`https://${name}.example/.default`)));
  await one.getToken("https://a.example/.default");
  await one.getToken("https://d.example/.default");
  assert.equal(vault.signed, 1);
});

test("the vault's own credential may be any object, and goes nowhere but to getToken", async () => {
  const vault = keyVault([FIRST]);
  const credential = { getToken: async () => ({ token: VAULT_TOKEN, expiresOnTimestamp: Date.now() + 3_600_000 }) };
  credential.self = credential;
  Object.defineProperty(credential, "secret", {
    enumerable: true,
    get() {
      throw new Error("looked at");
    },
  });
  const { one } = vaulted(vault, { keyVaultOptions: { credential } });
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
});

test("a chosen version is asked for and signed with", async () => {
  const vault = keyVault([FIRST, SECOND]);
  const { one, service } = vaulted(vault, { keyVaultOptions: { certificateVersion: FIRST.version } });
  await one.getToken(SCOPE);
  assertionOf(service.requests[0], FIRST.certificate);
  assert.equal(vault.requests[0].url.pathname, `/certificates/app/${FIRST.version}`);
});

test("a version that comes later is not signed with until its certificate is in use", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const vault = keyVault([FIRST]);
  const { one, service } = vaulted(vault);
  await one.getToken("https://a.example/.default");
  vault.versions.push(SECOND);
  t.mock.timers.tick(9 * 60_000);
  await one.getToken("https://b.example/.default");
  t.mock.timers.tick(60 * 60_000);
  await one.getToken("https://c.example/.default");
  const certificates = [FIRST, FIRST, SECOND].map(({ certificate }) => certificate);
  for (const [index, certificate] of certificates.entries()) assertionOf(service.requests[index], certificate);
});

test("a look into the vault that takes long does not have an older version signed with", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const vault = keyVault([FIRST]);
  const { one, service } = vaulted(vault);
  await one.getToken("https://a.example/.default");
  vault.versions.push(SECOND);
  t.mock.timers.tick(60 * 60_000);
  let release;
  const asked = new Promise((resolve) => {
    vault.answer = ({ url, ...init }) => {
      vault.answer = undefined;
      const answer = vault.fetch(url, init);
      resolve();
      return new Promise((released) => {
        release = () => released(answer);
      });
    };
  });
  const slow = one.getToken("https://b.example/.default");
  await asked;
  vault.versions.push({ ...FIRST, version: "00112233445566778899aabbccddeeff" });
  t.mock.timers.tick(60 * 60_000);
  await one.getToken("https://c.example/.default");
  release();
  await slow;
  t.mock.timers.tick(10 * 60_000);
  await one.getToken("https://d.example/.default");
  for (const request of service.requests) assertionOf(request, FIRST.certificate);
});

test("a certificate that the token service no longer knows is looked up in the vault at once", async () => {
  const vault = keyVault([FIRST]);
  const { one, service } = vaulted(vault, { answers: [granted(), refusedToken(), granted("token-2")] });
  await one.getToken("https://a.example/.default");
  vault.versions.push(SECOND);
  assert.equal((await one.getToken("https://b.example/.default")).token, "token-2");
  assertionOf(service.requests[2], SECOND.certificate);
});

test("the vault's challenge is followed to its own domain, with its tenant", async () => {
  let first = true;
  const vault = keyVault([FIRST], {
    answer() {
      if (!first) return undefined;
      first = false;
      return challenged();
    },
  });
  const { one, asked } = vaulted(vault);
  await one.getToken(SCOPE);
  assert.deepEqual(asked[1], { scopes: "https://vault.azure.net/.default", tenantId: TENANT });
});

test("a challenge for another domain gets no token", async () => {
  const vault = keyVault([FIRST], { answer: () => challenged("https://graph.microsoft.com") });
  const { one, asked, service } = vaulted(vault);
  expectError(await one.getToken(SCOPE).catch((error) => error), "ERR_VAULT_CHALLENGE_FOREIGN");
  assert.equal(asked.length, 1, "only the one for the vault's known resource");
  assert.equal(service.requests.length, 0);
});

for (const [status, code, hint] of [
  [403, "ForbiddenByPolicy", /Key Vault Crypto User/],
  [403, "ForbiddenByRbac", /Key Vault Crypto User/],
  [403, "ForbiddenByFirewall", /firewall/],
  [403, "KeyDisabled", /enable the version/],
  [404, "CertificateNotFound", /check the names/],
]) {
  test(`a refusal says what to do: ${status} ${code}`, async () => {
    const { one } = vaulted(keyVault([FIRST], { answer: () => refused(status, code) }));
    const error = expectError(await one.getToken(SCOPE).catch((thrown) => thrown), "ERR_VAULT_REFUSED");
    assert.equal(error.statusCode, status);
    assert.match(error.hint, hint);
  });
}

test("a throttled vault is left alone as long as it asks, and then asked again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  let throttled = 1;
  const vault = keyVault([FIRST], {
    answer: () => (throttled-- > 0 ? refused(429, "Throttled", { "retry-after": "3" }) : undefined),
  });
  const { one } = vaulted(vault);
  const call = one.getToken(SCOPE);
  while (vault.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(2_999);
  assert.equal(vault.requests.length, 1);
  t.mock.timers.tick(1);
  assert.equal((await call).token, "token-1");
});

test("a vault whose key is of another certificate is found out before anything is sent", async () => {
  const vault = keyVault([{ ...FIRST, key: SECOND.key }]);
  const { one, service } = vaulted(vault);
  expectError(await one.getToken(SCOPE).catch((error) => error), "ERR_SIGNATURE_INVALID");
  assert.equal(service.requests.length, 0);
});

test("a credential for the vault that fails is the cause", async () => {
  const failure = new Error("no token today");
  const credential = { getToken: () => Promise.reject(failure) };
  const { one } = vaulted(keyVault([FIRST]), { keyVaultOptions: { credential } });
  const error = expectError(await one.getToken(SCOPE).catch((thrown) => thrown), "ERR_VAULT_TOKEN_FAILED");
  assert.equal(error.cause, failure);
});

test("an unusable address is refused before anything is sent", async () => {
  for (const change of [{ vaultUrl: "http://contoso.vault.azure.net" }, { certificateName: "../secrets/x" }]) {
    const vault = keyVault([FIRST]);
    const { one } = vaulted(vault, { keyVaultOptions: change });
    expectError(await one.getToken(SCOPE).catch((error) => error), "ERR_VAULT_INVALID");
    assert.equal(vault.requests.length, 0);
  }
});

test("arguments of a wrong type are told by the constructor", () => {
  for (const change of [{ credential: {} }, { vaultUrl: 1 }, { certificateName: undefined }]) {
    assert.throws(() => vaulted(keyVault([FIRST]), { keyVaultOptions: change }), { code: "ERR_INVALID_ARG_TYPE" });
  }
});

test("no line of the log holds the vault's token", () => {
  assert.ok(LOGGED.length > 20);
  expectNoSecret(LOGGED.join("\n"), VAULT_TOKEN);
});
