// ManagedIdentityCredential: which endpoint is asked in which environment, as Microsoft documents each of them.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { expectError } from "./support/credential.mjs";
import { CERTIFICATE, CLIENT, KEY, TENANT, withEnvironment } from "./support/fixtures.mjs";
import { certgrant } from "./support/package.mjs";
import { granted, json, refused, scriptedFetch, until } from "./support/service.mjs";

const {
  ChainedTokenCredential,
  ClientAssertionCredential,
  CredentialUnavailableError,
  ManagedIdentityCredential,
  managedIdentityAssertion,
} = certgrant;

const SCOPE = "https://storage.azure.com/.default";
const RESOURCE = "https://storage.azure.com";
const HEADER = "8e1f0d5e-0000-4000-8000-000000000000";
/** What leads to an endpoint; a test's environment has no other of them. */
const NONE = Object.fromEntries(
  [
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "DEFAULT_IDENTITY_CLIENT_ID",
  ].map((name) => [name, ""]),
);

/** As the endpoints answer: numbers are strings. */
const token = (name = "identity-token") =>
  json({
    access_token: name,
    client_id: CLIENT,
    expires_in: "86399",
    expires_on: String(Math.floor(Date.now() / 1000) + 86_399),
    ext_expires_in: "86399",
    not_before: "1700000000",
    resource: RESOURCE,
    token_type: "Bearer",
    refresh_token: "",
  });

const within = (environment, action) => withEnvironment({ ...NONE, ...environment }, action);
const next = { getToken: async () => ({ token: "next", expiresOnTimestamp: 4e12 }) };
const failure = (promise) => promise.then(assert.fail, (error) => error);

/** The request that a credential of this environment sends. */
async function sent(environment, options = {}) {
  const fetch = scriptedFetch(token());
  const { token: got } = await within(environment, () =>
    new ManagedIdentityCredential({ fetch, retryOptions: { maxRetries: 0 }, ...options }).getToken(SCOPE),
  );
  assert.equal(got, "identity-token");
  assert.equal(fetch.requests.length, 1);
  const [{ url, method, headers, form, redirect }] = fetch.requests;
  assert.equal(redirect, "manual");
  const { origin, pathname, searchParams } = new URL(url);
  return { address: origin + pathname, query: Object.fromEntries(searchParams), method, headers, form };
}

test("a virtual machine's metadata service is asked where the environment names nothing", async () => {
  const { address, query, method, headers } = await sent({});
  assert.equal(address, "http://169.254.169.254/metadata/identity/oauth2/token");
  assert.deepEqual(query, { "api-version": "2018-02-01", resource: RESOURCE });
  assert.equal(method, "GET");
  assert.equal(headers.get("metadata"), "true");
});

test("an identity is named by one id, in the words of each endpoint", async () => {
  const id = "22222222-0000-4000-8000-000000000000";
  assert.equal((await sent({}, { clientId: id })).query.client_id, id);
  assert.equal((await sent({}, { objectId: id })).query.object_id, id);
  assert.equal((await sent({}, { resourceId: `/subscriptions/${id}` })).query.msi_res_id, `/subscriptions/${id}`);
  const appService = { IDENTITY_ENDPOINT: "http://127.0.0.1:41741/msi/token", IDENTITY_HEADER: HEADER };
  assert.equal((await sent(appService, { resourceId: "/r" })).query.mi_res_id, "/r");
});

test("App Service is asked with its header", async () => {
  const environment = { IDENTITY_ENDPOINT: "http://127.0.0.1:41741/msi/token", IDENTITY_HEADER: HEADER };
  const { address, query, headers } = await sent(environment);
  assert.equal(address, environment.IDENTITY_ENDPOINT);
  assert.deepEqual(query, { "api-version": "2019-08-01", resource: RESOURCE });
  assert.equal(headers.get("x-identity-header"), HEADER);
});

