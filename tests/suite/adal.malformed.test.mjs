// certgrant/adal and values of shapes that nobody expects: every call ends once, with a token or with an AdalError.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ARGUMENTS, acquire, context } from "./support/adal.mjs";
import { adal } from "./support/package.mjs";
import { grantedV1, refused, scriptedFetch } from "./support/service.mjs";

/** What no conversion to text or number survives. */
const STUBBORN = { toString: 1, valueOf: 1 };

test("error_codes that are neither numbers nor digits are left out, and the refusal stays one", async () => {
  const answer = refused({ error_codes: [STUBBORN, 700027, "50001", null, [7], "", "x", true] }, 400);
  const [error, body] = await acquire(context(scriptedFetch(answer)));
  assert.ok(error instanceof adal.AdalError);
  assert.equal(error.code, "ERR_SERVICE_REFUSED");
  assert.deepEqual(error.errorCodes, [700027, 50001]);
  assert.equal(body.error, "invalid_client");
  const { resource, clientId, certificate, thumbprint } = ARGUMENTS;
  const made = context(scriptedFetch(answer));
  await assert.rejects(
    made.acquireTokenWithClientCertificate(resource, clientId, certificate, thumbprint),
    adal.AdalError,
  );
});

for (const key of ["expires_in", "expires_on", "created_on"]) {
  test(`an object as ${key} is no int`, async () => {
    for (const value of [STUBBORN, ["5"], { a: 1 }]) {
      const [error, ...rest] = await acquire(context(scriptedFetch(grantedV1("token-1", { [key]: value }))));
      assert.ok(error instanceof adal.AdalError);
      assert.equal(error.message, `${key} could not be parsed as an int.`);
      assert.equal(error.code, "ERR_RESPONSE_INVALID");
      assert.deepEqual(rest, []);
    }
  });
}

test("a refusal that is nested too deeply to be written again is an AdalError all the same", async () => {
  const deep = `{"error":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const [error] = await acquire(context(scriptedFetch(new Response(deep, { status: 400 }))));
  assert.ok(error instanceof adal.AdalError);
});

test("the same from the host that knows authorities", async () => {
  const deep = `{"error":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const made = context(scriptedFetch(new Response(deep, { status: 400 })), {
    authority: "https://login.contoso.example/t",
  });
  const [error] = await acquire(made);
  assert.ok(error instanceof adal.AdalError);
});

test("a client id that is missing or no text is ERR_CLIENT_ID_INVALID, without a request", async () => {
  for (const clientId of [undefined, null, "", {}, STUBBORN, Symbol("id"), 1n]) {
    const fetch = scriptedFetch(grantedV1());
    const [error] = await acquire(context(fetch), { clientId });
    assert.ok(error instanceof adal.AdalError);
    assert.equal(error.code, "ERR_CLIENT_ID_INVALID");
    assert.equal(fetch.requests.length, 0);
  }
});

test("numbers as client id and correlation id are sent as text, as adal-node sent them", async () => {
  const fetch = scriptedFetch(grantedV1());
  const made = context(fetch);
  made.correlationId = 42;
  const [error, token] = await acquire(made, { clientId: 7 });
  assert.equal(error, null);
  assert.equal(token._clientId, "7");
  assert.equal(fetch.requests[0].form.get("client_id"), "7");
  assert.equal(fetch.requests[0].headers.get("client-request-id"), "42");
});

test("a correlation id that is no text is replaced by a new one", async () => {
  const fetch = scriptedFetch(grantedV1());
  const made = context(fetch);
  made.correlationId = STUBBORN;
  const [error] = await acquire(made);
  assert.equal(error, null);
  assert.match(fetch.requests[0].headers.get("client-request-id"), /^[0-9a-f-]{36}$/);
});
