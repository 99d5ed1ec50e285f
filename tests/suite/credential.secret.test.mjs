// ClientSecretCredential: what it sends, and that it says that a certificate is better.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { inspect } from "node:util";
import { expectError } from "./support/credential.mjs";
import { CLIENT, SCOPE, TENANT } from "./support/fixtures.mjs";
import { ClientSecretCredential, entryUrl } from "./support/package.mjs";
import { granted, refused, scriptedFetch } from "./support/service.mjs";

const SECRET = "se~cret+with/characters=that&need%encoding";

function credential(fetch, options = {}) {
  const quiet = { silenceSecretWarning: true, retryOptions: { maxRetries: 0 } };
  return new ClientSecretCredential(TENANT, CLIENT, SECRET, { fetch, ...quiet, ...options });
}

test("the secret is sent in the body, and no assertion is", async () => {
  const fetch = scriptedFetch(granted());
  assert.equal((await credential(fetch).getToken(SCOPE)).token, "token-1");
  const [{ url, form, headers }] = fetch.requests;
  assert.equal(url, `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/token`);
  assert.deepEqual(Object.fromEntries(form), {
    client_id: CLIENT,
    client_secret: SECRET,
    grant_type: "client_credentials",
    scope: SCOPE,
  });
  assert.equal(headers.get("authorization"), null);
});

test("tokens of a secret are cached, shared by callers, and forgotten when told so", async () => {
  const fetch = scriptedFetch(granted("token-1"), granted("token-2"));
  const one = credential(fetch);
  const tokens = await Promise.all([one.getToken(SCOPE), one.getToken([SCOPE]), one.getToken(SCOPE)]);
  assert.deepEqual(
    tokens.map(({ token }) => token),
    ["token-1", "token-1", "token-1"],
  );
  assert.equal(one.removeToken(SCOPE), true);
  assert.equal((await one.getToken(SCOPE)).token, "token-2");
  assert.equal(fetch.requests.length, 2);
});

test("a refused secret is the service's own error, without the secret", async () => {
  const description = "AADSTS7000215: Invalid client secret provided.";
  const fetch = scriptedFetch(refused({ error_codes: [7000215], error_description: description }));
  const error = await credential(fetch)
    .getToken(SCOPE)
    .catch((thrown) => thrown);
  expectError(error, "ERR_SERVICE_REFUSED");
  assert.equal(error.name, "AuthenticationError");
  assert.equal(error.statusCode, 401);
  assert.deepEqual(error.errorResponse.errorCodes, [7000215]);
  assert.ok(!inspect(error, { depth: null }).includes(SECRET));
});

test("neither the credential nor its log shows the secret", async () => {
  const entries = [];
  const logging = { logger: (entry) => entries.push(entry), loggingOptions: { allowLoggingAccountIdentifiers: true } };
  const one = credential(scriptedFetch(granted()), logging);
  await one.getToken(SCOPE);
  assert.ok(entries.some(({ message }) => /(native|wasm) backend, client secret/.test(message)));
  assert.ok(!(JSON.stringify(entries) + inspect(one, { depth: null, showHidden: true })).includes(SECRET));
});

test("each log says once that a certificate is better, unless it is silenced", () => {
  const lines = (options) => {
    const entries = [];
    credential(scriptedFetch(granted()), { logger: (entry) => entries.push(entry), ...options });
    return entries.filter(({ message }) => message.startsWith("WARN_CLIENT_SECRET: ")).map(({ level }) => level);
  };
  assert.deepEqual(lines({ silenceSecretWarning: false }), ["warning"]);
  assert.deepEqual(lines({ silenceSecretWarning: undefined }), ["warning"]);
  assert.deepEqual(lines({ silenceSecretWarning: true }), []);
});

test("a process is warned once, by Node's own warnings, unless it is silenced", () => {
  const warnings = (options) => {
    const program = `
      import { ClientSecretCredential } from ${JSON.stringify(entryUrl("."))};
      for (let n = 0; n < 3; n++) new ClientSecretCredential("tenant", "client", "secret", ${options});`;
    const { stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    return stderr.split("\n").filter((line) => line.includes("[WARN_CLIENT_SECRET] CertgrantWarning: ")).length;
  };
  assert.equal(warnings("{}"), 1);
  assert.equal(warnings("{ silenceSecretWarning: true }"), 0);
});

test("arguments that are missing or of other types are refused at once", () => {
  const construct =
    (...args) =>
    () =>
      new ClientSecretCredential(...args);
  const name = "TypeError";
  assert.throws(construct("", CLIENT, SECRET), {
    name,
    code: "ERR_INVALID_ARG_VALUE",
    message: "ClientSecretCredential: tenantId and clientId are required parameters.",
  });
  assert.throws(construct(TENANT, CLIENT, ""), {
    name,
    code: "ERR_INVALID_ARG_VALUE",
    message: "ClientSecretCredential: clientSecret is a required parameter.",
  });
  const rows = [
    [[TENANT, CLIENT, 7], /clientSecret must be a string, found number/],
    [[TENANT, 7, SECRET], /clientId must be a string, found number/],
    [[TENANT, CLIENT, SECRET, null], /options must be an object, found null/],
    [[TENANT, CLIENT, SECRET, { silenceSecretWarning: 1 }], /options.silenceSecretWarning must be a boolean/],
    [[TENANT, CLIENT, SECRET, { retryOptions: 1 }], /ClientSecretCredential: options.retryOptions must be an object/],
  ];
  for (const [args, message] of rows) {
    assert.throws(construct(...args), { name, code: "ERR_INVALID_ARG_TYPE", message });
  }
});
