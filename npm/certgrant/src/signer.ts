/**
 * Signers outside of certgrant: a key of WebCrypto, or whatever the caller's function reaches, such as a vault or a hardware
 * module. What they answer is verified with the certificate's public key before it is sent.
 */
import type { Algorithm } from "./backend.ts";
import { argumentTypeError, argumentValueError } from "./errors.ts";
import { signature } from "./webcrypto-rsa.ts";

/** What a signer is asked for. */
export interface SigningRequest {
  /** `PS256` is RSASSA-PSS with SHA-256 and a salt of 32 bytes, `RS256` is RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518). */
  algorithm: Algorithm;
  /** SHA-256 over the signing input, 32 bytes: for signers that take a digest. */
  digest: Uint8Array;
  /** What is signed, ASCII text. */
  signingInput: string;
}

/** Makes the RSA signature that is asked for, as long as the key's modulus. */
export type Sign = (request: SigningRequest) => Uint8Array | Promise<Uint8Array>;

/** A private key of WebCrypto; `CryptoKey` of every runtime fits. */
export interface CryptoKeyLike {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
  readonly usages: readonly string[];
}

/** The signer of a private key of WebCrypto, and the only algorithm that such a key has. */
export function cryptoKeySigner(key: CryptoKeyLike): { sign: Sign; algorithm: Algorithm } {
  const algorithm = algorithmOf(key);
  return { algorithm, sign: ({ signingInput }) => signature(algorithm, key as CryptoKey, signingInput) };
}

function algorithmOf(key: CryptoKeyLike): Algorithm {
  const { type, usages, algorithm } = key ?? {};
  if (typeof type !== "string" || typeof algorithm?.name !== "string" || !Array.isArray(usages)) {
    throw argumentTypeError("privateKey must be a CryptoKey; a key in PEM belongs beside its certificate");
  }
  const hash = (algorithm as Partial<RsaHashedKeyAlgorithm>).hash?.name;
  const found = `found a ${type} key for ${algorithm.name}${hash === undefined ? "" : ` with ${hash}`}`;
  if (type !== "private" || !usages.includes("sign")) {
    throw argumentValueError(`privateKey must be a private CryptoKey with the usage "sign", ${found}`);
  }
  if (hash === "SHA-256" && algorithm.name === "RSA-PSS") return "PS256";
  if (hash === "SHA-256" && algorithm.name === "RSASSA-PKCS1-v1_5") return "RS256";
  throw argumentValueError(`privateKey must be for RSA-PSS or RSASSA-PKCS1-v1_5 with SHA-256, ${found}`);
}
