// The JavaScript examples run as they stand there, against the emulator: the old call and the new one get the same token.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startEmulator } from "../interop/fixtures/emulator.mjs";
import { CLIENT, DOMAIN } from "../interop/fixtures/registrations.mjs";
import { SINGLE } from "../interop/fixtures/vectors.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

let emulator;
let folder;
before(async () => {
  emulator = await startEmulator();
  folder = mkdtempSync(join(tmpdir(), "certgrant-examples-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(ROOT, "npm/certgrant"), join(folder, "node_modules/certgrant"), "junction");
  writeFileSync(join(folder, "app.pem"), SINGLE.pem);
});
after(async () => {
  await emulator?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Runs an example with a folder of its own; its code, and what it wrote. */
async function run(name, changes = {}) {
  copyFileSync(join(ROOT, "examples", name), join(folder, name));
  const settings = {
    AUTHORITY: emulator.authority,
    TENANT: DOMAIN,
    CLIENT_ID: CLIENT,
    CERTIFICATE: "app.pem",
    THUMBPRINT: SINGLE.thumbprint,
    ...changes,
  };
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: emulator.caFile, ...settings };
  const child = spawn(process.execPath, [name], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const written = { stdout: "", stderr: "" };
  for (const pipe of ["stdout", "stderr"]) {
    child[pipe].setEncoding("utf8").on("data", (text) => {
      written[pipe] += text;
    });
  }
  const code = await new Promise((done) => child.once("close", done));
  return { code, ...written };
}

const TOKEN = /^Bearer token until 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/m;

test("the old call gets a token with adal-node's verbose log", async () => {
  const { code, stdout, stderr } = await run("adal.cjs");
  assert.equal(code, 0, stderr);
  assert.match(stdout, TOKEN);
  assert.match(stdout, /GMT:[0-9a-f-]{36} - TokenRequest: VERBOSE: Successfully retrieved token from authority$/m);
});

test("the new call gets a token", async () => {
  const { code, stdout, stderr } = await run("credential.mjs");
  assert.equal(code, 0, stderr);
  assert.match(stdout, TOKEN);
});

test("both say what is wrong with a tenant that does not exist", async () => {
  for (const name of ["adal.cjs", "credential.mjs"]) {
    const { code, stderr } = await run(name, { TENANT: "nobody.example" });
    assert.equal(code, 1);
    assert.match(stderr, /AADSTS90002/, name);
  }
});
