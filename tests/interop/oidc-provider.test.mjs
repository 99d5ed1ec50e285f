// oidc-provider (npm), a certified OpenID provider, answers both backends with a token, and refuses a wrong key, a wrong
// audience and a wrong time. How these come about without a special build of certgrant:
//
// - key: the client is registered with another key than the one that certgrant signs with;
// - audience: certgrant asks another tenant, and its request is led to the provider all the same;
// - time: certgrant runs on a machine whose clock is an hour off (`Date.now` of its process);
// - algorithm: the client is registered for the other one.
//
// The same refusals with assertions by jose, where each fault is the only one, show that the provider tells them apart.
// It does not look at x5t, so that the rules about it are tested with the emulator.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createLocalJWKSet, importPKCS8, jwtVerify, SignJWT } from "jose";
import { adalCall, BACKENDS, credentialCall, runCertgrant } from "./fixtures/certgrant.mjs";
import { selfSigned } from "./fixtures/certificate.mjs";
import { claims, form } from "./fixtures/claims.mjs";
import { post } from "./fixtures/https.mjs";
import { CLIENT_OF, OTHER_KEY_CLIENT, startProvider } from "./fixtures/oidc-provider.mjs";
import { GRAPH, OTHER_TENANT, TENANT } from "./fixtures/registrations.mjs";
import { SINGLE } from "./fixtures/vectors.mjs";

const HOUR = 60 * 60 * 1000;
/** Why the provider refuses, in its own words. */
const WRONG_KEY = /^signature verification failed$/;
const EXPIRED = /^jwt expired$/;
const NOT_YET = /^jwt not active yet$/;
const WRONG_AUDIENCE = /^audience \(aud\) must equal/;

/** What certgrant asks, and why it is refused if it is. */
const CALLS = [
  ...["RS256", "PS256"].flatMap((algorithm) => {
    const clientId = CLIENT_OF[algorithm];
    const options = { algorithm };
    return [
      [`${algorithm} gets a token`, { clientId, options }],
      [`${algorithm} is refused with a wrong key`, { clientId: OTHER_KEY_CLIENT, options }, WRONG_KEY],
      [`${algorithm} is refused with a wrong audience`, { clientId, options, tenant: OTHER_TENANT }, WRONG_AUDIENCE],
      [`${algorithm} is refused when the clock is behind`, { clientId, options, clockOffset: -HOUR }, EXPIRED],
      [`${algorithm} is refused when the clock is ahead`, { clientId, options, clockOffset: HOUR }, NOT_YET],
    ];
  }),
  [
    "PS256 is refused where RS256 is registered",
    { clientId: CLIENT_OF.RS256, options: { algorithm: "PS256" } },
    /^alg mismatch$/,
  ],
].map(([name, change, reason]) => ({ name, change, reason }));

async function expectToken(provider, clientId, { token, error }) {
  assert.equal(error, undefined, `${JSON.stringify(error)} ${provider.refusals}`);
  const { payload } = await jwtVerify(token, createLocalJWKSet(provider.keys), {
    issuer: provider.issuer,
    audience: GRAPH,
    typ: "at+jwt",
  });
  assert.equal(payload.client_id, clientId);
  return payload;
}

describe("oidc-provider, v2 path", () => {
  let provider;
  before(async () => {
    provider = await startProvider({ signer: SINGLE });
  });
  after(() => provider.stop());

  for (const backend of BACKENDS) {
    describe(`${backend} backend`, () => {
      let results;
      before(async () => {
        provider.refusals.length = 0;
        const calls = CALLS.map(({ change }) => credentialCall(provider.authority, change));
        const answers = await runCertgrant(backend, calls, { caFile: provider.caFile });
        // One refusal for each error, in the order of the calls.
        results = answers.map((answer) => ({ ...answer, reason: answer.error && provider.refusals.shift() }));
        assert.deepEqual(provider.refusals, []);
      });

      for (const [index, { name, change, reason }] of CALLS.entries()) {
        it(name, async () => {
          const { token, error, reason: found } = results[index];
          if (!reason) {
            const { scope } = await expectToken(provider, change.clientId, results[index]);
            assert.equal(scope, `${GRAPH}/.default`);
            return;
          }
          assert.equal(token, undefined, "there is no token");
          assert.equal(error.name, "AuthenticationError");
          assert.equal(error.code, "ERR_SERVICE_REFUSED");
          assert.equal(error.statusCode, 401);
          assert.equal(error.errorResponse.error, "invalid_client");
          assert.match(found, reason);
        });
      }
    });
  }

  describe("with assertions by jose", () => {
    const ask = async (changes = {}, key = SINGLE.key, clientId = CLIENT_OF.PS256) => {
      provider.refusals.length = 0;
      const url = `${provider.authority}/${TENANT}/oauth2/v2.0/token`;
      const payload = claims(url, { iss: clientId, sub: clientId, ...changes });
      const header = { alg: "PS256", typ: "JWT", "x5t#S256": SINGLE.x5tS256 };
      const assertion = await new SignJWT(payload).setProtectedHeader(header).sign(await importPKCS8(key, "PS256"));
      return post(url, form(assertion, { client_id: clientId }), provider);
    };
    const now = Math.floor(Date.now() / 1000);

    it("gets a token", async () => {
      const { status, body } = await ask();
      assert.equal(status, 200, provider.refusals.join());
      await expectToken(provider, CLIENT_OF.PS256, { token: body.access_token });
    });

    for (const [fault, changes, reason, key] of [
      ["wrong key", {}, WRONG_KEY, selfSigned().key],
      ["wrong audience", { aud: "https://example.com/token" }, WRONG_AUDIENCE],
      ["expired", { nbf: now - 1200, exp: now - 600 }, EXPIRED],
      ["not yet valid", { nbf: now + 3600, exp: now + 4200 }, NOT_YET],
    ]) {
      it(`is refused: ${fault}`, async () => {
        const { status, body } = await ask(changes, key);
        assert.equal(status, 401);
        assert.equal(body.error, "invalid_client");
        assert.match(provider.refusals.join("\n"), reason);
      });
    }
  });
});

describe("oidc-provider, v1 path", () => {
  let provider;
  before(async () => {
    provider = await startProvider({ signer: SINGLE, tokenPath: "/oauth2/token" });
  });
  after(() => provider.stop());

  for (const backend of BACKENDS) {
    for (const [algorithm, thumbprint] of [
      ["RS256", SINGLE.thumbprint],
      ["PS256", SINGLE.thumbprintSha256],
    ]) {
      it(`certgrant/adal gets a token with ${algorithm}, ${backend} backend`, async () => {
        const clientId = CLIENT_OF[algorithm];
        const calls = [adalCall(provider.authority, { clientId, thumbprint })];
        const [result] = await runCertgrant(backend, calls, { caFile: provider.caFile });
        await expectToken(provider, clientId, result);
      });
    }
  }
});
