/**
 * certgrant without a way to its WASM modules: for libraries that wrap it, and for hosts that bring the modules themselves,
 * as bytes or compiled. Web standards only. The modules are the package's `certgrant/wasm/*.wasm`.
 *
 * @module
 */
import { OwnRsaSigner } from "../backends/own-rsa.ts";
import { installPlatform } from "../platform.ts";
import { webPlatform } from "./web.ts";

/** A WASM module, or its bytes, or a promise of either. */
export type WasmSource = WasmContent | Promise<WasmContent>;
// The library's own declaration of a module is empty, and by itself would take text.
type WasmContent = (WebAssembly.Module & object) | ArrayBuffer | ArrayBufferView<ArrayBuffer>;

/** The modules that a host has, by name; a function is called when its module is first needed, and again if it failed. */
export interface WasmModules {
  /** `certgrant.wasm`, which every credential needs. */
  certgrant: WasmSource | (() => WasmSource);
  /** Further modules by their names without `.wasm`: `certgrant_files` opens PFX files and encrypted keys, `certgrant_files_rare` those that it can't. */
  [name: `certgrant_${string}`]: WasmSource | (() => WasmSource) | undefined;
}

let provided: WasmModules | undefined;

/** Says where the WASM modules are; before the first token. */
export function provideWasm(modules: WasmModules): void {
  provided = modules;
}

installPlatform(
  webPlatform({
    name: "slim",
    OwnRsa: OwnRsaSigner,
    async compile(name) {
      const given = provided?.[name];
      if (given === undefined) throw new Error(`${name} was not handed to provideWasm`);
      const content = await (typeof given === "function" ? given() : given);
      return isModule(content) ? content : WebAssembly.compile(content);
    },
  }),
);

/** By its tag: a module of another realm is a module too. */
function isModule(content: WasmContent): content is WebAssembly.Module {
  return Object.prototype.toString.call(content) === "[object WebAssembly.Module]";
}

export * from "../index.ts";
