// Which backend does the work: the environment decides, and what it asks for has to be there.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { AUTHORITY, CERTIFICATE, CLIENT, KEY, SCOPE, TENANT, THUMBPRINT } from "./support/fixtures.mjs";
import { entryUrl } from "./support/package.mjs";
import { unsoundKey } from "./support/unsound-key.mjs";

/** Gets a token in a process of its own; answers with the backend's name and the error. */
function run({ entry = entryUrl("."), backend, prelude = "", pem = KEY + CERTIFICATE }) {
  const script = `
    ${prelude}
    const { ClientCertificateCredential } = await import(process.argv[1]);
    const lines = [];
    const describe = (error) => error && {
      code: error.code, name: error.name, message: error.message, hint: error.hint, cause: describe(error.cause),
    };
    const credential = new ClientCertificateCredential(process.env.TENANT, process.env.CLIENT, { certificate: process.env.PEM }, {
      logger: ({ message }) => lines.push(message),
      fetch: async () => new Response(JSON.stringify({ token_type: "Bearer", expires_in: 3599, access_token: "token-1" })),
    });
    const result = await credential.getToken(process.env.SCOPE).then(({ token }) => ({ token }), (error) => ({ error: describe(error) }));
    if (result.error?.code === "ERR_INTERNAL") result.retried = (await credential.getToken(process.env.SCOPE)).token;
    console.log(JSON.stringify({ ...result, backend: /^(\\w+) backend/m.exec(lines.join("\\n"))?.[1] }));
  `;
  const { CERTGRANT_BACKEND: _, ...environment } = process.env;
  const env = { ...environment, TENANT, CLIENT, SCOPE, PEM: pem };
  if (backend !== undefined) env.CERTGRANT_BACKEND = backend;
  const args = ["--input-type=module", "-e", script, entry.href];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test("CERTGRANT_BACKEND=native uses the addon", () => {
  assert.deepEqual(run({ backend: "native" }), { token: "token-1", backend: "native" });
});

test("CERTGRANT_BACKEND=wasm uses the WASM module", () => {
  assert.deepEqual(run({ backend: "wasm" }), { token: "token-1", backend: "wasm" });
});

test("without CERTGRANT_BACKEND the addon is used where there is one", () => {
  assert.deepEqual(run({}), { token: "token-1", backend: "native" });
});

const WITHOUT_WEBCRYPTO = `
  const { getRandomValues, randomUUID } = globalThis.crypto;
  const crypto = { getRandomValues: getRandomValues.bind(globalThis.crypto), randomUUID: randomUUID.bind(globalThis.crypto) };
  Object.defineProperty(globalThis, "crypto", { value: crypto });
`;

test("the WASM module signs by itself where there is no WebCrypto", () => {
  const prelude = WITHOUT_WEBCRYPTO;
  assert.deepEqual(run({ backend: "wasm", prelude }), { token: "token-1", backend: "wasm" });
});

for (const [signer, given] of [
  ["OpenSSL", { backend: "native" }],
  ["WebCrypto", { backend: "wasm" }],
  ["the WASM module", { backend: "wasm", prelude: WITHOUT_WEBCRYPTO }],
]) {
  test(`a key whose numbers do not fit together is named where ${signer} signs`, () => {
    const pem = unsoundKey(KEY) + CERTIFICATE;
    const { error } = run({ ...given, pem });
    const message =
      "the private key can't be read: found numbers that do not make an RSA key, expected a sound RSA private key";
    assert.deepEqual([error.code, error.message], ["ERR_KEY_INVALID", message]);
    assert.match(error.hint, /^export the private key again/);
  });
}

test("a trap in the WASM module is ERR_INTERNAL, and the next call starts afresh", () => {
  const prelude = `
    const { Instance, RuntimeError } = WebAssembly;
    let traps = 1;
    WebAssembly.Instance = function (module, imports) {
      const exports = { ...new Instance(module, imports).exports };
      const step = exports.client_step;
      exports.client_step = (...args) => {
        if (traps-- > 0) throw new RuntimeError("unreachable");
        return step(...args);
      };
      return { exports };
    };
    WebAssembly.Instance.prototype = Instance.prototype;
  `;
  const { error, retried } = run({ backend: "wasm", prelude });
  assert.equal(error.code, "ERR_INTERNAL");
  assert.equal(error.cause.name, "RuntimeError");
  assert.equal(retried, "token-1");
});

test("an unknown CERTGRANT_BACKEND is an error", () => {
  const { error } = run({ backend: "java" });
  assert.equal(error.code, "ERR_BACKEND_UNAVAILABLE");
  assert.match(error.message, /found CERTGRANT_BACKEND="java", expected native or wasm/);
});

test("without the addon the WASM module is used, and asking for the addon is an error with the load errors as causes", (t) => {
  const entry = copyWithoutAddon(t);
  assert.deepEqual(run({ entry }), { token: "token-1", backend: "wasm" });
  const { error } = run({ entry, backend: "native" });
  assert.equal(error.code, "ERR_BACKEND_UNAVAILABLE");
  assert.equal(error.name, "CertgrantError");
  assert.match(error.message, /found no native backend for \w+-\w+, expected native/);
  assert.match(error.hint, /CERTGRANT_BACKEND/);
  const messages = causes(error).map(({ message }) => message);
  assert.ok(messages.filter((message) => message.startsWith("Cannot find module")).length >= 1, messages.join("\n"));
});

test("without either the error has the load errors of both as causes", (t) => {
  const entry = copyWithoutAddon(t);
  for (const name of ["certgrant.wasm", "certgrant_rsa.wasm"]) rmSync(new URL(name, entry));
  const { error } = run({ entry });
  assert.equal(error.code, "ERR_BACKEND_UNAVAILABLE");
  const messages = causes(error)
    .map(({ message }) => message)
    .join("\n");
  assert.match(messages, /native addon/);
  assert.match(messages, /WASM module could not be loaded/);
  assert.match(messages, /ENOENT.*certgrant\.wasm/);
});

test("loading the package reads no file of a backend", () => {
  const script = `
    import { syncBuiltinESMExports } from "node:module";
    import fs from "node:fs";
    const read = [];
    for (const name of ["readFileSync", "openSync"]) {
      const original = fs[name];
      fs[name] = (path, ...rest) => { read.push(String(path)); return original(path, ...rest); };
    }
    const promised = fs.promises.readFile;
    fs.promises.readFile = (path, ...rest) => { read.push(String(path)); return promised(path, ...rest); };
    syncBuiltinESMExports();
    const dlopen = process.dlopen;
    process.dlopen = (module, path, ...rest) => { read.push(path); return dlopen(module, path, ...rest); };
    const compile = WebAssembly.compile;
    WebAssembly.compile = (...args) => { read.push("compiled"); return compile(...args); };
    await import(process.argv[1]);
    await import(process.argv[2]);
    console.log(JSON.stringify(read.filter((path) => /wasm|\\.node$|compiled/.test(path))));
  `;
  const args = ["--input-type=module", "-e", script, entryUrl(".").href, entryUrl("./adal").href];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(stdout.trim(), "[]", stderr);
});

/** The built files in a folder of their own, from where no addon can be found. */
function copyWithoutAddon(t) {
  const folder = mkdtempSync(join(tmpdir(), "certgrant-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const root = fileURLToPath(new URL("..", entryUrl(".")));
  cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  return pathToFileURL(join(folder, "dist", "index.js"));
}

function causes(error) {
  const list = [];
  for (let at = error; at; at = at.cause) list.push(at);
  return list;
}

for (const backend of ["native", "wasm"]) {
  test(`the ${backend} backend works without a global crypto`, () => {
    const prelude = `
      delete globalThis.crypto;
      if ("crypto" in globalThis) throw new Error("a global crypto is left");
    `;
    assert.deepEqual(run({ backend, prelude }), { token: "token-1", backend });
  });

  test(`certgrant/adal works with the ${backend} backend and without a global crypto`, () => {
    const script = `
      delete globalThis.crypto;
      const { AuthenticationContext, MemoryCache } = await import(process.argv[1]);
      const context = new AuthenticationContext(process.env.AUTHORITY, true, new MemoryCache());
      const answer = { token_type: "Bearer", expires_in: 3599, access_token: "a", id_token: "." + btoa('{"tid":"t"}') + "." };
      context.options = { http: { fetch: async () => new Response(JSON.stringify(answer)) } };
      const { CLIENT, PEM, THUMBPRINT } = process.env;
      const token = await context.acquireTokenWithClientCertificate("urn:a", CLIENT, PEM, THUMBPRINT);
      console.log(JSON.stringify([token.accessToken, token.userId.length]));
    `;
    const env = { ...process.env, CERTGRANT_BACKEND: backend, AUTHORITY, CLIENT, THUMBPRINT, PEM: KEY + CERTIFICATE };
    const args = ["--input-type=module", "-e", script, entryUrl("./adal").href];
    const { stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
    assert.equal(stdout.trim(), '["a",36]', stderr);
  });
}

/** Replaces functions of Node's cryptography before certgrant is loaded. */
const withCrypto = (functions) => `
  const { default: crypto } = await import("node:crypto");
  const { syncBuiltinESMExports } = await import("node:module");
  Object.assign(crypto, ${functions});
  syncBuiltinESMExports();
`;

test("a signing failure of OpenSSL is explained once, by its code and without its text", () => {
  const failing = `{ sign: (...given) => given.at(-1)(Object.assign(new Error("its text"), { code: "ERR_OSSL_X" })) }`;
  const { error } = run({ backend: "native", prelude: withCrypto(failing) });
  assert.equal(error.code, "ERR_SIGNING_FAILED");
  assert.match(error.message, /found ERR_OSSL_X in OpenSSL, expected a signature$/);
  assert.ok(!JSON.stringify(error).includes("its text"));
});

test("a key that OpenSSL does not take is named when the client is opened", () => {
  const refusing = `{ createPrivateKey() { throw Object.assign(new Error("its text"), { code: "ERR_OSSL_X" }); } }`;
  const { error } = run({ backend: "native", prelude: withCrypto(refusing) });
  assert.equal(error.code, "ERR_KEY_INVALID");
  assert.match(error.message, /found a key that OpenSSL refuses with ERR_OSSL_X, expected a sound RSA private key$/);
  assert.ok(!JSON.stringify(error).includes("its text"));
});

test("the copy of the private key that OpenSSL was given is wiped", () => {
  const watched = withCrypto(`(({ createPrivateKey }) => ({
    createPrivateKey(given) {
      globalThis.given = given.key;
      if (given.key.every((byte) => byte === 0)) throw new Error("no key");
      return createPrivateKey(given);
    },
  }))(crypto)`);
  const afterwards = `process.on("exit", () => { if (!globalThis.given.every((byte) => byte === 0)) process.exitCode = 9; });`;
  assert.deepEqual(run({ backend: "native", prelude: watched + afterwards }), { token: "token-1", backend: "native" });
});

test("a signing failure of WebCrypto is explained once", () => {
  const prelude = `Object.getPrototypeOf(crypto.subtle).sign = async () => { throw new DOMException("x", "OperationError"); };`;
  const { error } = run({ backend: "wasm", prelude });
  assert.equal(error.code, "ERR_SIGNING_FAILED");
  assert.equal(error.message.split("expected").length, 2, error.message);
});
