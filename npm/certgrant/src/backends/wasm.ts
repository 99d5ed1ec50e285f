/**
 * The WASM module as a {@link Backend}. It signs with the runtime's own WebCrypto; where there is none, a second module with an
 * RSA implementation is loaded, and only then. Others open PFX files and encrypted keys, speak with Azure Key Vault, have
 * ADAL's other flows, and take the main module's place for what few clients need: authority discovery, regions, managed
 * identities.
 *
 * How the bytes of a module are found is the platform's business.
 */
import type {
  Algorithm,
  Backend,
  BackendClient,
  BackendUserFlows,
  BackendVault,
  CertificateInfo,
  ClientConfig,
  ErrorData,
} from "../backend.ts";
import { platform } from "../platform.ts";
import { type CompileModule, WasmModule, type WasmModuleName, WasmObject } from "./wasm-module.ts";
import { WebCryptoSigner } from "./webcrypto.ts";

export type { CompileModule } from "./wasm-module.ts";

/** Compiles the main module and makes a backend of it. */
export async function wasmBackend(compile: CompileModule): Promise<Backend> {
  const main = new WasmModule(await compile("certgrant"));
  const load = onDemand(compile, main);
  return {
    name: "wasm",
    async open(config) {
      const { certificate } = config;
      const client = await narrowOrWide(config, main, load);
      if (certificate !== undefined && globalThis.crypto?.subtle === undefined) {
        client.signWith(await load("certgrant_rsa"), !config.keyElsewhere);
      }
      return client;
    },
    async openFile(file, password, keyElsewhere) {
      return (await load("certgrant_files")).call("file_open", { file, password, keyElsewhere }) as Uint8Array;
    },
    async openVault(options) {
      return flights<BackendVault>(new WasmObject(await load("certgrant_vault"), "vault", { options }));
    },
    async openUserFlows(options) {
      return flights<BackendUserFlows>(new WasmObject(await load("certgrant_user"), "user", { options }));
    },
  };
}

/** A client of the main module, or of the one with all features where the configuration needs one of them. */
async function narrowOrWide(
  config: ClientConfig,
  main: WasmModule,
  load: (name: WasmModuleName) => Promise<WasmModule>,
): Promise<WasmClient> {
  try {
    return new WasmClient(main, config);
  } catch (thrown) {
    if ((thrown as Partial<ErrorData>).code !== "ERR_FEATURE_MISSING") throw thrown;
  }
  return new WasmClient(await load("certgrant_wide"), config);
}

/** Loads further modules, each once, when it is first asked for; a failed attempt is forgotten. */
function onDemand(compile: CompileModule, main: WasmModule): (name: WasmModuleName) => Promise<WasmModule> {
  const loading = new Map<WasmModuleName, Promise<WasmModule>>();
  return (name) => {
    const known = loading.get(name);
    if (known) return known;
    const module = compile(name).then(
      (compiled) => new WasmModule(compiled, main),
      (error) => {
        loading.delete(name);
        throw error;
      },
    );
    loading.set(name, module);
    return module;
  };
}

/** Tasks that are driven in steps. */
function flights<T extends BackendVault | BackendUserFlows>(object: WasmObject): T {
  return {
    begin: (task: object) => object.call("begin", { task }),
    step: (flight: number, input: object, now: number) => object.call("step", { flight, input, now }),
    abandon: (flight: number) => object.call("abandon", { flight }),
  } as unknown as T;
}

/** Random bytes for a signature: as many as WebCrypto gives at once. */
const ENTROPY = 65_536;

/** RSA of our own, in the place of WebCrypto. */
interface OwnRsa {
  module: WasmModule;
  /** Where the private key is not elsewhere. */
  key: WasmObject | undefined;
}

/** A client in the main module. */
class WasmClient implements BackendClient {
  readonly #client: WasmObject;
  readonly #webCrypto: WebCryptoSigner;
  #rsa: OwnRsa | undefined;

  constructor(main: WasmModule, config: ClientConfig) {
    const client = new WasmObject(main, "client", { config });
    this.#client = client;
    this.#webCrypto = new WebCryptoSigner({
      privateKey: () => client.call("private_key"),
      publicKey: () => client.call("public_key"),
      fault: (code, found, expected) => main.call("fault", { code, found, expected }) as never,
    });
  }

  get certificate(): CertificateInfo {
    return this.#client.call("certificate");
  }

  acquire(...[request, held, now]: Parameters<BackendClient["acquire"]>): ReturnType<BackendClient["acquire"]> {
    return this.#client.call("acquire", { request, held, now });
  }

  step(...[flight, input, now]: Parameters<BackendClient["step"]>): ReturnType<BackendClient["step"]> {
    return this.#client.call("step", { flight, input, now });
  }

  abandon(flight: number): void {
    this.#client.call("abandon", { flight });
  }

  takeNotices(): ReturnType<BackendClient["takeNotices"]> {
    return this.#client.call("notices");
  }

  renew(certificate: string | Uint8Array): boolean {
    const isAnother = this.#client.call<boolean>("renew", { certificate });
    this.#webCrypto.forget();
    if (this.#rsa?.key) this.signWith(this.#rsa.module, true);
    return isAnother;
  }

  /** Puts the RSA module in the place of WebCrypto; it gets the client's key, if that is here. */
  signWith(module: WasmModule, hasKey: boolean): void {
    this.#rsa = { module, key: hasKey ? this.#signer(module) : undefined };
  }

  #signer(module: WasmModule): WasmObject {
    const pkcs8: Uint8Array = this.#client.call("private_key");
    try {
      return new WasmObject(module, "signer", { pkcs8 });
    } finally {
      pkcs8.fill(0);
    }
  }

  async verify(algorithm: Algorithm, signingInput: string, signature: Uint8Array): Promise<undefined> {
    if (!this.#rsa) return this.#webCrypto.verify(algorithm, signingInput, signature);
    const spki: Uint8Array = this.#client.call("public_key");
    this.#rsa.module.call("signature_verify", { spki, algorithm, signingInput, signature });
    return undefined;
  }

  async sign(algorithm: Algorithm, signingInput: string): Promise<Uint8Array> {
    if (!this.#rsa?.key) return this.#webCrypto.sign(algorithm, signingInput);
    return this.#rsa.key.call("sign", { algorithm, signingInput, entropy: platform().randomBytes(ENTROPY) });
  }
}
