/**
 * What all credentials of an application have in common, whatever proves its identity: `getToken` with its cache, one flight for
 * all callers of a token, their patience, and the log.
 *
 * The constructor does no IO. The first `getToken` loads the backend and opens the client; what is wrong with authority, tenant
 * or proof is found then, by the core.
 */

import { expectAppOptions, expectType, isPlain, tokenRequest } from "./arguments.ts";
import type { HttpRequest, TokenRequest } from "./backend.ts";
import { Driver, type FlightHost } from "./driver.ts";
import { abortError, argumentValueError, type CertgrantError, fromThrown } from "./errors.ts";
import type { Call, Watch } from "./events.ts";
import type { Logger, RequestLog } from "./log.ts";
import type { AccessToken, AppCredentialOptions, GetTokenOptions } from "./options.ts";
import { aside, type Patience, withPatience } from "./patience.ts";
import { platform } from "./platform.ts";
import type { BareConfig, Proof } from "./proof.ts";
import { answerOf, LONG_KEY, MAX_BYTES, MAX_TOKENS, requestKey, TokenCache } from "./token-cache.ts";
import { type Fetch, send } from "./transport.ts";
import { PACKAGE_VERSION } from "./version.ts";

const DEFAULT_AUTHORITY = "https://login.microsoftonline.com";
const NO_OPTIONS: GetTokenOptions = {};

/** What an application is, and by what it proves that. */
export interface AppInit {
  tenantId: string;
  clientId: string;
  proof: Proof;
  options: AppCredentialOptions;
}

/** What a credential is made of: an application of its own, or that of another credential, whose client and cache it uses. */
export type AppCredentialInit = (AppInit | { application: AppCredential }) & {
  /** Its class, for errors. */
  name: string;
  /** The token of the user on whose behalf it works. */
  userAssertion?: string;
};

/** Gets tokens for an application, as a `TokenCredential` of `@azure/core-auth`. */
export abstract class AppCredential {
  readonly #name: string;
  readonly #app: AppInit;
  readonly #userAssertion: string | undefined;
  /** Whose client is used: its own, or that of the application that works on behalf of users. */
  readonly #owner: AppCredential;
  readonly #logger: Logger | undefined;
  readonly #fetch: Fetch;
  readonly #watcher = platform().watcher;
  readonly #cache: TokenCache;
  #driver: Driver | undefined;
  #opening: Promise<Driver> | undefined;

  /** @internal */
  protected constructor(init: AppCredentialInit) {
    const { name, userAssertion } = init;
    this.#name = name;
    this.#userAssertion = userAssertion;
    this.#owner = "application" in init ? init.application : this;
    const app = "application" in init ? init.application.#app : init;
    expectAppOptions(name, app.options);
    this.#app = { ...app, options: { ...app.options } };
    this.#fetch = fetchOf(name, app.options);
    this.#logger = app.options.logger ?? platform().logger?.();
    const { tokens = MAX_TOKENS, bytes = MAX_BYTES } = app.options.tokenCacheLimits ?? {};
    const limits = { tokens, bytes };
    this.#cache =
      "application" in init ? init.application.#cache : (platform().tokenCache?.(limits) ?? new TokenCache(limits));
  }

  /**
   * Gets an access token, from the cache while it is good for some minutes more. Calls for the same token share one
   * request; what they get is frozen, because they may get the same object.
   *
   * @param scopes - The resource's App ID URI followed by `/.default`.
   * @returns the token and when it expires, in milliseconds since the Unix epoch
   * @throws CertgrantError with a stable `code` and a `hint`
   * @throws TypeError if an argument is not of the documented type
   */
  getToken(scopes: string | string[], options: GetTokenOptions = NO_OPTIONS): Promise<AccessToken> {
    // The usual call, kept short: one scope is its own key. A user's token is not of that kind.
    const isPlainCall =
      typeof scopes === "string" && isPlain(options) && this.#userAssertion === undefined && scopes[0] !== LONG_KEY;
    if (isPlainCall && this.#logger === undefined && !this.#watcher?.isWatching) {
      const answer = this.#cache.fresh(scopes);
      if (answer) return answer;
    }
    return this.#askedFor(scopes, options);
  }

