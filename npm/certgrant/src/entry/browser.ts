/**
 * App-only access tokens from Microsoft Entra ID with a certificate, in browsers: pages, module workers, service workers. The
 * WASM modules are fetched from beside this file, where bundlers that know `new URL(…, import.meta.url)` put them.
 *
 * @module
 */
import { modules } from "wasm:modules";
import { OwnRsaSigner } from "../backends/own-rsa.ts";
import { installPlatform } from "../platform.ts";
import { webPlatform } from "./web.ts";

installPlatform(
  webPlatform({ name: "browser", compile: async (name) => compileAt(modules[name]()), OwnRsa: OwnRsaSigner }),
);

async function compileAt(url: URL): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`status ${response.status} for ${url.pathname}`);
  // A server that names another type is no reason to fail: the bytes say what they are.
  return WebAssembly.compile(await response.arrayBuffer());
}

export * from "../index.ts";
