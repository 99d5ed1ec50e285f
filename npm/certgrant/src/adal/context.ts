/** adal-node's `AuthenticationContext`: its methods, with their arguments in their order, and its properties. */
import { Acquisitions } from "./acquisitions.ts";
import { expectStrings, lenientText } from "./arguments.ts";
import { type Authority, parseAuthority } from "./authority.ts";
import { type Callback, complete, type Finish } from "./completion.ts";
import type { AdalError } from "./errors.ts";
import { MemoryCache } from "./memory-cache.ts";
import type {
  AcquireTokenCallback,
  AcquireUserCodeCallback,
  AdalOptions,
  TokenCache,
  TokenResponse,
  UserCodeInfo,
} from "./types.ts";
import { expectUserCode } from "./user-code.ts";

let globalOptions: AdalOptions = {};
const globalCache = new MemoryCache();

/** A text, or nothing for what adal-node left out of a request. */
function optional(value: unknown): string | undefined {
  return lenientText(value) || undefined;
}

/** Runs checks and then the call; what the checks throw ends the call at once. */
function checked(finish: Finish, checks: () => void, begin: () => void): void {
  try {
    checks();
  } catch (error) {
    return finish(error as AdalError);
  }
  begin();
}

/**
 * Sets the options of the contexts that are made from now on.
 *
 * @param options - `http.fetch`, `http.timeout` in milliseconds, `http.headers`
 */
export function setGlobalADALOptions(options?: AdalOptions): void {
  globalOptions = options || {};
}

