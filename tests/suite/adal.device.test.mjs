// Device codes of certgrant/adal: when the service is asked, what ends it, and how a caller gives up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { call, context, grantedToUser } from "./support/adal.mjs";
import { CLIENT, RESOURCE } from "./support/fixtures.mjs";
import { json, scriptedFetch, until } from "./support/service.mjs";

const INFO = { deviceCode: "device", interval: 5, expiresIn: 900, userCode: "u" };
const refusal = (error) => json({ error, error_description: `AADSTS: ${error}` }, { status: 400 });
const PENDING = refusal("authorization_pending");
const poll = (made, info = INFO) => call(made, "acquireTokenWithDeviceCode", RESOURCE, CLIENT, info);
const cancel = (made, info = INFO) => call(made, "cancelRequestToGetTokenWithDeviceCode", info);

/** Lets `milliseconds` pass on a clock that stands still otherwise, and what follows from that happen. */
async function pass(t, milliseconds) {
  t.mock.timers.tick(milliseconds);
  await new Promise((turn) => setImmediate(turn));
}

test("the service is asked at once and then in the interval, which slow_down makes longer", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const fetch = scriptedFetch(PENDING, refusal("slow_down"), PENDING, grantedToUser());
  const result = poll(context(fetch));
  const asked = [];
  for (let second = 0; fetch.requests.length < 4 && second < 60; second++) {
    await until(() => fetch.requests.length > 0, "the first question");
    while (asked.length < fetch.requests.length) asked.push(second);
    // The answer is read before the clock goes on.
    for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
    await pass(t, 1000);
  }
  assert.deepEqual(asked, [0, 5, 15], "after 5 s, then after 10 s; the last one ends the loop");
  const [error, token] = await result;
  assert.equal(error, null);
  assert.equal(token.accessToken, "token-1");
});

for (const error of ["authorization_declined", "expired_token", "bad_verification_code"]) {
  test(`${error} ends it with an error that says so`, async () => {
    const [failure, body] = await poll(context(scriptedFetch(refusal(error))));
    assert.ok(failure instanceof Error);
    assert.equal(failure.error, error);
    assert.equal(body.error, error);
  });
}

test("nobody typed it in: an Error that has what adal-node's plain object had", async () => {
  const [error, ...rest] = await poll(context(scriptedFetch(PENDING)), { ...INFO, expiresIn: 5 });
  assert.ok(error instanceof Error);
  assert.equal(error.code, "ERR_DEVICE_CODE_EXPIRED");
  assert.equal(error.error, "authorization_pending");
  assert.equal(error.error_description, "AADSTS: authorization_pending");
  assert.deepEqual(rest, []);
});

test("cancelling wakes the poll, calls both callbacks, and leaves no timer behind", async () => {
  const fetch = scriptedFetch(PENDING);
  const made = context(fetch);
  const polling = poll(made);
  await until(() => fetch.requests.length === 1);
  assert.deepEqual(await cancel(made), [null]);
  const [error] = await polling;
  assert.equal(error.message, "Polling_Request_Cancelled");
  assert.equal(error.code, "ERR_ABORTED");
  assert.equal(fetch.requests.length, 1);
  assert.ok(!process.getActiveResourcesInfo().includes("Timeout"), "no timer");
  const [second] = await cancel(made);
  assert.equal(second.message, "No acquireTokenWithDeviceCodeRequest existed to be cancelled");
});

test("a poll can be cancelled before the method has sent anything, and after it ended there is none", async () => {
  const fetch = scriptedFetch(grantedToUser());
  const made = context(fetch);
  const polling = poll(made);
  await cancel(made);
  assert.equal((await polling)[0].message, "Polling_Request_Cancelled");
  await poll(made);
  assert.match((await cancel(made))[0].message, /^No acquireTokenWithDeviceCodeRequest/);
});

test("one code's cancelling leaves another's poll alone", async () => {
  const fetch = scriptedFetch(({ form }) => (form.get("code") === "other" ? grantedToUser() : PENDING));
  const made = context(fetch);
  const [mine, other] = [poll(made), poll(made, { ...INFO, deviceCode: "other" })];
  await cancel(made);
  assert.equal((await mine)[0].message, "Polling_Request_Cancelled");
  assert.equal((await other)[1].accessToken, "token-1");
});

test("intervals may be texts, as a user's own code may have made them", async () => {
  const [error, token] = await poll(context(scriptedFetch(grantedToUser())), {
    ...INFO,
    interval: "5",
    expiresIn: "9",
  });
  assert.equal(error, null);
  assert.ok(token.refreshToken);
  const [invalid] = await poll(context(scriptedFetch()), { ...INFO, interval: "-1" });
  assert.equal(invalid.message, "invalid refresh interval");
});

test("bodies of any shape end the poll with an error", async () => {
  for (const body of ["null", "[]", '"x"', "5", ""]) {
    const [error] = await poll(context(scriptedFetch(new Response(body, { status: 400 }))));
    assert.match(error.message, /^Get Token request returned http error: 400/);
    const [other] = await poll(context(scriptedFetch(new Response(body))));
    assert.equal(other.message, "wireResponse is missing token_type");
  }
});
