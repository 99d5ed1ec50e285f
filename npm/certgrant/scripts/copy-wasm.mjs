// Copies the WASM modules beside the built files, where the entries look for them.
import { copyFile } from "node:fs/promises";
import { wasmModules } from "./wasm-modules.mjs";

for (const { file, url } of wasmModules()) await copyFile(url, new URL(`../dist/${file}`, import.meta.url));
