/**
 * App-only access tokens from Microsoft Entra ID with a certificate, on Deno: WASM and WebCrypto, no permission but the one to
 * read the package's own files, and those of the caller.
 *
 * @module
 */
import { modules } from "wasm:modules";
import { installPlatform } from "../platform.ts";
import { fileError } from "./file-error.ts";
import { webPlatform } from "./web.ts";

/** The part of Deno's own interface that is used. */
declare const Deno: {
  readFile(path: string | URL): Promise<Uint8Array<ArrayBuffer>>;
  stat(
    path: string,
  ): Promise<{ dev: number; ino: number | null; size: number; mtime: Date | null; ctime?: Date | null }>;
  env: { get(name: string): string | undefined };
};

const HINT = "check the path, relative to the working directory, and that Deno may read it (--allow-read)";

installPlatform(
  webPlatform({
    name: "deno",
    compile: async (name) => WebAssembly.compile(await Deno.readFile(modules[name]())),
    files: {
      readFile: (path) => named(path, () => Deno.readFile(path)),
      fileStamp: (path) =>
        named(path, async () => {
          const { dev, ino, size, mtime, ctime } = await Deno.stat(path);
          return [dev, ino, size, mtime?.getTime(), ctime?.getTime()].join();
        }),
    },
    variable(name) {
      try {
        return Deno.env.get(name) || undefined;
      } catch {
        // Without --allow-env there are no variables.
        return undefined;
      }
    },
  }),
);

async function named<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(path, error, HINT);
  }
}

export * from "../index.ts";
