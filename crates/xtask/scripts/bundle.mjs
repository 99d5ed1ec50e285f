// Bundles and minifies one entry of the package as a user's bundler would, and prints its chunks as JSON.
//
// Run with `--input-type=module -e` in npm/certgrant, so that `rolldown` is the one that tsdown depends on; the entry is the
// first argument. What loads on demand is left out.

import { rolldown } from "rolldown";

const [entry] = process.argv.slice(1);
const bundle = await rolldown({ input: entry, platform: "neutral", external: [/^(node|cloudflare):/, /\.wasm$/], logLevel: "silent" });
const { output } = await bundle.generate({ format: "es", minify: true });
const chunks = output
  .filter((file) => file.type === "chunk" && !file.moduleIds.some((id) => /certgrant_(files|rsa|vault)|key-vault/.test(id)))
  .map((file) => ({ name: file.fileName, code: file.code }));
process.stdout.write(JSON.stringify(chunks));
