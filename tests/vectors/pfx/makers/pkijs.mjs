// Writes a PFX with PKI.js over WebCrypto: HASH PASSWORD OUT. Key in a shrouded bag, certificates in encrypted content.
import { createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_PATH_PFX}/`);
const pkijs = require(`${process.env.NODE_PATH_PFX}/pkijs`);
const asn1js = require(`${process.env.NODE_PATH_PFX}/asn1js`);

const [hash, password, out] = process.argv.slice(2);
const engine = new pkijs.CryptoEngine({ name: "node", crypto: webcrypto });
pkijs.setEngine("node", webcrypto, engine);

const bytes = (buffer) => buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);
const secret = bytes(new TextEncoder().encode(password));
const protection = {
  password: secret,
  contentEncryptionAlgorithm: { name: "AES-CBC", length: 256 },
  hmacHashAlgorithm: hash,
  iterationCount: 2000,
};
const identifier = new pkijs.Attribute({
  type: "1.2.840.113549.1.9.21",
  values: [new asn1js.OctetString({ valueHex: bytes(Uint8Array.of(1, 0, 0, 0)) })],
});

const key = createPrivateKey(readFileSync("../bundles/leaf.pkcs1.key")).export({ format: "der", type: "pkcs8" });
const keyBag = new pkijs.PKCS8ShroudedKeyBag({ parsedValue: pkijs.PrivateKeyInfo.fromBER(bytes(key)) });
const certificateBags = ["leaf.pem", "intermediate.pem"].map((name, index) => {
  const { raw } = new X509Certificate(readFileSync(`../bundles/${name}`));
  return new pkijs.SafeBag({
    bagId: "1.2.840.113549.1.12.10.1.3",
    bagValue: new pkijs.CertBag({ parsedValue: pkijs.Certificate.fromBER(bytes(raw)) }),
    ...(index === 0 ? { bagAttributes: [identifier] } : {}),
  });
});
const pfx = new pkijs.PFX({
  parsedValue: {
    integrityMode: 0,
    authenticatedSafe: new pkijs.AuthenticatedSafe({
      parsedValue: {
        safeContents: [
          {
            privacyMode: 0,
            value: new pkijs.SafeContents({
              safeBags: [
                new pkijs.SafeBag({
                  bagId: "1.2.840.113549.1.12.10.1.2",
                  bagValue: keyBag,
                  bagAttributes: [identifier],
                }),
              ],
            }),
          },
          { privacyMode: 1, value: new pkijs.SafeContents({ safeBags: certificateBags }) },
        ],
      },
    }),
  },
});
await keyBag.makeInternalValues(protection);
await pfx.parsedValue.authenticatedSafe.makeInternalValues({ safeContents: [{}, protection] });
await pfx.makeInternalValues({ password: secret, iterations: 2000, pbkdf2HashAlgorithm: hash, hmacHashAlgorithm: hash });
writeFileSync(out, Buffer.from(pfx.toSchema().toBER(false)));
