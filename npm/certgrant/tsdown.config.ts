import { defineConfig } from "tsdown";

// One file per entry of the package, ESM and CommonJS, with the types of both; what they share goes into chunks, and the
// backends into chunks that are loaded with the first token.
export default defineConfig({
  entry: { index: "src/entry/node.ts", adal: "src/entry/adal.ts" },
  format: ["esm", "cjs"],
  platform: "node",
  target: "node20",
  tsconfig: "tsconfig.node.json",
  dts: true,
  fixedExtension: false,
  clean: true,
});
