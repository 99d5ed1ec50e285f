// The built package, entered through the `exports` of its package.json as an installed one would be.
import { readFileSync } from "node:fs";

const root = new URL("../../../npm/certgrant/", import.meta.url);

/** The package's package.json. */
export const manifest = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));

/** Where an entry lies that Node takes, for a condition such as `import` or `require`. */
export function entryUrl(entry, condition = "import") {
  const conditions = manifest.exports[entry];
  return new URL((conditions.node ?? conditions)[condition].default, root);
}

export const certgrant = await import(entryUrl("."));
export const adal = await import(entryUrl("./adal"));
export const { CertgrantError, ClientAssertionCredential, ClientCertificateCredential, ClientSecretCredential } =
  certgrant;
