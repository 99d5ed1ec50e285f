// What the token service, or something in its place, may answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { acquireError, context } from "./support/adal.mjs";
import { credential, expectError, expectNoSecret } from "./support/credential.mjs";
import { SCOPE, THUMBPRINT } from "./support/fixtures.mjs";
import { adal } from "./support/package.mjs";
import { granted, json, REFUSAL, refused, scriptedFetch, until } from "./support/service.mjs";

/** The error of a getToken that gets `answer`. */
async function failure(answer, options) {
  const fetch = scriptedFetch(answer);
  let error;
  await assert.rejects(credential(fetch, options).getToken(SCOPE), (thrown) => {
    error = thrown;
    return true;
  });
  assert.equal(fetch.requests.length, 1);
  expectNoSecret(inspect(error), fetch.requests[0].form.get("client_assertion"));
  return error;
}

test("a refusal is an AuthenticationError with the service's fields", async () => {
  const error = expectError(await failure(refused()), "ERR_SERVICE_REFUSED");
  assert.equal(error.name, "AuthenticationError");
  assert.equal(error.statusCode, 401);
  assert.equal(error.errorResponse.error, "invalid_client");
  assert.equal(error.errorResponse.errorDescription, REFUSAL.error_description);
  assert.deepEqual(error.errorResponse.errorCodes, [700027]);
  assert.equal(error.errorResponse.timestamp, REFUSAL.timestamp);
  assert.equal(error.errorResponse.traceId, REFUSAL.trace_id);
  assert.equal(error.errorResponse.correlationId, REFUSAL.correlation_id);
  assert.equal(error.errorResponse.errorUri, REFUSAL.error_uri);
  assert.equal(error.errorResponse.requestId, "request-1");
  assert.match(error.message, /AADSTS700027/);
});

test("a refusal says what helps against its AADSTS numbers", async () => {
  const hint = async (...error_codes) => (await failure(json({ ...REFUSAL, error_codes }, { status: 401 }))).hint;
  assert.equal(
    await hint(700211),
    "the federated credential's issuer has to equal the token's iss, to the final slash",
  );
  assert.match(await hint(70002, 50012), /^register this certificate/);
  assert.match(await hint(700016), /^check client id and tenant/);
  assert.equal(await hint(1, 2048), "read the service's own error and error_description");
});

test("an unregistered certificate is compared with the one in use", async () => {
  const answer = (thumbprint) => {
    const error_description = `AADSTS700027: [Reason - The key was not found., Thumbprint of key used by client: '${thumbprint}']`;
    return json({ ...REFUSAL, error_description }, { status: 401 });
  };
  const { hint: own } = await failure(answer(THUMBPRINT));
  assert.match(own, new RegExp(`^the app does not have the certificate in use, ${THUMBPRINT} `));
  const { hint: other } = await failure(answer("AB".repeat(20)));
  assert.match(other, new RegExp(`speaks of the certificate ${"AB".repeat(20)}, and the one in use is ${THUMBPRINT} `));
});

test("an overloaded service is unavailable, and says when to come back", async () => {
  const answer = json(
    { error: "temporarily_unavailable", error_description: "AADSTS90033: busy" },
    { status: 503, headers: { "retry-after": "30" } },
  );
  const error = expectError(await failure(answer), "ERR_SERVICE_UNAVAILABLE");
  assert.equal(error.statusCode, 503);
  assert.equal(error.errorResponse.retryAfter, 30);
});

const NO_TOKENS = [
  ["HTML", new Response("<html><body>Sign in</body></html>", { headers: { "content-type": "text/html" } })],
  ["an empty body", new Response("")],
  ["a body that is cut off", new Response('{"token_type":"Bearer","expires_in":3599,"access_tok')],
  ["JSON that is no object", json([1, 2])],
  ["JSON without a token", json({ token_type: "Bearer", expires_in: 3599 })],
  ["null", json(null)],
  ["bytes that are no text", new Response(new Uint8Array([0xff, 0xfe, 0x00, 0x80]))],
];

