// What ClientCertificateCredential sends, and when it asks again.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readAssertion } from "./support/assertion.mjs";
import { credential } from "./support/credential.mjs";
import { CERTIFICATE, CLIENT, KEY, PEM, SCOPE, TENANT, X5T, X5T_S256 } from "./support/fixtures.mjs";
import { ClientCertificateCredential, manifest } from "./support/package.mjs";
import { gate, granted, scriptedFetch, until } from "./support/service.mjs";
import { unsoundKey } from "./support/unsound-key.mjs";

const ENDPOINT = `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/token`;

test("a token comes with its times in milliseconds", async () => {
  const fetch = scriptedFetch(granted("token-1", { refresh_in: 1800 }));
  const before = Date.now();
  const token = await credential(fetch).getToken(SCOPE);
  const after = Date.now();
  assert.equal(token.token, "token-1");
  assert.equal(token.tokenType, "Bearer");
  assert.ok(token.expiresOnTimestamp >= before + 3599_000 && token.expiresOnTimestamp <= after + 3599_000);
  // By chance up to a twentieth earlier, so that many clients do not come together.
  assert.ok(token.refreshAfterTimestamp > before + 1710_000 && token.refreshAfterTimestamp <= after + 1800_000);
});

test("the request is a form post to the tenant's v2 token endpoint", async () => {
  const fetch = scriptedFetch(granted());
  await credential(fetch).getToken(SCOPE);
  const [request] = fetch.requests;
  assert.equal(request.url, ENDPOINT);
  assert.equal(request.method, "POST");
  assert.equal(request.redirect, "manual");
  assert.match(request.headers.get("content-type"), /^application\/x-www-form-urlencoded/);
  assert.match(
    request.headers.get("client-request-id"),
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.equal(request.headers.get("return-client-request-id"), "true");
  assert.equal(request.headers.get("x-client-ver"), manifest.version);
  assert.equal(request.form.get("grant_type"), "client_credentials");
  assert.equal(request.form.get("client_id"), CLIENT);
  assert.equal(request.form.get("scope"), SCOPE);
  assert.equal(request.form.get("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  assert.equal(request.form.get("resource"), null);
  assert.equal(request.form.get("client_secret"), null);
});

test("the assertion is a PS256 JWT that the certificate verifies", async () => {
  const fetch = scriptedFetch(granted());
  const now = Math.floor(Date.now() / 1000);
  await credential(fetch).getToken(SCOPE);
  const { header, claims } = readAssertion(fetch.requests[0].form.get("client_assertion"));
  assert.equal(header.alg, "PS256");
  assert.equal(header.typ, "JWT");
  assert.equal(header["x5t#S256"], X5T_S256);
  assert.equal(header.x5c, undefined);
  assert.equal(claims.aud, ENDPOINT);
  assert.equal(claims.iss, CLIENT);
  assert.equal(claims.sub, CLIENT);
  assert.match(claims.jti, /^[0-9a-f-]{36}$/);
  assert.ok(claims.nbf <= now + 1 && claims.nbf >= now - 600, "not before about now, in seconds");
  assert.ok(claims.exp > now && claims.exp <= now + 3600, "expires soon, in seconds");
});

test("algorithm RS256 signs with RS256 and names the SHA-1 thumbprint", async () => {
  const fetch = scriptedFetch(granted());
  await credential(fetch, { algorithm: "RS256" }).getToken(SCOPE);
  const { header } = readAssertion(fetch.requests[0].form.get("client_assertion"));
  assert.equal(header.alg, "RS256");
  assert.equal(header.x5t, X5T);
});

test("sendCertificateChain sends the certificate as base64 of its DER", async () => {
  const fetch = scriptedFetch(granted());
  await credential(fetch, { sendCertificateChain: true }).getToken(SCOPE);
  const { header } = readAssertion(fetch.requests[0].form.get("client_assertion"));
  const der = CERTIFICATE.replace(/-----[A-Z ]+-----|\s/g, "");
  assert.deepEqual(header.x5c, [der]);
});

test("a key that does not sign is refused, however many clients sign with the sound key of its certificate", async () => {
  const fetch = scriptedFetch(granted());
  const unsound = unsoundKey(KEY) + CERTIFICATE;
  for (const [round, certificate] of [PEM, unsound, PEM, unsound].entries()) {
    const answer = credential(fetch, {}, certificate).getToken(SCOPE);
    if (certificate === unsound) await assert.rejects(answer, { code: "ERR_KEY_INVALID" }, `client ${round}`);
    else readAssertion((await answer) && fetch.requests.at(-1).form.get("client_assertion"));
  }
});

test("one assertion serves until shortly before it expires", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const fetch = scriptedFetch(granted());
  const one = credential(fetch);
  for (const name of ["a", "b"]) await one.getToken(`https://${name}.example/.default`);
  t.mock.timers.tick(511_000);
  await one.getToken("https://c.example/.default");
  const ids = fetch.requests.map(({ form }) => readAssertion(form.get("client_assertion")).claims.jti);
  assert.equal(ids[0], ids[1]);
  assert.notEqual(ids[1], ids[2]);
});

test("a cached token is served without another request", async () => {
  const fetch = scriptedFetch(granted("token-1"), granted("token-2"));
  const one = credential(fetch);
  const first = await one.getToken(SCOPE);
  assert.deepEqual(await one.getToken([SCOPE]), first);
  assert.equal(fetch.requests.length, 1);
});

test("a token near its end is not served", async () => {
  const fetch = scriptedFetch(granted("token-1", { expires_in: 20 }), granted("token-2"));
  const one = credential(fetch);
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
  assert.equal((await one.getToken(SCOPE)).token, "token-2");
});

test("another scope has its own token", async () => {
  const fetch = scriptedFetch(granted("token-1"), granted("token-2"));
  const one = credential(fetch);
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
  assert.equal((await one.getToken("https://vault.azure.net/.default")).token, "token-2");
});

test("concurrent calls share one request and open the certificate once", async () => {
  const { opened, open } = gate();
  const fetch = scriptedFetch(async () => {
    await opened;
    return granted("token-1");
  });
  const one = credential(fetch);
  const calls = Array.from({ length: 50 }, () => one.getToken(SCOPE));
  await until(() => fetch.requests.length > 0);
  open();
  const tokens = await Promise.all(calls);
  assert.deepEqual(new Set(tokens.map(({ token }) => token)), new Set(["token-1"]));
  assert.equal(fetch.requests.length, 1);
});

test("concurrent calls share a failure, and the next call asks again", async () => {
  const fetch = scriptedFetch(new TypeError("fetch failed"), granted("token-2"));
  const one = credential(fetch);
  const results = await Promise.allSettled([one.getToken(SCOPE), one.getToken(SCOPE)]);
  assert.deepEqual(
    results.map(({ reason }) => reason.code),
    ["ERR_NETWORK_FAILED", "ERR_NETWORK_FAILED"],
  );
  assert.equal(fetch.requests.length, 1);
  assert.equal((await one.getToken(SCOPE)).token, "token-2");
});

test("claims bypass the cache and are sent", async () => {
  const fetch = scriptedFetch(granted("token-1"), granted("token-2"));
  const one = credential(fetch);
  await one.getToken(SCOPE);
  const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: "1700000000" } } });
  assert.equal((await one.getToken(SCOPE, { claims })).token, "token-2");
  const sent = JSON.parse(fetch.requests[1].form.get("claims"));
  assert.deepEqual(sent.access_token.nbf, { essential: true, value: "1700000000" });
});

