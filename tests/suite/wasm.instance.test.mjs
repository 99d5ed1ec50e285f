// The WASM module's instance: lazy, once, again after a failed try, and thrown away after a trap. By `certgrant/slim`, whose host
// brings the modules. The trap is a real one of the real module: its memory is kept from growing, and a certificate is too large.
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { CLIENT, PEM, SCOPE, TENANT, vector } from "./support/fixtures.mjs";
import { entryUrl } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

const WASM = readFileSync(new URL("certgrant.wasm", entryUrl(".")));
const PAGE = 65_536;
/** The certificate of the encrypted keys. */
const LEAF = vector("bundles/leaf.pem");

/** A copy of certgrant/slim of its own: what was handed to one is not known to another. */
let slim;
let copies = 0;
beforeEach(async () => {
  slim = await import(`${entryUrl("./slim").href}?copy=${++copies}`);
});

function slimCredential(fetch, certificate = PEM, certificatePassword = undefined) {
  return new slim.ClientCertificateCredential(
    TENANT,
    CLIENT,
    { certificate, certificatePassword },
    { fetch, retryOptions: { maxRetries: 0 } },
  );
}

const token = async (one) => (await one.getToken(SCOPE)).token;

/** An unsigned LEB128 number and where it ends. */
function number(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 127) << shift;
    if (byte < 128) return [value, at];
  }
}

const leb = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);

/** The module, whose memory may have as many pages more than it begins with; WebAssembly core specification 5.5.8. */
function withPages(more) {
  for (let at = 8; at < WASM.length; ) {
    const [length, start] = number(WASM, at + 1);
    if (WASM[at] === 5) {
      const [pages] = number(WASM, start + 2);
      const section = [1, 1, ...leb(pages), ...leb(pages + more)];
      return Buffer.concat([
        WASM.subarray(0, at),
        Buffer.from([5, ...leb(section.length), ...section]),
        WASM.subarray(start + length),
      ]);
    }
    at = start + length;
  }
  throw new Error("the module has no memory");
}

test("nothing is asked of the host before the first token, and the module once", async () => {
  let asked = 0;
  slim.provideWasm({
    certgrant() {
      asked += 1;
      return WASM;
    },
  });
  const credentials = [1, 2, 3].map(() => slimCredential(scriptedFetch(granted())));
  assert.equal(asked, 0);
  assert.deepEqual(await Promise.all(credentials.map(token)), ["token-1", "token-1", "token-1"]);
  assert.equal(asked, 1);
});

test("bytes, compiled modules, and promises of them serve", async () => {
  const module = await WebAssembly.compile(WASM);
  for (const certgrant of [WASM, module, Promise.resolve(module), () => Promise.resolve(WASM)]) {
    const copy = await import(`${entryUrl("./slim").href}?copy=${++copies}`);
    copy.provideWasm({ certgrant });
    const one = new copy.ClientCertificateCredential(
      TENANT,
      CLIENT,
      { certificate: PEM },
      { fetch: scriptedFetch(granted()) },
    );
    assert.equal(await token(one), "token-1");
  }
});

test("a module that could not be loaded is asked for again", async () => {
  const attempts = [() => Promise.reject(new Error("offline")), () => new Uint8Array(8), () => WASM];
  slim.provideWasm({ certgrant: () => attempts.shift()() });
  const one = slimCredential(scriptedFetch(granted()));
  for (const cause of ["Error", "CompileError"]) {
    const error = await one.getToken(SCOPE).catch((thrown) => thrown);
    assert.equal(error.code, "ERR_BACKEND_UNAVAILABLE");
    assert.equal(error.cause.name, cause);
  }
  assert.equal(await token(one), "token-1");
});

test("a host that brought no module is told how", async () => {
  const error = await slimCredential(scriptedFetch(granted()))
    .getToken(SCOPE)
    .catch((thrown) => thrown);
  assert.equal(error.code, "ERR_BACKEND_UNAVAILABLE");
  assert.match(error.cause.message, /provideWasm/);
  assert.match(error.hint, /certgrant\/slim/);
});

