/**
 * The WASM module as a {@link Backend}. It signs with the runtime's own WebCrypto; where there is none, a second module with an
 * RSA implementation is loaded, and only then. Others open PFX files and encrypted keys, the rare and the damaged ones among
 * them, speak with Azure Key Vault, have ADAL's other flows, and take the main module's place for what few clients need:
 * authority discovery, regions, managed identities.
 *
 * How the bytes of a module are found is the platform's business.
 */
import type {
  Backend,
  BackendClient,
  BackendUserFlows,
  BackendVault,
  CertificateInfo,
  ClientConfig,
  ErrorData,
} from "../backend.ts";
import type { KeyHolder, RsaSigner } from "./rsa-signer.ts";
import { type CompileModule, WasmModule, type WasmModuleName, WasmObject } from "./wasm-module.ts";
import { WebCryptoSigner } from "./webcrypto.ts";

export type { CompileModule } from "./wasm-module.ts";

/** What is said of a file that the larger module may open, or knows better words for. */
const RARE = ["ERR_ENCRYPTION_UNSUPPORTED", "ERR_PEM_INVALID", "ERR_PEM_NOT_FOUND"];

/** Makes a signer of the module `certgrant_rsa`. */
export type MakeOwnRsa = new (module: WasmModule, holder: KeyHolder, hasKey: boolean) => RsaSigner;

/** Compiles the main module and makes a backend of it, with RSA of its own where the runtime may be without WebCrypto. */
export async function wasmBackend(compile: CompileModule, OwnRsa?: MakeOwnRsa): Promise<Backend> {
  const main = new WasmModule(await compile("certgrant"));
  const load = onDemand(compile, main);
  return {
    name: "wasm",
    async open(config) {
      const { certificate } = config;
      const client = await narrowOrWide(config, main, load);
      if (OwnRsa && certificate !== undefined && globalThis.crypto?.subtle === undefined) {
        client.signer = new OwnRsa(await load("certgrant_rsa"), client.holder, !config.keyElsewhere);
      }
      return client;
    },
    async openFile(file, password, keyElsewhere) {
      const open = (files: WasmModule) => files.call("file_open", { file, password, keyElsewhere }) as Uint8Array;
      try {
        return open(await load("certgrant_files"));
      } catch (thrown) {
        if (!RARE.includes((thrown as Partial<ErrorData>).code ?? "")) throw thrown;
        // Without it, what was said already has to do.
        return open(await load("certgrant_files_rare").catch(() => Promise.reject(thrown)));
      }
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

/** A client in the main module. */
class WasmClient implements BackendClient {
  readonly #client: WasmObject;
  readonly holder: KeyHolder;
  signer: RsaSigner;

  constructor(main: WasmModule, config: ClientConfig) {
    const client = new WasmObject(main, "client", { config });
    this.#client = client;
    this.holder = {
      privateKey: () => client.call("private_key"),
      publicKey: () => client.call("public_key"),
      fault: (code, found, expected) => main.call("fault", { code, found, expected }) as never,
    };
    this.signer = new WebCryptoSigner(this.holder);
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
    this.signer.forget();
    return isAnother;
  }

  verify(...given: Parameters<BackendClient["verify"]>): Promise<undefined> {
    return this.signer.verify(...given);
  }

  sign(...given: Parameters<BackendClient["sign"]>): Promise<Uint8Array> {
    return this.signer.sign(...given);
  }
}
