// certgrant itself against the emulator, over HTTPS with Node's own fetch, on both backends: tokens by both of its
// interfaces and at both endpoints, which verify as a resource would verify them, and the service's refusals, which
// reach the caller as typed errors.
//
// Strict mode refuses or names every deviation from the RFCs: none may be named. The wrong clock is `Date.now` of
// certgrant's process, set an hour off; the wrong audience comes about by a proxy that leads a request to another tenant.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { adalCall, BACKENDS, credentialCall, KINDS, runCertgrant } from "./fixtures/certgrant.mjs";
import { selfSigned } from "./fixtures/certificate.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import { startMisleader } from "./fixtures/misleader.mjs";
import {
  CLIENT,
  DISABLED,
  DOMAIN,
  EXPIRED_KEY,
  GRAPH,
  GUARDED,
  NOT_IN_TENANT,
  ORDERS,
  ORDERS_ID,
  OTHER_TENANT,
  PUBLIC_CLIENT,
  TENANT,
  TRUSTED_BY_NAME,
  UNKNOWN,
} from "./fixtures/registrations.mjs";
import { expectGraphToken, verified } from "./fixtures/tokens.mjs";
import { CHAINED } from "./fixtures/vectors.mjs";

const HOUR = 60 * 60 * 1000;
const STRANGER = selfSigned();
/** Sent with adal-node's calls; the other interface has a new one for each request. */
const CORRELATION_ID = randomUUID();

/** What is asked for, and what has to come of it. */
const TOKENS = [
  ...KINDS.map(({ name, alg, call }) => ({ name, call, check: checkKind(alg) })),
  ...[credentialCall, adalCall].flatMap((call) => [
    {
      name: `${call.name}: a v2 token for a resource that wants such tokens`,
      call: (authority) => call(authority, { resource: ORDERS, scope: `${ORDERS}/.default` }),
      check: checkOrders,
    },
    {
      name: `${call.name}: in a tenant that is named by its domain`,
      call: (authority) => call(authority, { tenant: DOMAIN }),
      check: (emulator, { token }) => expectGraphToken(emulator, token),
    },
  ]),
  {
    name: "for a subject name and issuer, by the chain in the header",
    call: (authority) =>
      credentialCall(authority, {
        clientId: TRUSTED_BY_NAME,
        certificate: CHAINED.pem,
        options: { sendCertificateChain: true },
      }),
    check: checkTrusted,
  },
];

function checkKind(alg) {
  return async (emulator, { token, expiresOn, tokenType, assertions }, line, { api }) => {
    const { exp } = await expectGraphToken(emulator, token);
    assert.equal(tokenType, "Bearer");
    assert.ok(Math.abs(expiresOn - exp * 1000) < 5000, `${expiresOn} is when the token expires, ${exp}`);
    assert.equal(assertions.length, 1);
    const path = api === "adal" ? "oauth2/token" : "oauth2/v2.0/token";
    const hint = alg === "PS256" ? "x5t#S256" : "x5t";
    const checks = `tenant, grant, jwt, typ, alg ${alg}, claims, key hint ${hint}, `;
    assert.ok(line.startsWith(`POST /${TENANT}/${path} 200 client ${CLIENT}; checked ${checks}`), line);
  };
}

async function checkOrders(emulator, { token }) {
  const { issuer } = await emulator.get(`/${TENANT}/v2.0/.well-known/openid-configuration`);
  const { ver, azp, azpacr, tid, idtyp } = await verified(emulator, token, { issuer, audience: ORDERS_ID });
  const expected = { ver: "2.0", azp: CLIENT, azpacr: "2", tid: TENANT, idtyp: "app" };
  assert.deepEqual({ ver, azp, azpacr, tid, idtyp }, expected);
}

async function checkTrusted(emulator, { token }, line) {
  const issuer = `https://sts.windows.net/${TENANT}/`;
  const { appid, appidacr } = await verified(emulator, token, { issuer, audience: GRAPH });
  assert.deepEqual({ appid, appidacr }, { appid: TRUSTED_BY_NAME, appidacr: "2" });
  assert.match(line, /trusted|subject name/);
}

for (const strict of [false, true]) {
  for (const backend of BACKENDS) {
    describe(`tokens from the ${strict ? "strict" : "lenient"} emulator, ${backend} backend`, () => {
      let emulator;
      let calls;
      let results;
      const lines = [];
      before(async () => {
        emulator = await startEmulator({ strict });
        calls = TOKENS.map(({ call }) => call(emulator.authority));
        results = await runCertgrant(backend, calls, emulator);
        for (const _ of calls) lines.push(await emulator.line("POST "));
      });
      after(() => emulator.stop());

      for (const [index, { name, check }] of TOKENS.entries()) {
        it(name, async () => {
          assert.equal(results[index].error, undefined, JSON.stringify(results[index].error));
          assert.doesNotMatch(lines[index], /deviations/);
          await check(emulator, results[index], lines[index], calls[index]);
        });
      }
    });
  }
}

