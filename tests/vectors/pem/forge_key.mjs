// Prints the leaf's key encrypted by node-forge: KIND PASSWORD.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const forge = createRequire(`${process.env.NODE_PATH_PFX}/`)(`${process.env.NODE_PATH_PFX}/node-forge`);
const [kind, password] = process.argv.slice(2);
const key = forge.pki.privateKeyFromPem(readFileSync("../bundles/leaf.pkcs1.key", "utf8"));
const info = () => forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key));
const encrypt = (algorithm) =>
  forge.pki.encryptedPrivateKeyToPem(forge.pki.encryptPrivateKeyInfo(info(), password, { algorithm }));
const kinds = {
  "pbes2-aes128": () => encrypt("aes128"),
  "pbes2-aes256": () => encrypt("aes256"),
  "pbe-3des": () => encrypt("3des"),
  "dek-info-aes128": () => forge.pki.encryptRsaPrivateKey(key, password, { legacy: true, algorithm: "aes128" }),
};
console.log(kinds[kind]().trim());
