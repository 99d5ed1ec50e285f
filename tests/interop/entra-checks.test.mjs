// The ways in which Entra refuses a certificate client, row by row, produced with assertions by jose: code, error and
// status of each, and the shape of the answer. The rows stand in the order in which the service checks.
//
// Tenant, application and resource of each row are registered as fixtures/registrations.mjs says; apart from the fault
// that its row is about, a request is good.
import assert from "node:assert/strict";
import { createPrivateKey, randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { importPKCS8, SignJWT } from "jose";
import { selfSigned } from "./fixtures/certificate.mjs";
import { claims, form } from "./fixtures/claims.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import {
  DISABLED,
  EXPIRED_KEY,
  FUTURE_KEY,
  GRAPH,
  GUARDED,
  NOT_IN_TENANT,
  OTHER_TENANT,
  PUBLIC_CLIENT,
  TENANT,
  UNKNOWN,
} from "./fixtures/registrations.mjs";
import { CHAINED, SINGLE } from "./fixtures/vectors.mjs";

const HEADER = { alg: "RS256", typ: "JWT", x5t: SINGLE.x5t };
const STRANGER = selfSigned();
const now = Math.floor(Date.now() / 1000);

const of = (clientId) => ({ claims: { iss: clientId, sub: clientId }, form: { client_id: clientId } });
const without = (...names) => Object.fromEntries(names.map((name) => [name, undefined]));

/** What is wrong, how it is brought about, and what the service answers: code, error, status, and words of its text. */
const ROWS = [
  ["tenant is neither a GUID nor a domain", { tenant: "not_a_tenant" }, 900023, "invalid_request", 400],
  ["tenant is unknown", { tenant: "fabrikam.example" }, 90002, "invalid_request", 400],
  ["tenant GUID is unknown", { tenant: randomUUID() }, 90002, "invalid_request", 400],
  ["grant_type is missing", { form: without("grant_type") }, 900144, "invalid_request", 400, /'grant_type'/],
  ["client_id is missing", { form: without("client_id") }, 900144, "invalid_request", 400, /'client_id'/],
  ["scope is missing", { form: without("scope") }, 900144, "invalid_request", 400, /'scope'/],
  ["resource is missing (v1)", { version: "v1", form: without("scope") }, 900144, "invalid_request", 400, /'resource'/],
  ["grant is unknown", { form: { grant_type: "magic" } }, 70003, "unsupported_grant_type", 400],
  [
    "neither assertion nor secret",
    { form: without("client_assertion", "client_assertion_type") },
    7000218,
    "invalid_client",
    401,
  ],
  ["assertion is not a JWT", { form: { client_assertion: "not.a.jwt" } }, 50027, "invalid_request", 400],
  ["assertion is empty of parts", { form: { client_assertion: "nonsense" } }, 50027, "invalid_request", 400],
  ["typ is wrong", { header: { typ: "at+jwt" } }, 5002727, "invalid_request", 400],
  ["alg is PS384", { header: { alg: "PS384" } }, 5002738, "invalid_client", 401],
  ["alg is PS512", { header: { alg: "PS512" } }, 5002738, "invalid_client", 401],
  ["alg is HS256", { header: { alg: "HS256" } }, 5002738, "invalid_client", 401],
  ["iss is absent", { claims: without("iss") }, 90014, "invalid_request", 400, /'iss'/],
  ["aud is absent", { claims: without("aud") }, 90014, "invalid_request", 400, /'aud'/],
  ["header names no key", { header: { x5t: undefined } }, 5002723, "invalid_client", 401],
  ["application is unknown", of(UNKNOWN), 700016, "unauthorized_client", 400, new RegExp(UNKNOWN)],
  ["iss is another application", { claims: { iss: UNKNOWN } }, 700021, "invalid_client", 401],
  ["sub is another application", { claims: { sub: UNKNOWN } }, 700021, "invalid_client", 401],
  ["aud is somewhere else", { claims: { aud: "https://example.com/token" } }, 700023, "invalid_client", 401],
  ["aud is another tenant", { audienceTenant: OTHER_TENANT }, 700023, "invalid_client", 401],
  ["expired", { claims: { nbf: now - 1200, exp: now - 600 } }, 700024, "invalid_client", 401, /Current time: /],
  ["not yet valid", { claims: { nbf: now + 600, exp: now + 1200 } }, 700024, "invalid_client", 401, /valid from /],
  ["exp is absent", { claims: without("exp") }, 700024, "invalid_client", 401, /expiry time of assertion 1970-01-01/],
  ["times in milliseconds", { claims: { nbf: now * 1000, exp: now * 1000 + 600 } }, 700024, "invalid_client", 401],
  [
    "key is not registered",
    { header: { x5t: STRANGER.x5t }, signer: STRANGER },
    700027,
    "invalid_client",
    401,
    new RegExp(
      `not registered.*The key was not found.*Thumbprint of key used by client: '${STRANGER.thumbprint}'`,
      "s",
    ),
  ],
  ["registered key has expired", of(EXPIRED_KEY), 700027, "invalid_client", 401, /The key used is expired.*End=/s],
  [
    "registered key is not yet valid",
    of(FUTURE_KEY),
    700027,
    "invalid_client",
    401,
    /The key used is expired.*Start=/s,
  ],
  [
    "signature is another key's",
    { signer: STRANGER },
    700027,
    "invalid_client",
    401,
    /provided signature value did not match the expected signature value/,
  ],
  [
    "signature is another registered key's",
    { signer: CHAINED },
    700027,
    "invalid_client",
    401,
    /provided signature value did not match the expected signature value/,
  ],
  ["application is a public client", of(PUBLIC_CLIENT), 700025, "invalid_client", 401],
  ["no service principal in the tenant", of(NOT_IN_TENANT), 7000229, "invalid_client", 401],
  ["application is disabled", of(DISABLED), 7000112, "unauthorized_client", 400],
  ["scope without /.default", { form: { scope: `${GRAPH}/User.Read` } }, 1002012, "invalid_scope", 400],
  [
    "two scopes",
    { form: { scope: `${GRAPH}/.default https://vault.azure.net/.default` } },
    70011,
    "invalid_scope",
    400,
  ],
  ["scope without a resource", { form: { scope: "/.default" } }, 70011, "invalid_scope", 400],
  [
    "resource is unknown",
    { form: { scope: "api://nowhere/.default" } },
    500011,
    "invalid_resource",
    400,
    /api:\/\/nowhere/,
  ],
  // Documents disagree about its error: invalid_client or invalid_grant. The emulator says invalid_grant.
  ["resource wants a role", { form: { scope: `${GUARDED}/.default` } }, 501051, "invalid_grant", 400],
].map(([fault, request, code, error, status, text = /./]) => ({ fault, request, code, error, status, text }));

let emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.stop());

/** Asks for a token with everything right but for what `request` changes. */
async function ask(request) {
  const { tenant = TENANT, version = "v2", signer = SINGLE, audienceTenant = tenant } = request;
  const header = { ...HEADER, ...request.header };
  const key = header.alg.startsWith("HS")
    ? new TextEncoder().encode("x".repeat(32))
    : await importPKCS8(pkcs8(signer), header.alg);
  const payload = claims(emulator.endpoint(version, audienceTenant), request.claims);
  const assertion = await new SignJWT(payload).setProtectedHeader(JSON.parse(JSON.stringify(header))).sign(key);
  const correlationId = randomUUID();
  const sent = form(assertion, request.form);
  const answer = await emulator.post(emulator.endpoint(version, tenant), sent, { "client-request-id": correlationId });
  return { ...answer, correlationId };
}

function pkcs8({ key }) {
  return key.includes("RSA PRIVATE KEY") ? createPrivateKey(key).export({ type: "pkcs8", format: "pem" }) : key;
}

describe("a refusal by the emulator", () => {
  it("is not given to a request without a fault", async () => {
    const { status, body } = await ask({});
    assert.equal(status, 200, body.error_description);
  });

  for (const { fault, request, code, error, status, text } of ROWS) {
    it(`${fault}: ${code} ${error} ${status}`, async () => {
      const answer = await ask(request);
      const { body } = answer;
      assert.deepEqual([body.error_codes, body.error, answer.status], [[code], error, status], body.error_description);
      assert.match(body.error_description, text);
      expectShape(answer, code);
    });
  }
});

/** The members of an error answer and how they hang together. */
function expectShape({ body, headers, correlationId }, code) {
  const { error_description: description, timestamp, trace_id: traceId, correlation_id: echoed } = body;
  assert.match(headers["content-type"], /^application\/json/);
  assert.match(description, new RegExp(`^AADSTS${code}: \\S`));
  assert.match(timestamp, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
  assert.match(traceId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(echoed, correlationId);
  const end = `Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`;
  assert.ok(description.endsWith(end), description);
  const known = new Set([
    "error",
    "error_description",
    "error_codes",
    "timestamp",
    "trace_id",
    "correlation_id",
    "error_uri",
  ]);
  for (const member of Object.keys(body)) assert.ok(known.has(member) || member === "suberror", member);
}
