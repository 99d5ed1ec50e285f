/**
 * `ClientCertificateCredential`: app-only tokens from Microsoft Entra ID for a certificate, with the constructor and
 * `getToken` of `@azure/identity`, so that it is a `TokenCredential` of `@azure/core-auth`.
 *
 * The constructor checks the shapes of its arguments and does no IO. The first `getToken` loads the backend and the
 * certificate; what is wrong with authority, tenant or certificate is found then, by the core.
 */
import type { ClientConfig, TokenRequest } from "./backend.ts";
import { openClient } from "./certificate-file.ts";
import { type CertificateSource, certificateSource, Renewal } from "./certificate-source.ts";
import { type AbortSignalLike, Driver, type FlightHost, withPatience } from "./driver.ts";
import { abortError, argumentTypeError, argumentValueError, type CertgrantError, fromThrown } from "./errors.ts";
import { describeCertificate, RequestLog } from "./log.ts";
import type {
  AccessToken,
  CertificateContent,
  CertificateFile,
  ClientCertificateCredentialOptions,
  GetTokenOptions,
  KeyVaultCertificate,
} from "./options.ts";
import { platform } from "./platform.ts";
import { DEFAULT_LIMITS, requestKey, TokenCache } from "./token-cache.ts";
import { type Fetch, send } from "./transport.ts";
import { PACKAGE_VERSION } from "./version.ts";

const NAME = "ClientCertificateCredential";
const DEFAULT_AUTHORITY = "https://login.microsoftonline.com";
/**
 * Gets tokens for an application that proves its identity with a certificate.
 *
 * @example
 * ```ts
 * import { ClientCertificateCredential } from "certgrant";
 *
 * const credential = new ClientCertificateCredential(tenantId, clientId, "app.pem");
 * const { token } = await credential.getToken("https://graph.microsoft.com/.default");
 * ```
 */
export class ClientCertificateCredential {
  readonly #tenantId: string;
  readonly #clientId: string;
  readonly #certificate: CertificateSource;
  readonly #options: ClientCertificateCredentialOptions;
  readonly #cache: TokenCache;
  #driver: Driver | undefined;
  #opening: Promise<Driver> | undefined;

  /**
   * @param tenantId - Directory (tenant) id or a verified domain.
   * @param clientId - Application (client) id.
   * @param certificatePath - Path of a PEM file with the private key and its certificate.
   * @throws TypeError with the code `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`
   */
  constructor(
    tenantId: string,
    clientId: string,
    certificatePath: string,
    options?: ClientCertificateCredentialOptions,
  );
  /**
   * @param tenantId - Directory (tenant) id or a verified domain.
   * @param clientId - Application (client) id.
   * @param configuration - A file with the private key and its certificate, its content, or a certificate whose key is
   * elsewhere.
   * @throws TypeError with the code `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`
   */
  constructor(
    tenantId: string,
    clientId: string,
    configuration: CertificateFile | CertificateContent | KeyVaultCertificate,
    options?: ClientCertificateCredentialOptions,
  );
  constructor(
    tenantId: string,
    clientId: string,
    certificate: string | CertificateFile | CertificateContent | KeyVaultCertificate,
    options: ClientCertificateCredentialOptions = {},
  ) {
    if (!tenantId || !clientId) throw argumentValueError(`${NAME}: tenantId and clientId are required parameters.`);
    expectType("tenantId", tenantId, "string");
    expectType("clientId", clientId, "string");
    this.#tenantId = tenantId;
    this.#clientId = clientId;
    this.#certificate = certificateSource(NAME, certificate);
    this.#options = { ...checkedOptions(options) };
    this.#cache = new TokenCache({ ...DEFAULT_LIMITS, ...options.tokenCacheLimits });
  }

