// Bundles and minifies what a program with a certificate takes of one entry of the package, as a user's bundler would, and prints
// the chunks as JSON.
//
// Run with `--input-type=module -e` in npm/certgrant, so that `rolldown` is the one that tsdown depends on; the entry is the
// first argument. What loads on demand is left out, and so are the credentials that the program does not name.

import { resolve } from "node:path";
import { rolldown } from "rolldown";

const [entry] = process.argv.slice(1);
const PROGRAM = "a-program-with-a-certificate";
const program = {
  name: PROGRAM,
  resolveId: (id) => (id === PROGRAM ? id : null),
  load: (id) =>
    id === PROGRAM
      ? `export { CertgrantError, ClientCertificateCredential } from ${JSON.stringify(resolve(entry))};`
      : null,
};
const bundle = await rolldown({
  input: PROGRAM,
  plugins: [program],
  platform: "neutral",
  external: [/^(node|cloudflare):/, /\.wasm$/],
  logLevel: "silent",
});
const ON_DEMAND = /-(aadsts|certificate-renewal|file-error|foreign-error|foreign-signature|key-vault|log)\d*\.js$/;
// The script of a Worker is one file.
const one = { name: "worker", test: (id) => !ON_DEMAND.test(id) };
const { output } = await bundle.generate({ format: "es", minify: true, codeSplitting: { groups: [one] } });
const chunks = output
  .filter((file) => file.type === "chunk" && !file.moduleIds.some((id) => ON_DEMAND.test(id)))
  .map((file) => ({ name: file.fileName, code: file.code }));
process.stdout.write(JSON.stringify(chunks));
