/**
 * The WASM module as a {@link Backend}. It signs with the runtime's own WebCrypto; where there is none, a second module
 * with an RSA implementation is loaded, and only then.
 *
 * How the bytes of a module are found is the platform's business.
 */
import type { Algorithm, Backend, BackendClient, ClientConfig } from "../backend.ts";
import { Client, initSync } from "../generated/wasm/certgrant.js";
import type * as RsaModule from "../generated/wasm/certgrant_rsa.js";

/** Compiles the module of a name, `certgrant` or `certgrant_rsa`. */
export type CompileModule = (name: "certgrant" | "certgrant_rsa") => Promise<WebAssembly.Module>;

/** Instantiates the module and makes a backend of it. */
export async function wasmBackend(compile: CompileModule): Promise<Backend> {
  initSync({ module: await compile("certgrant") });
  return {
    name: "wasm",
    async open(config) {
      const client = new Client(config) as BackendClient;
      return globalThis.crypto?.subtle ? client : signingWithRsa(client, config, compile);
    },
  };
}

/** Puts the RSA module in the place of WebCrypto. */
async function signingWithRsa(
  client: BackendClient,
  config: ClientConfig,
  compile: CompileModule,
): Promise<BackendClient> {
  const { RsaSigner } = await rsaModule(compile);
  const { certificate } = config;
  const signer = new RsaSigner(typeof certificate === "string" ? new TextEncoder().encode(certificate) : certificate);
  return {
    get certificate() {
      return client.certificate;
    },
    acquire: (request, now) => client.acquire(request, now),
    step: (flight, input, now) => client.step(flight, input, now),
    abandon: (flight) => client.abandon(flight),
    sign: async (algorithm: Algorithm, signingInput: string) => signer.sign(algorithm, signingInput),
  };
}

let loading: Promise<typeof RsaModule> | undefined;

/** Loads the RSA module once; a failed attempt is forgotten. */
function rsaModule(compile: CompileModule): Promise<typeof RsaModule> {
  loading ??= (async () => {
    try {
      const [rsa, module] = await Promise.all([import("../generated/wasm/certgrant_rsa.js"), compile("certgrant_rsa")]);
      rsa.initSync({ module });
      return rsa;
    } catch (error) {
      loading = undefined;
      throw error;
    }
  })();
  return loading;
}
