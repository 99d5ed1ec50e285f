// What those who watch a process are told: the channels of node:diagnostics_channel and spans of OpenTelemetry.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createRequire } from "node:module";
import { test } from "node:test";
import { credential, expectNoSecret } from "./support/credential.mjs";
import { CLIENT, SCOPE, TENANT } from "./support/fixtures.mjs";
import { entryUrl } from "./support/package.mjs";
import { granted, refused, scriptedFetch, until } from "./support/service.mjs";

const NAMES = ["requested", "served", "refreshed", "failed"];
const ID = "11111111-1111-4111-8111-111111111111";

/** Subscribes to the channels while `action` runs; what they told, as `[name, message]`. */
async function told(action) {
  const messages = [];
  const listeners = NAMES.map((name) => [
    `certgrant:token:${name}`,
    (message) => messages.push([name, { ...message }]),
  ]);
  for (const [name, listener] of listeners) subscribe(name, listener);
  try {
    await action(messages);
  } finally {
    for (const [name, listener] of listeners) unsubscribe(name, listener);
  }
  return messages;
}

test("a token that is asked for and one from the cache are told with their times", async () => {
  const fetch = scriptedFetch(granted("secret-token"));
  const one = credential(fetch);
  const before = Date.now();
  const messages = await told(async () => {
    await one.getToken(SCOPE);
    await one.getToken(SCOPE);
  });
  assert.deepEqual(
    messages.map(([name]) => name),
    ["requested", "served", "requested", "served"],
  );
  const [[, requested], [, served], , [, hit]] = messages;
  assert.deepEqual(requested, { credential: "ClientCertificateCredential", scopes: [SCOPE] });
  const sent = fetch.requests[0].headers.get("client-request-id");
  for (const [event, source] of [
    [served, "service"],
    [hit, "cache"],
  ]) {
    assert.equal(event.source, source);
    assert.equal(event.correlationId, sent);
    assert.ok(event.durationMs >= 0 && event.durationMs < 60_000);
    assert.ok(event.expiresOnTimestamp > before + 3_500_000);
  }
  expectNoSecret(JSON.stringify(messages), "secret-token", TENANT, CLIENT);
});

test("a failure is told with its code and the id of its request", async () => {
  const fetch = scriptedFetch(refused());
  const one = credential(fetch);
  const messages = await told(() => assert.rejects(one.getToken([SCOPE], { correlationId: ID })));
  assert.deepEqual(
    messages.map(([name]) => name),
    ["requested", "failed"],
  );
  assert.equal(messages[0][1].correlationId, ID);
  const { code, isServed, correlationId, durationMs } = messages[1][1];
  assert.deepEqual(
    { code, isServed, correlationId },
    { code: "ERR_SERVICE_REFUSED", isServed: false, correlationId: ID },
  );
  assert.ok(durationMs >= 0);
});

/** A credential whose token is to be renewed, and the time for it. */
async function aging(t, ...answers) {
  t.mock.timers.enable({ apis: ["Date"], now: 1_800_000_000_000 });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const one = credential(scriptedFetch(granted("token-1", { refresh_in: 1800 }), ...answers));
  await one.getToken(SCOPE);
  now += 3_000_000;
  t.mock.timers.tick(3_000_000);
  return one;
}

test("a refresh behind a caller is told beside what the caller got", async (t) => {
  const one = await aging(t, granted("token-2"));
  const messages = await told(async (messages) => {
    assert.equal((await one.getToken(SCOPE)).token, "token-1");
    await until(() => messages.length === 3, "the refresh");
  });
  const names = messages.map(([name]) => name);
  assert.deepEqual([...names].sort(), ["refreshed", "requested", "served"]);
  const refreshed = messages.find(([name]) => name === "refreshed")[1];
  assert.ok(refreshed.expiresOnTimestamp > 1_800_003_000_000 + 3_500_000);
  assert.equal(messages.find(([name]) => name === "served")[1].source, "cache");
});

test("a refresh that fails is told as one that costs no caller a token", async (t) => {
  const one = await aging(t, refused({ error_codes: [7000222], trace_id: "trace-1" }));
  const messages = await told(async (messages) => {
    assert.equal((await one.getToken(SCOPE)).token, "token-1");
    await until(() => messages.length === 3, "the failure");
  });
  const failed = messages.find(([name]) => name === "failed")[1];
  assert.equal(failed.isServed, true);
  assert.equal(failed.code, "ERR_SERVICE_REFUSED");
  assert.deepEqual([failed.statusCode, failed.errorCodes, failed.traceId], [401, [7000222], "trace-1"]);
});

test("the tenant of a call is told only where account identifiers may be", async () => {
  const call = (loggingOptions) =>
    told(() =>
      credential(scriptedFetch(granted()), { loggingOptions, additionallyAllowedTenants: ["*"] }).getToken(SCOPE, {
        tenantId: "other.example",
      }),
    );
  assert.ok(!JSON.stringify(await call({})).includes("other.example"));
  assert.equal((await call({ allowLoggingAccountIdentifiers: true }))[0][1].tenantId, "other.example");
});

test("arguments that are refused are no requests", async () => {
  const messages = await told(() => assert.rejects(credential(scriptedFetch(granted())).getToken(5), TypeError));
  assert.deepEqual(messages, []);
});

test("a caller's correlation id is sent, and comes back with token, cached token and error", async () => {
  const fetch = scriptedFetch(granted(), refused());
  const one = credential(fetch);
  assert.equal((await one.getToken(SCOPE, { correlationId: ID })).correlationId, ID);
  assert.equal(fetch.requests[0].headers.get("client-request-id"), ID);
  assert.equal((await one.getToken(SCOPE)).correlationId, ID);
  const other = "22222222-2222-4222-8222-222222222222";
  await assert.rejects(one.getToken("https://other.example/.default", { correlationId: other }), {
    correlationId: other,
    code: "ERR_SERVICE_REFUSED",
  });
  const lost = credential(scriptedFetch(new TypeError("fetch failed")));
  await assert.rejects(lost.getToken(SCOPE, { correlationId: other }), { correlationId: other });
});

