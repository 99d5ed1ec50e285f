// acquireTokenWithClientCertificate: arguments, timing, the request, the answers.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { arch, platform } from "node:os";
import { test } from "node:test";
import { ARGUMENTS, acquire, acquireError, acquireToken, context } from "./support/adal.mjs";
import { readAssertion } from "./support/assertion.mjs";
import { expectNoSecret } from "./support/credential.mjs";
import {
  AUTHORITY,
  CERTIFICATE,
  CLIENT,
  KEY,
  OTHER_CERTIFICATE,
  PEM,
  RESOURCE,
  TENANT,
  THUMBPRINT,
  THUMBPRINT_SHA256,
  vector,
  X5T,
  X5T_S256,
} from "./support/fixtures.mjs";
import { CertgrantError, entryUrl } from "./support/package.mjs";
import { gate, grantedV1, json, REFUSAL, refused, scriptedFetch, until } from "./support/service.mjs";

test("a callback that is no function throws at once", () => {
  const made = context(scriptedFetch(grantedV1()));
  for (const callback of [null, undefined, "x", {}]) {
    assert.throws(() => made.acquireTokenWithClientCertificate("r", "c", PEM, THUMBPRINT, callback), {
      message: "acquireToken requires a function callback parameter.",
      code: "ERR_INVALID_ARG_TYPE",
    });
  }
});

test("argument errors come through the callback before the method returns, in adal-node's order and words", () => {
  const made = context(scriptedFetch(grantedV1()));
  const rows = [
    [[undefined, CLIENT, undefined, undefined], "The resource parameter is required."],
    [["", CLIENT, PEM, THUMBPRINT], "The resource parameter is required."],
    [[5, CLIENT, PEM, THUMBPRINT], "The resource parameter must be of type String."],
    [[RESOURCE, CLIENT, null, undefined], "The certificate parameter is required."],
    [[RESOURCE, CLIENT, {}, THUMBPRINT], "The certificate parameter must be of type String."],
    [[RESOURCE, CLIENT, PEM, ""], "The thumbprint parameter is required."],
    [[RESOURCE, CLIENT, PEM, 7], "The thumbprint parameter must be of type String."],
  ];
  for (const [args, message] of rows) {
    let results;
    const returned = made.acquireTokenWithClientCertificate(...args, (...given) => {
      results = given;
    });
    assert.equal(returned, undefined);
    assert.equal(results.length, 1);
    assert.equal(results[0].message, message);
    assert.equal(results[0].name, "Error");
    assert.match(results[0].code, /^ERR_INVALID_ARG_/);
  }
});

test("without a callback argument there is a promise", async () => {
  const made = context(scriptedFetch(grantedV1()));
  const token = await made.acquireTokenWithClientCertificate(RESOURCE, CLIENT, PEM, THUMBPRINT);
  assert.equal(token.accessToken, "token-1");
  await assert.rejects(made.acquireTokenWithClientCertificate("", CLIENT, PEM, THUMBPRINT), {
    message: "The resource parameter is required.",
  });
});

test("a token from the network comes after the method has returned", async () => {
  const made = context(scriptedFetch(grantedV1()));
  let called = false;
  const { resource, clientId, certificate, thumbprint } = ARGUMENTS;
  const done = new Promise((resolve) => {
    made.acquireTokenWithClientCertificate(resource, clientId, certificate, thumbprint, () => {
      called = true;
      resolve();
    });
  });
  assert.equal(called, false);
  await done;
});

