/**
 * Compiled, never run: what is declared of the addon's exports, by what makes them, is what the package takes them for. The
 * declarations are written by `cargo xtask test npm-check`.
 */
import type { Backend, BackendUserFlows, BackendVault } from "../src/backend.ts";
import type { AddonClient, NativeModule } from "../src/backends/native.ts";
import type * as addon from "../src/generated/native.d.ts";

type Assignable<From, To> = [From] extends [To] ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

holds<Assignable<addon.Client, AddonClient>>();
holds<Assignable<addon.Vault, BackendVault>>();
holds<Assignable<addon.UserFlows, BackendUserFlows>>();
holds<Assignable<typeof addon.openFile, Backend["openFile"]>>();
holds<Assignable<typeof addon, NativeModule>>();
// What it is asked with is what it takes: methods are compared in both directions, constructors and functions are not.
holds<Assignable<ConstructorParameters<NativeModule["Client"]>, ConstructorParameters<typeof addon.Client>>>();
holds<Assignable<Parameters<AddonClient["acquire"]>, Parameters<addon.Client["acquire"]>>>();
holds<Assignable<Parameters<AddonClient["step"]>, Parameters<addon.Client["step"]>>>();
holds<Assignable<Parameters<BackendVault["step"]>, Parameters<addon.Vault["step"]>>>();
holds<Assignable<Parameters<BackendUserFlows["step"]>, Parameters<addon.UserFlows["step"]>>>();
