// The examples as they stand in examples/, each on its real runtime, with the packed package and the emulator.
import assert from "node:assert/strict";
import { createSign, generateKeyPairSync } from "node:crypto";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { startEmulator } from "../interop/fixtures/emulator.mjs";
import { line, run, start, stop } from "./fixtures/process.mjs";
import { addFiles, newProject, removeProjects } from "./fixtures/project.mjs";
import { bundleSite, missingChromium, serveSite, withPage } from "./fixtures/runtimes/chromium.mjs";
import { runEdgeFunction } from "./fixtures/runtimes/edge-light.mjs";
import { bundleWorker, serveWorker } from "./fixtures/runtimes/workerd.mjs";
import { worldOf } from "./fixtures/world.mjs";

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));
const MODULES = fileURLToPath(new URL("node_modules/", import.meta.url));

let emulator;
let world;
before(async () => {
  emulator = await startEmulator();
  world = worldOf(emulator);
});
after(async () => {
  await emulator.stop();
  removeProjects();
});

/** A project with an example in it, and packages that it imports besides certgrant. */
async function projectOf(example, { native = false, packages = [], files = {} } = {}) {
  const folder = await newProject(files, { native });
  cpSync(join(EXAMPLES, example), join(folder, example));
  writeFileSync(join(folder, "app.pfx"), Buffer.from(world.pfx, "base64"));
  for (const name of packages) {
    mkdirSync(dirname(join(folder, "node_modules", name)), { recursive: true });
    symlinkSync(join(MODULES, name), join(folder, "node_modules", name));
  }
  return folder;
}

const variables = () => ({ TENANT_ID: world.tenant, CLIENT_ID: world.client, AUTHORITY_HOST: world.authority });
const withPem = () => ({ ...variables(), CERTIFICATE: world.pem });
const withPfx = () => ({
  ...variables(),
  CERTIFICATE_PATH: "app.pfx",
  CERTIFICATE_PASSWORD: world.pfxPassword,
  PORT: "0",
});
const trusted = () => ({ NODE_EXTRA_CA_CERTS: emulator.caFile, DENO_CERT: emulator.caFile });

/** Starts a service, and asks it once it says where it listens. */
async function asked(program, parameters, folder, pattern) {
  const child = start(program, parameters, { cwd: folder, env: { ...withPfx(), ...trusted() } });
  try {
    const [, port] = await line(child, pattern);
    const response = await fetch(`http://127.0.0.1:${port}/`);
    return [response.status, await response.json()];
  } finally {
    await stop(child);
  }
}

