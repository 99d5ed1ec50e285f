// Writes a PFX with node-forge: ALGORITHM PASSWORD OUT, where PASSWORD "-" is null.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_PATH_PFX}/`);
const forge = require(`${process.env.NODE_PATH_PFX}/node-forge`);

const [algorithm, password, out] = process.argv.slice(2);
const bundle = (name) => readFileSync(`../bundles/${name}`, "utf8");
const key = forge.pki.privateKeyFromPem(bundle("leaf.pkcs1.key"));
const chain = ["leaf.pem", "intermediate.pem"].map((name) => forge.pki.certificateFromPem(bundle(name)));
const pfx = forge.pkcs12.toPkcs12Asn1(key, chain, password === "-" ? null : password, {
  algorithm,
  friendlyName: "certgrant",
});
writeFileSync(out, Buffer.from(forge.asn1.toDer(pfx).getBytes(), "binary"));
