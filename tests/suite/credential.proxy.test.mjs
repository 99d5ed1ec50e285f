// Which requests go through a proxy, and what is said when they can't. Real proxies are those of tests/interop.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { credential, expectError } from "./support/credential.mjs";
import { PEM, SCOPE } from "./support/fixtures.mjs";
import { entryUrl } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

const VARIABLES = ["HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY", "NO_PROXY"];

/** The address of a proxy that is not there. */
let nowhere;

before(async () => {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  nowhere = `127.0.0.1:${server.address().port}`;
  await new Promise((done) => server.close(done));
});

/** Where a request for a token of `host` goes with these variables: `direct`, or the code of the failure. */
async function way(variables, { host = "login.microsoftonline.com", ...options } = {}) {
  const kept = { ...process.env };
  const fetch = globalThis.fetch;
  for (const name of VARIABLES) {
    delete process.env[name];
    delete process.env[name.toLowerCase()];
  }
  Object.assign(process.env, variables);
  const direct = scriptedFetch(granted());
  globalThis.fetch = direct;
  try {
    await credential(undefined, { authorityHost: `https://${host}`, ...options }).getToken(SCOPE);
    assert.equal(direct.requests.length, 1);
    return "direct";
  } catch (error) {
    assert.equal(direct.requests.length, 0);
    return expectError(error, error.code);
  } finally {
    globalThis.fetch = fetch;
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, kept);
  }
}

test("without a proxy the global fetch is used, as it is at the time", async () => {
  assert.equal(await way({}), "direct");
  assert.equal(await way({ HTTPS_PROXY: "", NO_PROXY: "*" }), "direct");
});

test("a proxy of the environment is asked, whatever the case of the variable's name", async () => {
  for (const name of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"]) {
    for (const address of [`http://${nowhere}`, nowhere, `http://me:hunter2@${nowhere}/`]) {
      const error = await way({ [name]: address });
      assert.equal(error.code, "ERR_PROXY_REFUSED");
      assert.match(error.message, new RegExp(`found ECONNREFUSED at ${nowhere}`));
      assert.equal(error.cause.code, "ECONNREFUSED");
      assert.ok(!inspect(error, { depth: null }).includes("hunter2"));
    }
  }
});

test("hosts of NO_PROXY are asked directly", async () => {
  const rows = [
    ["login.microsoftonline.com", true],
    ["LOGIN.microsoftonline.COM", true],
    ["microsoftonline.com", true],
    [".microsoftonline.com", true],
    ["*.microsoftonline.com", true],
    ["other.example,login.microsoftonline.com:443", true],
    ["other.example login.microsoftonline.com", true],
    ["*", true],
    ["online.com", false],
    ["login.microsoftonline.com:8443", false],
    ["login.microsoftonline.com.example", false],
    ["", false],
    [",", false],
  ];
  for (const [list, isDirect] of rows) {
    const found = await way({ HTTPS_PROXY: `http://${nowhere}`, NO_PROXY: list });
    assert.equal(found === "direct", isDirect, list);
  }
  assert.equal(await way({ HTTPS_PROXY: nowhere, NO_PROXY: "[::1]:8443" }, { host: "[::1]:8443" }), "direct");
  assert.equal(await way({ HTTPS_PROXY: nowhere, NO_PROXY: "::1" }, { host: "[::1]:8443" }), "direct");
  assert.notEqual(await way({ HTTPS_PROXY: nowhere, NO_PROXY: "[::1]:9443" }, { host: "[::1]:8443" }), "direct");
});

test("a proxy of the options goes before the environment, and NO_PROXY before it", async () => {
  const [host, port] = nowhere.split(":");
  const own = { fetch: undefined, proxyOptions: { host: `http://${host}`, port: Number(port) } };
  assert.match((await way({ HTTPS_PROXY: "http://127.0.0.1:1" }, own)).message, new RegExp(nowhere));
  assert.equal(await way({ NO_PROXY: "*" }, own), "direct");
});

test("an address that is none of a proxy is a clear error that does not repeat it", async () => {
  for (const address of ["socks5://127.0.0.1:1080", "http://", "http://user:hunter2@:80", "http://host:port"]) {
    const error = await way({ HTTPS_PROXY: address });
    assert.equal(error.code, "ERR_PROXY_INVALID");
    assert.ok(!inspect(error, { depth: null }).includes("hunter2"));
  }
});

test("options of other types, and two ways to the network, are refused", () => {
  const rows = [
    [{ proxyOptions: 5 }, "ERR_INVALID_ARG_TYPE", /options.proxyOptions must be an object/],
    [{ tlsOptions: "ca" }, "ERR_INVALID_ARG_TYPE", /options.tlsOptions must be an object/],
    [{ proxyOptions: {} }, "ERR_INVALID_ARG_VALUE", /must have host, as http:\/\/host, and port/],
    [{ proxyOptions: { host: "http://a", port: "80" } }, "ERR_INVALID_ARG_VALUE", /port, a number/],
    [{ proxyOptions: { host: "socks5://a", port: 80 } }, "ERR_INVALID_ARG_VALUE", /host, as http/],
  ];
  for (const [options, code, message] of rows) {
    assert.throws(() => credential(undefined, options), { name: "TypeError", code, message });
  }
  const both = { proxyOptions: { host: "http://a", port: 80 } };
  assert.throws(() => credential(scriptedFetch(granted()), both), { code: "ERR_INVALID_ARG_VALUE" });
});

let folder;

after(() => folder && rmSync(folder, { recursive: true, force: true }));

test("without undici a proxy is an error that says what to install, and no proxy is none", () => {
  folder = mkdtempSync(join(tmpdir(), "certgrant-proxy-"));
  const from = fileURLToPath(new URL("..", entryUrl(".")));
  for (const name of ["dist", "package.json"]) cpSync(join(from, name), join(folder, name), { recursive: true });
  const program = `
    import { ClientCertificateCredential } from ${JSON.stringify(pathToFileURL(join(folder, "dist/index.js")))};
    globalThis.fetch = async () => Response.json({ token_type: "Bearer", expires_in: 3599, access_token: "t" });
    const one = new ClientCertificateCredential("contoso.example", "client", { certificate: process.env.PEM });
    console.log(await one.getToken("s/.default").then(({ token }) => token, ({ code, hint, message }) => [code, hint, message].join(" ")));`;
  const run = (variables) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
      cwd: folder,
      env: { PATH: process.env.PATH, CERTGRANT_BACKEND: "wasm", PEM, ...variables },
    }).stdout;
  assert.match(run({ HTTPS_PROXY: "http://127.0.0.1:1" }), /^ERR_DEPENDENCY_MISSING npm install undici@7;.*no undici/);
  // As undici 8 on Node 20.
  mkdirSync(join(folder, "node_modules/undici"), { recursive: true });
  writeFileSync(join(folder, "node_modules/undici/index.js"), "missing();");
  assert.match(run({ HTTPS_PROXY: "http://127.0.0.1:1" }), /^ERR_DEPENDENCY_MISSING .*that this Node does not load/);
  assert.equal(run({ HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "*" }), "t\n");
  assert.equal(run({}), "t\n");
});