test("Cloud Shell is asked by a form, Machine Learning with its secret", async () => {
  const shell = await sent({ MSI_ENDPOINT: "http://localhost:50342/oauth2/token" });
  assert.equal(shell.method, "POST");
  assert.equal(shell.form.get("resource"), RESOURCE);
  assert.equal(shell.headers.get("metadata"), "true");
  const environment = { MSI_ENDPOINT: "http://127.0.0.1:46808/MSI/auth", MSI_SECRET: HEADER };
  const learning = await sent({ ...environment, DEFAULT_IDENTITY_CLIENT_ID: CLIENT });
  assert.deepEqual(learning.query, { "api-version": "2017-09-01", resource: RESOURCE, clientid: CLIENT });
  assert.equal(learning.headers.get("secret"), HEADER);
});

test("Azure Arc's agent gets the content of the key file that it names", async () => {
  const folder = mkdtempSync(join(tmpdir(), "certgrant-arc-"));
  // As on Windows; elsewhere the backslashes are a part of the file's name.
  const keyFile = `${join(folder, "data")}\\AzureConnectedMachineAgent\\Tokens\\1.key`;
  writeFileSync(keyFile, "the-key-of-the-agent");
  try {
    const challenge = json({}, { status: 401, headers: { "www-authenticate": `Basic realm=${keyFile}` } });
    const fetch = scriptedFetch(challenge, token());
    const environment = {
      IDENTITY_ENDPOINT: "http://127.0.0.1:40342/metadata/identity/oauth2/token",
      IMDS_ENDPOINT: "http://127.0.0.1:40342",
      ProgramData: join(folder, "data"),
    };
    const { token: got } = await within(environment, () => new ManagedIdentityCredential({ fetch }).getToken(SCOPE));
    assert.equal(got, "identity-token");
    const [first, second] = fetch.requests;
    assert.equal(first.headers.get("authorization"), null);
    assert.equal(second.headers.get("authorization"), "Basic the-key-of-the-agent");
    assert.equal(new URL(second.url).searchParams.get("api-version"), "2020-06-01");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("Azure Arc's challenge for a key outside of its folder is refused, and no other file is read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "certgrant-arc-"));
  try {
    const challenge = json(
      {},
      { status: 401, headers: { "www-authenticate": `Basic realm=${join(folder, "x.key")}` } },
    );
    const fetch = scriptedFetch(challenge, token());
    const environment = {
      IDENTITY_ENDPOINT: "http://127.0.0.1:40342/metadata/identity/oauth2/token",
      IMDS_ENDPOINT: "http://127.0.0.1:40342",
    };
    const error = await within(environment, () =>
      failure(new ManagedIdentityCredential({ fetch, retryOptions: { maxRetries: 0 } }).getToken(SCOPE)),
    );
    expectError(error, "ERR_IDENTITY_CHALLENGE_INVALID");
    assert.equal(fetch.requests.length, 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A pod of Azure Workload Identity: its environment, and the requests that a credential in it sends. */
async function inPod(action, changes = {}) {
  const folder = mkdtempSync(join(tmpdir(), "certgrant-pod-"));
  const file = join(folder, "azure-identity-token");
  writeFileSync(file, "header.claims.signature");
  const pod = { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT, AZURE_FEDERATED_TOKEN_FILE: file };
  const fetch = scriptedFetch(granted());
  try {
    await within({ ...pod, ...changes }, () => action({ fetch, retryOptions: { maxRetries: 0 } }, file));
  } finally {
    rmSync(folder, { recursive: true });
  }
  return fetch.requests;
}

test("a workload's token is exchanged where the environment has one, and no endpoint is asked", async () => {
  const appService = { IDENTITY_ENDPOINT: "http://127.0.0.1:41741/msi/token", IDENTITY_HEADER: HEADER };
  for (const changes of [{}, appService]) {
    const requests = await inPod(async (own) => {
      const identity = new ManagedIdentityCredential(own);
      assert.equal((await identity.getToken(SCOPE)).token, "token-1");
      assert.equal((await identity.getToken([SCOPE])).token, "token-1");
    }, changes);
    assert.equal(requests.length, 1);
    const [{ url, form }] = requests;
    assert.equal(url, `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/token`);
    assert.equal(form.get("client_id"), CLIENT);
    assert.equal(form.get("scope"), SCOPE);
    assert.equal(form.get("client_assertion"), "header.claims.signature");
  }
});

test("the workload is named by the client id alone, and the option goes before the environment", async () => {
  const rows = [
    [{ clientId: "option" }, "option"],
    [{ clientId: "" }, CLIENT],
    [{ resourceId: "/r" }, CLIENT],
    [{ objectId: "object" }, CLIENT],
  ];
  for (const [options, expected] of rows) {
    const requests = await inPod((own) => new ManagedIdentityCredential({ ...own, ...options }).getToken(SCOPE));
    assert.equal(requests[0].form.get("client_id"), expected);
  }
});

test("a workload that lacks its file, tenant or client id is none: the endpoint is asked", async () => {
  for (const name of ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"]) {
    const [{ url }] = await inPod((own) => new ManagedIdentityCredential(own).getToken(SCOPE), { [name]: "" });
    assert.match(url, /^http:\/\/169\.254\.169\.254\//, name);
  }
});

test("a workload's authority is asked for tokens alone, and the tenant of a call is not heard", async () => {
  const requests = await inPod(
    async (own) => {
      const identity = new ManagedIdentityCredential(own);
      await identity.getToken(SCOPE, { tenantId: "other.example" });
      await identity.getToken(SCOPE);
      assert.equal(identity.removeToken(SCOPE, { tenantId: "other.example" }), true);
      assert.equal(identity.removeToken(SCOPE), false);
    },
    { AZURE_AUTHORITY_HOST: "https://login.sovereign.example" },
  );
  assert.deepEqual(
    requests.map(({ url }) => url),
    [`https://login.sovereign.example/${TENANT}/oauth2/v2.0/token`],
  );
});

test("a workload whose file is gone or empty is unavailable, and a chain goes on", async () => {
  for (const spoil of [rmSync, (file) => writeFileSync(file, "\n")]) {
    const requests = await inPod(async (own, file) => {
      spoil(file);
      const none = new ManagedIdentityCredential(own);
      const error = await failure(none.getToken(SCOPE));
      assert.equal(error.name, "CredentialUnavailableError");
      expectError(error, spoil === rmSync ? "ERR_FILE_UNREADABLE" : "ERR_CREDENTIAL_UNAVAILABLE");
      assert.equal((await new ChainedTokenCredential(none, next).getToken(SCOPE)).token, "next");
    });
    assert.equal(requests.length, 0);
  }
});

test("tokens are cached, and asked for once by many callers", async () => {
  const fetch = scriptedFetch(token());
  await within({}, async () => {
    const one = new ManagedIdentityCredential({ fetch });
    await Promise.all(Array.from({ length: 20 }, () => one.getToken(SCOPE)));
    await one.getToken([SCOPE]);
  });
  assert.equal(fetch.requests.length, 1);
});

test("the client id may be the first argument", async () => {
  const fetch = scriptedFetch(token());
  await within({}, () => new ManagedIdentityCredential(CLIENT, { fetch }).getToken(SCOPE));
  assert.equal(new URL(fetch.requests[0].url).searchParams.get("client_id"), CLIENT);
});

test("where there is no identity, or no token of it, a chain goes on", async () => {
  const unreachable = Object.assign(new TypeError("fetch failed"), { cause: { code: "EHOSTUNREACH" } });
  const answers = [
    [unreachable, "ERR_IDENTITY_UNAVAILABLE"],
    [json({ error: "invalid_request", error_description: "Identity not found" }, { status: 400 }), undefined],
    [new Response("proxies answer so", { status: 403 }), "ERR_SERVICE_REFUSED"],
    ...[404, 410, 429, 500, 503].map((status) => [json({}, { status }), "ERR_SERVICE_UNAVAILABLE"]),
    [new Response("<html>"), "ERR_RESPONSE_INVALID"],
    [json({ token_type: "Bearer" }), "ERR_RESPONSE_INVALID"],
  ];
  for (const [answer, code = "ERR_IDENTITY_UNAVAILABLE"] of answers) {
    await within({}, async () => {
      const none = new ManagedIdentityCredential({ fetch: scriptedFetch(answer), retryOptions: { maxRetries: 0 } });
      const error = await failure(none.getToken(SCOPE));
      assert.equal(error.name, "CredentialUnavailableError");
      assert.ok(error instanceof CredentialUnavailableError);
      expectError(error, code);
      assert.equal(error.statusCode, answer.status === 200 ? undefined : answer.status);
      assert.equal((await new ChainedTokenCredential(none, next).getToken(SCOPE)).token, "next");
    });
  }
});

test("a workload that is refused is unavailable with the service's own words and its correlation id", async () => {
  await inPod(async (own) => {
    const fetch = scriptedFetch(refused());
    const error = await failure(new ManagedIdentityCredential({ ...own, fetch }).getToken(SCOPE));
    assert.ok(error instanceof CredentialUnavailableError);
    assert.equal(error.statusCode, 401);
    assert.deepEqual(error.errorResponse.errorCodes, [700027]);
    assert.equal(error.correlationId, fetch.requests[0].headers.get("client-request-id"));
    assert.ok(error.correlationId);
  });
});

test("what the caller did ends a chain: giving up, and arguments that are wrong", async () => {
  const rows = [
    [SCOPE, { abortSignal: AbortSignal.abort() }, "ERR_ABORTED"],
    [SCOPE, { claims: "no JSON" }, "ERR_CLAIMS_INVALID"],
    [[], {}, "ERR_SCOPE_INVALID"],
    [SCOPE, { tenantId: 5 }, "ERR_INVALID_ARG_TYPE"],
  ];
  await within({}, async () => {
    for (const [scopes, options, code] of rows) {
      const chain = new ChainedTokenCredential(new ManagedIdentityCredential({ fetch: scriptedFetch(token()) }), next);
      assert.equal((await failure(chain.getToken(scopes, options))).code, code);
    }
    const bad = new ManagedIdentityCredential({ authorityHost: "http://login.example", fetch: scriptedFetch(token()) });
    assert.equal((await failure(new ChainedTokenCredential(bad, next).getToken(SCOPE))).code, "ERR_AUTHORITY_INSECURE");
  });
});

test("a chain goes on behind an endpoint that is silent, and ends with the caller's own time", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const environment = { IDENTITY_ENDPOINT: "http://127.0.0.1:41741/msi/token", IDENTITY_HEADER: HEADER };
  const ask = async (milliseconds, options) => {
    const fetch = scriptedFetch(() => new Promise(() => {}));
    const silent = new ManagedIdentityCredential({ fetch, retryOptions: { maxRetries: 0 } });
    const call = new ChainedTokenCredential(silent, next).getToken(SCOPE, options);
    const settled = call.catch((error) => error);
    await until(() => fetch.requests.length === 1);
    t.mock.timers.tick(milliseconds);
    return settled;
  };
  await within(environment, async () => {
    assert.equal((await ask(600_000)).token, "next");
    assert.equal((await ask(600_000, { requestOptions: { timeout: 0 } })).token, "next");
    assert.equal((await ask(20, { requestOptions: { timeout: 20 } })).code, "ERR_REQUEST_TIMEOUT");
  });
});

test("an id that the endpoint can't tell makes it unavailable", async () => {
  const shell = { MSI_ENDPOINT: "http://localhost:50342/oauth2/token" };
  const error = await within(shell, () =>
    failure(new ManagedIdentityCredential({ clientId: CLIENT, fetch: scriptedFetch(token()) }).getToken(SCOPE)),
  );
  assert.equal(error.code, "ERR_IDENTITY_UNSUPPORTED");
  assert.equal(error.name, "CredentialUnavailableError");
});

test("an identity proves an application, by a token for the exchange of its cloud", async () => {
  const rows = [
    ["https://login.microsoftonline.com", "api://AzureADTokenExchange"],
    ["https://login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"],
    ["https://login.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina"],
  ];
  for (const [authorityHost, exchange] of rows) {
    const machine = scriptedFetch(token("header.claims.signature"));
    const service = scriptedFetch(granted());
    await within({}, async () => {
      const identity = new ManagedIdentityCredential({ clientId: CLIENT, fetch: machine });
      const own = { fetch: service, authorityHost };
      const one = new ClientAssertionCredential(TENANT, "app", managedIdentityAssertion(identity), own);
      assert.equal((await one.getToken("https://graph.microsoft.com/.default")).token, "token-1");
      await one.getToken("https://other.example/.default");
    });
    assert.equal(new URL(machine.requests[0].url).searchParams.get("resource"), exchange);
    assert.equal(machine.requests.length, 1);
    assert.equal(service.requests[0].form.get("client_assertion"), "header.claims.signature");
  }
});

test("Service Fabric's endpoint is known by its certificate's thumbprint, and no other gets the secret", async (t) => {
  const seen = [];
  const server = createServer({ key: KEY, cert: CERTIFICATE }, async (request, response) => {
    seen.push({ url: request.url, secret: request.headers.secret });
    response.setHeader("content-type", "application/json");
    response.end(await token("fabric-token").text());
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => new Promise((done) => server.close(done)));
  const environment = (thumbprint) => ({
    IDENTITY_ENDPOINT: `https://127.0.0.1:${server.address().port}/metadata/identity/oauth2/token`,
    IDENTITY_HEADER: HEADER,
    IDENTITY_SERVER_THUMBPRINT: thumbprint,
  });
  const ask = (thumbprint) =>
    within(environment(thumbprint), () =>
      new ManagedIdentityCredential({ retryOptions: { maxRetries: 0 } }).getToken(SCOPE),
    );
  const thumbprint = new X509Certificate(CERTIFICATE).fingerprint.replaceAll(":", "");
  assert.equal((await ask(thumbprint)).token, "fabric-token");
  assert.equal(seen[0].secret, HEADER);
  assert.match(seen[0].url, /^\/metadata\/identity\/oauth2\/token\?api-version=2020-05-01&resource=https%3A%2F%2F/);
  const error = await failure(ask("0".repeat(40)));
  assert.equal(error.code, "ERR_NETWORK_FAILED");
  assert.match(error.message, /ERR_TLS_CERT_THUMBPRINT_MISMATCH/);
  assert.equal(seen.length, 1);
});

test("several scopes are refused before anything is sent: a managed identity takes one resource", async () => {
  const other = "https://graph.microsoft.com/.default";
  const ask = async (own, scopes) => {
    const expected = {
      name: "TypeError",
      code: "ERR_INVALID_ARG_VALUE",
      message: "ManagedIdentityCredential.getToken: a managed identity takes one resource, found 2 scopes",
    };
    await assert.rejects(new ManagedIdentityCredential(own).getToken(scopes), expected);
  };
  for (const scopes of [[SCOPE, other], `${SCOPE} ${other}`]) {
    const fetch = scriptedFetch(token());
    await within({}, () => ask({ fetch }, scopes));
    assert.equal(fetch.requests.length, 0);
    assert.equal((await inPod((own) => ask(own, scopes))).length, 0);
  }
  await within({}, async () => {
    const identity = new ManagedIdentityCredential({ fetch: scriptedFetch(token()) });
    assert.equal((await identity.getToken([SCOPE, SCOPE])).token, "identity-token");
    await assert.rejects(identity.getToken([5]), { name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });
  });
});

test("arguments of other types, and more than one id, are refused", () => {
  const rows = [
    [[5], "ERR_INVALID_ARG_TYPE", /options must be an object, found number/],
    [[{ clientId: 5 }], "ERR_INVALID_ARG_TYPE", /options.clientId must be a string/],
    [[{ clientId: "a", objectId: "b" }], "ERR_INVALID_ARG_VALUE", /only one of .*, found clientId and objectId/],
  ];
  for (const [args, code, message] of rows) {
    assert.throws(() => new ManagedIdentityCredential(...args), { name: "TypeError", code, message });
  }
});
