// Keys that are not in the process: a key of WebCrypto, and signers of the caller's own.
import assert from "node:assert/strict";
import { constants, createHash, createPrivateKey, sign as signWithNode, webcrypto, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { readAssertion } from "./support/assertion.mjs";
import { expectError } from "./support/credential.mjs";
import { CERTIFICATE, CERTIFICATE_PATH, CLIENT, KEY, SCOPE, TENANT, vector } from "./support/fixtures.mjs";
import { ClientCertificateCredential } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

const OTHER_KEY = vector("bundles/leaf.pkcs1.key");
const NAMES = { PS256: "RSA-PSS", RS256: "RSASSA-PKCS1-v1_5" };

/** A private key as WebCrypto holds it. */
function cryptoKey(name, { pem = KEY, hash = "SHA-256", usages = ["sign"], extractable = false } = {}) {
  const pkcs8 = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", pkcs8, { name, hash }, extractable, usages);
}

function signerOf(pem) {
  return ({ algorithm, signingInput }) => {
    const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    const key = algorithm === "PS256" ? { key: pem, ...pss } : { key: pem };
    return signWithNode("sha256", Buffer.from(signingInput), key);
  };
}

function make(configuration, options = {}) {
  const fetch = scriptedFetch(granted());
  const one = new ClientCertificateCredential(TENANT, CLIENT, configuration, {
    fetch,
    retryOptions: { maxRetries: 0 },
    ...options,
  });
  return { one, fetch };
}

const assertionOf = (fetch) => readAssertion(fetch.requests[0].form.get("client_assertion"));

const FORMS = {
  "PEM text": { certificate: CERTIFICATE },
  "DER bytes": { certificate: new Uint8Array(new X509Certificate(CERTIFICATE).raw) },
  "base64 of DER": { certificate: new X509Certificate(CERTIFICATE).raw.toString("base64") },
  "a path": { certificatePath: CERTIFICATE_PATH },
  "a function": { certificate: async () => CERTIFICATE },
  "a PEM with another key beside it": { certificate: CERTIFICATE + OTHER_KEY },
};

for (const [form, configuration] of Object.entries(FORMS)) {
  test(`a non-extractable key of WebCrypto signs for a certificate given as ${form}`, async () => {
    for (const [algorithm, name] of Object.entries(NAMES)) {
      const { one, fetch } = make({ ...configuration, privateKey: await cryptoKey(name) });
      await one.getToken(SCOPE);
      assert.equal(assertionOf(fetch).header.alg, algorithm);
    }
  });
}

test("keys of WebCrypto that can't sign an assertion are refused by the constructor", async () => {
  const { publicKey } = await webcrypto.subtle.generateKey(
    { name: "RSA-PSS", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    false,
    ["sign", "verify"],
  );
  const ec = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const wrong = [
    [publicKey, /found a public key/],
    [ec.privateKey, /ECDSA/],
    [await cryptoKey("RSA-PSS", { hash: "SHA-512" }), /SHA-512/],
    [await cryptoKey("RSA-OAEP", { usages: ["decrypt"] }), /usage "sign"/],
  ];
  for (const [privateKey, text] of wrong) {
    assert.throws(
      () => make({ certificate: CERTIFICATE, privateKey }),
      (error) => {
        assert.equal(error.code, "ERR_INVALID_ARG_VALUE");
        assert.match(error.message, text);
        return true;
      },
    );
  }
  for (const privateKey of [KEY, {}, null]) {
    assert.throws(() => make({ certificate: CERTIFICATE, privateKey }), { code: "ERR_INVALID_ARG_TYPE" });
  }
});

for (const kind of ["at once", "with a promise"]) {
  test(`a signer of the caller's own answers ${kind}`, async () => {
    const asked = [];
    const sign = (request) => {
      asked.push(request);
      const signature = signerOf(KEY)(request);
      return kind === "at once" ? signature : Promise.resolve(new Uint8Array(signature));
    };
    const { one, fetch } = make({ certificate: CERTIFICATE, sign });
    await one.getToken(SCOPE);
    assertionOf(fetch);
    const [{ algorithm, digest, signingInput }] = asked;
    assert.equal(algorithm, "PS256");
    assert.deepEqual(Buffer.from(digest), createHash("sha256").update(signingInput).digest());
  });
}

test("a signer is asked once for requests at the same time, once for some minutes, never for a cached token", async () => {
  let asked = 0;
  const sign = async (request) => {
    asked += 1;
    await new Promise((resolve) => setImmediate(resolve));
    return signerOf(KEY)(request);
  };
  const { one } = make({ certificate: CERTIFICATE, sign });
  await Promise.all(["a", "b", "c", "a"].map((name) => one.getToken(`https://${name}.example/.default`)));
  await one.getToken("https://a.example/.default");
  await one.getToken("https://d.example/.default");
  assert.equal(asked, 1);
});

for (const [what, sign, code] of [
  ["another key's signature", signerOf(OTHER_KEY), "ERR_SIGNATURE_INVALID"],
  [
    "the other algorithm's signature",
    ({ signingInput }) => signerOf(KEY)({ algorithm: "RS256", signingInput }),
    "ERR_SIGNATURE_INVALID",
  ],
  ["too few bytes", () => new Uint8Array(10), "ERR_SIGNATURE_INVALID"],
  ["no bytes", () => new Uint8Array(0), "ERR_SIGNATURE_INVALID"],
  ["text", () => "c2lnbmF0dXJl", "ERR_SIGNATURE_INVALID"],
  ["nothing", () => undefined, "ERR_SIGNATURE_INVALID"],
  ["an error", () => Promise.reject(new RangeError("the module is asleep")), "ERR_SIGNING_FAILED"],
]) {
  test(`a signer that answers ${what} is found out before anything is sent`, async () => {
    const { one, fetch } = make({ certificate: CERTIFICATE, sign });
    const error = expectError(await one.getToken(SCOPE).catch((thrown) => thrown), code);
    assert.equal(fetch.requests.length, 0);
    if (what !== "an error") return;
    assert.match(error.message, /found RangeError from the signer, expected a signed assertion/);
    assert.match(String(error.cause), /the module is asleep/);
  });
}

test("a signer that failed is asked again by the next call", async () => {
  let asked = 0;
  const sign = (request) => {
    asked += 1;
    if (asked === 1) throw new Error("not now");
    return signerOf(KEY)(request);
  };
  const { one } = make({ certificate: CERTIFICATE, sign });
  await assert.rejects(one.getToken(SCOPE), { code: "ERR_SIGNING_FAILED" });
  assert.equal((await one.getToken(SCOPE)).token, "token-1");
});

test("a signer without a certificate, two signers, and what is no signer are refused", async () => {
  const privateKey = await cryptoKey("RSA-PSS");
  assert.throws(() => make({ certificate: CERTIFICATE, privateKey, sign: signerOf(KEY) }), {
    code: "ERR_INVALID_ARG_VALUE",
  });
  assert.throws(() => make({ certificate: CERTIFICATE, sign: "yes" }), { code: "ERR_INVALID_ARG_TYPE" });
  const { one } = make({ certificate: KEY, sign: signerOf(KEY) });
  expectError(await one.getToken(SCOPE).catch((error) => error), "ERR_CERTIFICATE_MISSING");
});
