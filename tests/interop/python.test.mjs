// Python's PyJWT, both ways, and msal: PyJWT verifies the assertions of both backends, and what both make verifies in the
// emulator. One process for each test; the interpreter is CERTGRANT_PYTHON or python3.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertionsOf, BACKENDS } from "./fixtures/certgrant.mjs";
import { selfSigned } from "./fixtures/certificate.mjs";
import { runPython } from "./fixtures/child.mjs";
import { claims, form } from "./fixtures/claims.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import { CLIENT, GRAPH, TENANT } from "./fixtures/registrations.mjs";
import { expectGraphToken } from "./fixtures/tokens.mjs";
import { SINGLE } from "./fixtures/vectors.mjs";

const STRANGER = selfSigned();

for (const backend of BACKENDS) {
  it(`PyJWT verifies, ${backend} backend`, async () => {
    const made = await assertionsOf(backend);
    const job = ({ alg, audience, assertion }, { certificate }) => {
      return { do: "verify", alg, audience, assertion, issuer: CLIENT, certificate };
    };
    const good = await runPython(made.map((one) => job(one, one.signer)));
    for (const [index, { name, audience }] of made.entries()) {
      assert.equal(good[index].claims?.aud, audience, `${name}: ${good[index].refused}`);
    }
    const wrongKey = await runPython(made.map((one) => job(one, STRANGER)));
    const wrongAudience = await runPython(
      made.map((one) => job({ ...one, audience: "https://example.com" }, one.signer)),
    );
    for (const [index, { name }] of made.entries()) {
      assert.equal(wrongKey[index].refused, "InvalidSignatureError", name);
      assert.equal(wrongAudience[index].refused, "InvalidAudienceError", name);
    }
  });
}

for (const strict of [false, true]) {
  describe(`PyJWT signs, ${strict ? "strict" : "lenient"} emulator`, () => {
    let emulator;
    before(async () => {
      emulator = await startEmulator({ strict });
    });
    after(() => emulator.stop());

    for (const [alg, header] of [
      ["RS256", { x5t: SINGLE.x5t }],
      ["PS256", { "x5t#S256": SINGLE.x5tS256 }],
    ]) {
      it(`${alg} gets a token`, async () => {
        const url = emulator.endpoint();
        const [{ assertion }] = await runPython([{ do: "sign", alg, header, claims: claims(url), key: SINGLE.key }]);
        const { status, body } = await emulator.post(url, form(assertion));
        assert.equal(status, 200, body.error_description);
        await expectGraphToken(emulator, body.access_token);
        assert.doesNotMatch(await emulator.line("POST "), /deviations/);
      });
    }
  });
}

describe("msal for Python", () => {
  let emulator;
  before(async () => {
    emulator = await startEmulator();
  });
  after(() => emulator.stop());

  const job = (credential) => {
    const authority = `${emulator.authority}/${TENANT}`;
    return { do: "token", clientId: CLIENT, authority, credential, scope: `${GRAPH}/.default` };
  };

  it("gets a token with a SHA-1 thumbprint", async () => {
    const credential = { private_key: SINGLE.key, thumbprint: SINGLE.thumbprint };
    const [response] = await runPython([job(credential)], emulator);
    assert.ok(response.access_token, response.error_description);
    await expectGraphToken(emulator, response.access_token);
    assert.match(await emulator.line("POST "), /alg RS256, .*key hint x5t,.*padd/);
  });

  it("gets a token with a certificate", async () => {
    const credential = { private_key: SINGLE.key, public_certificate: SINGLE.certificate };
    const [response] = await runPython([job(credential)], emulator);
    assert.ok(response.access_token, response.error_description);
    await expectGraphToken(emulator, response.access_token);
    assert.match(await emulator.line("POST "), /alg PS256, .*key hint x5t#S256,.*padd/);
  });

  it("is refused with Entra's error when the key is not registered", async () => {
    const credential = { private_key: STRANGER.key, thumbprint: STRANGER.thumbprint };
    const [response] = await runPython([job(credential)], emulator);
    assert.equal(response.error, "invalid_client");
    assert.deepEqual(response.error_codes, [700027]);
  });
});
