// Reads PFX files with node-forge: lines FILE TAB PASSWORD in; FILE, PASSWORD and the keys' moduli and the certificates' DER
// in base64, or "refused", out, TAB-separated.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const forge = createRequire(`${process.env.NODE_PATH_PFX}/`)(`${process.env.NODE_PATH_PFX}/node-forge`);
const base64 = (binary) => Buffer.from(binary, "binary").toString("base64");

function read(file, password) {
  const der = forge.asn1.fromDer(forge.util.createBuffer(readFileSync(file).toString("binary")));
  const found = [];
  for (const bag of forge.pkcs12.pkcs12FromAsn1(der, false, password).safeContents.flatMap((c) => c.safeBags)) {
    if (bag.key) found.push(`key ${Buffer.from(bag.key.n.toByteArray()).toString("base64")}`);
    if (bag.cert) found.push(`certificate ${base64(forge.asn1.toDer(forge.pki.certificateToAsn1(bag.cert)).getBytes())}`);
  }
  return found;
}

for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const [file, password] = line.split("\t");
  let found;
  try {
    found = read(file, password);
  } catch {
    found = ["refused"];
  }
  console.log([file, password, ...found].join("\t"));
}
