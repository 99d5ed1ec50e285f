/**
 * App-only access tokens from Microsoft Entra ID with a certificate, on Vercel's edge runtime and in Next.js middleware. An
 * import that ends in `.wasm?module` is what their builds make a compiled module of.
 *
 * @module
 */
import { modules } from "wasm:modules";
import { installPlatform } from "../platform.ts";
import { webPlatform } from "./web.ts";

/** Where Vercel keeps what belongs to the request under way; `@vercel/functions` looks there too. */
const REQUEST_CONTEXT = Symbol.for("@vercel/request-context");

interface RequestContext {
  get?(): { waitUntil?(work: Promise<unknown>): void } | undefined;
}

installPlatform(
  webPlatform({
    name: "edge-light",
    compile: async (name) => (await modules[name]()).default,
    keepAlive(work) {
      (globalThis as { [REQUEST_CONTEXT]?: RequestContext })[REQUEST_CONTEXT]?.get?.()?.waitUntil?.(work);
    },
  }),
);

export * from "../index.ts";