test("enableCae declares cp1 and has its own token", async () => {
  const fetch = scriptedFetch(granted("token-1"), granted("token-2"));
  const one = credential(fetch);
  await one.getToken(SCOPE);
  assert.equal(fetch.requests[0].form.get("claims"), null);
  assert.equal((await one.getToken(SCOPE, { enableCae: true })).token, "token-2");
  const sent = JSON.parse(fetch.requests[1].form.get("claims"));
  assert.deepEqual(sent.access_token.xms_cc.values, ["cp1"]);
});

test("another tenant is asked where it is allowed", async () => {
  const other = "99999999-2222-3333-4444-555555555555";
  const fetch = scriptedFetch(granted("token-1"), granted("token-2"));
  const one = credential(fetch, { additionallyAllowedTenants: [other] });
  await one.getToken(SCOPE);
  assert.equal((await one.getToken(SCOPE, { tenantId: other })).token, "token-2");
  assert.equal(fetch.requests[1].url, ENDPOINT.replace(TENANT, other));
  assert.equal(readAssertion(fetch.requests[1].form.get("client_assertion")).claims.aud, fetch.requests[1].url);
});

test("authorityHost decides which service is asked", async () => {
  const fetch = scriptedFetch(granted());
  await credential(fetch, { authorityHost: "https://login.microsoftonline.us" }).getToken(SCOPE);
  assert.equal(fetch.requests[0].url, ENDPOINT.replace(".com", ".us"));
});

test("AZURE_AUTHORITY_HOST decides where the option is absent", async (t) => {
  t.after(() => delete process.env.AZURE_AUTHORITY_HOST);
  process.env.AZURE_AUTHORITY_HOST = "https://login.chinacloudapi.cn/";
  const fetch = scriptedFetch(granted());
  await credential(fetch).getToken(SCOPE);
  assert.equal(new URL(fetch.requests[0].url).host, "login.chinacloudapi.cn");
});

test("the certificate may be bytes, which the caller may wipe", async () => {
  const bytes = new TextEncoder().encode(PEM);
  const fetch = scriptedFetch(granted());
  const one = credential(fetch, {}, bytes);
  bytes.fill(0);
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
});

test("a certificate file is read once, and a failed attempt is forgotten", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "certgrant-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "app.pem");
  const fetch = scriptedFetch(granted("token-1"), granted("token-2"));
  for (const argument of [path, { certificatePath: path }]) {
    rmSync(path, { force: true });
    const one = new ClientCertificateCredential(TENANT, CLIENT, argument, { fetch });
    await assert.rejects(one.getToken(SCOPE), { code: "ERR_FILE_UNREADABLE" });
    writeFileSync(path, KEY + CERTIFICATE);
    await one.getToken(SCOPE);
    rmSync(path);
    await one.getToken("https://vault.azure.net/.default");
  }
});

test("a request that failed for a passing reason is sent again after a wait", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  const fetch = scriptedFetch(new TypeError("fetch failed"), granted("token-2"));
  const lines = [];
  const one = credential(fetch, { retryOptions: { maxRetries: 1 }, logger: ({ message }) => lines.push(message) });
  const call = one.getToken(SCOPE);
  await until(() => lines.some((line) => line.startsWith("asking again in")), "the wait");
  assert.equal(fetch.requests.length, 1);
  t.mock.timers.tick(120_000);
  assert.equal((await call).token, "token-2");
});
