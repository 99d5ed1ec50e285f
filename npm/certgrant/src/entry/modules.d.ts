/** What the build puts in the place of `wasm:modules`; see scripts/wasm-modules.mjs. */
declare module "wasm:modules" {
  /** Where a runtime finds each WASM module: compiled ones where it imports them, addresses where it reads or fetches them. */
  export const modules: Record<
    import("../backends/wasm-module.ts").WasmModuleName,
    // biome-ignore lint/suspicious/noExplicitAny: a promise of a module in some entries, a URL in others
    () => any
  >;
}

/** https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil */
declare module "cloudflare:workers" {
  export function waitUntil(work: Promise<unknown>): void;
}
