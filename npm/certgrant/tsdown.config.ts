import { defineConfig, type Rolldown, type UserConfig } from "tsdown";
import { wasmModulesPlugin } from "./scripts/wasm-modules.mjs";

const common: UserConfig = {
  tsconfig: "tsconfig.node.json",
  fixedExtension: false,
  dts: true,
  // The build script cleans once, before all of these.
  clean: false,
};

/** Chunks under names of their own and without a hash: the list of published files is pinned. */
const chunks = (prefix: string) => {
  return (options: Rolldown.OutputOptions, format: string): Rolldown.OutputOptions => ({
    ...options,
    chunkFileNames: `${prefix}[name].${format === "cjs" ? "cjs" : "js"}`,
  });
};

/** Node's entries have one chunk for what is not loaded on demand: to find and open a file takes Node longer than to read it. */
const nodeChunks = (options: Rolldown.OutputOptions, format: string): Rolldown.OutputOptions => ({
  ...chunks("node-")(options, format),
  codeSplitting: {
    groups: [
      { name: "core", test: /src[\\/](?:(?!aadsts|certificate-renewal|key-vault|log)[\w-]+|entry[\\/]platform)\.ts$/ },
    ],
  },
});

/** What runs outside of Node: web standards alone. */
const web: UserConfig = { ...common, platform: "neutral", target: "es2022" };

// One file per entry of the package; what entries of a kind share goes into chunks, and so does what is loaded with the first
// token. `certgrant/slim` shares nothing, so that a library which uses it and an application which doesn't are two platforms.
export default defineConfig([
  {
    ...common,
    entry: { index: "src/entry/node.ts", adal: "src/entry/adal.ts" },
    format: ["esm", "cjs"],
    platform: "node",
    target: "node20",
    outputOptions: nodeChunks,
  },
  {
    // certgrant-adal stands by itself: one package of a tenth of adal-node's weight.
    ...common,
    entry: { adal: "src/entry/adal.ts" },
    format: "cjs",
    platform: "node",
    target: "node20",
    outDir: "../certgrant-adal/dist",
    outputOptions: chunks("adal-"),
    // Names stay: of classes, which callers see, and of functions in stacks.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  },
  {
    ...web,
    entry: Object.fromEntries(
      ["workerd", "edge-light", "deno", "browser"].map((name) => [name, `src/entry/${name}.ts`]),
    ),
    format: "esm",
    external: /^cloudflare:/,
    // Those of the Node entry.
    dts: false,
    plugins: [wasmModulesPlugin],
    outputOptions: chunks("web-"),
  },
  {
    ...web,
    entry: { slim: "src/entry/slim.ts" },
    format: ["esm", "cjs"],
    outputOptions: chunks("slim-"),
  },
]);
