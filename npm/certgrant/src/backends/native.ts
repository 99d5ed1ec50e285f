/** The native Node addon as a {@link Backend}: its class `Client` has the shape of the interface already. */
import type { Backend, BackendClient, ClientConfig } from "../backend.ts";

/** What the addon exports. */
export interface NativeModule {
  Client: new (config: ClientConfig) => BackendClient;
}

/** Makes a backend of the loaded addon. */
export function nativeBackend({ Client }: NativeModule): Backend {
  return {
    name: "native",
    async open(config) {
      return new Client(config);
    },
  };
}