  async #askedFor(scopes: string | string[], options: GetTokenOptions): Promise<AccessToken> {
    const request = this.#request(scopes, options);
    const trace = options.tracingOptions?.tracingContext ? platform().trace : undefined;
    const run = () => this.#watched(request, options);
    return trace ? trace(`${this.#name}.getToken`, options, run) : run();
  }

  #request(scopes: string | string[], options: GetTokenOptions): TokenRequest {
    const request = tokenRequest(this.#name, scopes, options);
    // AD FS has no tenants, and the variable is that of @azure/identity.
    const isFixed = this.#app.tenantId === "adfs" || platform().variable("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH");
    if (isFixed) request.tenant = undefined;
    if (this.#userAssertion !== undefined) request.userAssertion = this.#userAssertion;
    return request;
  }

  /** Gets the token, and tells those who watch what becomes of it. */
  async #watched(request: TokenRequest, options: GetTokenOptions): Promise<AccessToken> {
    const watch = this.#watcher?.isWatching ? this.#watcher.begin(this.#call(request)) : undefined;
    try {
      const token = await this.#acquire(request, options, watch);
      watch?.served(token);
      return token;
    } catch (error) {
      watch?.failed(error);
      throw error;
    }
  }

  #call({ scopes = [], tenant, correlationId }: TokenRequest): Call {
    return {
      credential: this.#name,
      scopes,
      ...(tenant !== undefined && this.#allowsPii && { tenantId: tenant }),
      ...(correlationId !== undefined && { correlationId }),
    };
  }

  get #allowsPii(): boolean {
    return this.#app.options.loggingOptions?.allowLoggingAccountIdentifiers === true;
  }

  /** Its texts are loaded for the first call that is logged; a log that can't be loaded costs no one the token. */
  async #log(logger: Logger): Promise<RequestLog | undefined> {
    try {
      const { RequestLog } = await import("./log.ts");
      return new RequestLog(logger, this.#allowsPii);
    } catch {
      return undefined;
    }
  }

  async #acquire(
    request: TokenRequest,
    { abortSignal: signal, requestOptions }: GetTokenOptions,
    watch: Watch | undefined,
  ): Promise<AccessToken> {
    // One limit for all that this call waits for.
    const patience = { signal, timeout: requestOptions?.timeout || undefined, since: performance.now() };
    if (patience.signal?.aborted) throw abortError((patience.signal as Partial<AbortSignal>).reason);
    const log = this.#logger && (await this.#log(this.#logger));
    const owner = this.#owner;
    const driver = owner.#driver ?? (await owner.#ready(log, patience));
    try {
      const { token, error } = await driver.acquire(request, this.#host(driver, log, watch), patience);
      if (!token) throw error;
      return answerOf(token);
    } catch (error) {
      // After a fault of the backend its state is not to be trusted: the next call opens another client.
      if ((error as CertgrantError).code === "ERR_INTERNAL" && owner.#driver === driver) owner.#driver = undefined;
      throw error;
    }
  }

  /** Forgets all cached tokens; requests under way go on. */
  clearTokens(): void {
    this.#cache.clear();
  }

  /**
   * Forgets the cached token of a request, because a resource rejected it.
   *
   * @returns whether there was one
   */
  removeToken(scopes: string | string[], options: Pick<GetTokenOptions, "tenantId" | "enableCae"> = {}): boolean {
    const key = requestKey(this.#request(scopes, options), this.#app.tenantId);
    return key !== undefined && this.#cache.remove(key);
  }

  async #ready(log: RequestLog | undefined, patience: Patience): Promise<Driver> {
    // One attempt for all callers; a failed one is forgotten, so that a later call can succeed.
    this.#opening ??= this.#open(log)
      .then((driver) => {
        this.#driver = driver;
        return driver;
      })
      .finally(() => {
        this.#opening = undefined;
      });
    platform().keepAlive?.(this.#opening.catch(() => undefined));
    return withPatience(this.#opening, patience);
  }

  async #open(log: RequestLog | undefined): Promise<Driver> {
    try {
      const backend = await platform().loadBackend();
      const opening = this.#app.proof.open({ backend, fetch: this.#fetch }, this.#config());
      const { client, host, description } = await aside(opening);
      log?.opened(backend.name, description, client.certificate);
      log?.write("verbose", `tenant ${this.#app.tenantId}, client ${this.#app.clientId}`, true);
      return new Driver(client, host, { cache: this.#cache, tenant: this.#app.tenantId });
    } catch (thrown) {
      const error = fromThrown(thrown);
      log?.write("error", `no client: ${error.code}`);
      throw error;
    }
  }

  #config(): BareConfig {
    const options = this.#app.options;
    const { os, cpu } = platform();
    return {
      authority: options.authorityHost ?? platform().variable("AZURE_AUTHORITY_HOST") ?? DEFAULT_AUTHORITY,
      tenant: this.#app.tenantId,
      clientId: this.#app.clientId,
      endpoint: "v2",
      additionallyAllowedTenants: options.additionallyAllowedTenants ?? [],
      disableDiscovery: options.disableInstanceDiscovery ?? false,
      product: { sku: "certgrant", version: PACKAGE_VERSION, os, cpu },
      maxRetries: options.retryOptions?.maxRetries,
      region: options.azureRegion ?? platform().variable("AZURE_REGIONAL_AUTHORITY_NAME"),
      environmentRegion: platform().variable("REGION_NAME"),
    };
  }

  /** What a request is sent with. */
  #way({ direct, serverThumbprint }: HttpRequest): Fetch {
    if (this.#app.options.fetch || !direct) return this.#fetch;
    const pinned = serverThumbprint === undefined ? undefined : platform().pinnedFetch?.(serverThumbprint);
    return pinned ?? platform().directFetch;
  }

  #host(driver: Driver, log: RequestLog | undefined, watch: Watch | undefined): FlightHost {
    const { thumbprintSha256, thumbprint } = driver.certificate ?? {};
    return {
      send: (request, aborted) => send(this.#way(request), request, aborted),
      observe(event) {
        log?.flight(event, thumbprintSha256 ?? thumbprint ?? "unknown");
        watch?.observe(event);
      },
    };
  }
}

/** Checks tenant and client id; the sentence about missing ones is that of `@azure/identity`. */
export function expectIds(name: string, tenantId: unknown, clientId: unknown): void {
  if (!tenantId || !clientId) throw argumentValueError(`${name}: tenantId and clientId are required parameters.`);
  expectType(name, "tenantId", tenantId, "string");
  expectType(name, "clientId", clientId, "string");
}

/** The caller's, or the platform's for these options, or the global one as it is at the time. */
function fetchOf(name: string, options: AppCredentialOptions): Fetch {
  const { fetch, proxyOptions, tlsOptions } = options;
  const isConfigured = proxyOptions !== undefined || tlsOptions !== undefined;
  const make = platform().fetch;
  if (isConfigured && (fetch || !make)) {
    throw argumentValueError(`${name}: proxyOptions and tlsOptions are for Node and without options.fetch`);
  }
  return fetch ?? make?.(name, options) ?? platform().directFetch;
}