describe("example", () => {
  it("cloudflare-worker.js on workerd", async () => {
    const folder = await projectOf("cloudflare-worker.js");
    const modules = await bundleWorker(folder, "cloudflare-worker.js");
    const worker = await serveWorker(modules, { folder, emulator, bindings: withPem() });
    try {
      const { parts, expires } = await (await fetch(worker.url)).json();
      assert.equal(parts, 3);
      assert.ok(Date.parse(expires) > Date.now());
    } finally {
      await worker.stop();
    }
  });

  it("vercel-edge.js on edge-runtime", async () => {
    const main = `import { GET, runtime } from "./vercel-edge.js";
      if (runtime !== "edge") throw new Error(runtime);
      addEventListener("fetch", (event) => event.respondWith(GET()));`;
    const folder = await projectOf("vercel-edge.js", { files: { "main.mjs": main } });
    const [{ status, body }] = await runEdgeFunction(folder, "main.mjs", { emulator, env: withPem() });
    assert.deepEqual([status, body], [200, '{"parts":3}']);
  });

  it("deno-service.js on Deno", async () => {
    const folder = await projectOf("deno-service.js", { files: { "deno.json": '{ "nodeModulesDir": "manual" }' } });
    const rights = ["run", "--allow-net", "--allow-env", "--allow-read", "deno-service.js"];
    assert.deepEqual(await asked(join(MODULES, ".bin/deno"), rights, folder, /127\.0\.0\.1:(\d+)/), [
      200,
      { parts: 3 },
    ]);
  });

  it("bun-service.js on Bun", async () => {
    const folder = await projectOf("bun-service.js", { native: true });
    const answer = await asked(join(MODULES, ".bin/bun"), ["run", "bun-service.js"], folder, /127\.0\.0\.1:(\d+)/);
    assert.deepEqual(answer, [200, { parts: 3 }]);
  });

  it("express-api.js on Node", async () => {
    const folder = await projectOf("express-api.js", { native: true, packages: ["express"] });
    const answer = await asked(process.execPath, ["express-api.js"], folder, /listening on (\d+)/);
    assert.deepEqual(answer, [200, { parts: 3 }]);
  });

  it("aws-lambda.mjs as Lambda calls it", async () => {
    const folder = await projectOf("aws-lambda.mjs", { native: true });
    const source = `import { handler } from ${JSON.stringify(pathToFileURL(join(folder, "aws-lambda.mjs")).href)};
      console.log(JSON.stringify(await handler({}, { getRemainingTimeInMillis: () => 30_000 })));`;
    addFiles(folder, { "invoke.mjs": source });
    const said = await run(process.execPath, ["invoke.mjs"], { cwd: folder, env: { ...withPem(), ...trusted() } });
    assert.deepEqual(JSON.parse(said), { statusCode: 200, body: '{"parts":3}' });
  });

  it("azure-function.mjs with Azure's own package for functions", async () => {
    const folder = await projectOf("azure-function.mjs", { native: true, packages: ["@azure/functions"] });
    const source = `import functions from "@azure/functions";
      const { InvocationContext, HttpRequest } = functions;
      import { token } from "./azure-function.mjs";
      const logHandler = () => undefined;
      const request = new HttpRequest({ method: "GET", url: "http://localhost/api/token" });
      console.log(JSON.stringify(await token(request, new InvocationContext({ functionName: "token", logHandler }))));`;
    addFiles(folder, { "invoke.mjs": source });
    const said = await run(process.execPath, ["invoke.mjs"], { cwd: folder, env: { ...withPem(), ...trusted() } });
    assert.deepEqual(JSON.parse(said.trim().split("\n").at(-1)), { jsonBody: { parts: 3 } });
  });
});

describe("example browser-page.js", () => {
  const lacking = missingChromium();
  if (lacking) process.stdout.write(`browser-page.js is left out: ${lacking}\n`);
  else {
    it("gets a token with a key of the browser that can't be read", async () => {
      const { certificate, pkcs8, tenant, client, authority } = world;
      const main = `import { credentialOf, makeKey } from "./browser-page.js";
        globalThis.results = (async () => {
          const made = await makeKey();
          // The key that the certificate was issued for; a page would have made it by makeKey.
          const bytes = Uint8Array.from(atob("${pkcs8}"), (letter) => letter.charCodeAt(0));
          const privateKey = await crypto.subtle.importKey("pkcs8", bytes, made.privateKey.algorithm, false, ["sign"]);
          const credential = credentialOf({ tenantId: "${tenant}", clientId: "${client}", authorityHost: "${authority}",
            certificate: ${JSON.stringify(certificate)}, privateKey, relay: location.origin + "/emulator" });
          const { token } = await credential.getToken("https://graph.microsoft.com/.default");
          return [made.privateKey.extractable, privateKey.extractable, token.split(".").length];
        })();`;
      const folder = await projectOf("browser-page.js", { files: { "page.js": main } });
      const server = await serveSite(await bundleSite(folder, ["page.js"]), emulator);
      try {
        const results = await withPage(server.url, (page) =>
          page.evaluate(async () => {
            await import("/page.js");
            return globalThis.results;
          }),
        );
        assert.deepEqual(results, [false, false, 3]);
      } finally {
        server.stop();
      }
    });
  }
});

