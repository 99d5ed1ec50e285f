// Fresh projects as users make them, each with the packed package installed by npm: it resolves, it builds, and it gets a token
// from the emulator.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { build as esbuild } from "esbuild";
import { startEmulator } from "../interop/fixtures/emulator.mjs";
import { BUNDLERS, startVite } from "./fixtures/bundlers.mjs";
import { run } from "./fixtures/process.mjs";
import { addFiles, newProject, removeProjects } from "./fixtures/project.mjs";
import { missingChromium, serveSite, withPage } from "./fixtures/runtimes/chromium.mjs";
import { worldOf } from "./fixtures/world.mjs";

const TSC = fileURLToPath(new URL("node_modules/typescript/bin/tsc", import.meta.url));

let emulator;
before(async () => {
  emulator = await startEmulator();
});
after(async () => {
  await emulator.stop();
  removeProjects();
});

/** The body of a program that prints the parts of a token; TypeScript and JavaScript alike. */
const program = () => {
  const { tenant, client, pem, authority } = worldOf(emulator);
  return `
const credential = new ClientCertificateCredential(
  ${JSON.stringify(tenant)}, ${JSON.stringify(client)}, { certificate: ${JSON.stringify(pem)} },
  { authorityHost: ${JSON.stringify(authority)} },
);
credential.getToken("https://graph.microsoft.com/.default").then(({ token }) => console.log(token.split(".").length));
`;
};

const node = (folder, file) =>
  run(process.execPath, [file], { cwd: folder, env: { NODE_EXTRA_CA_CERTS: emulator.caFile } });

describe("Node", () => {
  it("imports", async () => {
    const folder = await newProject({
      "main.mjs": `import { ClientCertificateCredential } from "certgrant";${program()}`,
    });
    assert.equal(await node(folder, "main.mjs"), "3\n");
  });

  it("requires", async () => {
    const source = `const { ClientCertificateCredential } = require("certgrant");${program()}`;
    assert.equal(await node(await newProject({ "main.cjs": source }), "main.cjs"), "3\n");
  });

  it("installs one package besides certgrant, the addon, and nothing of others", async () => {
    const folder = await newProject();
    const names = readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."));
    assert.deepEqual(names.sort(), ["@certgrant", "certgrant"]);
    assert.equal(readdirSync(join(folder, "node_modules/@certgrant")).length, 1);
  });

  it("without the addon falls back to WASM by itself", async () => {
    const source = `import { ClientCertificateCredential } from "certgrant";${program().replace(
      "{ authorityHost",
      "{ logger: ({ message }) => /backend/.test(message) && console.log(message.split(' ')[0]), authorityHost",
    )}`;
    for (const [native, expected] of [
      [true, "native\n3\n"],
      [false, "wasm\n3\n"],
    ]) {
      const folder = await newProject({ "main.mjs": source }, { native });
      assert.equal(existsSync(join(folder, "node_modules/@certgrant")), native);
      assert.equal(await node(folder, "main.mjs"), expected);
    }
  });

  it("takes certgrant/slim with modules of the package", async () => {
    const source = `
import { readFileSync } from "node:fs";
import { ClientCertificateCredential, provideWasm } from "certgrant/slim";
provideWasm({ certgrant: () => readFileSync(new URL(import.meta.resolve("certgrant/wasm/certgrant.wasm"))) });
${program()}`;
    assert.equal(await node(await newProject({ "main.mjs": source }, { native: false }), "main.mjs"), "3\n");
  });
});

describe("TypeScript", () => {
  for (const [module, resolution, file] of [
    ["node16", "node16", "main.mts"],
    ["node16", "node16", "main.cts"],
    ["nodenext", "nodenext", "main.mts"],
    ["nodenext", "nodenext", "main.cts"],
    ["esnext", "bundler", "main.mts"],
  ]) {
    it(`compiles ${file} with moduleResolution ${resolution}, and it runs`, async () => {
      const source = `import { ClientCertificateCredential, type AccessToken } from "certgrant";
import { provideWasm, type WasmModules } from "certgrant/slim";
import { AuthenticationContext } from "certgrant/adal";
export const told: (token: AccessToken) => string = ({ token }) => token;
export const others: [typeof provideWasm, typeof AuthenticationContext, keyof WasmModules] = [provideWasm, AuthenticationContext, "certgrant"];
${program()}`;
      const folder = await newProject({ [file]: source });
      const options = ["--module", module, "--moduleResolution", resolution, "--target", "es2022", "--strict"];
      await run(process.execPath, [TSC, file, ...options, "--skipLibCheck", "false"], { cwd: folder });
      const made = file.replace("ts", "js");
      assert.equal(await node(folder, made), "3\n");
    });
  }
});

describe("bundlers for Node", () => {
  it("esbuild leaves the package outside, or takes it in and the WASM lies beside", async () => {
    const folder = await newProject({
      "main.mjs": `import { ClientCertificateCredential } from "certgrant";${program()}`,
    });
    const options = {
      entryPoints: [join(folder, "main.mjs")],
      bundle: true,
      platform: "node",
      format: "esm",
      logLevel: "error",
    };
    await esbuild({ ...options, packages: "external", outfile: join(folder, "outside.mjs") });
    assert.equal(await node(folder, "outside.mjs"), "3\n");
    const wasm = readFileSync(join(folder, "node_modules/certgrant/dist/certgrant.wasm"));
    addFiles(folder, { "inside/certgrant.wasm": wasm });
    await esbuild({ ...options, outfile: join(folder, "inside/main.mjs") });
    assert.equal(await node(folder, "inside/main.mjs"), "3\n");
  });
});

const lacking = missingChromium();
if (lacking) process.stdout.write(`bundlers for browsers are left out: ${lacking}\n`);

/** A page's program: its token is asked for through the page's own origin. */
const page = () => {
  const { tenant, client, pem, authority } = worldOf(emulator);
  return `import { ClientCertificateCredential } from "certgrant";
const authorityHost = ${JSON.stringify(authority)};
const credential = new ClientCertificateCredential(
  ${JSON.stringify(tenant)}, ${JSON.stringify(client)}, { certificate: ${JSON.stringify(pem)} },
  { authorityHost, fetch: (url, init) => fetch(url.replace(authorityHost, location.origin + "/emulator"), init) },
);
globalThis.parts = credential.getToken("https://graph.microsoft.com/.default").then(({ token }) => token.split(".").length);
`;
};

const HTML = '<!doctype html><title>project</title><script type="module" src="./main.js"></script>';
const parts = async () => {
  while (globalThis.parts === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
  return globalThis.parts;
};

describe("bundlers for browsers", () => {
  for (const [name, bundle] of lacking ? [] : Object.entries(BUNDLERS)) {
    it(`${name} builds a page`, async () => {
      const folder = await newProject({ "main.js": page(), "index.html": HTML }, { native: false });
      const server = await serveSite(await bundle(folder), emulator);
      try {
        assert.equal(await withPage(server.url, (opened) => opened.evaluate(parts)), 3);
      } finally {
        server.stop();
      }
    });
  }

  if (!lacking) {
    it("Vite serves a page in development", async () => {
      const folder = await newProject({ "main.js": page(), "index.html": HTML }, { native: false });
      const server = await startVite(folder, emulator);
      try {
        assert.equal(await withPage(server.url, (opened) => opened.evaluate(parts)), 3);
      } finally {
        await server.stop();
      }
    });
  }
});