/** The options of new contexts. */
// biome-ignore lint/suspicious/noExplicitAny: as adal-node's types have it
export function getGlobalADALOptions(): any {
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
 * Gets tokens from one authority. Each method calls back, or returns a promise if it is given no callback.
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
  readonly #settings: { correlationId: string | null; options: AdalOptions };
  readonly #acquisitions: Acquisitions;

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
    this.#cache = cache || globalCache;
    this.#settings = { correlationId: null, options: globalOptions };
    const validate = Boolean(validateAuthority ?? true);
    const version = String(aadApiVersion === undefined ? "1.0" : (aadApiVersion ?? ""));
    this.#acquisitions = new Acquisitions(this.#authority, validate, this.#cache, version, this.#settings);
  }

  /** The authority's address. */
  get authority(): string {
    return this.#authority.url;
  }

  /** Sent as `client-request-id` with all requests of later calls; `null` for a new one with each call. */
  get correlationId(): string {
    // adal-node's types do not say that it is null at first.
    return this.#settings.correlationId as string;
  }

  set correlationId(id: string | null) {
    this.#settings.correlationId = id;
  }

  /** The options of this context's requests: the global ones until they are set. */
  // biome-ignore lint/suspicious/noExplicitAny: as adal-node's types have it
  get options(): any {
    return this.#settings.options;
  }

  set options(options: AdalOptions) {
    this.#settings.options = options;
  }

  /** The cache that this context uses. */
  get cache(): TokenCache {
    return this.#cache;
  }

  /**
   * Gets a token out of the cache, or one for a refresh token that is there.
   *
   * @param resource - App ID URI of the resource.
   * @param userId - The user's name; `undefined` for a token of whoever, also of the application.
   * @param clientId - Application (client) id.
   * @param callback - Receives the token, or an error: `Entry not found in cache.`
   */
  acquireToken(
    resource: string,
    userId: string | null | undefined,
    clientId: string,
    callback: AcquireTokenCallback,
  ): void;
  acquireToken(resource: string, userId: string | null | undefined, clientId: string): Promise<TokenResponse>;
  acquireToken(
    resource: string,
    userId: string | null | undefined,
    clientId: string,
    ...rest: [Callback?]
  ): Promise<TokenResponse> | undefined {
    return complete([resource, userId, clientId], rest, (finish) =>
      checked(
        finish,
        () => expectStrings({ resource, clientId }),
        () => this.#acquisitions.fromCache(resource, optional(userId), clientId, finish),
      ),
    );
  }

  /**
   * Gets a user's token with a name and a password, from the token service or from the user's federation server. A token that
   * was got with this password is taken from the cache.
   *
   * @param resource - App ID URI of the resource.
   * @param username - The user's name, an e-mail address.
   * @param password - The password.
   * @param clientId - Application (client) id of a public client.
   * @param callback - Receives the token, or an error and the service's answer.
   */
  acquireTokenWithUsernamePassword(
    resource: string,
    username: string,
    password: string,
    clientId: string,
    callback: AcquireTokenCallback,
  ): void;
  acquireTokenWithUsernamePassword(
    resource: string,
    username: string,
    password: string,
    clientId: string,
  ): Promise<TokenResponse>;
  acquireTokenWithUsernamePassword(
    resource: string,
    username: string,
    password: string,
    clientId: string,
    ...rest: [Callback?]
  ): Promise<TokenResponse> | undefined {
    const grant = { resource, username, password, clientId };
    return complete(Object.values(grant), rest, (finish) =>
      checked(
        finish,
        () => expectStrings(grant),
        () => this.#acquisitions.withPassword(grant, finish),
      ),
    );
  }

  /**
   * Gets an app-only token with a client secret.
   *
   * @param resource - App ID URI of the resource.
   * @param clientId - Application (client) id.
   * @param clientSecret - The secret.
   * @param callback - Receives the token, or an error and the service's answer.
   */
  acquireTokenWithClientCredentials(
    resource: string,
    clientId: string,
    clientSecret: string,
    callback: AcquireTokenCallback,
  ): void;
  acquireTokenWithClientCredentials(resource: string, clientId: string, clientSecret: string): Promise<TokenResponse>;
  acquireTokenWithClientCredentials(
    resource: string,
    clientId: string,
    clientSecret: string,
    ...rest: [Callback?]
  ): Promise<TokenResponse> | undefined {
    return complete([resource, clientId, clientSecret], rest, (finish) =>
      checked(
        finish,
        () => expectStrings({ resource, clientId, clientSecret }),
        () => this.#acquisitions.withSecret(resource, clientId, clientSecret, finish),
      ),
    );
  }

  /**
   * Gets an app-only token with a certificate.
   *
   * @param resource - App ID URI of the resource.
   * @param clientId - Application (client) id.
   * @param certificate - PEM text with the private key; certificates beside it are allowed.
   * @param thumbprint - Hex thumbprint of the certificate, SHA-1 or SHA-256, with or without separators.
   * @param callback - Receives the token, or an error and the service's answer.
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
    ...rest: [Callback?]
  ): Promise<TokenResponse> | undefined {
    const grant = { resource, clientId: lenientText(clientId), certificate, thumbprint };
    return complete([resource, clientId, certificate, thumbprint], rest, (finish) =>
      checked(
        finish,
        () => expectStrings({ resource, certificate, thumbprint }),
        () => this.#acquisitions.withCertificate(grant, finish),
      ),
    );
  }

  /**
   * Gets a user's token for an authorization code. The cache has no part in it.
   *
   * @param authorizationCode - The code that the user's browser brought.
   * @param redirectUri - The redirect URI of the authorization request.
   * @param resource - App ID URI of the resource.
   * @param clientId - Application (client) id.
   * @param clientSecret - The secret of a confidential client; `undefined` or `null` for a public one.
   * @param callback - Receives the token, or an error and the service's answer.
   */
  acquireTokenWithAuthorizationCode(
    authorizationCode: string,
    redirectUri: string,
    resource: string,
    clientId: string,
    clientSecret: string | null | undefined,
    callback: AcquireTokenCallback,
  ): void;
  acquireTokenWithAuthorizationCode(
    authorizationCode: string,
    redirectUri: string,
    resource: string,
    clientId: string,
    clientSecret?: string | null,
  ): Promise<TokenResponse>;
  acquireTokenWithAuthorizationCode(
    authorizationCode: string,
    redirectUri: string,
    resource: string,
    clientId: string,
    clientSecret?: string | null,
    ...rest: [Callback?]
  ): Promise<TokenResponse> | undefined {
    const named = [authorizationCode, redirectUri, resource, clientId, clientSecret];
    return complete(named, rest, (finish) =>
      checked(
        finish,
        () => expectStrings({ resource, authorizationCode, redirectUri, clientId }),
        () => {
          const secret = { clientSecret: optional(clientSecret) };
          const grant = { grant: "authorizationCode", code: authorizationCode, redirectUri, ...secret } as const;
          this.#acquisitions.withoutCache("Getting token with auth code.", { ...grant, resource, clientId }, finish);
        },
      ),
    );
  }

  /**
   * Gets a user's token for a refresh token. The cache has no part in it.
   *
   * @param refreshToken - The refresh token.
   * @param clientId - Application (client) id.
   * @param clientSecret - The secret of a confidential client; this argument may be missing.
   * @param resource - App ID URI of the resource; `null` for the one that the refresh token was issued for.
   * @param callback - Receives the token, or an error and the service's answer.
   */
  acquireTokenWithRefreshToken(
    refreshToken: string,
    clientId: string,
    resource: string | null | undefined,
    callback: AcquireTokenCallback,
  ): void;
  acquireTokenWithRefreshToken(
    refreshToken: string,
    clientId: string,
    clientSecret: string | null | undefined,
    resource: string | null | undefined,
    callback: AcquireTokenCallback,
  ): void;
  acquireTokenWithRefreshToken(
    refreshToken: string,
    clientId: string,
    resource?: string | null,
  ): Promise<TokenResponse>;
  acquireTokenWithRefreshToken(
    refreshToken: string,
    clientId: string,
    clientSecret: string | null | undefined,
    resource: string,
  ): Promise<TokenResponse>;
  acquireTokenWithRefreshToken(
    refreshToken: string,
    clientId: string,
    ...rest: unknown[]
  ): Promise<TokenResponse> | undefined {
    const [third, fourth, fifth] = rest;
    const hasSecret = rest.length === 3 || (rest.length === 2 && typeof fourth === "string");
    const [secret, resource] = hasSecret ? [third, fourth] : [undefined, third];
    const callback = rest.length === 3 ? [fifth] : hasSecret || rest.length < 2 ? [] : [fourth];
    return complete([refreshToken, clientId, secret, resource], callback, (finish) =>
      checked(
        finish,
        () => expectStrings({ refreshToken, clientId }),
        () => {
          const grant = { grant: "refreshToken", refreshToken, clientSecret: optional(secret) } as const;
          const task = { ...grant, resource: optional(resource), clientId };
          this.#acquisitions.withoutCache("Getting a new token from a refresh token.", task, finish);
        },
      ),
    );
  }

  /**
   * Gets a code that a user types in on another device.
   *
   * @param resource - App ID URI of the resource.
   * @param clientId - Application (client) id of a public client.
   * @param language - Language of the message for the user, such as `de-DE`; `null` for the service's own.
   * @param callback - Receives the code and what to tell the user, or an error and the service's answer.
   */
  acquireUserCode(
    resource: string,
    clientId: string,
    language: string | null | undefined,
    callback: AcquireUserCodeCallback,
  ): void;
  acquireUserCode(resource: string, clientId: string, language?: string | null): Promise<UserCodeInfo>;
  acquireUserCode(
    resource: string,
    clientId: string,
    language?: string | null,
    ...rest: [Callback?]
  ): Promise<UserCodeInfo> | undefined {
    return complete([resource, clientId, language], rest, (finish) =>
      checked(
        finish,
        () => expectStrings({ resource, clientId }),
        () => this.#acquisitions.userCode(resource, clientId, optional(language), finish),
      ),
    );
  }

  /**
   * Waits for the user to type in a code, and gets the token. It goes into the cache, but does not come from there.
   *
   * @param resource - App ID URI of the resource.
   * @param clientId - Application (client) id of a public client.
   * @param userCodeInfo - What `acquireUserCode` gave.
   * @param callback - Receives the token, or an error and the service's answer.
   */
  acquireTokenWithDeviceCode(
    resource: string,
    clientId: string,
    userCodeInfo: UserCodeInfo,
    callback: AcquireTokenCallback,
  ): void;
  acquireTokenWithDeviceCode(resource: string, clientId: string, userCodeInfo: UserCodeInfo): Promise<TokenResponse>;
  acquireTokenWithDeviceCode(
    resource: string,
    clientId: string,
    userCodeInfo: UserCodeInfo,
    ...rest: [Callback?]
  ): Promise<TokenResponse> | undefined {
    return complete([resource, clientId, userCodeInfo], rest, (finish) =>
      checked(
        finish,
        () => expectUserCode(userCodeInfo),
        () => this.#acquisitions.withDeviceCode(optional(resource), lenientText(clientId), userCodeInfo, finish),
      ),
    );
  }

  /**
   * Ends `acquireTokenWithDeviceCode`, whose callback then receives `Polling_Request_Cancelled`.
   *
   * @param userCodeInfo - What was given to it.
   * @param callback - Receives `null`, or an error if nobody waits for this code.
   */
  cancelRequestToGetTokenWithDeviceCode(userCodeInfo: UserCodeInfo, callback: AcquireTokenCallback): void;
  cancelRequestToGetTokenWithDeviceCode(userCodeInfo: UserCodeInfo): Promise<void>;
  cancelRequestToGetTokenWithDeviceCode(userCodeInfo: UserCodeInfo, ...rest: [Callback?]): Promise<void> | undefined {
    return complete([userCodeInfo], rest, (finish) =>
      checked(
        finish,
        () => {
          expectUserCode(userCodeInfo);
          this.#acquisitions.cancelDeviceCode(userCodeInfo);
        },
        () => finish(null),
      ),
    );
  }
}
