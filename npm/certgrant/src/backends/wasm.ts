/**
 * The WASM module as a {@link Backend}. It signs with the runtime's own WebCrypto; where there is none, a second module
 * with an RSA implementation is loaded, and only then. Others open PFX files and encrypted keys, speak with Azure Key Vault,
 * have ADAL's other flows, and take the main module's place for what few clients need: authority discovery, regions, managed
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
  ClientConfig,
  ErrorData,
} from "../backend.ts";
import { Client, initSync } from "../generated/wasm/certgrant.js";

/** Compiles the module of a name. */
export type CompileModule = (
  name: "certgrant" | "certgrant_files" | "certgrant_rsa" | "certgrant_user" | "certgrant_vault" | "certgrant_wide",
) => Promise<WebAssembly.Module>;

/** Instantiates the module and makes a backend of it. */
export async function wasmBackend(compile: CompileModule): Promise<Backend> {
  initSync({ module: await compile("certgrant") });
  return {
    name: "wasm",
    async open(config) {
      const client = await narrowOrWide(config, compile);
      const hasWebCrypto = globalThis.crypto?.subtle !== undefined;
      const signs = config.certificate !== undefined;
      return signs && !hasWebCrypto ? signingWithRsa(client, config, compile) : (client as BackendClient);
    },
    async openFile(file, password, keyElsewhere) {
      const { openFile } = await filesModule(compile);
      return openFile(file, password, keyElsewhere);
    },
    async openVault(options) {
      const { Vault } = await vaultModule(compile);
      return new Vault(options) as BackendVault;
    },
    async openUserFlows(options) {
      const { UserFlows } = await userModule(compile);
      return new UserFlows(options) as BackendUserFlows;
    },
  };
}

/** A client of the main module, or of the one with all features where the configuration needs one of them. */
async function narrowOrWide(config: ClientConfig, compile: CompileModule): Promise<Client> {
  try {
    return new Client(config);
  } catch (thrown) {
    if ((thrown as Partial<ErrorData>).code !== "ERR_FEATURE_MISSING") throw thrown;
  }
  const wide = await wideModule(compile);
  return new wide.Client(config);
}

/** Puts the RSA module in the place of WebCrypto. */
async function signingWithRsa(client: Client, config: ClientConfig, compile: CompileModule): Promise<BackendClient> {
  const { RsaSigner, verify } = await rsaModule(compile);
  const signerOf = (pem: string | Uint8Array) =>
    new RsaSigner(typeof pem === "string" ? new TextEncoder().encode(pem) : pem);
  const core = client as BackendClient;
  let signer = config.keyElsewhere ? undefined : signerOf(config.certificate ?? "");
  return {
    get certificate() {
      return core.certificate;
    },
    acquire: (request, held, now) => core.acquire(request, held, now),
    step: (flight, input, now) => core.step(flight, input, now),
    abandon: (flight) => core.abandon(flight),
    takeNotices: () => core.takeNotices(),
    renew(certificate) {
      const isAnother = core.renew(certificate);
      if (signer) signer = signerOf(certificate);
      return isAnother;
    },
    async verify(algorithm, signingInput, signature) {
      verify(client.publicKey, algorithm, signingInput, signature);
      return undefined;
    },
    sign: async (algorithm: Algorithm, signingInput: string) =>
      signer ? signer.sign(algorithm, signingInput) : core.sign(algorithm, signingInput),
  };
}

const wideModule = onDemand("certgrant_wide", () => import("../generated/wasm/certgrant_wide.js"));
const rsaModule = onDemand("certgrant_rsa", () => import("../generated/wasm/certgrant_rsa.js"));
const filesModule = onDemand("certgrant_files", () => import("../generated/wasm/certgrant_files.js"));
const userModule = onDemand("certgrant_user", () => import("../generated/wasm/certgrant_user.js"));
const vaultModule = onDemand("certgrant_vault", () => import("../generated/wasm/certgrant_vault.js"));

/** Loads a further module once, when it is first asked for; a failed attempt is forgotten. */
function onDemand<Glue extends { initSync(source: { module: WebAssembly.Module }): unknown }>(
  name: Parameters<CompileModule>[0],
  load: () => Promise<Glue>,
): (compile: CompileModule) => Promise<Glue> {
  let loading: Promise<Glue> | undefined;
  return (compile) => {
    loading ??= (async () => {
      try {
        const [glue, module] = await Promise.all([load(), compile(name)]);
        glue.initSync({ module });
        return glue;
      } catch (error) {
        loading = undefined;
        throw error;
      }
    })();
    return loading;
  };
}