/** What is wrong, the changed call, and what the caller sees of the service's answer. */
const REFUSALS = [
  ["certificate is not registered", stranger, 700027, "invalid_client", 401, /does not have the certificate in use/],
  ["registered key has expired", { clientId: EXPIRED_KEY }, 700027, "invalid_client", 401, /outside of the dates that it was registered with/],
  ["key is another than the thumbprint's", otherKey, 700027, "invalid_client", 401, /signature is not of its key/],
  ["application is unknown", { clientId: UNKNOWN }, 700016, "unauthorized_client", 400, /client id and tenant/],
  ["tenant is unknown", { tenant: "fabrikam.example" }, 90002, "invalid_request", 400, /check the tenant id/],
  ["audience is another tenant's", { misled: true }, 700023, "invalid_client", 401, /authority and tenant/],
  ["resource is unknown", target("api://nowhere"), 500011, "invalid_resource", 400, /check the resource/],
  ["resource wants a role", target(GUARDED), 501051, "invalid_grant", 400, /assign an app role/],
  ["scope without /.default", { scope: `${GRAPH}/User.Read` }, 1002012, "invalid_scope", 400, /\/\.default/],
  ["application is a public client", { clientId: PUBLIC_CLIENT }, 700025, "invalid_client", 401, /./],
  ["no service principal in the tenant", { clientId: NOT_IN_TENANT }, 7000229, "invalid_client", 401, /admin consent/],
  ["application is disabled", { clientId: DISABLED }, 7000112, "unauthorized_client", 400, /./],
].map(([fault, change, code, error, status, hint]) => ({ fault, change, code, error, status, hint }));

function stranger(api) {
  const { pem, thumbprint } = STRANGER;
  return api === "adal" ? { certificate: pem, thumbprint } : { certificate: pem };
}

/** Only adal's call names a thumbprint beside the key, so only there can the two differ. */
function otherKey(api) {
  return api === "adal" ? { certificate: STRANGER.key } : undefined;
}

function target(uri) {
  return (api) => (api === "adal" ? { resource: uri } : { scope: `${uri}/.default` });
}

/** The rows of both interfaces; adal-node's call has a resource, no scope. */
const FAULTS = [
  ...REFUSALS.map((row) => ({
    ...row,
    makeCall: credentialCall,
    check: checkCredentialError,
    change: changed(row, "credential"),
  })),
  ...REFUSALS.map((row) => ({ ...row, makeCall: adalCall, check: checkAdalError, change: changed(row, "adal") })),
].filter(({ change, makeCall }) => change && !(makeCall === adalCall && change.scope));

function changed({ change }, api) {
  return typeof change === "function" ? change(api) : change;
}

for (const backend of BACKENDS) {
  describe(`refusals, ${backend} backend`, () => {
    let emulator;
    let misleader;
    let results;
    before(async () => {
      emulator = await startEmulator();
      misleader = await startMisleader(emulator, OTHER_TENANT, TENANT);
      const calls = FAULTS.map(({ makeCall, change: { misled = false, ...changes } }) => {
        const [authority, tenant] = misled ? [misleader.authority, OTHER_TENANT] : [emulator.authority, TENANT];
        return makeCall(authority, { tenant, correlationId: CORRELATION_ID, ...changes });
      });
      results = await runCertgrant(backend, calls, misleader);
    });
    after(async () => {
      await misleader.stop();
      await emulator.stop();
    });

    for (const [index, { makeCall, check, fault, ...expected }] of FAULTS.entries()) {
      it(`${makeCall.name}: ${fault}: ${expected.code}`, () => {
        assert.equal(results[index].token, undefined, "there is no token");
        check(results[index].error, expected);
      });
    }
  });
}

/** The service refuses these with 700024; the client learns the time from its answer and asks once more. */
const WRONG_CLOCKS = [-HOUR, HOUR].flatMap((clockOffset) =>
  [credentialCall, adalCall].map((makeCall) => ({ makeCall, clockOffset })),
);

for (const backend of BACKENDS) {
  describe(`a clock that is an hour off, ${backend} backend`, () => {
    let emulator;
    let results;
    const lines = [];
    before(async () => {
      emulator = await startEmulator();
      const calls = WRONG_CLOCKS.map(({ makeCall, clockOffset }) =>
        makeCall(emulator.authority, { tenant: TENANT, correlationId: CORRELATION_ID, clockOffset }),
      );
      results = await runCertgrant(backend, calls, emulator);
      for (const _ of [...calls, ...calls]) lines.push(await emulator.line("POST "));
    });
    after(() => emulator.stop());

    for (const [index, { makeCall, clockOffset }] of WRONG_CLOCKS.entries()) {
      it(`${makeCall.name}: ${clockOffset < 0 ? "behind" : "ahead"}: a token on the second try`, () => {
        assert.equal(results[index].error, undefined, JSON.stringify(results[index].error));
        assert.ok(results[index].token);
        assert.match(lines[2 * index], /700024/);
        assert.doesNotMatch(lines[2 * index + 1], /AADSTS|deviations/);
      });
    }
  });
}

function checkCredentialError(thrown, { code, error, status, hint }) {
  assert.equal(thrown.name, "AuthenticationError");
  assert.equal(thrown.code, "ERR_SERVICE_REFUSED");
  assert.equal(thrown.statusCode, status);
  assert.match(thrown.hint, hint);
  const { errorCodes, error: name, errorDescription, correlationId, traceId, timestamp } = thrown.errorResponse;
  assert.deepEqual([errorCodes, name], [[code], error]);
  assert.match(errorDescription, new RegExp(`^AADSTS${code}: `));
  assert.match(correlationId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.ok(errorDescription.includes(correlationId) && errorDescription.includes(traceId));
  assert.match(timestamp, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
}

function checkAdalError(thrown, { code, error, status, hint }) {
  assert.equal(thrown.name, "Error");
  assert.equal(thrown.code, "ERR_SERVICE_REFUSED");
  assert.deepEqual([thrown.errorCodes, thrown.error, thrown.status], [[code], error, status]);
  assert.match(thrown.hint, hint);
  const start = `Get Token request returned http error: ${status} and server response: {`;
  assert.ok(thrown.message.startsWith(start), thrown.message);
  const answered = JSON.parse(thrown.message.slice(start.length - 1));
  assert.equal(answered.correlation_id, CORRELATION_ID);
}