test("without one, token and error name the id that was sent", async () => {
  const fetch = scriptedFetch(granted(), refused());
  const one = credential(fetch);
  const { correlationId } = await one.getToken(SCOPE);
  assert.equal(correlationId, fetch.requests[0].headers.get("client-request-id"));
  const error = await one.getToken("https://other.example/.default").then(assert.fail, (thrown) => thrown);
  assert.equal(error.correlationId, fetch.requests[1].headers.get("client-request-id"));
});

test("a correlation id that no header takes is refused", async () => {
  for (const correlationId of ["", "a b", "a\r\nb: c", "ü", "x".repeat(129)]) {
    const call = credential(scriptedFetch(granted())).getToken(SCOPE, { correlationId });
    await assert.rejects(call, { name: "TypeError", code: "ERR_INVALID_ARG_VALUE" });
  }
});

/** `@azure/core-tracing` as certgrant finds it, in both of its forms; they share the instrumenter. */
const tracing = createRequire(entryUrl("."))("@azure/core-tracing");

/** Collects spans while `action` runs, in the place of OpenTelemetry. */
async function spans(action) {
  const found = [];
  const root = {
    values: new Map(),
    getValue: (key) => root.values.get(key),
    setValue: () => root,
    deleteValue: () => root,
  };
  tracing.useInstrumenter({
    startSpan(name, { packageName, packageVersion, tracingContext }) {
      const span = { name, packageName, packageVersion, parent: tracingContext, attributes: {}, ended: 0 };
      found.push(span);
      return {
        span: {
          setAttribute: (key, value) => {
            span.attributes[key] = value;
          },
          setStatus: (status) => {
            span.status = status;
          },
          end: () => {
            span.ended += 1;
          },
          isRecording: () => true,
          recordException: () => undefined,
        },
        tracingContext,
      };
    },
    withContext: (_context, callback, ...args) => callback(...args),
    parseTraceparentHeader: () => undefined,
    createRequestHeaders: () => ({}),
  });
  try {
    await action({ tracingOptions: { tracingContext: root } });
  } finally {
    tracing.useInstrumenter(undefined);
  }
  return { found, root };
}

test("a call that is traced becomes a span of its caller's, with its outcome", async () => {
  const fetch = scriptedFetch(granted(), refused());
  const one = credential(fetch);
  const { found, root } = await spans(async (options) => {
    await one.getToken(SCOPE, options);
    await one.getToken(SCOPE, options);
    await assert.rejects(one.getToken("https://other.example/.default", options));
    await one.getToken(SCOPE);
  });
  assert.equal(found.length, 3);
  for (const span of found) {
    assert.equal(span.name, "ClientCertificateCredential.getToken");
    assert.equal(span.packageName, "certgrant");
    assert.equal(span.parent, root);
    assert.equal(span.ended, 1);
  }
  const [first, hit, failed] = found;
  assert.equal(first.status.status, "success");
  const sent = fetch.requests.map(({ headers }) => headers.get("client-request-id"));
  assert.equal(first.attributes["az.client_request_id"], sent[0]);
  assert.equal(hit.attributes["az.client_request_id"], sent[0]);
  assert.equal(failed.status.status, "error");
  assert.equal(failed.attributes["error.type"], "ERR_SERVICE_REFUSED");
  assert.equal(failed.attributes["az.client_request_id"], sent[1]);
});

test("the tracing library is loaded with the first call that is traced", () => {
  const program = `
    import { createRequire } from "node:module";
    import { ClientSecretCredential } from ${JSON.stringify(entryUrl("."))};
    const isLoaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes("core-tracing"));
    const fetch = async () => Response.json({ token_type: "Bearer", expires_in: 3599, access_token: "t" });
    const one = new ClientSecretCredential("contoso.example", "client", "secret", { fetch, silenceSecretWarning: true });
    await one.getToken("s/.default");
    const before = isLoaded();
    const tracingContext = { getValue() {}, setValue() { return this; }, deleteValue() { return this; } };
    const { token } = await one.getToken("s/.default", { tracingOptions: { tracingContext } });
    console.log(before, isLoaded(), token);`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  assert.equal(stdout, "false true t\n", stderr);
});

test("AZURE_LOG_LEVEL writes lines of that level and above to the standard error stream", () => {
  const lines = (level) => {
    const program = `
      import { ClientSecretCredential } from ${JSON.stringify(entryUrl("."))};
      const fetch = async () => Response.json({ token_type: "Bearer", expires_in: 3599, access_token: "secret-token" });
      const one = new ClientSecretCredential("contoso.example", "client", "hunter2", { fetch, silenceSecretWarning: true });
      await one.getToken("s/.default");`;
    const env = { ...process.env, AZURE_LOG_LEVEL: level };
    const { stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
      env,
    });
    assert.equal(status, 0, stderr);
    expectNoSecret(stderr, "hunter2", "secret-token", "contoso.example");
    return stderr.split("\n").filter((line) => line !== "");
  };
  assert.deepEqual(lines(""), []);
  assert.deepEqual(lines("error"), []);
  const info = lines("info");
  assert.ok(info.some((line) => /^certgrant:info \[[0-9a-f-]{36}\] token granted, expires /.test(line)));
  assert.ok(!info.some((line) => line.startsWith("certgrant:verbose")));
  assert.ok(lines("VERBOSE").some((line) => /^certgrant:verbose (native|wasm) backend, client secret/.test(line)));
});
