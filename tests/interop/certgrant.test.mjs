// certgrant itself against the emulator, over HTTPS with Node's own fetch, on both backends: tokens by both of its
// interfaces and at both endpoints, which verify as a resource would verify them, and the service's refusals, which
// reach the caller as typed errors.
//
// Strict mode refuses or names every deviation from the RFCs: none may be named. The wrong clock is `Date.now` of
// certgrant's process, set an hour off; the wrong audience comes about by a proxy that leads a request to another tenant.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { adalCall, BACKENDS, callsOfEachKind, credentialCall, runCertgrant } from "./fixtures/certgrant.mjs";
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
import { CHAINED, SINGLE } from "./fixtures/vectors.mjs";

const HOUR = 60 * 60 * 1000;
const STRANGER = selfSigned();

for (const strict of [false, true]) {
  for (const backend of BACKENDS) {
    describe(`tokens from the ${strict ? "strict" : "lenient"} emulator, ${backend} backend`, () => {
      let emulator;
      before(async () => {
        emulator = await startEmulator({ strict });
      });
      after(() => emulator.stop());

      const one = async (call) => {
        emulator.forgetLines();
        const [result] = await runCertgrant(backend, [call], emulator);
        assert.equal(result.error, undefined, JSON.stringify(result.error));
        const line = await emulator.line("POST ");
        assert.doesNotMatch(line, /deviations/);
        return { ...result, line };
      };

      // The authority is not needed for the names.
      for (const { name } of callsOfEachKind("https://localhost")) {
        it(name, async () => {
          const { alg, call } = callsOfEachKind(emulator.authority).find((kind) => kind.name === name);
          const { token, expiresOn, tokenType, assertions, line } = await one(call);
          const { exp } = await expectGraphToken(emulator, token);
          assert.equal(tokenType, "Bearer");
          assert.ok(Math.abs(expiresOn - exp * 1000) < 5000, `${expiresOn} is when the token expires, ${exp}`);
          assert.equal(assertions.length, 1);
          const path = call.api === "adal" ? "oauth2/token" : "oauth2/v2.0/token";
          const hint = alg === "PS256" ? "x5t#S256" : "x5t";
          const expected = `POST /${TENANT}/${path} 200 client ${CLIENT}; checked tenant, grant, jwt, typ, alg ${alg}, claims, key hint ${hint}, `;
          assert.ok(line.startsWith(expected), line);
        });
      }

      it("a v2 token for a resource that wants such tokens, by both interfaces", async () => {
        for (const call of [
          credentialCall(emulator.authority, { scope: `${ORDERS}/.default` }),
          adalCall(emulator.authority, { resource: ORDERS }),
        ]) {
          const { token } = await one(call);
          const { issuer } = await emulator.get(`/${TENANT}/v2.0/.well-known/openid-configuration`);
          const { ver, azp, azpacr, tid, idtyp } = await verified(emulator, token, { issuer, audience: ORDERS_ID });
          assert.deepEqual(
            { ver, azp, azpacr, tid, idtyp },
            { ver: "2.0", azp: CLIENT, azpacr: "2", tid: TENANT, idtyp: "app" },
          );
        }
      });

      it("in a tenant that is named by its domain", async () => {
        for (const call of [credentialCall, adalCall]) {
          const { token } = await one(call(emulator.authority, { tenant: DOMAIN }));
          await expectGraphToken(emulator, token);
        }
      });

      it("for a subject name and issuer, by the chain in the header", async () => {
        const { token, line } = await one(
          credentialCall(emulator.authority, {
            clientId: TRUSTED_BY_NAME,
            certificate: CHAINED.pem,
            options: { sendCertificateChain: true },
          }),
        );
        const issuer = `https://sts.windows.net/${TENANT}/`;
        const { appid, appidacr } = await verified(emulator, token, { issuer, audience: GRAPH });
        assert.deepEqual({ appid, appidacr }, { appid: TRUSTED_BY_NAME, appidacr: "2" });
        assert.match(line, /trusted|subject name/);
      });
    });
  }
}

/** What is wrong, the changed call, and what the caller sees of the service's answer. */
const REFUSALS = [
  ["certificate is not registered", stranger, 700027, "invalid_client", 401, /register this certificate/],
  ["registered key has expired", { clientId: EXPIRED_KEY }, 700027, "invalid_client", 401, /register this certificate/],
  ["key is another than the thumbprint's", otherKey, 700027, "invalid_client", 401, /register this certificate/],
  ["application is unknown", { clientId: UNKNOWN }, 700016, "unauthorized_client", 400, /client id and tenant/],
  ["tenant is unknown", { tenant: "fabrikam.example" }, 90002, "invalid_request", 400, /check the tenant id/],
  ["audience is another tenant's", { misled: true }, 700023, "invalid_client", 401, /authority and tenant/],
  ["clock is an hour behind", { clockOffset: -HOUR }, 700024, "invalid_client", 401, /machine's clock/],
  ["clock is an hour ahead", { clockOffset: HOUR }, 700024, "invalid_client", 401, /machine's clock/],
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

/** The calls of one interface with the refusals that they can meet. */
function refusalsOf(api) {
  const changed = REFUSALS.map((row) => ({ ...row, change: typeof row.change === "function" ? row.change(api) : row.change }));
  // adal-node's call has a resource, no scope.
  return changed.filter(({ change }) => change && !(api === "adal" && change.scope));
}

for (const backend of BACKENDS) {
  describe(`refusals, ${backend} backend`, () => {
    let emulator;
    let misleader;
    before(async () => {
      emulator = await startEmulator();
      misleader = await startMisleader(emulator, OTHER_TENANT, TENANT);
    });
    after(async () => {
      await misleader.stop();
      await emulator.stop();
    });

    const refused = async (makeCall, { misled = false, clockOffset, ...changes }, more = {}) => {
      const [host, tenant] = misled ? [misleader, OTHER_TENANT] : [emulator, TENANT];
      const call = makeCall(host.authority, { tenant, ...more, ...changes });
      const [{ token, error }] = await runCertgrant(backend, [call], { caFile: host.caFile, clockOffset });
      assert.equal(token, undefined, "there is no token");
      return error;
    };

    for (const { fault, change, code, error, status, hint } of refusalsOf("credential")) {
      it(`credential: ${fault}: ${code}`, async () => {
        const thrown = await refused(credentialCall, change);
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
      });
    }

    for (const { fault, change, code, error, status, hint } of refusalsOf("adal")) {
      it(`adal: ${fault}: ${code}`, async () => {
        const correlationId = randomUUID();
        const thrown = await refused(adalCall, change, { correlationId });
        assert.equal(thrown.name, "Error");
        assert.equal(thrown.code, "ERR_SERVICE_REFUSED");
        assert.deepEqual([thrown.errorCodes, thrown.error, thrown.status], [[code], error, status]);
        assert.match(thrown.hint, hint);
        const start = `Get Token request returned http error: ${status} and server response: {`;
        assert.ok(thrown.message.startsWith(start), thrown.message);
        const answered = JSON.parse(thrown.message.slice(start.length - 1));
        assert.equal(answered.correlation_id, correlationId);
      });
    }
  });
}