for (const [what, answer] of NO_TOKENS) {
  test(`${what} instead of a token response is ERR_RESPONSE_INVALID`, async () => {
    const error = expectError(await failure(answer), "ERR_RESPONSE_INVALID");
    assert.doesNotMatch(error.message, /Sign in|access_tok"?$/, "the body is not repeated");
  });
}

test("an HTML page with an error status keeps the status", async () => {
  const error = await failure(
    new Response("<html>Bad gateway</html>", { status: 502, headers: { "content-type": "text/html" } }),
  );
  assert.match(error.code, /^ERR_(SERVICE_UNAVAILABLE|RESPONSE_INVALID)$/);
  expectError(error, error.code);
  assert.match(error.message, /502/);
});

test("a redirect is not followed", async () => {
  const answer = new Response(null, { status: 302, headers: { location: "https://elsewhere.example/" } });
  const error = await failure(answer);
  expectError(error, error.code);
  assert.match(error.message, /302/);
});

test("an endless body is cut, not collected", async () => {
  let sent = 0;
  const chunk = new Uint8Array(64 * 1024).fill(0x20);
  const body = new ReadableStream({
    pull(controller) {
      sent += chunk.length;
      controller.enqueue(chunk);
    },
  });
  const fetch = async () => new Response(body);
  await assert.rejects(credential(fetch).getToken(SCOPE), { code: "ERR_RESPONSE_INVALID" });
  assert.ok(sent < 2 * 1024 * 1024, `${sent} bytes were read`);
});

test("a host that can't be reached is ERR_NETWORK_FAILED with fetch's error as cause", async () => {
  const system = Object.assign(new Error("getaddrinfo ENOTFOUND login.microsoftonline.com"), {
    code: "ENOTFOUND",
    syscall: "getaddrinfo",
    hostname: "login.microsoftonline.com",
  });
  const thrown = new TypeError("fetch failed", { cause: system });
  const error = expectError(await failure(thrown), "ERR_NETWORK_FAILED");
  assert.deepEqual([error.cause.name, error.cause.cause.code], ["TypeError", "ENOTFOUND"]);
  assert.match(error.message, /ENOTFOUND/);
});

test("what a replaced fetch throws is not repeated in the message", async () => {
  const fetch = async (_url, { body }) => {
    throw new Error(`could not send ${body}`);
  };
  await assert.rejects(credential(fetch).getToken(SCOPE), (error) => {
    expectError(error, "ERR_NETWORK_FAILED");
    return true;
  });
});

test("a body that breaks off is ERR_NETWORK_FAILED", async () => {
  const body = new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode('{"token_type":"Bea'));
      controller.error(new TypeError("terminated"));
    },
  });
  await assert.rejects(credential(async () => new Response(body)).getToken(SCOPE), { code: "ERR_NETWORK_FAILED" });
});

test("a fetch that never answers and ignores its signal is given up after the request's time", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let signal;
  const fetch = (_url, init) => {
    signal = init.signal;
    return new Promise(() => undefined);
  };
  const call = assert.rejects(credential(fetch).getToken(SCOPE), (error) => {
    expectError(error, "ERR_REQUEST_TIMEOUT");
    return true;
  });
  await until(() => signal, "the request");
  assert.equal(signal.aborted, false);
  t.mock.timers.tick(300_000);
  await call;
  assert.equal(signal.aborted, true, "fetch is told");
});

test("a body that never ends is given up after the request's time", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let asked = false;
  const fetch = async () => {
    asked = true;
    return new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }));
  };
  const call = assert.rejects(credential(fetch).getToken(SCOPE), { code: "ERR_REQUEST_TIMEOUT" });
  await until(() => asked, "the request");
  t.mock.timers.tick(300_000);
  await call;
});

test("after a failure the next call asks again", async () => {
  const fetch = scriptedFetch(new Response("<html>"), granted("token-2"));
  const one = credential(fetch);
  await assert.rejects(one.getToken(SCOPE), { code: "ERR_RESPONSE_INVALID" });
  assert.equal((await one.getToken(SCOPE)).token, "token-2");
});