test("the request is adal-node's", async () => {
  const fetch = scriptedFetch(grantedV1());
  await acquireToken(context(fetch));
  const [request] = fetch.requests;
  assert.equal(request.url, `${AUTHORITY}/oauth2/token?api-version=1.0`);
  assert.equal(request.method, "POST");
  assert.equal(request.redirect, "manual");
  assert.match(request.headers.get("content-type"), /^application\/x-www-form-urlencoded/);
  assert.equal(request.headers.get("accept-charset"), "utf-8");
  assert.equal(request.headers.get("return-client-request-id"), "true");
  assert.equal(request.headers.get("x-client-sku"), "Node");
  assert.match(request.headers.get("x-client-ver"), /^0\.2\.4/);
  assert.equal(request.headers.get("x-client-os"), platform());
  assert.equal(request.headers.get("x-client-cpu"), arch());
  assert.match(
    request.headers.get("client-request-id"),
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  const { client_assertion: assertion, ...form } = Object.fromEntries(request.form);
  assert.deepEqual(form, {
    grant_type: "client_credentials",
    client_id: CLIENT,
    resource: RESOURCE,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  });
  assert.ok(assertion);
});

test("the assertion is adal-node's: RS256, x5t, ten minutes, the endpoint without its query as audience", async () => {
  const fetch = scriptedFetch(grantedV1());
  const before = Math.floor(Date.now() / 1000);
  await acquireToken(context(fetch));
  const { header, claims } = readAssertion(fetch.requests[0].form.get("client_assertion"));
  assert.deepEqual(header, { typ: "JWT", alg: "RS256", x5t: X5T });
  assert.equal(claims.aud, `${AUTHORITY}/oauth2/token`);
  assert.equal(claims.iss, CLIENT);
  assert.equal(claims.sub, CLIENT);
  assert.ok(Math.abs(claims.nbf - before) <= 600);
  assert.ok(claims.exp > before && claims.exp <= before + 700);
  assert.match(claims.jti, /^[0-9a-f-]{36}$/);
});

test("thumbprints may have separators, small letters and Windows' invisible mark", async () => {
  const colons = THUMBPRINT.match(/../g).join(":");
  const spellings = [
    THUMBPRINT.toLowerCase(),
    colons,
    colons.replaceAll(":", "-"),
    colons.replaceAll(":", " "),
    `\u200e${THUMBPRINT}`,
  ];
  for (const thumbprint of spellings) {
    const fetch = scriptedFetch(grantedV1());
    await acquireToken(context(fetch), { thumbprint });
    assert.equal(readAssertion(fetch.requests[0].form.get("client_assertion")).header.x5t, X5T);
  }
});

test("a SHA-256 thumbprint is sent as x5t#S256", async () => {
  const fetch = scriptedFetch(grantedV1());
  await acquireToken(context(fetch), { thumbprint: THUMBPRINT_SHA256 });
  const { header } = readAssertion(fetch.requests[0].form.get("client_assertion"));
  assert.equal(header["x5t#S256"], X5T_S256);
  assert.equal(header.x5t, undefined);
});

test("the PEM may be the bare key, and may have its line ends spelled out", async () => {
  for (const certificate of [KEY, PEM.replaceAll("\n", "\\n")]) {
    const fetch = scriptedFetch(grantedV1());
    await acquireToken(context(fetch), { certificate });
    readAssertion(fetch.requests[0].form.get("client_assertion"));
  }
});

const BAD_INPUT = [
  [
    "a thumbprint of the wrong length",
    { thumbprint: "AABB" },
    /^The thumbprint does not match a known format$/,
    "ERR_THUMBPRINT_INVALID",
  ],
  [
    "a thumbprint with other letters",
    { thumbprint: "zz".repeat(20) },
    /^The thumbprint does not match a known format$/,
    "ERR_THUMBPRINT_INVALID",
  ],
  [
    "text that is not a PEM",
    { certificate: "junk" },
    /^Failed to sign JWT\.This is most likely due to an invalid certificate\. .*found .*, expected /,
    "ERR_PEM_NOT_FOUND",
  ],
  [
    "a certificate without its key",
    { certificate: CERTIFICATE },
    /^Failed to sign JWT\.This is most likely due to an invalid certificate\. .*found .*, expected /,
    "ERR_KEY_MISSING",
  ],
  [
    "an EC key",
    { certificate: vector("bundles/ec.key") },
    /^Failed to sign JWT\.This is most likely due to an invalid certificate\. .*found .*, expected /,
    "ERR_KEY_UNSUPPORTED",
  ],
  [
    "an encrypted key",
    { certificate: vector("bundles/encrypted.key") },
    /^Failed to sign JWT\.This is most likely due to an invalid certificate\. .*found .*, expected /,
    "ERR_PASSWORD_MISSING",
  ],
  [
    "a key that does not belong to the certificate",
    { certificate: KEY + OTHER_CERTIFICATE },
    /^Failed to sign JWT\.This is most likely due to an invalid certificate\. .*found .*, expected /,
    /^ERR_(KEY|THUMBPRINT)_MISMATCH$/,
  ],
];

for (const [what, changes, message, code] of BAD_INPUT) {
  test(`${what} is refused without a request`, async () => {
    const fetch = scriptedFetch(grantedV1());
    const error = await acquireError(context(fetch), changes);
    assert.match(error.message, message);
    assert.match(error.code, code instanceof RegExp ? code : new RegExp(`^${code}$`));
    assert.ok(error.hint.length > 20);
    assert.equal(error.name, "Error");
    expectNoSecret(`${error.stack} ${error.hint}`);
    assert.equal(fetch.requests.length, 0);
  });
}

const BAD_TENANTS = [
  ["common", "ERR_TENANT_NOT_SPECIFIC"],
  ["not%20a%20tenant", "ERR_TENANT_INVALID"],
];

for (const [tenant, code] of BAD_TENANTS) {
  test(`the tenant ${tenant} is refused without a request`, async () => {
    const fetch = scriptedFetch(grantedV1());
    const error = await acquireError(context(fetch, { authority: `https://login.microsoftonline.com/${tenant}` }));
    assert.equal(error.code, code);
    assert.equal(fetch.requests.length, 0);
  });
}

test("a token response has adal-node's members and no others", async () => {
  const answer = grantedV1("token-1", { created_on: "1500000000", scope: "dropped", foci: "1" });
  const before = Date.now();
  const token = await acquireToken(context(scriptedFetch(answer)));
  const { expiresOn, ...rest } = token;
  assert.ok(expiresOn instanceof Date);
  assert.ok(expiresOn.getTime() >= before + 3599_000 && expiresOn.getTime() <= Date.now() + 3599_000);
  assert.deepEqual(rest, {
    tokenType: "Bearer",
    accessToken: "token-1",
    expiresIn: 3599,
    createdOn: new Date(1500000000),
    resource: RESOURCE,
    isMRRT: true,
    _clientId: CLIENT,
    _authority: AUTHORITY,
  });
});

test("an answer without resource gets the one that was asked for", async () => {
  const token = await acquireToken(
    context(scriptedFetch(json({ token_type: "Bearer", access_token: "a", expires_in: 60 }))),
  );
  assert.equal(token.resource, RESOURCE);
  assert.equal("isMRRT" in token, false);
});

test("numbers are read as parseInt reads them, and the content type does not matter", async () => {
  const answer = new Response('{"token_type":"Bearer","access_token":"a","expires_in":"10abc"}', {
    headers: { "content-type": "text/plain" },
  });
  assert.equal((await acquireToken(context(scriptedFetch(answer)))).expiresIn, 10);
});

test("without expires_in the server's expires_on stays a number of seconds", async () => {
  const answer = json({ token_type: "Bearer", access_token: "a", expires_on: "99" });
  assert.equal((await acquireToken(context(scriptedFetch(answer)))).expiresOn, 99);
});

test("the claims of an id_token are added; one that can't be read is only logged", async () => {
  const idToken = `.${Buffer.from(JSON.stringify({ tid: "t", upn: "u", oid: "o", given_name: "g" })).toString("base64url")}.`;
  const token = await acquireToken(context(scriptedFetch(grantedV1("token-1", { id_token: idToken }))));
  assert.deepEqual(
    [token.tenantId, token.userId, token.isUserIdDisplayable, token.oid, token.givenName],
    ["t", "u", true, "o", "g"],
  );
  assert.equal(
    (await acquireToken(context(scriptedFetch(grantedV1("token-1", { id_token: "a.b c.d" }))))).accessToken,
    "token-1",
  );
});

const BAD_ANSWERS = [
  ["an empty body", new Response(""), "wireResponse is missing token_type"],
  ["HTML", new Response("<html>Sign in</html>"), "wireResponse is missing token_type"],
  ["a body that is cut off", new Response('{"token_type":"Bea'), "wireResponse is missing token_type"],
  ["an array", json([]), "wireResponse is missing token_type"],
  ["null", json(null), "wireResponse is missing token_type"],
  ["no token_type", json({ access_token: "a" }), "wireResponse is missing token_type"],
  ["no access_token", json({ token_type: "Bearer" }), "wireResponse missing access_token"],
  [
    "a number that is none",
    json({ token_type: "Bearer", access_token: "a", expires_in: "abc" }),
    "expires_in could not be parsed as an int.",
  ],
];

for (const [what, answer, message] of BAD_ANSWERS) {
  test(`${what} is refused in adal-node's words`, async () => {
    const [error, ...rest] = await acquire(context(scriptedFetch(answer)));
    assert.equal(error.message, message);
    assert.equal(error.code, "ERR_RESPONSE_INVALID");
    assert.ok(rest.every((value) => value === undefined));
  });
}

test("a refusal has adal-node's text and second argument, and the fields that adal-node lacked", async () => {
  const [error, body] = await acquire(context(scriptedFetch(refused())));
  assert.equal(
    error.message,
    `Get Token request returned http error: 401 and server response: ${JSON.stringify(REFUSAL)}`,
  );
  assert.deepEqual(body, REFUSAL);
  assert.equal(error.name, "Error");
  assert.ok(error instanceof CertgrantError);
  assert.equal(error.code, "ERR_SERVICE_REFUSED");
  assert.equal(error.status, 401);
  assert.equal(error.error, "invalid_client");
  assert.equal(error.errorDescription, REFUSAL.error_description);
  assert.deepEqual(error.errorCodes, [700027]);
  assert.ok(error.hint.length > 20);
});

test("an error that is no JSON is given as text", async () => {
  for (const [answer, text] of [
    [new Response("<html>", { status: 500 }), "<html>"],
    [new Response("", { status: 502 }), ""],
    [new Response(null, { status: 302, headers: { location: "https://elsewhere.example" } }), ""],
  ]) {
    const fetch = scriptedFetch(answer);
    const [error, body] = await acquire(context(fetch));
    assert.equal(
      error.message,
      `Get Token request returned http error: ${answer.status} and server response: ${JSON.stringify(text)}`,
    );
    assert.equal(body, text);
    assert.equal(fetch.requests.length, 1, "nothing is sent twice");
  }
});

test("no connection is adal-node's text with the cause that it lost", async () => {
  const thrown = new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ENOTFOUND" }) });
  const fetch = scriptedFetch(thrown);
  const [error, ...rest] = await acquire(context(fetch));
  assert.equal(error.message, "No response from the server");
  assert.equal(error.code, "ERR_NETWORK_FAILED");
  assert.equal(error.cause.cause.code, "ENOTFOUND");
  assert.deepEqual(rest, []);
  assert.equal(fetch.requests.length, 1);
});

test("options.http.timeout ends a request that is not answered", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let asked = false;
  const made = context(() => {
    asked = true;
    return new Promise(() => undefined);
  });
  made.options.http.timeout = 1234;
  const call = acquireError(made);
  await until(() => asked);
  t.mock.timers.tick(1234);
  const error = await call;
  assert.equal(error.message, "No response from the server");
  assert.equal(error.code, "ERR_REQUEST_TIMEOUT");
});

