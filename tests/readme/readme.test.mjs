// Runs the programs of the READMEs, as they stand there, against the emulator.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startEmulator } from "../interop/fixtures/emulator.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const VECTOR = join(ROOT, "tests/vectors/assertion-rs256");
const CLIENT = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346";
const DOMAIN = "contoso.example";

let emulator;
let folder;

before(async () => {
  const key = readFileSync(join(VECTOR, "cert.der")).toString("base64");
  const keyCredentials = [{ type: "AsymmetricX509Cert", usage: "Verify", key }];
  emulator = await startEmulator({ registrations: [{ appId: CLIENT, keyCredentials }] });
  folder = mkdtempSync(join(tmpdir(), "certgrant-readme-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(ROOT, "npm/certgrant"), join(folder, "node_modules/certgrant"), "junction");
  const pem = ["key.pem", "cert.pem"].map((file) => readFileSync(join(VECTOR, file), "utf8")).join("");
  writeFileSync(join(folder, "DemoApplication2.pem"), pem);
  writeFileSync(join(folder, "DemoApplication2.thumbprint"), "05ECDE798D258B5441F1DE2BE7BEF15E632172F8\n");
});

after(async () => {
  await emulator?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** The programs of a README: the blocks that are marked as JavaScript. */
function programs(file) {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1]);
}

/** The program with the emulator in the place of Entra; nothing else changes. */
function pointedAtEmulator(program) {
  return program
    .replace('"https://login.microsoftonline.com/contoso.onmicrosoft.com"', `"${emulator.authority}/${DOMAIN}", false`)
    .replaceAll("contoso.onmicrosoft.com", DOMAIN);
}

/** Runs a program in the folder with the certificate; what it wrote. */
async function run(program) {
  const file = join(folder, /^import /m.test(program) ? "program.mjs" : "program.cjs");
  writeFileSync(file, pointedAtEmulator(program));
  const env = { ...process.env, AZURE_AUTHORITY_HOST: emulator.authority, NODE_EXTRA_CA_CERTS: emulator.caFile };
  const child = spawn(process.execPath, [file], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const written = { stdout: "", stderr: "" };
  for (const pipe of ["stdout", "stderr"]) {
    child[pipe].setEncoding("utf8").on("data", (text) => {
      written[pipe] += text;
    });
  }
  const code = await new Promise((done) => child.once("close", done));
  assert.equal(code, 0, written.stderr);
  return written;
}

test("the README has the old call and the new one", () => {
  assert.equal(programs("README.md").length, 2);
});

test("the old call of the README gets a token and logs what it does", async () => {
  const { stdout, stderr } = await run(programs("README.md")[0]);
  assert.equal(stderr, "");
  assert.match(stdout, /TokenRequest: INFO: Getting a token via certificate\./);
  assert.match(stdout, /^Bearer \d{4}-\d\d-\d\dT/m);
});

test("the new call of the README gets a token", async () => {
  const { stdout, stderr } = await run(programs("README.md")[1]);
  assert.equal(stderr, "");
  assert.match(stdout, /^3 \d{4}-\d\d-\d\dT/);
});

test("each program of the package's README does what it says", async (t) => {
  const expected = [/^Bearer$/m, /^Bearer$/m, /^Bearer$/m, /^Bearer$/m, /^ERR_PEM_NOT_FOUND the certificate file is not a PEM/m, /^Bearer \d{4}-/m];
  const found = programs("npm/certgrant/README.md");
  assert.equal(found.length, expected.length);
  for (const [index, program] of found.entries()) {
    await t.test(`program ${index + 1}`, async () => {
      const { stdout, stderr } = await run(program);
      assert.match(stdout + stderr, expected[index]);
    });
  }
});
