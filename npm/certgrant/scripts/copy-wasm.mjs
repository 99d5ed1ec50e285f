// Copies the WASM modules beside the built files, where the entries look for them.
import { copyFile } from "node:fs/promises";
import { wasmModules } from "./wasm-modules.mjs";

/** What adal-node's calls need: certificates, their files, users. Node signs with its own WebCrypto. */
const OF_ADAL = ["certgrant", "certgrant_files", "certgrant_files_rare", "certgrant_user"];

for (const { name, file, url } of wasmModules()) {
  await copyFile(url, new URL(`../dist/${file}`, import.meta.url));
  if (OF_ADAL.includes(name)) await copyFile(url, new URL(`../../certgrant-adal/dist/${file}`, import.meta.url));
}
