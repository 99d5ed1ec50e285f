// The WASM module's instance: lazy, once, again after a failed try, and thrown away after a trap. By `certgrant/slim`, whose host
// brings the modules. The trap is a real one of the real module: its memory is kept from growing, and a certificate is too large.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { CLIENT, PEM, SCOPE, TENANT } from "./support/fixtures.mjs";
import { entryUrl } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

const WASM = readFileSync(new URL("certgrant.wasm", entryUrl(".")));
const PAGE = 65_536;

/** A copy of certgrant/slim of its own: what was handed to one is not known to another. */
let slim;
let copies = 0;
beforeEach(async () => {
  slim = await import(`${entryUrl("./slim").href}?copy=${++copies}`);
});

function slimCredential(fetch, certificate = PEM) {
  return new slim.ClientCertificateCredential(
    TENANT,
    CLIENT,
    { certificate },
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
