// AuthenticationContext: what it exports, how it reads an authority, when it asks about a host.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "node:url";
import { acquire, acquireError, acquireToken, context } from "./support/adal.mjs";
import { AUTHORITY, TENANT } from "./support/fixtures.mjs";
import { adal } from "./support/package.mjs";
import { grantedV1, json, scriptedFetch } from "./support/service.mjs";

const { AuthenticationContext, createAuthenticationContext, Logging, MemoryCache } = adal;

test("adal-node's names that the certificate call needs are there", () => {
  for (const name of [
    "AuthenticationContext",
    "createAuthenticationContext",
    "MemoryCache",
    "Logging",
    "setGlobalADALOptions",
    "getGlobalADALOptions",
  ]) {
    assert.ok(adal[name], name);
  }
  assert.deepEqual(Logging.LOGGING_LEVEL, { ERROR: 0, WARN: 1, INFO: 2, VERBOSE: 3 });
});

const AUTHORITIES = [
  ["https://login.windows.net/T", "https://login.windows.net/T"],
  ["  https://LOGIN.windows.net:443/Ten/a  ", "https://login.windows.net:443/Ten/a"],
  ["https:\\\\login.windows.net\\ten", "https://login.windows.net/ten"],
  ["HTTPS://H/t", "https://h/t"],
  ["https://h/t?", "https://h/t?"],
  ["https://h/t#f", "https://h/t#f"],
  ["https://h/t/", "https://h/t/"],
  ["https://h/t%20x", "https://h/t%20x"],
  ["https://h/a b", "https://h/a%20b"],
  ["https://h/{x}", "https://h/%7Bx%7D"],
  ["https://u:p@h/t", "https://u:p@h/t"],
  ["https://hé.com/t", "https://xn--h-bga.com/t"],
  ["https://h:8443/t/oauth2/authorize", "https://h:8443/t/oauth2/authorize"],
];

for (const [given, authority] of AUTHORITIES) {
  test(`the authority ${JSON.stringify(given)} is ${authority}`, () => {
    assert.equal(new AuthenticationContext(given).authority, authority);
  });
}

test("an authority may be a URL or what url.parse returns", () => {
  assert.equal(new AuthenticationContext(new URL(AUTHORITY)).authority, AUTHORITY);
  assert.equal(new AuthenticationContext(parse(AUTHORITY)).authority, AUTHORITY);
});

const BAD_AUTHORITIES = [
  ["http://h/t", "The authority url must be an https endpoint.", "ERR_AUTHORITY_INSECURE"],
  ["h/t", "The authority url must be an https endpoint.", "ERR_AUTHORITY_INSECURE"],
  ["", "The authority url must be an https endpoint.", "ERR_AUTHORITY_INSECURE"],
  ["https://h/t?x=1", "The authority url must not have a query string.", "ERR_AUTHORITY_INVALID"],
  ["https://h", "Could not determine tenant.", "ERR_TENANT_INVALID"],
  ["https://h/", "Could not determine tenant.", "ERR_TENANT_INVALID"],
  ["https://h//t", "Could not determine tenant.", "ERR_TENANT_INVALID"],
];

for (const [given, message, code] of BAD_AUTHORITIES) {
  test(`the authority ${JSON.stringify(given)} is refused by the constructor`, () => {
    assert.throws(() => new AuthenticationContext(given), { name: "Error", message, code });
  });
}

test("an authority that is no text is refused as Node does", () => {
  const rows = [
    [undefined, 'The "url" argument must be of type string. Received undefined'],
    [null, 'The "url" argument must be of type string. Received null'],
    [5, 'The "url" argument must be of type string. Received type number'],
  ];
  for (const [given, message] of rows) {
    assert.throws(
      () => new AuthenticationContext(given),
      (error) => {
        assert.equal(error.name, "TypeError");
        assert.equal(error.code, "ERR_INVALID_ARG_TYPE");
        assert.ok(error.message.startsWith(message), error.message);
        return true;
      },
    );
  }
});

test("properties are as adal-node's: authority and cache to read, correlationId and options to set", () => {
  const cache = new MemoryCache();
  const made = new AuthenticationContext(AUTHORITY, true, cache);
  assert.equal(made.correlationId, null);
  made.correlationId = "mine";
  assert.equal(made.correlationId, "mine");
  assert.equal(made.cache, cache);
  assert.throws(() => {
    made.cache = null;
  }, TypeError);
});

test("contexts without a cache share one, and global options are captured by reference", (t) => {
  t.after(() => adal.setGlobalADALOptions({}));
  const options = { http: {} };
  adal.setGlobalADALOptions(options);
  const [one, two] = [new AuthenticationContext(AUTHORITY), createAuthenticationContext(AUTHORITY, false)];
  assert.equal(one.cache, two.cache);
  assert.equal(one.options, options);
  assert.equal(adal.getGlobalADALOptions(), options);
});

