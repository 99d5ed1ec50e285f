// What certgrant costs beside its peers, by runtime: start, memory, what is installed, what a Worker loads, signatures, the first
// token of a fresh isolate. `node run.mjs` prints JSON; `node run.mjs FOLDER` writes a document and plots there as well.
//
// Peers are those of tests/interop/package-lock.json; packages are those that `cargo xtask package` left.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { run } from "../fixtures/process.mjs";
import { newProject, removeProjects } from "../fixtures/project.mjs";
import { bundleSite, missingChromium, serveSite, withPage } from "../fixtures/runtimes/chromium.mjs";
import { bundleWorker, serveWorker } from "../fixtures/runtimes/workerd.mjs";
import { worldOf } from "../fixtures/world.mjs";
import { MEASURE } from "./assertions.mjs";
import { bars, median, milliseconds, table } from "./figures.mjs";
import { measureNative } from "./native.mjs";
import { measureMemory, measureStart } from "./start.mjs";

const MODULES = fileURLToPath(new URL("../node_modules/", import.meta.url));
const PEERS = fileURLToPath(new URL("../../interop/", import.meta.url));
const world = worldOf({ authority: "https://login.microsoftonline.com" });

const project = await newProject();

/** What Node itself takes for the first package that a program loads. */
const EMPTY = "an empty package";

/** Installs a package without anything in it; its name. */
function emptyPackage(folder) {
  const name = "nothing";
  const place = join(folder, "node_modules", name);
  mkdirSync(place);
  writeFileSync(
    join(place, "package.json"),
    JSON.stringify({
      name,
      version: "1.0.0",
      type: "module",
      exports: {
        ".": { import: "./index.js", require: "./index.cjs" },
      },
    }),
  );
  for (const file of ["index.js", "index.cjs"]) writeFileSync(join(place, file), "");
  return name;
}

async function startAndMemory() {
  const peer = (name, systems) => ({ name, specifier: name, folder: PEERS, ...(systems && { systems }) });
  const own = { name: "certgrant", specifier: "certgrant", folder: project };
  const empty = { ...own, name: EMPTY, specifier: emptyPackage(project) };
  const peers = [peer("@azure/msal-node"), peer("@azure/identity"), peer("adal-node"), peer("openid-client", ["esm"])];
  const start = await measureStart([empty, own, ...peers]);
  const { tenant, client, pem } = world;
  const token = `const { ClientCertificateCredential } = await import("certgrant");
    const fetch = async () => new Response('{"token_type":"Bearer","expires_in":3599,"access_token":"a"}');
    await new ClientCertificateCredential("${tenant}", "${client}", { certificate: ${JSON.stringify(pem)} }, { fetch }).getToken("s/.default")`;
  const memory = await measureMemory([
    { name: `${EMPTY}, loaded`, folder: project, code: `await import(${JSON.stringify(empty.specifier)})` },
    { name: "certgrant, loaded", folder: project, code: 'await import("certgrant")' },
    { name: "certgrant, with one token got", folder: project, code: token },
    { name: "@azure/msal-node, loaded", folder: PEERS, code: 'await import("@azure/msal-node")' },
    { name: "@azure/identity, loaded", folder: PEERS, code: 'await import("@azure/identity")' },
  ]);
  return { start, memory };
}

/** The packages that a library brings, itself among them, and their bytes on the disk. */
function installed(folder, name) {
  const found = new Map();
  const visit = (wanted, from) => {
    const places = [from, ...parents(from)].map((place) => join(place, "node_modules", wanted));
    const place = places.find((path) => existsSync(join(path, "package.json")));
    if (!place || found.has(place)) return;
    found.set(place, bytesOf(place));
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(join(place, "package.json")));
    for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) visit(dependency, place);
  };
  visit(name, folder);
  return { name, packages: found.size, bytes: [...found.values()].reduce((sum, bytes) => sum + bytes, 0) };
}

function parents(folder) {
  const parent = join(folder, "..");
  return parent === folder ? [] : [parent, ...parents(parent)];
}

function bytesOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules")
    .map((entry) => (entry.isDirectory() ? bytesOf(join(folder, entry.name)) : statSync(join(folder, entry.name)).size))
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** Compressed size of a Worker's script and of the modules that it needs for a certificate in PEM. */
async function workerSizes() {
  const bundled = async (folder, source, options = {}) => {
    const { outputFiles } = await build({
      stdin: { contents: source, resolveDir: folder },
      bundle: true,
      write: false,
      minify: true,
      format: "esm",
      target: "es2022",
      conditions: ["workerd", "worker", "browser"],
      external: ["cloudflare:*", "node:*", "*.wasm"],
      logLevel: "silent",
      ...options,
    });
    return gzipSync(outputFiles[0].contents, { level: 9 }).length;
  };
  const wasm = gzipSync(readFileSync(join(project, "node_modules/certgrant/dist/certgrant.wasm")), { level: 9 }).length;
  const credential = (name, use) => `import { ${use} } from "${name}"; export default { use: ${use} };`;
  const node = { platform: "node" };
  const script = await bundled(project, credential("certgrant", "ClientCertificateCredential"));
  return [
    { name: "certgrant, JS and WASM", bytes: script + wasm },
    {
      name: "@azure/msal-node",
      bytes: await bundled(PEERS, credential("@azure/msal-node", "ConfidentialClientApplication"), node),
    },
    {
      name: "@azure/identity",
      bytes: await bundled(PEERS, credential("@azure/identity", "ClientCertificateCredential"), node),
    },
    {
      name: "openid-client and jose (no PFX)",
      bytes: await bundled(PEERS, `export * from "openid-client"; export { importPKCS8 } from "jose";`),
    },
  ];
}

/** The project of a runtime: certgrant, jose, and the measure. */
async function measuring(files) {
  const folder = await newProject({
    "measure.mjs": MEASURE,
    "world.mjs": `export default ${JSON.stringify(world)};`,
    ...files,
  });
  cpSync(join(PEERS, "node_modules/jose"), join(folder, "node_modules/jose"), { recursive: true });
  return folder;
}

const IMPORTS = `import * as certgrant from "certgrant"; import * as jose from "jose"; import world from "./world.mjs";`;
const PROGRAM = `${IMPORTS} import { measure } from "./measure.mjs";
console.log(JSON.stringify(await measure(certgrant, jose, world)));`;

async function assertions() {
  const program = async (name, path, parameters, env = {}) => {
    const folder = await measuring({ "main.mjs": PROGRAM, "deno.json": '{ "nodeModulesDir": "manual" }' });
    return {
      name,
      ...JSON.parse(
        await run(path, [...parameters, "main.mjs"], { cwd: folder, env: { NODE_NO_WARNINGS: "1", ...env } }),
      ),
    };
  };
  const rows = [
    await program("Node, addon", process.execPath, []),
    await program("Node, WASM", process.execPath, [], { CERTGRANT_BACKEND: "wasm" }),
    await program("Bun", join(MODULES, ".bin/bun"), ["run"]),
    await program("Deno", join(MODULES, ".bin/deno"), ["run", "-A"]),
    { name: "workerd", ...(await inWorkerd()) },
  ];
  if (!missingChromium()) rows.push({ name: "Chromium", ...(await inChromium()) });
  return rows;
}

/** workerd's clock stands still during a request, so whole requests of many calls are measured from outside. */
async function inWorkerd() {
  const source = `${IMPORTS} import { prepare, repeat } from "./measure.mjs";
const works = {};
export default { async fetch(request) {
  const [algorithm, name, times] = new URL(request.url).pathname.slice(1).split("/");
  works[algorithm] ??= await prepare(certgrant, jose, world, algorithm);
  await repeat(works[algorithm][name], Number(times));
  return new Response();
} };`;
  const folder = await measuring({ "worker.mjs": source });
  const worker = await serveWorker(await bundleWorker(folder, "worker.mjs"), { folder, emulator: { ca: CERTIFICATE } });
  const ask = async (path) => (await fetch(worker.url + path)).text();
  try {
    const results = {};
    for (const algorithm of ["RS256", "PS256"]) {
      const rounds = { whole: [], unsigned: [], jose: [] };
      for (const name of Object.keys(rounds)) await ask(`${algorithm}/${name}/50`);
      for (let round = 0; round < 7; round++) {
        for (const [name, times] of Object.entries(rounds)) {
          const empty = await milliseconds(() => ask(`${algorithm}/${name}/0`));
          times.push((((await milliseconds(() => ask(`${algorithm}/${name}/100`))) - empty) * 1000) / 100);
        }
      }
      results[algorithm] = Object.fromEntries(Object.entries(rounds).map(([name, times]) => [name, median(times)]));
    }
    return results;
  } finally {
    await worker.stop();
  }
}

