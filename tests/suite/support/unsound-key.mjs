// A private key that has the form of one, and does not sign.
import { createPrivateKey } from "node:crypto";

/** `pem`, a private RSA key, with numbers that do not fit together; as PKCS#8. */
export function unsoundKey(pem) {
  const key = createPrivateKey(pem);
  const der = key.export({ type: "pkcs8", format: "der" });
  // Both: OpenSSL does without a prime that is wrong.
  for (const number of ["p", "d"]) {
    der[der.indexOf(Buffer.from(key.export({ format: "jwk" })[number], "base64url")) + 50] ^= 1;
  }
  return `-----BEGIN PRIVATE KEY-----\n${der.toString("base64")}\n-----END PRIVATE KEY-----\n`;
}