  /**
   * Gets an access token, from the cache while it is good for some minutes more. Calls for the same token share one
   * request.
   *
   * @param scopes - The resource's App ID URI followed by `/.default`.
   * @returns the token and when it expires, in milliseconds since the Unix epoch
   * @throws CertgrantError with a stable `code` and a `hint`
   * @throws TypeError if an argument is not of the documented type
   */
  async getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
    // The usual call, kept short: one scope is its own key.
    if (typeof scopes === "string" && isPlain(options) && this.#options.logger === undefined) {
      const token = this.#cache.fresh(scopes);
      if (token) return accessToken(token);
    }
    const request = tokenRequest(scopes, options);
    const { abortSignal: signal, requestOptions } = options;
    // One limit for all that this call waits for.
    const patience = { signal, timeout: requestOptions?.timeout || undefined, since: performance.now() };
    if (patience.signal?.aborted) throw abortError((patience.signal as Partial<AbortSignal>).reason);
    const log = new RequestLog(
      this.#options.logger,
      this.#options.loggingOptions?.allowLoggingAccountIdentifiers === true,
    );
    const driver = this.#driver ?? (await this.#ready(log, patience));
    try {
      const { token, error } = await driver.acquire(request, this.#host(driver, log), patience);
      if (!token) throw error;
      return accessToken(token);
    } catch (error) {
      // After a fault of the backend its state is not to be trusted: the next call opens another client.
      if ((error as CertgrantError).code === "ERR_INTERNAL" && this.#driver === driver) this.#driver = undefined;
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
    const key = requestKey(tokenRequest(scopes, options), this.#tenantId);
    return key !== undefined && this.#cache.remove(key);
  }

  async #ready(log: RequestLog, patience: Parameters<typeof withPatience>[1]): Promise<Driver> {
    // One attempt for all callers; a failed one is forgotten, so that a later call can succeed.
    this.#opening ??= this.#open(log)
      .then((driver) => {
        this.#driver = driver;
        return driver;
      })
      .finally(() => {
        this.#opening = undefined;
      });
    return withPatience(this.#opening, patience);
  }

  async #open(log: RequestLog): Promise<Driver> {
    try {
      const source = this.#certificate;
      const stamp = await source.stamp?.();
      const host = { backend: await platform().loadBackend(), fetch: this.#fetch() };
      const client = await openClient(host.backend, this.#config(), await source.read(host));
      const renewal = new Renewal(host, source, stamp);
      log.write("verbose", `${host.backend.name} backend, certificate ${describeCertificate(client.certificate)}`);
      log.write("verbose", `tenant ${this.#tenantId}, client ${this.#clientId}`, true);
      return new Driver(
        client,
        { sign: source.sign, renew: (...look) => renewal.look(...look) },
        { cache: this.#cache, tenant: this.#tenantId },
      );
    } catch (thrown) {
      const error = fromThrown(thrown);
      log.write("error", `no client: ${error.code}`);
      throw error;
    }
  }

  #config(): Omit<ClientConfig, "certificate"> {
    const options = this.#options;
    const { os, cpu } = platform();
    const { sign, algorithm, isRenewable } = this.#certificate;
    return {
      authority: options.authorityHost ?? platform().variable("AZURE_AUTHORITY_HOST") ?? DEFAULT_AUTHORITY,
      tenant: this.#tenantId,
      clientId: this.#clientId,
      endpoint: "v2",
      keyElsewhere: sign !== undefined,
      renewable: isRenewable,
      algorithm: algorithm ?? options.algorithm,
      sendCertificateChain: options.sendCertificateChain ?? false,
      additionallyAllowedTenants: options.additionallyAllowedTenants ?? [],
      product: { sku: "certgrant", version: PACKAGE_VERSION, os, cpu },
      maxRetries: options.retryOptions?.maxRetries,
    };
  }

  #fetch(): Fetch {
    return this.#options.fetch ?? (globalThis.fetch as Fetch);
  }

  #host(driver: Driver, log: RequestLog): FlightHost {
    const fetch = this.#fetch();
    const { thumbprintSha256, thumbprint } = driver.certificate;
    return {
      send: (request, aborted) => send(fetch, request, aborted),
      observe: (event) => log.flight(event, thumbprintSha256 ?? thumbprint ?? "unknown"),
    };
  }
}

function checkedOptions(options: ClientCertificateCredentialOptions): ClientCertificateCredentialOptions {
  expectOptions(options);
  const { additionallyAllowedTenants: tenants, algorithm, retryOptions } = options;
  for (const [name, type] of OPTION_TYPES) {
    if (options[name] !== undefined) expectType(`options.${name}`, options[name], type);
  }
  if (tenants !== undefined && !(Array.isArray(tenants) && tenants.every((tenant) => typeof tenant === "string"))) {
    throw argumentTypeError(`${NAME}: options.additionallyAllowedTenants must be an array of strings`);
  }
  if (algorithm !== undefined && algorithm !== "RS256" && algorithm !== "PS256") {
    throw argumentValueError(`${NAME}: options.algorithm must be "RS256" or "PS256"`);
  }
  expectLimits(options.tokenCacheLimits);
  const retries = retryOptions?.maxRetries;
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0 && retries <= 100)) {
    throw argumentValueError(`${NAME}: options.retryOptions.maxRetries must be an integer from 0 to 100`);
  }
  return options;
}

