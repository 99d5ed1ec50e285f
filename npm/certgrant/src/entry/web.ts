/**
 * A runtime of web standards as certgrant's platform: WASM for the core, WebCrypto for RSA, no files. The entries of such
 * runtimes differ in their name and in how they come by the WASM modules.
 *
 * Nothing is loaded, compiled or instantiated before the first token.
 */
import type { Backend } from "../backend.ts";
import { type CompileModule, type MakeOwnRsa, wasmBackend } from "../backends/wasm.ts";
import { CertgrantError } from "../errors.ts";
import type { Platform } from "../platform.ts";

/** How a runtime differs from the others. */
export interface WebRuntime {
  /** Its name, as the token service is told. */
  name: string;
  /** Finds and compiles the WASM module of a name. */
  compile: CompileModule;
  /** Where WebCrypto may be missing. */
  OwnRsa?: MakeOwnRsa;
  /** Where the runtime has files. */
  files?: Pick<Platform, "readFile" | "fileStamp">;
  /** Where environment variables are not in `process.env`. */
  variable?: Platform["variable"];
  /** Where work ends with the request that began it, unless the runtime is told. */
  keepAlive?: NonNullable<Platform["keepAlive"]>;
}

/** The platform of a runtime. */
export function webPlatform({ name, compile, OwnRsa, files, variable, keepAlive }: WebRuntime): Platform {
  let loading: Promise<Backend> | undefined;
  return {
    os: name,
    cpu: "wasm32",
    loadBackend() {
      loading ??= load(name, compile, OwnRsa).catch((error: unknown) => {
        loading = undefined;
        throw error;
      });
      return loading;
    },
    readFile: files?.readFile ?? ((path) => noFiles(name, path)),
    fileStamp: files?.fileStamp ?? ((path) => noFiles(name, path)),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    randomUUID: () => crypto.randomUUID(),
    variable: variable ?? processVariable,
    // As it is at the time: tests replace it.
    directFetch: (url, init) => fetch(url, init),
    ...(keepAlive && { keepAlive }),
  };
}

async function load(name: string, compile: CompileModule, OwnRsa: MakeOwnRsa | undefined): Promise<Backend> {
  try {
    return await wasmBackend(compile, OwnRsa);
  } catch (cause) {
    throw new CertgrantError({
      code: "ERR_BACKEND_UNAVAILABLE",
      message: `no backend could be loaded: found no WASM module for ${name}, expected certgrant.wasm beside the JavaScript`,
      hint: "have the bundler keep or copy the package's .wasm files, or hand them in with certgrant/slim; the cause says what failed",
      cause,
    });
  }
}

/** Some runtimes without files have Node's `process`, and bundlers put its variables in place. */
function processVariable(name: string): string | undefined {
  return globalThis.process?.env?.[name] || undefined;
}

async function noFiles(runtime: string, path: string): Promise<never> {
  const { fileError } = await import("./file-error.ts");
  throw fileError(
    path,
    new Error(`${runtime} has no files`),
    "pass the content as { certificate } in place of its path",
  );
}