async function inChromium() {
  const source = `${IMPORTS} import { measure } from "./measure.mjs"; globalThis.results = measure(certgrant, jose, world);`;
  const folder = await measuring({ "page.mjs": source });
  const server = await serveSite(await bundleSite(folder, ["page.mjs"]), { authority: "https://localhost:1" });
  try {
    return await withPage(server.url, (page) =>
      page.evaluate(async () => {
        await import("/page.js");
        return globalThis.results;
      }),
    );
  } finally {
    server.stop();
  }
}

/** Workers that do ever more of what a token takes, so that their differences tell where the time goes. */
function stages() {
  const { tenant, client, pem, pkcs8 } = world;
  const fetch = `{ fetch: async () => new Response('{"token_type":"Bearer","expires_in":3599,"access_token":"a"}') }`;
  const importing = `import { ClientAssertionCredential, ClientCertificateCredential } from "certgrant";`;
  const certificate = `${importing}
const credential = new ClientCertificateCredential("${tenant}", "${client}", { certificate: ${JSON.stringify(pem)} }, ${fetch});`;
  const assertion = `${importing}
const credential = new ClientAssertionCredential("${tenant}", "${client}", async () => "${"a".repeat(900)}", ${fetch});`;
  const answering = (text) => `export default { async fetch() { return new Response(${text}); } };`;
  const signing = `const rsa = { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 };
const key = Uint8Array.from(atob("${pkcs8}"), (letter) => letter.charCodeAt(0));
const sign = async () => crypto.subtle.sign(rsa, await crypto.subtle.importKey("pkcs8", key, rsa, false, ["sign"]), new Uint8Array(600));
${answering("String((await sign()).byteLength)")}`;
  return [
    ["an empty Worker", answering('"a"')],
    ["a Worker that signs by WebCrypto, without certgrant", signing],
    ["a Worker that loads certgrant, and does not use it", `${certificate}\n${answering('"a"')}`],
    [
      "a Worker with a token for an assertion that is there",
      `${assertion}\n${answering('(await credential.getToken("s/.default")).token')}`,
    ],
    ["a Worker with a token", `${certificate}\n${answering('(await credential.getToken("s/.default")).token')}`],
  ];
}

/** From the start of workerd to the answer of the first request. */
async function firstToken() {
  const rows = [];
  for (const [name, source] of stages()) {
    const times = { start: [], first: [], second: [] };
    for (let round = 0; round < 7; round++) {
      const folder = await newProject({ "worker.mjs": source });
      const modules = await bundleWorker(folder, "worker.mjs");
      let worker;
      times.start.push(
        await milliseconds(async () => {
          worker = await serveWorker(modules, { folder, emulator: { ca: CERTIFICATE } });
        }),
      );
      for (const which of ["first", "second"]) {
        times[which].push(await milliseconds(async () => (await fetch(worker.url)).text()));
      }
      await worker.stop();
    }
    rows.push({ name, start: median(times.start), first: median(times.first), second: median(times.second) });
  }
  return rows;
}

/** workerd wants some authority to trust; nothing is asked of it. */
const CERTIFICATE = world.certificate;

const results = {
  load: loadavg()[0],
  ...(await startAndMemory()),
  installed: [
    installed(project, "certgrant"),
    ...["@azure/msal-node", "@azure/identity", "adal-node"].map((name) => installed(PEERS, name)),
  ],
  worker: await workerSizes(),
  native: await measureNative(createRequire(join(project, "main.cjs")), createRequire(join(PEERS, "main.cjs")), world),
  assertions: await assertions(),
  firstToken: await firstToken(),
};
removeProjects();
const target = process.argv[2];
if (target) {
  const { document } = await import("./document.mjs");
  for (const [name, content] of Object.entries(document(results, { bars, table })))
    writeFileSync(join(target, name), content);
}
process.stdout.write(`${JSON.stringify(results)}\n`);
