/**
 * RSA by the runtime's WebCrypto: the private key is imported as
 * non-extractable, once for each algorithm that is used, because WebCrypto binds a key to one.
 */
import type { Algorithm } from "../backend.ts";
import { faultName, isErrorData } from "../errors.ts";
import { parameters, signature } from "../webcrypto-rsa.ts";
import type { KeyHolder, RsaSigner } from "./rsa-signer.ts";

/** Signs and verifies for one certificate. */
export class WebCryptoSigner implements RsaSigner {
  readonly #holder: KeyHolder;
  /** Those of the certificate in use. */
  #keys = new Map<Algorithm, CryptoKey>();

  constructor(holder: KeyHolder) {
    this.#holder = holder;
  }

  /** Forgets the imported keys, because the certificate is another. A signature under way keeps its own. */
  forget(): void {
    this.#keys = new Map();
  }

  async sign(algorithm: Algorithm, signingInput: string): Promise<Uint8Array> {
    const keys = this.#keys;
    const known = keys.get(algorithm);
    return this.#explained(async () => {
      if (known !== undefined) return signature(algorithm, known, signingInput);
      // Read before anything is waited for: by then the certificate may be another.
      const spki = this.#holder.publicKey() as Uint8Array<ArrayBuffer>;
      const key = await this.#import(algorithm);
      const first = await signature(algorithm, key, signingInput);
      // Runtimes import keys whose numbers do not fit together, and sign wrongly with them.
      if (!(await isSignature(algorithm, first, signingInput, spki))) {
        this.#holder.fault("ERR_KEY_INVALID", "numbers that do not make an RSA key", "a sound RSA private key");
      }
      keys.set(algorithm, key);
      return first;
    });
  }

  async verify(algorithm: Algorithm, signingInput: string, given: Uint8Array): Promise<undefined> {
    const spki = this.#holder.publicKey() as Uint8Array<ArrayBuffer>;
    if (await this.#explained(() => isSignature(algorithm, given, signingInput, spki))) return undefined;
    const found = `${given.length} bytes that its key did not make for ${algorithm}`;
    return this.#holder.fault("ERR_SIGNATURE_INVALID", found, "the signature of the certificate's key");
  }

  async #import(algorithm: Algorithm): Promise<CryptoKey> {
    const pkcs8 = this.#holder.privateKey() as Uint8Array<ArrayBuffer>;
    try {
      return await crypto.subtle.importKey("pkcs8", pkcs8, parameters(algorithm), false, ["sign"]);
    } finally {
      pkcs8.fill(0);
    }
  }

  /** What WebCrypto reports, as an error of the core's. Its exceptions carry a name and no secret. */
  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      if (isErrorData(thrown) || thrown instanceof WebAssembly.RuntimeError) throw thrown;
      return this.#holder.fault("ERR_SIGNING_FAILED", `${faultName(thrown)} in WebCrypto`, "a signature");
    }
  }
}

async function isSignature(
  algorithm: Algorithm,
  given: Uint8Array,
  signingInput: string,
  spki: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const key = await crypto.subtle.importKey("spki", spki, parameters(algorithm), true, ["verify"]);
  const message = new TextEncoder().encode(signingInput);
  return crypto.subtle.verify(parameters(algorithm), key, given as Uint8Array<ArrayBuffer>, message);
}
