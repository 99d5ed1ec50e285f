/**
 * adal-node's `AuthenticationContext`, as far as the certificate call needs it.
 *
 * When callbacks are called is part of the contract: argument errors and cache hits before the method returns, everything
 * that came over the network later, each exactly once. A callback that throws throws to its caller, or as an uncaught
 * exception.
 */

import { platform } from "../platform.ts";
import { findAppToken, keepAppToken, type TokenKey } from "./app-tokens.ts";
import { expectCallback, expectStrings, lenientText } from "./arguments.ts";
import { type Authority, discoverAuthority, isKnownAuthority, parseAuthority } from "./authority.ts";
import { type CertificateGrant, CertificateGrants, GrantFailure, sender } from "./certificate-grant.ts";
import { type AdalError, asAdalError } from "./errors.ts";
import { CallLog } from "./logging.ts";
import { MemoryCache } from "./memory-cache.ts";
import type {
  AcquireTokenCallback,
  AdalOptions,
  CacheEntry,
  ErrorResponse,
  TokenCache,
  TokenResponse,
} from "./types.ts";

let globalOptions: AdalOptions = {};
const globalCache = new MemoryCache();

/** A request under way; calls that would send the same one wait for it. */
interface SharedRequest {
  readonly options: AdalOptions;
  readonly entry: Promise<CacheEntry>;
}
const requestsUnderWay = new WeakMap<TokenCache, Map<string, SharedRequest>>();

/** Ends a call: an error and what the service answered, or a token. */
type Finish = (error: AdalError | null, result?: unknown) => void;

/**
 * Sets the options of the contexts that are made from now on.
 *
 * @param options - `http.fetch`, `http.timeout` in milliseconds, `http.headers`
 */
export function setGlobalADALOptions(options: AdalOptions): void {
  globalOptions = options || {};
}

/** The options of new contexts. */
export function getGlobalADALOptions(): AdalOptions {
  return globalOptions;
}

/** Makes a context with the process-wide cache. */
export function createAuthenticationContext(
  authority: string | URL,
  validateAuthority?: boolean,
): AuthenticationContext {
  return new AuthenticationContext(authority, validateAuthority);
}

/**
 * Gets tokens from one authority.
 *
 * @example
 * ```ts
 * import { AuthenticationContext } from "certgrant/adal";
 *
 * const context = new AuthenticationContext("https://login.microsoftonline.com/contoso.onmicrosoft.com");
 * context.acquireTokenWithClientCertificate(resource, clientId, pem, thumbprint, (error, response) => {
 *   if (error) return console.error(error.message, error.hint);
 *   console.log(response.expiresOn);
 * });
 * ```
 */
export class AuthenticationContext {
  readonly #authority: Authority;
  readonly #cache: TokenCache;
  readonly #grants: CertificateGrants;
  #validated: boolean;
  #correlationId: string | null = null;
  #options: AdalOptions = globalOptions;

  /**
   * @param authority - `https://host/tenant`.
   * @param validateAuthority - Whether a host that is not well known is asked about at login.windows.net. Default: `true`.
   * @param cache - Default: one for the whole process, which grows with the number of tenants, clients and resources.
   * @param aadApiVersion - Value of the query parameter `api-version`. Default: `1.0`.
   * @throws AdalError if the authority is not usable
   */
  constructor(
    authority: string | URL,
    validateAuthority?: boolean | null,
    cache?: TokenCache | null,
    aadApiVersion?: string | null,
  ) {
    this.#authority = parseAuthority(authority);
    this.#validated = !(validateAuthority ?? true);
    this.#cache = cache || globalCache;
    const version = aadApiVersion === undefined ? "1.0" : (aadApiVersion ?? "");
    this.#grants = new CertificateGrants(this.#authority, String(version));
  }

  /** The authority's address. */
  get authority(): string {
    return this.#authority.url;
  }

  /** Sent as `client-request-id` with all requests from now on; `null` for a new one with each call. */
  get correlationId(): string | null {
    return this.#correlationId;
  }

  set correlationId(id: string | null) {
    this.#correlationId = id;
  }

  /** The options of this context's requests: the global ones until they are set. */
  get options(): AdalOptions {
    return this.#options;
  }

  set options(options: AdalOptions) {
    this.#options = options;
  }

  /** The cache that this context uses. */
  get cache(): TokenCache {
    return this.#cache;
  }

