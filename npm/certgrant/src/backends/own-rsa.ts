/**
 * RSA of our own, in the place of WebCrypto: a WASM module that loads on demand. Only the entries of runtimes that may be without
 * WebCrypto have it: Node, a page that did not come over TLS, and whatever uses `certgrant/slim`.
 */
import type { Algorithm } from "../backend.ts";
import type { KeyHolder, RsaSigner } from "./rsa-signer.ts";
import { type WasmModule, WasmObject } from "./wasm-module.ts";

export { wasmBackend } from "./wasm.ts";

/** Random bytes for a signature: as many as WebCrypto gives at once. */
const ENTROPY = 65_536;

/** Signs and verifies for one certificate; holds its key, if that is not elsewhere. */
export class OwnRsaSigner implements RsaSigner {
  readonly #module: WasmModule;
  readonly #holder: KeyHolder;
  #key: WasmObject | undefined;

  /** @throws what {@link WasmModule.call} throws */
  constructor(module: WasmModule, holder: KeyHolder, hasKey: boolean) {
    this.#module = module;
    this.#holder = holder;
    if (hasKey) this.#open();
  }

  forget(): void {
    if (this.#key) this.#open();
  }

  async sign(algorithm: Algorithm, signingInput: string): Promise<Uint8Array> {
    if (!this.#key) return this.#holder.fault("ERR_SIGNING_FAILED", "no private key", "the key's own signer");
    const entropy = crypto.getRandomValues(new Uint8Array(ENTROPY));
    try {
      return this.#key.call("sign", { algorithm, signingInput, entropy });
    } finally {
      // With what blinded a signature, its timing tells of the key.
      entropy.fill(0);
    }
  }

  async verify(algorithm: Algorithm, signingInput: string, signature: Uint8Array): Promise<undefined> {
    this.#module.call("signature_verify", { spki: this.#holder.publicKey(), algorithm, signingInput, signature });
    return undefined;
  }

  #open(): void {
    const pkcs8 = this.#holder.privateKey();
    try {
      this.#key = new WasmObject(this.#module, "signer", { pkcs8 });
    } finally {
      pkcs8.fill(0);
    }
  }
}
