// Copies the WASM modules beside the built files, where the Node entry looks for them.
import { copyFile } from "node:fs/promises";

for (const name of [
  "certgrant_bg.wasm",
  "certgrant_files_bg.wasm",
  "certgrant_rsa_bg.wasm",
  "certgrant_vault_bg.wasm",
]) {
  await copyFile(
    new URL(`../src/generated/wasm/${name}`, import.meta.url),
    new URL(`../dist/${name}`, import.meta.url),
  );
}