describe("example token-broker.js on workerd", () => {
  const SCOPE = "https://graph.microsoft.com/.default";
  const ADDRESS = "203.0.113.7";
  const partner = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const CLAIMS = { iss: "https://idp.partner.example", sub: "orders", aud: "https://broker.example" };
  const POLICY = {
    issuer: CLAIMS.iss,
    subject: CLAIMS.sub,
    key: partner.publicKey.export({ format: "jwk" }),
    addresses: [ADDRESS],
    scopes: [SCOPE],
    forward: false,
  };
  let broker;
  before(async () => {
    const folder = await projectOf("token-broker.js");
    const bindings = { ...withPem(), AUDIENCE: CLAIMS.aud, POLICIES: JSON.stringify([POLICY]) };
    broker = await serveWorker(await bundleWorker(folder, "token-broker.js"), { folder, emulator, bindings });
  });
  after(() => broker.stop());

  /** A JWT by Node's own crypto. */
  function jwt(changes = {}, key = partner.privateKey, alg = "RS256") {
    const now = Math.floor(Date.now() / 1000);
    const parts = [
      { alg, typ: "JWT", kid: "partner" },
      { ...CLAIMS, nbf: now - 5, exp: now + 300, ...changes },
    ];
    const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${input}.${createSign("sha256").update(input).sign(key, "base64url")}`;
  }

  async function ask({ token = jwt(), address = ADDRESS, scope = SCOPE, at = broker } = {}) {
    const headers = { authorization: `Bearer ${token}`, "cf-connecting-ip": address };
    const response = await fetch(at.url, { method: "POST", headers, body: new URLSearchParams({ scope }) });
    return { status: response.status, headers: response.headers, body: await response.json() };
  }

  it("gives a partner a token for a scope of its policy, for a short life", async () => {
    const { status, headers, body } = await ask();
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.access_token.split(".").length, 3);
    assert.ok(body.expires_in > 0 && body.expires_in <= 600, String(body.expires_in));
    assert.equal(headers.get("cache-control"), "no-store");
  });

  it("hands on the JWT of a partner whose policy says so, without a certificate", async () => {
    const federated = { issuer: CLAIMS.iss, subject: CLAIMS.sub, audiences: [CLAIMS.aud] };
    const registrations = {
      value: [{ appId: world.client, displayName: "trusts a partner", federatedIdentityCredentials: [federated] }],
      emulator: { issuers: [{ issuer: CLAIMS.iss, jwks: { keys: [{ ...POLICY.key, kid: "partner" }] } }] },
    };
    const trusting = await startEmulator({ registrations });
    const policy = { ...POLICY, forward: true };
    const bindings = {
      ...variables(),
      AUTHORITY_HOST: trusting.authority,
      AUDIENCE: CLAIMS.aud,
      POLICIES: JSON.stringify([policy]),
    };
    const folder = await projectOf("token-broker.js");
    const script = await bundleWorker(folder, "token-broker.js");
    const forwarding = await serveWorker(script, { folder, emulator: trusting, bindings });
    try {
      const { status, body } = await ask({ at: forwarding });
      assert.equal(status, 200, JSON.stringify(body));
      const [, claims] = body.access_token.split(".", 2).map((part) => Buffer.from(part, "base64url").toString());
      assert.equal(JSON.parse(claims).appid, world.client);
    } finally {
      await forwarding.stop();
      await trusting.stop();
    }
  });

  const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
  for (const [what, request] of [
    ["another address", () => ({ address: "203.0.113.8" })],
    ["a scope that its policy does not name", () => ({ scope: "api://payroll/.default" })],
    ["a JWT that has expired", () => ({ token: jwt({ exp: Math.floor(Date.now() / 1000) - 600 }) })],
    ["a JWT for somebody else", () => ({ token: jwt({ aud: "https://other.example" }) })],
    ["a JWT of another subject", () => ({ token: jwt({ sub: "payroll" }) })],
    ["a JWT that another key signed", () => ({ token: jwt({}, stranger.privateKey) })],
    ["a JWT that says it needs no signature", () => ({ token: jwt({}, partner.privateKey, "none") })],
    ["no JWT", () => ({ token: "x" })],
  ]) {
    it(`refuses ${what}, without a word about why`, async () => {
      const { status, body } = await ask(request());
      assert.deepEqual([status, body], [403, { error: "access_denied" }]);
    });
  }
});