test("a trap is one typed error, and the next call has a new instance", async () => {
  slim.provideWasm({ certgrant: withPages(16) });
  const before = slimCredential(scriptedFetch(granted("token-1"), granted("token-2")));
  assert.equal(await token(before), "token-1");
  // More than the memory can hold.
  const tooLarge = slimCredential(scriptedFetch(granted()), `${PEM}${"#".repeat(32 * PAGE)}`);
  const trapped = await tooLarge.getToken(SCOPE).catch((thrown) => thrown);
  assert.ok(trapped instanceof slim.CertgrantError);
  assert.equal(trapped.code, "ERR_INTERNAL");
  assert.ok(trapped.cause instanceof WebAssembly.RuntimeError, String(trapped.cause));
  assert.equal(await token(slimCredential(scriptedFetch(granted("token-3")))), "token-3");
  // What the lost instance had is lost with one typed error, cached tokens apart.
  assert.equal(await token(before), "token-1");
  before.clearTokens();
  const lost = await before.getToken(SCOPE).catch((thrown) => thrown);
  assert.equal(lost.code, "ERR_INTERNAL");
  assert.equal(await token(before), "token-2");
});

/** The package's modules, and how often each was asked for. */
function countedModules(names) {
  const asked = Object.fromEntries(names.map((name) => [name, 0]));
  const source = (name) => () => {
    asked[name] += 1;
    return readFileSync(new URL(`${name}.wasm`, entryUrl(".")));
  };
  slim.provideWasm(Object.fromEntries(names.map((name) => [name, source(name)])));
  return asked;
}

const key = (name) => readFileSync(new URL(`../vectors/keys/${name}`, import.meta.url));
const opened = (file) => token(slimCredential(scriptedFetch(granted()), new Uint8Array(file), "certgrant"));

test("files that tools write today, and Windows and OpenSSL wrote for decades, do without the module for rare ones", async () => {
  const asked = countedModules(["certgrant", "certgrant_files", "certgrant_files_rare"]);
  for (const name of ["modern.pfx", "legacy.pfx"]) assert.equal(await opened(key(name)), "token-1");
  const names = ["pbes2-aes-256-cbc.pem", "pbes2-des-ede3-cbc.pem", "dek-info-des3.pem", "pbes1-pbe-sha1-3des.pem"];
  for (const name of names) assert.equal(await opened(Buffer.concat([key(name), Buffer.from(LEAF)])), "token-1");
  assert.deepEqual(asked, { certgrant: 1, certgrant_files: 1, certgrant_files_rare: 0 });
});

test("a rare or a damaged file is opened by the module for such", async () => {
  const asked = countedModules(["certgrant", "certgrant_files", "certgrant_files_rare"]);
  for (const name of ["scrypt.pem", "pbes1-pbe-sha1-rc4-128.pem"]) {
    assert.equal(await opened(Buffer.concat([key(name), Buffer.from(LEAF)])), "token-1");
  }
  assert.equal(await opened(Buffer.from(PEM.replaceAll("-----", "\u2014\u2014"))), "token-1");
  assert.deepEqual(asked, { certgrant: 1, certgrant_files: 1, certgrant_files_rare: 1 });
});

test("of two keys the rare one is not passed over", async () => {
  countedModules(["certgrant", "certgrant_files", "certgrant_files_rare"]);
  const encryption = { cipher: "aes-256-cbc", passphrase: "certgrant" };
  const other = createPrivateKey(PEM).export({ type: "pkcs8", format: "pem", ...encryption });
  assert.equal(await opened(Buffer.concat([Buffer.from(other), key("scrypt.pem"), Buffer.from(LEAF)])), "token-1");
});

test("without the module for rare files their fault is what the other one says", async () => {
  countedModules(["certgrant", "certgrant_files"]);
  const error = await opened(Buffer.concat([key("scrypt.pem"), Buffer.from(LEAF)])).catch((thrown) => thrown);
  assert.equal(error.code, "ERR_ENCRYPTION_UNSUPPORTED");
  assert.match(error.message, /found the algorithm 1\.3\.6\.1\.4\.1\.11591\.4\.11/);
  assert.match(error.hint, /^protect the file again/);
});
