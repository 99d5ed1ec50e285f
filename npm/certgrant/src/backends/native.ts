/** The native Node addon as a {@link Backend}: its exports have the shape of the interface already. */
import type {
  Backend,
  BackendClient,
  BackendUserFlows,
  BackendVault,
  ClientConfig,
  UserFlowOptions,
  VaultOptions,
} from "../backend.ts";

/** What the addon exports. */
export interface NativeModule {
  Client: new (config: ClientConfig) => BackendClient;
  Vault: new (options: VaultOptions) => BackendVault;
  UserFlows: new (options: UserFlowOptions) => BackendUserFlows;
  openFile: Backend["openFile"];
}

/** Makes a backend of the loaded addon. */
export function nativeBackend({ Client, Vault, UserFlows, openFile }: NativeModule): Backend {
  return {
    name: "native",
    async open(config) {
      return new Client(config);
    },
    openFile,
    async openVault(options) {
      return new Vault(options);
    },
    async openUserFlows(options) {
      return new UserFlows(options);
    },
  };
}
