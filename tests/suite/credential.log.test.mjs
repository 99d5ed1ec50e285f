// The log: telling lines, no secrets at any level, account identifiers only where they are allowed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { acquire, acquireToken, context } from "./support/adal.mjs";
import { credential, expectNoSecret } from "./support/credential.mjs";
import { CLIENT, SCOPE, TENANT, THUMBPRINT_SHA256 } from "./support/fixtures.mjs";
import { adal } from "./support/package.mjs";
import { granted, grantedV1, refused, scriptedFetch } from "./support/service.mjs";

async function log(fetch, options = {}) {
  const entries = [];
  const one = credential(fetch, { logger: (entry) => entries.push(entry), ...options });
  await one.getToken(SCOPE).catch(() => undefined);
  await one.getToken(SCOPE).catch(() => undefined);
  return entries;
}

test("the lines tell the way to a token and name the certificate", async () => {
  const fetch = scriptedFetch(granted("secret-access-token"));
  const entries = await log(fetch);
  const text = entries.map(({ level, message }) => `${level} ${message}`).join("\n");
  assert.match(text, /verbose (native|wasm) backend, certificate [0-9A-F]{64}/);
  assert.ok(text.includes(THUMBPRINT_SHA256));
  assert.match(text, /verbose signing the client assertion, PS256/);
  assert.match(text, /info POST to the token endpoint at login\.microsoftonline\.com/);
  assert.match(text, /info status 200 after \d+ ms/);
  assert.match(text, /info token granted, expires \d{4}-\d\d-\d\dT/);
  assert.match(text, /verbose token served from the cache, expires \d{4}/);
  const sent = fetch.requests[0].headers.get("client-request-id");
  assert.ok(entries.some(({ correlationId }) => correlationId === sent));
});

test("no line holds a secret, whatever is allowed", async () => {
  for (const answer of [granted("secret-access-token"), refused(), new TypeError("fetch failed")]) {
    const fetch = scriptedFetch(answer);
    const entries = await log(fetch, { loggingOptions: { allowLoggingAccountIdentifiers: true } });
    assert.ok(entries.length > 5);
    const text = JSON.stringify(entries);
    expectNoSecret(text, "secret-access-token", fetch.requests[0].form.get("client_assertion"), fetch.requests[0].body);
  }
});

test("tenant and client id are logged only where that is allowed, and marked", async () => {
  const silent = await log(scriptedFetch(granted()));
  assert.ok(silent.every(({ containsPii }) => containsPii === false));
  assert.ok(!JSON.stringify(silent).includes(TENANT) && !JSON.stringify(silent).includes(CLIENT));
  const open = await log(scriptedFetch(granted()), { loggingOptions: { allowLoggingAccountIdentifiers: true } });
  const marked = JSON.stringify(open.filter(({ containsPii }) => containsPii));
  assert.ok(marked.includes(TENANT) && marked.includes(CLIENT));
  const unmarked = JSON.stringify(open.filter(({ containsPii }) => !containsPii));
  assert.ok(!unmarked.includes(TENANT) && !unmarked.includes(CLIENT));
});

test("a failure is an error line with its code", async () => {
  const entries = await log(scriptedFetch(refused()));
  assert.ok(entries.some(({ level, message }) => level === "error" && message.includes("ERR_SERVICE_REFUSED")));
});

test("a certificate that is not usable is an error line with its code", async () => {
  const entries = [];
  const one = credential(scriptedFetch(granted()), { logger: (entry) => entries.push(entry) }, "no PEM");
  await assert.rejects(one.getToken(SCOPE));
  assert.ok(entries.some(({ level, message }) => level === "error" && message.includes("ERR_PEM_NOT_FOUND")));
});

test("a logger that throws does not cost the token", async () => {
  const one = credential(scriptedFetch(granted()), {
    logger() {
      throw new Error("disk full");
    },
  });
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
});

test("neither a time nor an address that can't be written costs the token", async () => {
  const entries = await log(scriptedFetch(granted("token-1", { expires_in: "9999999999999999" })));
  assert.ok(entries.some(({ message }) => /token granted, expires never/.test(message)));
  const outcome = async (options) => {
    const answer = granted("token-1", { expires_in: "9999999999999999" });
    const one = credential(scriptedFetch(answer), { authorityHost: "https://login.example:+443", ...options });
    return one.getToken(SCOPE).then(
      ({ token }) => token,
      ({ code }) => code,
    );
  };
  assert.equal(await outcome({ logger: () => undefined }), await outcome({}));
});

test("an observer that throws, the log of certgrant/adal, costs no token", async () => {
  const kept = adal.Logging.LogOptions;
  try {
    for (const options of [undefined, null, Object.freeze({ log: 5, level: 3 })]) {
      adal.Logging.LogOptions = options;
      assert.equal((await acquireToken(context(scriptedFetch(grantedV1())))).accessToken, "token-1");
    }
  } finally {
    adal.Logging.LogOptions = kept;
  }
});

test("a host that names the tenant is in no unmarked line, nor in that of a failure", async () => {
  const host = "contoso.ciamlogin.com";
  const unreachable = new TypeError("fetch failed", {
    cause: Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {
      code: "ENOTFOUND",
      syscall: "getaddrinfo",
      hostname: host,
    }),
  });
  for (const answer of [granted(), unreachable]) {
    const options = { authorityHost: `https://${host}` };
    const silent = JSON.stringify(await log(scriptedFetch(answer), options));
    assert.ok(!silent.includes("contoso"), silent);
    assert.match(silent, /POST to the token endpoint"/);
    const open = await log(scriptedFetch(answer), {
      ...options,
      loggingOptions: { allowLoggingAccountIdentifiers: true },
    });
    const unmarked = JSON.stringify(open.filter(({ containsPii }) => !containsPii));
    assert.ok(!unmarked.includes("contoso"), unmarked);
    assert.ok(JSON.stringify(open.filter(({ containsPii }) => containsPii)).includes(host));
    if (answer === unreachable) assert.match(unmarked, /no answer after \d+ ms: ENOTFOUND getaddrinfo"/);
  }
});

test("the shared hosts of Microsoft's clouds are named", async () => {
  for (const host of ["login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.windows.net"]) {
    const entries = await log(scriptedFetch(granted()), { authorityHost: `https://${host}` });
    assert.ok(entries.some(({ message }) => message === `POST to the token endpoint at ${host}`));
  }
});

test("certgrant/adal keeps such a host out of its lines too", async () => {
  const host = "contoso.ciamlogin.com";
  const fetch = scriptedFetch(
    new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ENOTFOUND", hostname: host }) }),
  );
  const lines = [];
  adal.Logging.setLoggingOptions({ level: 3, log: (...line) => lines.push(line) });
  try {
    await acquire(context(fetch, { authority: `https://${host}/contoso.com`, validate: false }));
  } finally {
    adal.Logging.setLoggingOptions();
  }
  assert.ok(lines.length > 5);
  assert.ok(!inspect(lines, { depth: null }).includes("contoso"), inspect(lines, { depth: null }));
});
