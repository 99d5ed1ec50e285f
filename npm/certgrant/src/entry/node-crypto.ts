/**
 * RSA by Node's OpenSSL, on the thread pool. The private key lives there and nowhere else: what the addon gave away is wiped as
 * soon as OpenSSL has it.
 */
import { constants, createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { promisify } from "node:util";
import type { Algorithm } from "../backend.ts";
import type { KeyHolder, RsaSigner } from "../backends/rsa-signer.ts";
import { faultName, isErrorData } from "../errors.ts";

const signAside = promisify(sign);
const verifyAside = promisify(verify);

const HASH = "sha256";

/** RFC 7518 section 3.5: PS256 has a salt as long as its hash. */
const PADDINGS = {
  RS256: { padding: constants.RSA_PKCS1_PADDING },
  PS256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
} as const;

/** The keys of the certificate in use. */
interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Whether a signature was seen to be right. */
  isProven: boolean;
}

/**
 * The keys of all clients, by a digest of both: reading a key, and the first signature with it, take longer than all else that a
 * new client does, and there are programs that make one for each token. Who has no client any more, has no key here.
 */
const keysInUse = new Map<string, WeakRef<KeyPair>>();
const unused = new FinalizationRegistry((digest: string) => {
  if (keysInUse.get(digest)?.deref() === undefined) keysInUse.delete(digest);
});

/** Signs and verifies for one certificate. */
export class NodeCryptoSigner implements RsaSigner {
  readonly #holder: KeyHolder;
  readonly #hasKey: boolean;
  #keys: KeyPair | undefined;

  /** @throws what is wrong with the key, in the core's words */
  constructor(holder: KeyHolder, hasKey: boolean) {
    this.#holder = holder;
    this.#hasKey = hasKey;
    this.forget();
  }

  forget(): void {
    // First the old one, which is not that of the certificate any more, whatever becomes of the new one.
    this.#keys = undefined;
    if (this.#hasKey) this.#keys = this.#import();
  }

  async sign(algorithm: Algorithm, signingInput: string): Promise<Uint8Array> {
    const keys = this.#keys ?? this.#holder.fault("ERR_SIGNING_FAILED", "no private key", "the key's own signer");
    return this.#explained(async () => {
      const message = Buffer.from(signingInput);
      const signature = await signAside(HASH, message, { key: keys.privateKey, ...PADDINGS[algorithm] });
      // OpenSSL imports keys whose numbers do not fit together, and signs wrongly with them.
      if (!keys.isProven && !(await isSignature(algorithm, signature, message, keys.publicKey))) {
        this.#holder.fault("ERR_KEY_INVALID", "numbers that do not make an RSA key", "a sound RSA private key");
      }
      keys.isProven = true;
      return signature;
    });
  }

  async verify(algorithm: Algorithm, signingInput: string, given: Uint8Array): Promise<undefined> {
    const publicKey = this.#keys?.publicKey ?? readPublicKey(this.#holder.publicKey());
    const message = Buffer.from(signingInput);
    if (await this.#explained(() => isSignature(algorithm, given, message, publicKey))) return undefined;
    const found = `${given.length} bytes that its key did not make for ${algorithm}`;
    return this.#holder.fault("ERR_SIGNATURE_INVALID", found, "the signature of the certificate's key");
  }

  #import(): KeyPair {
    const pkcs8 = this.#holder.privateKey();
    try {
      const spki = this.#holder.publicKey();
      const digest = createHash(HASH).update(pkcs8).update(spki).digest("base64");
      return keysInUse.get(digest)?.deref() ?? remember(digest, readKeys(pkcs8, spki));
    } catch (thrown) {
      const found = `a key that OpenSSL refuses with ${reason(thrown)}`;
      return this.#holder.fault("ERR_KEY_INVALID", found, "a sound RSA private key");
    } finally {
      pkcs8.fill(0);
    }
  }

  /** What OpenSSL reports, as an error of the core's. Its errors carry codes and no secret. */
  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      if (isErrorData(thrown)) throw thrown;
      return this.#holder.fault("ERR_SIGNING_FAILED", `${reason(thrown)} in OpenSSL`, "a signature");
    }
  }
}

function readKeys(pkcs8: Uint8Array, spki: Uint8Array): KeyPair {
  const privateKey = createPrivateKey({ key: pkcs8 as Buffer, format: "der", type: "pkcs8" });
  return { privateKey, publicKey: readPublicKey(spki), isProven: false };
}

function remember(digest: string, keys: KeyPair): KeyPair {
  keysInUse.set(digest, new WeakRef(keys));
  unused.register(keys, digest);
  return keys;
}

function readPublicKey(spki: Uint8Array): KeyObject {
  return createPublicKey({ key: spki as Buffer, format: "der", type: "spki" });
}

function isSignature(algorithm: Algorithm, given: Uint8Array, message: Buffer, publicKey: KeyObject): Promise<boolean> {
  return verifyAside(HASH, message, { key: publicKey, ...PADDINGS[algorithm] }, given);
}

function reason(thrown: unknown): string {
  const { code } = thrown as NodeJS.ErrnoException;
  return typeof code === "string" ? code : faultName(thrown);
}
