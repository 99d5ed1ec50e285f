// A panic becomes an exception, and the process lives on. The bindings are built for this with the feature `panic-probe`,
// which exports a function that panics. Cargo does it, in its development profile: what is published is of other
// profiles, and has no such function.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { run } from "./fixtures/child.mjs";
import { CLIENT, GRAPH, TENANT } from "./fixtures/registrations.mjs";
import { SINGLE } from "./fixtures/vectors.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Builds a binding with its probe; the path of the library that cargo names. */
async function build(crate, ...parameters) {
  const given = ["build", "--package", crate, "--features", "panic-probe", "--message-format", "json", ...parameters];
  const options = { cwd: ROOT, maxBuffer: 2 ** 26 };
  const { stdout } = await promisify(execFile)(process.env.CARGO || "cargo", given, options);
  const messages = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const artifacts = messages.filter(
    ({ reason, target }) => reason === "compiler-artifact" && target.kind.includes("cdylib"),
  );
  const files = artifacts.flatMap(({ filenames }) => filenames);
  const library = files.find(
    (path) => path.includes(crate.replaceAll("-", "_")) && /\.(so|dylib|dll|wasm)$/.test(path),
  );
  assert.ok(library, `cargo made no library of ${crate}`);
  return library;
}

describe("a panic", () => {
  let folder;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "certgrant-interop-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("in the native addon is an exception, and the addon goes on working", async () => {
    const addon = join(folder, "probe.node");
    cpSync(await build("certgrant-node"), addon);
    const config = {
      authority: "https://login.microsoftonline.com",
      tenant: TENANT,
      clientId: CLIENT,
      endpoint: "v2",
      certificate: SINGLE.pem,
    };
    const { result } = await run("panics", { addon, config, scope: `${GRAPH}/.default` });
    assert.equal(result.thrown.length, 3, "each call throws");
    for (const { isError, message } of result.thrown) {
      assert.ok(isError);
      assert.match(message, /probe/);
    }
    assert.equal(result.thumbprint, SINGLE.thumbprintSha256);
    assert.equal(result.kind, "start");
    assert.equal(result.modulusLength, 2048);
  });

  it("in the WASM module is a WebAssembly.RuntimeError, and a fresh instance works", async () => {
    const module = new WebAssembly.Module(
      readFileSync(await build("certgrant-wasm", "--target", "wasm32-unknown-unknown")),
    );
    assert.deepEqual(WebAssembly.Module.imports(module), []);
    const instance = () => new WebAssembly.Instance(module, {}).exports;
    assert.throws(() => instance().panic_probe(), WebAssembly.RuntimeError);
    // Its allocator stands for what works: each call of the module begins with it.
    assert.ok(instance().allocate(64) > 0);
  });
});