test("options.http.headers are sent and never written; the standard headers win", async () => {
  const fetch = scriptedFetch(grantedV1());
  const made = context(fetch);
  made.options.http.headers = Object.freeze({ "x-mine": "1", "X-Client-SKU": "mine" });
  await acquireToken(made);
  assert.equal(fetch.requests[0].headers.get("x-mine"), "1");
  assert.equal(fetch.requests[0].headers.get("x-client-sku"), "Node");
});

test("correlationId is sent while it is set, and a new one with each call while it is not", async () => {
  const fetch = scriptedFetch(refused());
  const made = context(fetch);
  await acquireError(made);
  await acquireError(made);
  made.correlationId = "mine";
  await acquireError(made);
  await acquireError(made);
  const ids = fetch.requests.map(({ headers }) => headers.get("client-request-id"));
  assert.notEqual(ids[0], ids[1]);
  assert.deepEqual(ids.slice(2), ["mine", "mine"]);
  assert.equal(made.correlationId, "mine");
});

test("concurrent calls with correlation ids of their own send each their own", async () => {
  const { opened, open } = gate();
  const fetch = scriptedFetch(async () => {
    await opened;
    return grantedV1();
  });
  const made = context(fetch);
  made.correlationId = "one";
  const first = acquireToken(made);
  made.correlationId = "two";
  const second = acquireToken(made);
  await until(() => fetch.requests.length === 2, "both requests");
  open();
  await Promise.all([first, second]);
  assert.deepEqual(fetch.requests.map(({ headers }) => headers.get("client-request-id")).sort(), ["one", "two"]);
});