  /**
   * Gets an app-only token with a certificate.
   *
   * @param resource - App ID URI of the resource.
   * @param clientId - Application (client) id.
   * @param certificate - PEM text with the private key; certificates beside it are allowed.
   * @param thumbprint - Hex thumbprint of the certificate, SHA-1 or SHA-256, with or without separators.
   * @param callback - Receives the token, or an error and the service's answer. Without it a promise is returned.
   */
  acquireTokenWithClientCertificate(
    resource: string,
    clientId: string,
    certificate: string,
    thumbprint: string,
    callback: AcquireTokenCallback,
  ): void;
  acquireTokenWithClientCertificate(
    resource: string,
    clientId: string,
    certificate: string,
    thumbprint: string,
  ): Promise<TokenResponse>;
  acquireTokenWithClientCertificate(
    resource: string,
    clientId: string,
    certificate: string,
    thumbprint: string,
    ...rest: [AcquireTokenCallback?]
  ): Promise<TokenResponse> | undefined {
    const grant = { resource, clientId: lenientText(clientId), certificate, thumbprint };
    if (rest.length === 0) {
      return new Promise((resolve, reject) => {
        this.#acquire(grant, (error, token) => (error ? reject(error) : resolve(token as TokenResponse)));
      });
    }
    const [callback] = rest;
    expectCallback(callback);
    this.#acquire(grant, (error, result) => {
      // adal-node's callbacks get as many arguments as there is to say.
      if (result === undefined) (callback as (error: AdalError | null) => void)(error);
      else callback(error as AdalError, result as TokenResponse | ErrorResponse);
    });
    return undefined;
  }

  #acquire(grant: CertificateGrant, finish: Finish): void {
    const { resource, certificate, thumbprint } = grant;
    try {
      expectStrings({ resource, certificate, thumbprint });
    } catch (error) {
      return finish(error as AdalError);
    }
    const log = new CallLog(lenientText(this.#correlationId) || platform().randomUUID());
    const key = { resource, clientId: grant.clientId, authority: this.authority };
    this.#validate(log, (error) => {
      if (error) return finish(error);
      log.write("INFO", "TokenRequest", "Getting a token via certificate.");
      findAppToken(this.#cache, key, grant, Date.now(), log, (cached) => {
        if (cached) return finish(null, cached);
        fromPromise(this.#shared(grant, key, log), (failure, entry) => {
          if (failure instanceof GrantFailure) finish(failure.error, failure.body);
          else if (failure) finish(asAdalError(failure));
          else finish(null, entry);
        });
      });
    });
  }

  #validate(log: CallLog, next: (error?: AdalError) => void): void {
    if (this.#validated) {
      log.write(
        "VERBOSE",
        "Authority",
        "Instance discovery/validation has either already been completed or is turned off",
      );
      return next();
    }
    log.write("VERBOSE", "Authority", "Performing instance discovery");
    log.write("VERBOSE", "Authority", `Performing instance discovery: ${this.authority}`, true);
    if (isKnownAuthority(this.#authority)) {
      log.write("VERBOSE", "Authority", "Authority validated via static instance discovery.");
      this.#validated = true;
      return next();
    }
    fromPromise(discoverAuthority(this.#authority, sender(this.#options ?? {}), log), (error) => {
      if (error) return next(asAdalError(error));
      this.#validated = true;
      next();
    });
  }

  /** Sends the request, or waits for the same one that another call has sent where nobody could tell the difference. */
  #shared(grant: CertificateGrant, key: TokenKey, log: CallLog): Promise<CacheEntry> {
    const underWay = requestsUnderWay.get(this.#cache) ?? new Map<string, SharedRequest>();
    requestsUnderWay.set(this.#cache, underWay);
    const name = JSON.stringify([key, grant, this.#grants.apiVersion, lenientText(this.#correlationId)]);
    const options = this.#options ?? {};
    const same = underWay.get(name);
    if (same?.options === options) {
      log.write("VERBOSE", "TokenRequest", "Waiting for the same request of another call.");
      return same.entry;
    }
    const entry = this.#request(grant, key, options, log).finally(() => {
      if (underWay.get(name)?.entry === entry) underWay.delete(name);
    });
    underWay.set(name, { options, entry });
    return entry;
  }

  async #request(grant: CertificateGrant, key: TokenKey, options: AdalOptions, log: CallLog): Promise<CacheEntry> {
    const { certificate, thumbprint } = grant;
    const token = await this.#grants.request(grant, options, log);
    return new Promise((resolve) => keepAppToken(this.#cache, key, { certificate, thumbprint }, token, log, resolve));
  }
}

/** Calls back from a microtask of its own: what the callback throws becomes an uncaught exception, not a rejection. */
function fromPromise<T>(promise: Promise<T>, next: (error: unknown, value?: T) => void): void {
  promise.then(
    (value) => queueMicrotask(() => next(undefined, value)),
    // A rejection has to look like one whatever it was made with.
    (error) => queueMicrotask(() => next(error ?? new Error("rejected without a reason"))),
  );
}