test("methods are ordinary members of the prototype: they can be replaced and inherited", async () => {
  const descriptor = Object.getOwnPropertyDescriptor(
    AuthenticationContext.prototype,
    "acquireTokenWithClientCertificate",
  );
  assert.equal(descriptor.writable, true);
  assert.equal(descriptor.configurable, true);
  class Mine extends AuthenticationContext {}
  const mine = new Mine(AUTHORITY, true, new MemoryCache());
  mine.options = { http: { fetch: scriptedFetch(grantedV1()) } };
  assert.equal((await acquireToken(mine)).accessToken, "token-1");
  assert.throws(() => AuthenticationContext(AUTHORITY), TypeError);
});

const DISCOVERY = "https://login.windows.net/common/discovery/instance";

test("well-known hosts are not asked about, whatever their port", async () => {
  const hosts = [
    "login.windows.net",
    "login.microsoftonline.com:443",
    "login.chinacloudapi.cn",
    "login-us.microsoftonline.com",
    "login.microsoftonline.de",
    "LOGIN.microsoftonline.us",
  ];
  for (const host of hosts) {
    const fetch = scriptedFetch(grantedV1());
    await acquireToken(context(fetch, { authority: `https://${host}/${TENANT}` }));
    assert.equal(fetch.requests.length, 1);
    assert.equal(fetch.requests[0].method, "POST");
  }
});

test("another host is asked about once, with the standard headers", async () => {
  const fetch = scriptedFetch(
    json({ tenant_discovery_endpoint: "https://ignored.example" }),
    grantedV1(),
    grantedV1("token-2", { resource: "R" }),
  );
  const made = context(fetch, { authority: `https://sts.example:8443/${TENANT}/more` });
  await acquireToken(made);
  await acquireToken(made, { resource: "urn:other" });
  const [discovery, post, second] = fetch.requests;
  assert.equal(discovery.method, "GET");
  assert.equal(discovery.redirect, "follow");
  const endpoint = encodeURIComponent(`https://sts.example:8443/${TENANT}/oauth2/authorize`);
  assert.equal(discovery.url, `${DISCOVERY}?authorization_endpoint=${endpoint}&api-version=1.0`);
  assert.equal(discovery.headers.get("x-client-sku"), "Node");
  assert.equal(discovery.headers.get("client-request-id"), post.headers.get("client-request-id"));
  assert.equal(post.url, `https://sts.example:8443/${TENANT}/oauth2/token?api-version=1.0`);
  assert.equal(second.method, "POST");
});

test("false for validateAuthority asks nobody; undefined and null mean true", async () => {
  for (const [validate, requests] of [
    [false, 1],
    [0, 1],
    [undefined, 2],
    [null, 2],
  ]) {
    const fetch = scriptedFetch(({ method }) =>
      method === "GET" ? json({ tenant_discovery_endpoint: "x" }) : grantedV1(),
    );
    const made = new AuthenticationContext(`https://sts.example/${TENANT}`, validate, new MemoryCache());
    made.options = { http: { fetch } };
    await acquireToken(made);
    assert.equal(fetch.requests.length, requests, `validateAuthority ${validate}`);
  }
});

test("a host that the service does not know is an error with one argument, and is asked about again", async () => {
  const refusal = { error: "invalid_instance", error_description: "AADSTS50049: Unknown or invalid instance." };
  const fetch = scriptedFetch(json(refusal, { status: 400 }));
  const made = context(fetch, { authority: `https://sts.example/${TENANT}` });
  const [error, ...rest] = await acquire(made);
  assert.equal(
    error.message,
    `Instance Discovery request returned http error: 400 and server response: ${JSON.stringify(refusal)}`,
  );
  assert.deepEqual(rest, []);
  assert.equal(error.code, "ERR_AUTHORITY_INVALID");
  assert.equal(error.error, "invalid_instance");
  await acquireError(made);
  assert.equal(fetch.requests.length, 2);
});

test("an answer without tenant_discovery_endpoint can't be parsed", async () => {
  for (const answer of [json({}), new Response("<html>"), new Response("")]) {
    const made = context(scriptedFetch(answer), { authority: `https://sts.example/${TENANT}` });
    const error = await acquireError(made);
    assert.equal(error.message, "Failed to parse instance discovery response");
    assert.equal(error.code, "ERR_RESPONSE_INVALID");
  }
});

test("no answer about a host keeps the cause", async () => {
  const thrown = new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }) });
  const error = await acquireError(context(scriptedFetch(thrown), { authority: `https://sts.example/${TENANT}` }));
  assert.equal(error.message, "No response from the server");
  assert.equal(error.cause.cause.code, "ECONNREFUSED");
  assert.match(error.hint, /ECONNREFUSED/);
});

test("the api-version is 1.0 unless another is given", async () => {
  for (const [version, query] of [
    [undefined, "?api-version=1.0"],
    ["1.5", "?api-version=1.5"],
    [null, "?api-version="],
    ["", "?api-version="],
  ]) {
    const fetch = scriptedFetch(grantedV1());
    await acquireToken(context(fetch, { version }));
    assert.equal(
      new URL(fetch.requests[0].url).search || "?api-version=",
      query === "?api-version=" ? "?api-version=" : query,
    );
    assert.ok(fetch.requests[0].url.endsWith(query), fetch.requests[0].url);
  }
});
