/**
 * What a JavaScript runtime gives certgrant beyond the web standards: the backends that can run there, files, the
 * environment and the names of the system. The entry files install one; nothing here knows a runtime.
 */
import type { Backend } from "./backend.ts";
import type { Trace, Watcher } from "./events.ts";
import type { Logger } from "./log.ts";
import type { AppCredentialOptions } from "./options.ts";
import type { CacheLimits, TokenCache } from "./token-cache.ts";
import type { Fetch } from "./transport.ts";

/** A runtime, as certgrant needs it. */
export interface Platform {
  /** Name of the operating system and of the processor, as the token service is told them. */
  readonly os: string;
  readonly cpu: string;
  /**
   * Loads the backend that the environment asks for, the best one that is there otherwise.
   *
   * @throws CertgrantError `ERR_BACKEND_UNAVAILABLE`; a later call tries again.
   */
  loadBackend(): Promise<Backend>;
  /** @throws CertgrantError `ERR_FILE_UNREADABLE` */
  readFile(path: string): Promise<Uint8Array>;
  /**
   * What changes when a file is written anew or replaced, symbolic links followed: where it lies on the disk, its size and its
   * times.
   *
   * @throws CertgrantError `ERR_FILE_UNREADABLE`
   */
  fileStamp(path: string): Promise<string>;
  /** Fresh random bytes, fit for cryptography. */
  randomBytes(length: number): Uint8Array;
  /** A fresh UUID, version 4 (RFC 9562). */
  randomUUID(): string;
  /** An environment variable, `undefined` where it is not set or empty. */
  variable(name: string): string | undefined;
  /** Where a runtime ends what a request began with the request: keeps this one's alive until `work` has settled. */
  keepAlive?(work: Promise<unknown>): void;
  /** Warns whoever runs the program, where the runtime has a way to; `code` is for telling warnings apart. */
  warn?(code: string, message: string): void;
  /** A `fetch` that goes by nothing but the request: no proxy stands between a machine and its own endpoints. */
  readonly directFetch: Fetch;
  /** A `fetch` that goes by a credential's options for the network and by the environment; absent where there are none. */
  readonly fetch?: FetchFactory;
  /** A `fetch` for a server that is known by the SHA-1 thumbprint of its certificate alone. */
  pinnedFetch?(thumbprint: string): Fetch;
  /** Tells those who watch the process what happens to tokens, where the runtime has a way to. */
  readonly watcher?: Watcher;
  /** Makes a span of a call whose caller traces it. */
  readonly trace?: Trace;
  /** Makes a cache that holds many tokens better than {@link TokenCache} does. */
  tokenCache?(limits: CacheLimits): TokenCache;
  /** The log that the environment asks for, for credentials without one of their own. */
  logger?(): Logger | undefined;
}

/** Makes the `fetch` of a credential; throws a `TypeError` in its name if an option is not usable. */
export type FetchFactory = (
  credential: string,
  options: Pick<AppCredentialOptions, "proxyOptions" | "tlsOptions">,
) => Fetch;

let installed: Platform | undefined;

/** Makes `platform` the one that {@link platform} returns; the entry files call it while they are loaded. */
export function installPlatform(platform: Platform): void {
  installed = platform;
}

/** The installed platform. */
export function platform(): Platform {
  if (!installed) throw new Error("no platform is installed: import an entry of the package, not its parts");
  return installed;
}
