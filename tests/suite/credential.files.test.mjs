// Certificate files that are not plain PEM: each gives a token, with an assertion that names the file's certificate and that
// its public key verifies; what can't be opened is named.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readAssertion } from "./support/assertion.mjs";
import { expectError, expectNoSecret } from "./support/credential.mjs";
import { CLIENT, PEM, SCOPE, TENANT, vector } from "./support/fixtures.mjs";
import { ClientCertificateCredential, entryUrl } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

const KEYS = fileURLToPath(new URL("../vectors/keys/", import.meta.url));
const LEAF = vector("bundles/leaf.pem");
const LEAF_X5T_S256 = Buffer.from(new X509Certificate(LEAF).fingerprint256.replaceAll(":", ""), "hex").toString(
  "base64url",
);
const PASSWORD = "certgrant";

/** Gets a token with a file; the error if there is none. */
async function open(configuration) {
  const fetch = scriptedFetch(granted());
  const credential = new ClientCertificateCredential(TENANT, CLIENT, configuration, { fetch });
  try {
    await credential.getToken(SCOPE);
  } catch (error) {
    assert.equal(fetch.requests.length, 0, "nothing was sent");
    return { error };
  }
  return { assertion: fetch.requests[0].form.get("client_assertion") };
}

async function opens(configuration) {
  const { error, assertion } = await open(configuration);
  assert.equal(error, undefined, error?.message);
  const { header } = readAssertion(assertion, LEAF);
  assert.equal(header["x5t#S256"], LEAF_X5T_S256);
}

const files = readdirSync(KEYS);

for (const file of files.filter((name) => name.endsWith(".pem"))) {
  test(`an encrypted key opens with its password: ${file}`, () =>
    opens({ certificate: readFileSync(KEYS + file, "utf8") + LEAF, certificatePassword: PASSWORD }));
}

for (const file of files.filter((name) => name.endsWith(".pfx"))) {
  const certificatePassword = file.startsWith("empty") ? undefined : PASSWORD;
  test(`a PFX opens from its path: ${file}`, () => opens({ certificatePath: KEYS + file, certificatePassword }));
  test(`a PFX opens from its bytes: ${file}`, () =>
    opens({ certificate: new Uint8Array(readFileSync(KEYS + file)), certificatePassword }));
  test(`a PFX opens from its base64: ${file}`, () =>
    opens({ certificate: readFileSync(KEYS + file).toString("base64"), certificatePassword }));
}

test("a password that no file needs is ignored", () =>
  opens({ certificate: vector("bundles/leaf.pkcs1.key") + LEAF, certificatePassword: PASSWORD }));

const REFUSED = [
  ["a PFX with a wrong password", "modern.pfx", "not-the-password", "ERR_PASSWORD_WRONG"],
  ["an old PFX with a wrong password", "legacy.pfx", "not-the-password", "ERR_PASSWORD_WRONG"],
  ["a PFX without its password", "modern.pfx", undefined, "ERR_PASSWORD_MISSING"],
  ["an encrypted key with a wrong password", "pbes2-aes-256-cbc.pem", "not-the-password", "ERR_PASSWORD_WRONG"],
  ["an encrypted key without its password", "scrypt.pem", undefined, "ERR_PASSWORD_MISSING"],
  ["an encrypted key in DER without its password", "pbes2.der", undefined, "ERR_PASSWORD_MISSING"],
  ["a key in DER without a certificate", "pbes2.der", PASSWORD, "ERR_CERTIFICATE_MISSING"],
];

for (const [what, file, certificatePassword, code] of REFUSED) {
  test(`${what} is refused`, async () => {
    const { error } = await open({ certificatePath: KEYS + file, certificatePassword });
    expectError(error, code);
    // The right password is also the project's name, which paths in stacks hold.
    if (certificatePassword && certificatePassword !== PASSWORD) {
      expectNoSecret(`${error.stack} ${error.cause?.stack}`, certificatePassword);
    }
  });
}

test("a PFX that is cut off is refused", async () => {
  const certificate = new Uint8Array(readFileSync(`${KEYS}modern.pfx`)).slice(0, 1000);
  const { error } = await open({ certificate, certificatePassword: PASSWORD });
  expectError(error, "ERR_PFX_INVALID");
});

test("the WASM module's part for PFX files is loaded when one is given, and not before", () => {
  const script = `
    import { syncBuiltinESMExports } from "node:module";
    import fs from "node:fs";
    const read = [];
    const original = fs.promises.readFile;
    fs.promises.readFile = (path, ...rest) => { read.push(String(path)); return original(path, ...rest); };
    syncBuiltinESMExports();
    const { ClientCertificateCredential } = await import(process.argv[1]);
    const answer = JSON.stringify({ token_type: "Bearer", expires_in: 3599, access_token: "token-1" });
    const modulesAfter = async (configuration) => {
      const options = { fetch: async () => new Response(answer) };
      await new ClientCertificateCredential("${TENANT}", "${CLIENT}", configuration, options).getToken("${SCOPE}");
      return read.filter((path) => path.endsWith(".wasm")).map((path) => path.split(/[/\\\\]/).pop());
    };
    const plain = await modulesAfter({ certificate: process.env.PEM });
    const pfx = await modulesAfter({ certificatePath: process.env.PFX, certificatePassword: "${PASSWORD}" });
    console.log(JSON.stringify({ plain, pfx }));
  `;
  const env = { ...process.env, CERTGRANT_BACKEND: "wasm", PEM, PFX: `${KEYS}modern.pfx` };
  const args = ["--input-type=module", "-e", script, entryUrl(".").href];
  const { stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
  assert.deepEqual(
    JSON.parse(stdout || "null"),
    { plain: ["certgrant.wasm"], pfx: ["certgrant.wasm", "certgrant_files.wasm"] },
    stderr,
  );
});
