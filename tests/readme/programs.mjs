// The programs of the documentation, run as they stand there, with the emulator in the place of Entra.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEmulator } from "../interop/fixtures/emulator.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const VECTOR = join(ROOT, "tests/vectors/assertion-rs256");
const CLIENT = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346";
const DOMAIN = "contoso.example";
const SECRET = "not~a~real~secret";
/** Who calls the API of the programs. */
const USER = "ada@contoso.example";
/** A machine whose environment has a credential. */
const ENVIRONMENT = {
  AZURE_TENANT_ID: DOMAIN,
  AZURE_CLIENT_ID: CLIENT,
  AZURE_CLIENT_CERTIFICATE_PATH: "DemoApplication2.pem",
  DEMO_SECRET: SECRET,
};

/** The programs of a document: the blocks that are marked as JavaScript. */
export function programs(file) {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1]);
}

/** A folder with the certificate that the programs name, and an emulator that knows it; `stop` it when done. */
export async function startStage() {
  const key = readFileSync(join(VECTOR, "cert.der")).toString("base64");
  const keyCredentials = [{ type: "AsymmetricX509Cert", usage: "Verify", key }];
  const passwordCredentials = [{ secretText: SECRET, endDateTime: "2099-01-01T00:00:00Z" }];
  const registrations = {
    value: [{ appId: CLIENT, keyCredentials, passwordCredentials }],
    emulator: { users: [{ userPrincipalName: USER }] },
  };
  const emulator = await startEmulator({ registrations, more: ["--control"] });
  const { accessToken } = await emulator.control("POST", `users/${USER}/tokens`, { audience: CLIENT, tenant: DOMAIN });
  const folder = mkdtempSync(join(tmpdir(), "certgrant-readme-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(ROOT, "npm/certgrant"), join(folder, "node_modules/certgrant"), "junction");
  const pem = ["key.pem", "cert.pem"].map((file) => readFileSync(join(VECTOR, file), "utf8")).join("");
  writeFileSync(join(folder, "DemoApplication2.pem"), pem);
  writeFileSync(join(folder, "DemoApplication2.thumbprint"), "05ECDE798D258B5441F1DE2BE7BEF15E632172F8\n");
  return new Stage(emulator, folder, { ...ENVIRONMENT, DEMO_USER_TOKEN: accessToken });
}

class Stage {
  #emulator;
  #folder;
  #environment;

  constructor(emulator, folder, environment) {
    this.#emulator = emulator;
    this.#folder = folder;
    this.#environment = environment;
  }

  /** Runs a program in the folder with the certificate; what it wrote. */
  async run(program) {
    const file = join(this.#folder, /^import /m.test(program) ? "program.mjs" : "program.cjs");
    writeFileSync(file, this.#pointedAtEmulator(program));
    const { authority, caFile } = this.#emulator;
    const own = { ...process.env, ...this.#environment };
    const env = { ...own, AZURE_AUTHORITY_HOST: authority, NODE_EXTRA_CA_CERTS: caFile };
    const child = spawn(process.execPath, [file], { cwd: this.#folder, env, stdio: ["ignore", "pipe", "pipe"] });
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

  /** The program with the emulator in the place of Entra; nothing else changes. */
  #pointedAtEmulator(program) {
    const authority = `"${this.#emulator.authority}/${DOMAIN}", false`;
    return program
      .replace('"https://login.microsoftonline.com/contoso.onmicrosoft.com"', authority)
      .replaceAll("contoso.onmicrosoft.com", DOMAIN);
  }

  async stop() {
    await this.#emulator.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