test("a host where nobody listens is ERR_NETWORK_FAILED through the global fetch too", async () => {
  const one = credential(undefined, { authorityHost: "https://127.0.0.1:1" });
  await assert.rejects(one.getToken(SCOPE), (error) => {
    expectError(error, "ERR_NETWORK_FAILED");
    assert.ok(error.cause instanceof Error);
    return true;
  });
});

test("what a replaced fetch throws leaves its names behind and nothing else, however it is nested", async () => {
  const fetch = async (url, init) => {
    const inner = Object.assign(new Error(`socket hang up, sending ${init.body}`), {
      code: "ECONNRESET",
      syscall: "read",
      hostname: "proxy.contoso.example",
      request: init,
    });
    inner.cause = init.body;
    const outer = new Error(`could not send ${init.body}`, { cause: inner });
    outer.name = `SendError ${init.body}`;
    throw Object.assign(outer, { config: { url, data: init.body }, code: init.body, toJSON: () => init });
  };
  await assert.rejects(credential(fetch).getToken(SCOPE), (error) => {
    expectError(error, "ERR_NETWORK_FAILED");
    assert.match(error.message, /found ECONNRESET read proxy\.contoso\.example/);
    const text = inspect(error, { depth: null, showHidden: true }) + JSON.stringify(error);
    assert.doesNotMatch(text, /client_assertion|client_id/);
    expectNoSecret(text);
    assert.deepEqual(
      [error.cause.name, error.cause.cause.code, error.cause.cause.syscall, error.cause.cause.hostname],
      ["Error", "ECONNRESET", "read", "proxy.contoso.example"],
    );
    return true;
  });
});

test("what a replaced fetch throws may be anything", async () => {
  const hostile = new Proxy(new Error("x"), {
    get() {
      throw new Error("not yours");
    },
  });
  const loop = new Error("x");
  loop.cause = loop;
  for (const thrown of [undefined, null, "text", 5, hostile, loop, Object.create(null)]) {
    const fetch = async () => {
      throw thrown;
    };
    await assert.rejects(credential(fetch).getToken(SCOPE), (error) => {
      expectError(error, "ERR_NETWORK_FAILED");
      assert.ok(error.cause instanceof Error);
      return true;
    });
  }
});

test("the log of certgrant/adal gets no causes unless loggingWithPII is set", async () => {
  const fetch = async (_url, { body }) => {
    throw Object.assign(new Error(`could not send ${body}`), { code: "ECONNRESET", config: body });
  };
  for (const loggingWithPII of [false, true]) {
    const errors = [];
    adal.Logging.setLoggingOptions({
      level: 0,
      loggingWithPII,
      log: (_level, _line, error) => error && errors.push(error),
    });
    const error = await acquireError(context(fetch));
    adal.Logging.setLoggingOptions();
    assert.equal(errors.length, 1);
    assert.equal(errors[0].message, "No response from the server");
    assert.equal(errors[0].code, "ERR_NETWORK_FAILED");
    assert.equal(errors[0].cause?.code, loggingWithPII ? "ECONNRESET" : undefined);
    assert.equal(error.cause.code, "ECONNRESET");
    assert.doesNotMatch(inspect([errors, error], { depth: null, showHidden: true }), /client_assertion/);
  }
});

test("an answer without a stream is not read if it says that it is larger than any token response", async () => {
  let read = 0;
  const fetch = async () => ({
    status: 200,
    headers: new Headers({ "content-length": String(50 * 1024 * 1024) }),
    async arrayBuffer() {
      read += 1;
      return new ArrayBuffer(0);
    },
  });
  await assert.rejects(credential(fetch).getToken(SCOPE), { code: "ERR_RESPONSE_INVALID" });
  assert.equal(read, 0);
});

test("an answer without a stream and of a usual size is read", async () => {
  const answer = granted();
  const fetch = async () => ({
    status: 200,
    headers: new Headers({ "content-type": "application/json", "content-length": "100" }),
    arrayBuffer: () => answer.arrayBuffer(),
  });
  assert.equal((await credential(fetch).getToken(SCOPE)).token, "token-1");
});
