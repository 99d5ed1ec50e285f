// The module `wasm:modules` of an entry: where its runtime finds each WASM module, in the words that its bundlers know.
import { readdirSync } from "node:fs";
import { basename } from "node:path";

/** What stands for a file, by the entry that asks. */
const WAYS = {
  // The import of a compiled module, which is its default export.
  "workerd.ts": (file) => `import("./${file}")`,
  // The same, as Vercel and Next.js spell it.
  "edge-light.ts": (file) => `import("./${file}?module")`,
  // An address beside the JavaScript.
  "browser.ts": (file) => `new URL("./${file}", import.meta.url)`,
  "deno.ts": (file) => `new URL("./${file}", import.meta.url)`,
};

/**
 * Where WebCrypto is a part of the runtime, RSA of our own is never needed; a page that did not come over TLS has none. ADAL's flows are
 * for Node: what is never called should not be a file that a Worker's bundler takes along.
 */
const isNeeded = (entry, name) => name !== "certgrant_user" && (name !== "certgrant_rsa" || entry === "browser.ts");

const ID = "wasm:modules";

/** The WASM modules that the build has made, by name. */
export function wasmModules() {
  const folder = new URL("../src/generated/wasm/", import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith(".wasm"));
  return files.sort().map((file) => ({ name: file.replace(".wasm", ""), file, url: new URL(file, folder) }));
}

/** Gives each entry its own `wasm:modules`. */
export const wasmModulesPlugin = {
  name: "wasm-modules",
  resolveId: {
    filter: { id: /^wasm:modules$|^\.\/\w+\.wasm(\?module)?$/ },
    handler(source, importer) {
      if (source === ID) return `\0${ID}/${basename(importer)}`;
      // Kept as it is: the files lie beside the built ones.
      return { id: source, external: true };
    },
  },
  load: {
    filter: { id: /^\0wasm:modules\// },
    handler(id) {
      const entry = basename(id);
      const wanted = wasmModules().filter(({ name }) => isNeeded(entry, name));
      const members = wanted.map(({ name, file }) => `  ${name}: () => ${WAYS[entry](file)},`);
      return `export const modules = {\n${members.join("\n")}\n};\n`;
    },
  },
};
