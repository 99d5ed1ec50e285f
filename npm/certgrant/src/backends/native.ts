/**
 * The native Node addon as a {@link Backend}: its exports have the shape of the interface already, but for signatures. Those are
 * made by the runtime's own OpenSSL, which is there anyway: with it come the fastest RSA for the processor, the thread pool, and
 * whatever the machine's owner demands of cryptography, such as FIPS 140. An RSA of the addon's own is 1.6 MB.
 */
import type {
  Backend,
  BackendClient,
  BackendUserFlows,
  BackendVault,
  CertificateInfo,
  ClientConfig,
  UserFlowOptions,
  VaultOptions,
} from "../backend.ts";
import type { KeyHolder, RsaSigner } from "./rsa-signer.ts";

/** A client of the addon. */
export interface AddonClient extends Omit<BackendClient, "sign" | "verify">, Pick<KeyHolder, "publicKey"> {
  /** Gives the private key away: PKCS#8, once, to be wiped. Throws where there is none. */
  takePrivateKey(): Uint8Array;
}

/** What the addon exports. */
export interface NativeModule {
  Client: new (config: ClientConfig) => AddonClient;
  Vault: new (options: VaultOptions) => BackendVault;
  UserFlows: new (options: UserFlowOptions) => BackendUserFlows;
  openFile: Backend["openFile"];
  fault: KeyHolder["fault"];
}

/** Makes the signer of a client, which has a key of its own or only verifies what another key's owner signed. */
export type MakeSigner = new (holder: KeyHolder, hasKey: boolean) => RsaSigner;

/** Makes a backend of the loaded addon, and of what signs for it. */
export function nativeBackend(addon: NativeModule, Signer: MakeSigner): Backend {
  return {
    name: "native",
    async open(config) {
      return new NativeClient(addon, config, Signer);
    },
    openFile: addon.openFile,
    async openVault(options) {
      return new addon.Vault(options);
    },
    async openUserFlows(options) {
      return new addon.UserFlows(options);
    },
  };
}

/** A client of the addon, with its signer. */
class NativeClient implements BackendClient {
  readonly #client: AddonClient;
  readonly #signer: RsaSigner;

  constructor(addon: NativeModule, config: ClientConfig, Signer: MakeSigner) {
    const client = new addon.Client(config);
    const holder = {
      privateKey: () => client.takePrivateKey(),
      publicKey: () => client.publicKey(),
      fault: addon.fault,
    };
    this.#client = client;
    this.#signer = new Signer(holder, config.certificate !== undefined && !config.keyElsewhere);
  }

  get certificate(): CertificateInfo | null | undefined {
    return this.#client.certificate;
  }

  acquire(...given: Parameters<BackendClient["acquire"]>): ReturnType<BackendClient["acquire"]> {
    return this.#client.acquire(...given);
  }

  step(...given: Parameters<BackendClient["step"]>): ReturnType<BackendClient["step"]> {
    return this.#client.step(...given);
  }

  abandon(flight: number): void {
    this.#client.abandon(flight);
  }

  takeNotices(): ReturnType<BackendClient["takeNotices"]> {
    return this.#client.takeNotices();
  }

  renew(certificate: string | Uint8Array): boolean {
    const isAnother = this.#client.renew(certificate);
    this.#signer.forget();
    return isAnother;
  }

  verify(...given: Parameters<BackendClient["verify"]>): Promise<undefined> {
    return this.#signer.verify(...given);
  }

  sign(...given: Parameters<BackendClient["sign"]>): Promise<Uint8Array> {
    return this.#signer.sign(...given);
  }
}