test("a callback that throws is called once, and its exception is uncaught", () => {
  const script = `
    import { AuthenticationContext, MemoryCache } from ${JSON.stringify(entryUrl("./adal").href)};
    let calls = 0;
    process.on("uncaughtException", (error) => console.log("uncaught", error.message));
    process.on("unhandledRejection", (error) => console.log("rejection", error.message));
    process.on("exit", () => console.log("calls", calls));
    const context = new AuthenticationContext(process.env.AUTHORITY, true, new MemoryCache());
    context.options = { http: { fetch: async () => new Response('{"token_type":"Bearer","access_token":"a","expires_in":"3600"}') } };
    context.acquireTokenWithClientCertificate("r", process.env.CLIENT, process.env.PEM, process.env.THUMBPRINT, () => {
      calls += 1;
      throw new Error("mine");
    });
  `;
  const env = { ...process.env, AUTHORITY, CLIENT, PEM, THUMBPRINT };
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    env,
    encoding: "utf8",
  });
  assert.equal(stdout, "uncaught mine\ncalls 1\n", stderr);
});

test("AD FS is asked without a tenant's GUID", async () => {
  const fetch = scriptedFetch(grantedV1());
  await acquireToken(context(fetch, { authority: "https://adfs.contoso.example/adfs", validate: false }));
  assert.equal(fetch.requests[0].url, "https://adfs.contoso.example/adfs/oauth2/token?api-version=1.0");
});

test("the tenant may be a domain", async () => {
  const fetch = scriptedFetch(grantedV1());
  await acquireToken(context(fetch, { authority: "https://login.windows.net/contoso.onmicrosoft.com" }));
  assert.equal(fetch.requests[0].url, "https://login.windows.net/contoso.onmicrosoft.com/oauth2/token?api-version=1.0");
  assert.notEqual(TENANT, "contoso.onmicrosoft.com");
});
