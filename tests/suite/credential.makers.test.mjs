// Certificate files of many makers: what comes out of each equals what other tools say, on every backend.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readAssertion } from "./support/assertion.mjs";
import { expectError } from "./support/credential.mjs";
import { CLIENT, SCOPE, TENANT } from "./support/fixtures.mjs";
import { ClientCertificateCredential } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

const ANY = /^ERR_(CERTIFICATE|ENCRYPTION|KEY|PASSWORD|PEM|PFX)_/;
/** What the manifests say in words, as codes. */
const CODES = {
  "certificate missing": /^ERR_CERTIFICATE_MISSING$/,
  damaged: ANY,
  "key missing": /^ERR_KEY_MISSING$/,
  "key of another certificate": /^ERR_KEY_MISMATCH$/,
  "key of another kind than RSA": /^ERR_KEY_UNSUPPORTED$/,
  "key too short": /^ERR_KEY_WEAK$/,
  "not a certificate file": /^ERR_(KEY_MISSING|PEM_NOT_FOUND)$/,
  "OpenSSH key": /^ERR_KEY_UNSUPPORTED$/,
  "password missing": /^ERR_PASSWORD_MISSING$/,
  "password wrong": /^ERR_PASSWORD_WRONG$/,
  "protected to a domain": /^ERR_PFX_DOMAIN_PROTECTED$/,
  "public-key integrity": ANY,
  "public-key privacy": ANY,
  "several keys": /^ERR_KEY_AMBIGUOUS$/,
  "too many iterations": /^ERR_ENCRYPTION_COST$/,
  "too much memory": /^ERR_ENCRYPTION_COST$/,
};

/** Where certgrant knowingly does otherwise: file (and password), what it does, why. */
const OTHERWISE = JSON.parse(readFileSync(new URL("../vectors/otherwise.json", import.meta.url), "utf8"));

for (const folder of ["pfx", "pem"]) {
  const path = fileURLToPath(new URL(`../vectors/${folder}/`, import.meta.url));
  for (const entry of JSON.parse(readFileSync(`${path}manifest.json`, "utf8"))) {
    const { file, maker, description, password } = entry;
    const expect = OTHERWISE[folder][file] ?? entry.expect;
    test(`${folder}/${file}, ${maker}, ${description}: ${expect.result}`, async () => {
      const fetch = scriptedFetch(granted());
      const configuration = { certificatePath: path + file, certificatePassword: password ?? undefined };
      const options = { fetch, sendCertificateChain: true };
      const credential = new ClientCertificateCredential(TENANT, CLIENT, configuration, options);
      if (expect.result === "opened") {
        await credential.getToken(SCOPE);
        expectChain(fetch.requests[0].form.get("client_assertion"), expect);
      } else {
        const error = await credential.getToken(SCOPE).then(
          () => assert.fail(`opened, expected: ${expect.result}`),
          (thrown) => thrown,
        );
        assert.match(error.code, expect.code ? new RegExp(`^${expect.code}$`) : CODES[expect.result], error.message);
        expectError(error, error.code);
      }
    });
  }
}

/** The assertion's chain begins with the expected leaf, and the leaf's key made the signature. */
function expectChain(assertion, { leafSha256, chainLength }) {
  const { x5c } = JSON.parse(Buffer.from(assertion.split(".")[0], "base64url").toString("utf8"));
  const leaf = Buffer.from(x5c[0], "base64");
  assert.equal(createHash("sha256").update(leaf).digest("hex"), leafSha256);
  assert.equal(x5c.length, chainLength);
  readAssertion(assertion, leaf);
}
