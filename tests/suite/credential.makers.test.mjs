// Certificate files of many makers: what comes out of each equals what other tools say, on every backend; and the
// documentation says of each what happens.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { readAssertion } from "./support/assertion.mjs";
import { formatsOfPem, formatsOfPfx, makersFolder, openFile, rowsOf, table } from "./support/certificate-files.mjs";
import { expectError } from "./support/credential.mjs";

const DOCS = new URL("../../npm/certgrant/docs/", import.meta.url);

const ANY = /^ERR_(CERTIFICATE|ENCRYPTION|KEY|PASSWORD|PEM|PFX)_/;
/** What the manifests say in words, as codes. */
const CODES = {
  "certificate missing": /^ERR_CERTIFICATE_MISSING$/,
  damaged: ANY,
  "key missing": /^ERR_KEY_MISSING$/,
  "key of another certificate": /^ERR_KEY_MISMATCH$/,
  "key of another kind than RSA": /^ERR_KEY_UNSUPPORTED$/,
  "key of more than two primes": /^ERR_KEY_UNSUPPORTED$/,
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

const FOLDERS = { pfx: makersFolder("pfx"), pem: makersFolder("pem") };
const outcomes = new Map();

/** What comes of an entry; each is opened once, whoever asks. */
function outcome(folder, { file, password }) {
  const key = JSON.stringify([folder, file, password]);
  if (!outcomes.has(key)) outcomes.set(key, openFile(FOLDERS[folder].path + file, password));
  return outcomes.get(key);
}

const expected = (folder, { file, expect }) => OTHERWISE[folder][file] ?? expect;

for (const folder of ["pfx", "pem"]) {
  for (const entry of FOLDERS[folder].entries) {
    const expect = expected(folder, entry);
    test(`${folder}/${entry.file}, ${entry.maker}, ${entry.description}: ${expect.result}`, async () => {
      const { assertion, error } = await outcome(folder, entry);
      if (expect.result === "opened") {
        assert.equal(error, undefined, error?.message);
        expectChain(assertion, expect);
      } else {
        assert.ok(error, `opened, expected: ${expect.result}`);
        assert.match(error.code, expect.code ? new RegExp(`^${expect.code}$`) : CODES[expect.result], error.message);
        expectError(error, error.code);
      }
    });
  }
}

test("thumbprints of both kinds are those that the makers' tools say", async () => {
  const entries = FOLDERS.pfx.entries.filter(({ expect }) => expect.result === "opened");
  const ofMaker = new Map(entries.map((entry) => [entry.maker, entry]));
  assert.ok(ofMaker.size >= 12);
  for (const { file, password, expect } of ofMaker.values()) {
    const { assertion } = await openFile(FOLDERS.pfx.path + file, password, { algorithm: "RS256" });
    const header = JSON.parse(Buffer.from(assertion.split(".")[0], "base64url").toString("utf8"));
    assert.equal(Buffer.from(header.x5t, "base64url").toString("hex"), expect.leafSha1, file);
  }
});

test("the table of troubles in certificate-files.md says what happens, of every file", async () => {
  const rows = rowsOf(readFileSync(new URL("certificate-files.md", DOCS), "utf8"), "what it is");
  const told = [];
  for (const row of rows) {
    for (const file of row.file.match(/`[^`]+`/g).map((name) => name.slice(1, -1))) {
      const password = row.password === "" ? null : row.password;
      const { error } = await outcome("pem", { file, password });
      const result = row["what happens"].replaceAll("`", "");
      if (result === "opens") assert.equal(error, undefined, `${file}: ${error?.message}`);
      else assert.equal(`${error?.code}: ${foundIn(error?.message)}`, result, file);
      told.push(`${file} ${password}`);
    }
  }
  const entries = FOLDERS.pem.entries.map(({ file, password }) => `${file} ${password}`);
  assert.deepEqual(told.sort(), entries.sort());
});

test("the matrix of certificate-makers.md is what happened; CERTGRANT_WRITE_DOCS=1 writes it", async () => {
  const file = new URL("certificate-makers.md", DOCS);
  const text = await makersPage();
  if (process.env.CERTGRANT_WRITE_DOCS) writeFileSync(file, text);
  assert.equal(readFileSync(file, "utf8"), text);
});

/** The assertion names the expected leaf, its chain begins with it, and the leaf's key made the signature. */
function expectChain(assertion, { leafSha256, keyModulusSha256, chainLength }) {
  const header = JSON.parse(Buffer.from(assertion.split(".")[0], "base64url").toString("utf8"));
  const leaf = Buffer.from(header.x5c[0], "base64");
  assert.equal(createHash("sha256").update(leaf).digest("hex"), leafSha256);
  assert.equal(Buffer.from(header["x5t#S256"], "base64url").toString("hex"), leafSha256);
  assert.equal(header.x5c.length, chainLength);
  const { key } = readAssertion(assertion, leaf);
  // Node shows no numbers of a key that is for PSS alone.
  if (keyModulusSha256 && key.asymmetricKeyType === "rsa") {
    const modulus = Buffer.from(key.export({ format: "jwk" }).n, "base64url");
    assert.equal(createHash("sha256").update(modulus).digest("hex"), keyModulusSha256);
  }
}

/** What an error found: between "found" and "expected" of its message. */
function foundIn(message) {
  return /: found (.*?), expected /.exec(message)?.[1];
}

async function makersPage() {
  const [pfx, pem] = [await tally("pfx", formatsOfPfx), await tally("pem", formatsOfPem)];
  return `# Certificate files by maker

<!-- Made by tests/suite/credential.makers.test.mjs, which checks it on every backend. -->

Each number is of files that open to the key, the chain and the thumbprints that the makers' own tools say, with the native
addon and with WebAssembly alike; "2 of 3" if one of them does not. A file with two ciphers counts for both. The files, and the
commands that made them, lie in \`tests/vectors\` of the repository.

## PFX (PKCS#12)

${matrix(pfx)}
## PEM and DER

${matrix(pem)}
## What does not open

Also with the right password. Damage, wrong passwords and files without a key are left out; [certificate files](certificate-files.md)
has what is said of those.

${table(["file", "maker", "what it is", "what happens"], [...pfx.refused, ...pem.refused])}`;
}

/** Results that a file with its right password can have; the others are about passwords, damage and absent parts. */
const LEFT_OUT = /^(certificate missing|damaged|key missing|not a certificate file|password (missing|wrong))$/;

/** Of a folder: how many files of a maker and a format there are and open, and those that do not. */
async function tally(folder, formatsOf) {
  const cells = new Map();
  const refused = [];
  for (const entry of FOLDERS[folder].entries) {
    const { file, maker, makerVersion, description, expect } = entry;
    const isOpened = expected(folder, entry).result === "opened";
    if (!isOpened && LEFT_OUT.test(expect.result)) continue;
    const { error } = await outcome(folder, entry);
    const name = maker === "crafted" ? "put together by hand" : `${maker} ${makerVersion.replace(/^OpenSSH_/, "")}`;
    if (error) refused.push([`\`${file}\``, maker, description.split("; differ:")[0], `\`${error.code}\``]);
    if (error && expect.result !== "opened") continue;
    const row = cells.get(name) ?? cells.set(name, new Map()).get(name);
    for (const format of formatsOf(readFileSync(FOLDERS[folder].path + file))) {
      const [opened, all] = row.get(format) ?? [0, 0];
      row.set(format, [opened + (error ? 0 : 1), all + 1]);
    }
  }
  return { cells, refused };
}

function matrix({ cells }) {
  const formats = [...new Set([...cells.values()].flatMap((row) => [...row.keys()]))].sort();
  const cell = ([opened, all] = [0, 0]) => (all === 0 ? "" : opened === all ? all : `${opened} of ${all}`);
  const rows = [...cells].sort(([one], [other]) => one.localeCompare(other, "en"));
  return table(
    ["maker", ...formats],
    rows.map(([maker, row]) => [maker, ...formats.map((format) => cell(row.get(format)))]),
  );
}
