// Logging of certgrant/adal: adal-node's options, lines and rule about personal data.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { acquire, acquireToken, context } from "./support/adal.mjs";
import { expectNoSecret } from "./support/credential.mjs";
import { AUTHORITY, CLIENT, TENANT } from "./support/fixtures.mjs";
import { adal } from "./support/package.mjs";
import { grantedV1, json, refused, scriptedFetch } from "./support/service.mjs";

const { Logging } = adal;

afterEach(() => Logging.setLoggingOptions());

/** Runs `work` with a log that collects its lines. */
async function lines(options, work) {
  const collected = [];
  Logging.setLoggingOptions({ ...options, log: (level, message, error) => collected.push({ level, message, error }) });
  await work();
  Logging.setLoggingOptions();
  return collected;
}

test("setLoggingOptions keeps and completes the object; without one it resets", () => {
  const given = {};
  Logging.setLoggingOptions(given);
  assert.equal(Logging.getLoggingOptions(), given);
  assert.equal(typeof given.log, "function");
  assert.equal(given.level, 0);
  assert.equal(given.loggingWithPII, false);
  Logging.setLoggingOptions();
  assert.notEqual(Logging.getLoggingOptions(), given);
  assert.equal(Logging.LogOptions, Logging.getLoggingOptions());
});

test("setLoggingOptions refuses in adal-node's words", () => {
  assert.throws(() => Logging.setLoggingOptions({ log: "x" }), {
    message: "setLogOptions expects the log key in the options parameter to be a function",
  });
  for (const level of [-1, 4]) {
    assert.throws(() => Logging.setLoggingOptions({ level }), {
      message: "setLogOptions expects the level key to be in the range 0 to 3 inclusive",
    });
  }
});

test("the functions of Logging can be taken from it", () => {
  const { setLoggingOptions, getLoggingOptions } = Logging;
  const given = { level: 2 };
  setLoggingOptions(given);
  assert.equal(getLoggingOptions(), given);
});

const LINE =
  /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT:(\S+) - (Authority|TokenRequest|CacheDriver|OAuth2Client|SelfSignedJwt): (ERROR|WARNING|INFO|VERBOSE): ./;
const LEVELS = ["ERROR", "WARNING", "INFO", "VERBOSE"];

test("every line has adal-node's form and the call's correlation id", async () => {
  const made = context(scriptedFetch(grantedV1()));
  made.correlationId = "mine";
  const collected = await lines({ level: 3, loggingWithPII: true }, () => acquireToken(made));
  assert.ok(collected.length > 8);
  for (const { level, message, error } of collected) {
    const match = LINE.exec(message);
    assert.ok(match, message);
    assert.equal(match[1], "mine");
    assert.equal(match[3], LEVELS[level]);
    assert.equal(error, null);
  }
  const components = new Set(collected.map(({ message }) => LINE.exec(message)[2]));
  assert.deepEqual([...components].sort(), [
    "Authority",
    "CacheDriver",
    "OAuth2Client",
    "SelfSignedJwt",
    "TokenRequest",
  ]);
});

test("verbose lines show what happens", async () => {
  const collected = await lines({ level: 3 }, () => acquireToken(context(scriptedFetch(grantedV1()))));
  const text = collected.map(({ message }) => message).join("\n");
  for (const part of [
    /Authority: VERBOSE: Authority validated via static instance discovery\./,
    /TokenRequest: INFO: Getting a token via certificate\./,
    /CacheDriver: VERBOSE: Looking for potential cache entries:/,
    /SelfSignedJwt: VERBOSE: Signing self signed JWT with RS256/,
    /OAuth2Client: VERBOSE: Get Token: sending POST/,
    /OAuth2Client: INFO: Get Token: status 200 after \d+ ms/,
    /TokenRequest: VERBOSE: Successfully retrieved token from authority/,
    /CacheDriver: VERBOSE: Adding entry/,
  ]) {
    assert.match(text, part);
  }
});

test("lower levels show less", async () => {
  const counts = [];
  for (const level of [0, 1, 2, 3]) {
    counts.push((await lines({ level }, () => acquireToken(context(scriptedFetch(grantedV1()))))).length);
  }
  assert.equal(counts[0], 0);
  assert.ok(counts[1] <= counts[2] && counts[2] < counts[3]);
});

test("personal data is in no line unless loggingWithPII is set", async () => {
  const work = async () => {
    await acquire(
      context(
        scriptedFetch(json(JSON.parse(await grantedV1().text()), { headers: { "client-request-id": "echoed" } })),
      ),
    );
    await acquire(context(scriptedFetch(refused())));
  };
  const without = (await lines({ level: 3 }, work)).map(({ message }) => message).join("\n");
  for (const personal of [AUTHORITY, TENANT, CLIENT, "AADSTS", "echoed"])
    assert.ok(!without.includes(personal), personal);
  const withPii = (await lines({ level: 3, loggingWithPII: true }, work)).map(({ message }) => message).join("\n");
  for (const personal of [AUTHORITY, CLIENT, "AADSTS"]) assert.ok(withPii.includes(personal), personal);
  assert.match(withPii, /correlationId: echoed/);
});

test("no line holds a token, an assertion or the key, whatever is allowed", async () => {
  const fetch = scriptedFetch(grantedV1("secret-access-token", { refresh_token: "secret-refresh-token" }), refused());
  const collected = await lines({ level: 3, loggingWithPII: true }, async () => {
    const made = context(fetch);
    await acquire(made);
    await acquire(made);
    await acquire(made, { resource: "urn:other" });
  });
  const text = collected.map(({ message, error }) => message + (error?.stack ?? "")).join("\n");
  const assertions = fetch.requests.map(({ form }) => form.get("client_assertion"));
  expectNoSecret(text, "secret-access-token", "secret-refresh-token", ...assertions);
});

test("an error line has the error and its stack", async () => {
  const collected = await lines({ level: 0 }, () =>
    acquire(context(scriptedFetch(grantedV1())), { thumbprint: "AABB" }),
  );
  assert.equal(collected.length, 1);
  const [{ level, message, error }] = collected;
  assert.equal(level, 0);
  assert.match(message, /ERROR: The thumbprint does not match a known format\nStack:\nError: The thumbprint/);
  assert.equal(error.message, "The thumbprint does not match a known format");
});

test("a log that throws does not cost the token", async () => {
  Logging.setLoggingOptions({
    level: 3,
    log() {
      throw new Error("disk full");
    },
  });
  assert.equal((await acquireToken(context(scriptedFetch(grantedV1())))).accessToken, "token-1");
});
