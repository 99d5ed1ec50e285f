/** What a backend needs of the runtime's RSA, and that of its client. */
import type { Algorithm } from "../backend.ts";
import type { ErrorCode } from "../codes.ts";

/** Signs and verifies for one certificate. */
export interface RsaSigner {
  sign(algorithm: Algorithm, signingInput: string): Promise<Uint8Array>;
  verify(algorithm: Algorithm, signingInput: string, signature: Uint8Array): Promise<undefined>;
  /** The certificate is another. */
  forget(): void;
}

/** What the signer needs of its client. */
export interface KeyHolder {
  /** The private key as PKCS#8; a copy, which is wiped here. */
  privateKey(): Uint8Array;
  /** The certificate's public key as `SubjectPublicKeyInfo`. */
  publicKey(): Uint8Array;
  /** Throws what is wrong, in the core's words. */
  fault(code: ErrorCode, found: string, expected: string): never;
}
