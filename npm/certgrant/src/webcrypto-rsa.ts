/** RSA signatures as [WebCrypto](https://www.w3.org/TR/webcrypto-2/) calls them. */
import type { Algorithm } from "./backend.ts";

/** Parameters for import, signing and verifying. RFC 7518 section 3.5: PS256 has a salt as long as its hash. */
export function parameters(algorithm: Algorithm) {
  const hash = "SHA-256";
  return algorithm === "PS256" ? { name: "RSA-PSS", hash, saltLength: 32 } : { name: "RSASSA-PKCS1-v1_5", hash };
}

/** The signature of a text in ASCII. */
export async function signature(algorithm: Algorithm, key: CryptoKey, signingInput: string): Promise<Uint8Array> {
  const message = new TextEncoder().encode(signingInput);
  return new Uint8Array(await crypto.subtle.sign(parameters(algorithm), key, message));
}
