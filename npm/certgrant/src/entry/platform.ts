/**
 * Node as certgrant's platform: where the native addon and the WASM files lie, which of them is used, and how files are
 * read. With `src/entry/node.ts` and `src/entry/adal.ts` the only place that imports from Node.
 *
 * Nothing is loaded or read before the first token: not even Node's own modules, which are most of what a start takes.
 */
import { createRequire } from "node:module";
import type { Backend, BackendName } from "../backend.ts";
import type { NativeModule } from "../backends/native.ts";
import type { CompileModule } from "../backends/wasm-module.ts";
import { CertgrantError } from "../errors.ts";
import { withoutForeignText } from "../foreign-error.ts";
import type { Platform } from "../platform.ts";
import { addonPackages } from "./addon.ts";
import { channels } from "./channels.ts";
import { environmentLogger } from "./environment-logger.ts";
import { directFetch } from "./node-fetch.ts";
import { pinnedFetch } from "./pinned.ts";
import { proxyingFetch } from "./proxy.ts";
import { ShelvingCache } from "./shelving-cache.ts";
import { trace } from "./tracing.ts";

let loading: Promise<Backend> | undefined;

/** Node. */
export const nodePlatform: Platform = {
  os: process.platform,
  cpu: process.arch,
  loadBackend() {
    loading ??= chooseBackend().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  },
  async readFile(path) {
    try {
      const { readFile } = await import("node:fs/promises");
      return await readFile(path);
    } catch (cause) {
      throw unreadable(path, cause);
    }
  },
  async fileStamp(path) {
    try {
      const { stat } = await import("node:fs/promises");
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
      return [dev, ino, size, mtimeNs, ctimeNs].join();
    } catch (cause) {
      throw unreadable(path, cause);
    }
  },
  randomBytes: (length) => webcrypto().getRandomValues(new Uint8Array(length)),
  randomUUID: () => webcrypto().randomUUID(),
  variable(name) {
    return process.env[name] || undefined;
  },
  directFetch,
  fetch: proxyingFetch,
  pinnedFetch,
  watcher: channels,
  trace,
  tokenCache: (limits) => new ShelvingCache(limits),
  logger: environmentLogger,
  warn: (code, message) => process.emitWarning(message, { type: "CertgrantWarning", code }),
};

let loadedCrypto: Crypto | undefined;

/** Not the global `crypto`: it can be left out (--no-experimental-global-webcrypto) or replaced. */
function webcrypto(): Crypto {
  loadedCrypto ??= createRequire(import.meta.url)("node:crypto").webcrypto as Crypto;
  return loadedCrypto;
}

/** `CERTGRANT_BACKEND` decides; without it the native addon, and the WASM module where there is no addon. */
async function chooseBackend(): Promise<Backend> {
  const wanted = process.env.CERTGRANT_BACKEND || undefined;
  if (wanted !== undefined && wanted !== "native" && wanted !== "wasm") {
    throw new CertgrantError({
      code: "ERR_BACKEND_UNAVAILABLE",
      message: `the backend is not known: found CERTGRANT_BACKEND=${JSON.stringify(wanted)}, expected native or wasm`,
      hint: "set CERTGRANT_BACKEND to native or wasm, or remove it to use the best one that is there",
    });
  }
  const errors: unknown[] = [];
  for (const name of wanted === undefined ? (["native", "wasm"] as const) : [wanted]) {
    try {
      return await (name === "native" ? loadNative() : loadWasm());
    } catch (error) {
      errors.push(error);
    }
  }
  throw unavailable(wanted, errors);
}

/** The addon of this system. */
async function loadNative(): Promise<Backend> {
  const load = createRequire(import.meta.url);
  const names = await addonPackages();
  const errors: unknown[] = [];
  for (const name of names) {
    try {
      const addon = load(name) as NativeModule;
      const { NodeCryptoSigner } = await import("./node-crypto.ts");
      const { nativeBackend } = await import("../backends/native.ts");
      return nativeBackend(addon, NodeCryptoSigner);
    } catch (error) {
      errors.push(error);
    }
  }
  throw chain(`the native addon could not be loaded (${names.join(", ")})`, errors);
}

/** The module's bytes lie beside the built files. */
async function loadWasm(): Promise<Backend> {
  provideCrypto();
  try {
    const { OwnRsaSigner, wasmBackend } = await import("../backends/own-rsa.ts");
    const { readFile } = await import("node:fs/promises");
    const compile: CompileModule = async (name) =>
      WebAssembly.compile(await readFile(new URL(`./${name}.wasm`, import.meta.url)));
    return await wasmBackend(compile, OwnRsaSigner);
  } catch (error) {
    throw chain("the WASM module could not be loaded", [error]);
  }
}

/**
 * Sets the global `crypto` where there is none: the WASM modules know no other source of random bytes, and WebCrypto signs
 * faster than they do. It is what Node sets by itself unless it is told not to; one that is there is left alone.
 */
function provideCrypto(): void {
  if (globalThis.crypto !== undefined) return;
  Object.defineProperty(globalThis, "crypto", {
    value: webcrypto(),
    configurable: true,
    writable: true,
    enumerable: false,
  });
}

/** One error with all of `errors` as its chain of causes. */
function chain(message: string, errors: readonly unknown[]): Error {
  const [first, ...rest] = errors;
  if (first === undefined) return new Error(message);
  const cause = rest.length === 0 ? first : chain(first instanceof Error ? first.message : String(first), rest);
  return new Error(message, { cause });
}

function unavailable(wanted: BackendName | undefined, errors: readonly unknown[]): CertgrantError {
  const found = wanted === undefined ? "neither the native addon nor the WASM module" : `no ${wanted} backend`;
  const system = `${process.platform}-${process.arch}`;
  return new CertgrantError({
    code: "ERR_BACKEND_UNAVAILABLE",
    message: `no backend could be loaded: found ${found} for ${system}, expected ${wanted ?? "one of them"}`,
    hint:
      wanted === undefined
        ? "install the package again with its optional dependencies; the causes say what failed"
        : "remove CERTGRANT_BACKEND to use the other backend, or install this one; the causes say what failed",
    cause: chain(`tried ${wanted ?? "native, then wasm"}`, errors),
  });
}

/** What an error names: a key in the place of a path is longer, or has line ends. */
const PLAIN_PATH = /^\P{Cc}{1,260}$/u;

function unreadable(path: string, cause: unknown): CertgrantError {
  const { code } = cause as NodeJS.ErrnoException;
  const plain = PLAIN_PATH.test(path) && !path.includes("-----");
  const where = plain ? path : `a path of ${path.length} characters`;
  return new CertgrantError({
    code: "ERR_FILE_UNREADABLE",
    message: `the file can't be read: found ${code ?? "an error"} at ${where}, expected a readable file`,
    hint: "check the path, relative to the working directory, and that this process may read the file",
    // The system's error repeats the path.
    cause: plain ? cause : withoutForeignText(cause),
  });
}