function expectLimits(limits: unknown): void {
  if (limits === undefined) return;
  expectType("options.tokenCacheLimits", limits, "object");
  for (const [name, limit] of Object.entries(limits as object)) {
    if (limit === undefined || (Number.isSafeInteger(limit) && limit >= 1)) continue;
    throw argumentValueError(`${NAME}: options.tokenCacheLimits.${name} must be a positive integer`);
  }
}

const OPTION_TYPES = [
  ["authorityHost", "string"],
  ["sendCertificateChain", "boolean"],
  ["retryOptions", "object"],
  ["loggingOptions", "object"],
  ["fetch", "function"],
  ["logger", "function"],
] as const;

function tokenRequest(scopes: string | string[], options: GetTokenOptions): TokenRequest {
  const list = Array.isArray(scopes) ? [...scopes] : [scopes];
  if (!list.every((scope) => typeof scope === "string")) {
    throw argumentTypeError(`${NAME}.getToken: scopes must be a string or an array of strings`);
  }
  expectOptions(options);
  const { claims, tenantId, enableCae, requestOptions, abortSignal } = options;
  if (claims !== undefined) expectType("options.claims", claims, "string");
  if (tenantId !== undefined) expectType("options.tenantId", tenantId, "string");
  if (enableCae !== undefined) expectType("options.enableCae", enableCae, "boolean");
  if (requestOptions !== undefined) expectType("options.requestOptions", requestOptions, "object");
  if (abortSignal !== undefined) expectSignal(abortSignal);
  const timeout = requestOptions?.timeout;
  if (timeout !== undefined && !(typeof timeout === "number" && timeout >= 0)) {
    throw argumentTypeError(`${NAME}.getToken: options.requestOptions.timeout must be a number of milliseconds`);
  }
  return { scopes: list, claims, tenant: tenantId, enableCae: enableCae === true, skipCache: false };
}

/** Whether nothing but the scope is asked for. */
function isPlain(options: GetTokenOptions): boolean {
  return (
    options !== null &&
    typeof options === "object" &&
    options.claims === undefined &&
    options.tenantId === undefined &&
    options.enableCae === undefined &&
    options.abortSignal === undefined &&
    options.requestOptions === undefined
  );
}

function accessToken(token: import("./backend.ts").AccessToken): AccessToken {
  const { accessToken, expiresOn, refreshOn } = token;
  return {
    token: accessToken,
    expiresOnTimestamp: expiresOn,
    refreshAfterTimestamp: refreshOn,
    tokenType: "Bearer",
  };
}

function expectType(name: string, value: unknown, type: "string" | "boolean" | "function" | "object"): void {
  if (kindOf(value) === type) return;
  throw argumentTypeError(`${NAME}: ${name} must be ${type === "object" ? "an" : "a"} ${type}, found ${kindOf(value)}`);
}

function expectOptions(options: unknown): void {
  expectType("options", options, "object");
}

/** Other signals than the platform's are taken by their shape. */
function expectSignal(signal: Partial<AbortSignalLike>): void {
  const { addEventListener: add, removeEventListener: remove } = kindOf(signal) === "object" ? signal : {};
  if (typeof add === "function" && typeof remove === "function") return;
  throw argumentTypeError(`${NAME}: options.abortSignal must be an AbortSignal, found ${kindOf(signal)}`);
}

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
