/**
 * The one interface between the TypeScript of this package and the Rust core, which comes as a native Node addon or as a
 * WASM module. Both bindings export a class `Client` of this shape, and a test runs the same suite over both.
 *
 * The core does no IO and has no clock. The host asks it for a token (`acquire`) and, when a flight starts, carries out
 * the steps that `step` returns until one is `done`. Times are milliseconds since the Unix epoch.
 */

/** Which binding does the work. */
export type BackendName = "native" | "wasm";

/** A loaded binding. */
export interface Backend {
  readonly name: BackendName;
  /**
   * Makes a client from a configuration.
   *
   * @throws an error with the members of {@link ErrorData} when the configuration or the certificate is not usable.
   */
  open(config: ClientConfig): Promise<BackendClient>;
  /**
   * Opens a certificate file that is not plain PEM: PFX (PKCS#12), DER, encrypted keys, base64 of one of these.
   *
   * @param keyElsewhere the file is of interest for its certificates alone
   * @returns private key and certificate chain as unencrypted PEM, for the caller to wipe
   * @throws what {@link open} throws
   */
  openFile(file: Uint8Array, password: string | undefined, keyElsewhere: boolean): Promise<Uint8Array>;
  /** A certificate of an Azure Key Vault; throws what {@link open} throws. */
  openVault(options: VaultOptions): Promise<BackendVault>;
  /** ADAL's flows at the v1 endpoints of an authority; throws what {@link open} throws. */
  openUserFlows(options: UserFlowOptions): Promise<BackendUserFlows>;
}

/** What a client is made from; the bindings check it, the core explains what is wrong with it. */
export interface ClientConfig {
  /** `https://host[:port]` of the token service, without a tenant. */
  authority: string;
  /** Tenant GUID or verified domain (or `adfs`). */
  tenant: string;
  /** Application (client) id. */
  clientId: string;
  /** Which token endpoint is called: v1 takes a `resource`, v2 takes scopes. */
  endpoint: "v1" | "v2";
  /**
   * Unencrypted PEM with the private key and, unless `thumbprint` is given, its certificate; with the certificate alone if
   * the key is elsewhere. Without it and without a secret, the host answers `assert` steps.
   */
  certificate?: string | Uint8Array | undefined;
  /** A client secret in the place of a certificate. */
  clientSecret?: string | undefined;
  /** Whether the private key is elsewhere: the host answers `sign` steps by other means than {@link BackendClient.sign}. */
  keyElsewhere?: boolean | undefined;
  /** Whether the host can look for a renewed certificate: then it gets `renew` steps. */
  renewable?: boolean | undefined;
  /** Hex thumbprint of the certificate, SHA-1 or SHA-256, with or without separators. */
  thumbprint?: string | undefined;
  /** Signature algorithm of the assertion; by default PS256, and RS256 for AD FS, v1 and SHA-1 thumbprints. */
  algorithm?: "RS256" | "PS256" | undefined;
  /** Whether the header carries the certificate chain (`x5c`). */
  sendCertificateChain?: boolean | undefined;
  /** Other tenants that a request may name; `*` allows all. */
  additionallyAllowedTenants?: readonly string[] | undefined;
  /** Value of the query parameter `api-version`, which adal-node sends; absent means no such parameter. */
  apiVersion?: string | undefined;
  /** Values of the `x-client-*` request headers. */
  product?: ClientProduct | undefined;
  /** How often a request that failed for a passing reason is sent again; 0 for never. */
  maxRetries?: number | undefined;
  /** Nothing is asked about the authority: by default, one that is neither Entra's nor on this machine is. */
  disableDiscovery?: boolean | undefined;
  /** The region whose endpoint is called, or `AutoDiscoverRegion`; by default the global one. */
  region?: string | undefined;
  /** Value of the environment variable `REGION_NAME`, for `AutoDiscoverRegion`. */
  environmentRegion?: string | undefined;
  /** The identity that Azure gives to this machine, in the place of a credential: authority, tenant and client id do not matter. */
  managedIdentity?: ManagedIdentityConfig | undefined;
  /** After how many milliseconds a request that is not answered counts as failed; by default 30 000. */
  timeout?: number | undefined;
}

/** Which identity of this machine. */
export interface ManagedIdentityConfig {
  /** Those of the variables that lead to it which are set; the core's `IDENTITY_VARIABLES` lists them. */
  environment: Record<string, string>;
  /** Whether Azure Arc's agent is there. */
  hasArcAgent?: boolean | undefined;
  /** One id of a user-assigned identity. */
  clientId?: string | undefined;
  objectId?: string | undefined;
  resourceId?: string | undefined;
}

/** What the token service is told about the calling library. */
export interface ClientProduct {
  sku: string;
  version: string;
  os?: string | undefined;
  cpu?: string | undefined;
}

/** One application with its credential, its cache and the flights under way. */
export interface BackendClient {
  /** The certificate in use, if there is one, as far as it is known: a key with a bare thumbprint has no dates. */
  readonly certificate: CertificateInfo | null | undefined;
  /**
   * Says whether the token that the host holds for a request serves, names a flight to wait for, or starts one. Throws what
   * {@link Backend.open} throws.
   */
  acquire(request: TokenRequest, held: HeldToken | undefined, now: number): Acquired;
  /** Takes a flight one step further. After `done` the flight no longer exists. */
  step(flight: number, input: StepInput, now: number): Step;
  /**
   * Puts a renewed certificate (see {@link ClientConfig.certificate}) in the place of the one in use; a fault of it leaves the
   * old one there, but for a key that the runtime's RSA does not take: have another client sign with it first. Throws what
   * {@link Backend.open} throws.
   *
   * @returns whether it is another one
   */
  renew(certificate: string | Uint8Array): boolean;
  /** What the user should be told although nothing failed, since this was called last. */
  takeNotices(): Notice[];
  /** Verifies a signature that was made elsewhere; throws or rejects if it is not of the certificate's key. */
  verify(algorithm: Algorithm, signingInput: string, signature: Uint8Array): undefined | Promise<undefined>;
  /** Ends a flight that nobody waits for any more. Unknown flights are ignored. */
  abandon(flight: number): void;
  /**
   * Signs with the private key, off the event loop: in Node's OpenSSL, or in WebCrypto. Only where a runtime has no WebCrypto
   * does the WASM module sign by itself, which holds the event loop for some tens of milliseconds.
   */
  sign(algorithm: Algorithm, signingInput: string): Promise<Uint8Array>;
}

export type Algorithm = "RS256" | "PS256";

export interface CertificateInfo {
  /** SHA-1 thumbprint, 40 upper-case hex digits; absent if only a SHA-256 thumbprint is known. */
  thumbprint?: string | undefined;
  /** SHA-256 thumbprint, 64 upper-case hex digits; absent if only a SHA-1 thumbprint is known. */
  thumbprintSha256?: string | undefined;
  notBefore?: number | undefined;
  notAfter?: number | undefined;
  algorithm: Algorithm;
}

/** Something that the user should be told although nothing failed. */
export interface Notice {
  /** Stable code, `WARN_…`. */
  code: string;
  message: string;
}

/** One request for a token: `scopes` at a v2 endpoint, `resource` at a v1 endpoint. */
export interface TokenRequest {
  scopes?: readonly string[] | undefined;
  resource?: string | undefined;
  /** Another tenant than the configured one. */
  tenant?: string | undefined;
  /** Claims of a claims challenge, as a JSON object; such a request bypasses the cache. */
  claims?: string | undefined;
  /** Declares that the caller can handle claims challenges (`cp1`). */
  enableCae?: boolean | undefined;
  /** Asks the service even if a token is cached; the caller keeps a cache of its own. */
  skipCache?: boolean | undefined;
  /** Sent as `client-request-id`; by default one is made. */
  correlationId?: string | undefined;
  /** The token of the user on whose behalf the token is asked for. */
  userAssertion?: string | undefined;
}

/** What is known of a token that the host holds. */
export type HeldToken = Pick<AccessToken, "obtainedOn" | "refreshOn" | "expiresOn">;

export type Acquired =
  /** The token that the host holds serves. */
  | { kind: "serve" }
  /** It serves; a new flight is to renew it while nobody waits. */
  | { kind: "serveAndRenew"; flight: number }
  /** A flight for the same token is under way: wait for its result. */
  | { kind: "join"; flight: number }
  /** A new flight: drive it with `step`, first input `begin`. */
  | { kind: "start"; flight: number };

/** A token response (RFC 6749 section 5.1) with the members that Entra adds. */
export interface AccessToken {
  accessToken: string;
  tokenType: string;
  /** When the token was got, by this machine's clock. */
  obtainedOn: number;
  /** When it dies, by the same clock. */
  expiresOn: number;
  /** From when on it should be renewed. */
  refreshOn: number;
  /** The members of the response as the service gave them, numbers in seconds. */
  expiresIn: number;
  extExpiresIn?: number | undefined;
  serviceExpiresOn?: number | undefined;
  notBefore?: number | undefined;
  refreshIn?: number | undefined;
  resource?: string | undefined;
  scope?: string | undefined;
  /** The `client-request-id` of the request that got it; the driver's own. */
  correlationId?: string | undefined;
}

export type StepInput =
  /** `entropy` is 32 fresh random bytes: the flight's `jti`, correlation id and jitter come from it. */
  | { kind: "begin"; entropy: Uint8Array }
  | { kind: "signature"; signature: Uint8Array }
  | { kind: "assertion"; assertion: string }
  | { kind: "response"; status: number; headers: Record<string, string>; body: Uint8Array }
  /** No response: the connection failed or the time was up. `message` must hold no secret. */
  | { kind: "failure"; reason: "network" | "proxy" | "timeout"; message: string }
  /** The content of a key file. */
  | { kind: "key"; key: Uint8Array }
  /** The key file can't be read. `message` must hold no secret. */
  | { kind: "keyUnreadable"; message: string }
  /** The host has looked for a renewed certificate. */
  | { kind: "renewed" }
  /** The time of a `wait` has come. */
  | { kind: "woken" }
  /** The signer or the assertion callback failed. */
  | { kind: "signingFailed"; message: string };

export type Step =
  /** `digest` is SHA-256 over the signing input. */
  | { kind: "sign"; algorithm: Algorithm; signingInput: string; digest: Uint8Array }
  /** Look for a renewed certificate, hand it in by {@link BackendClient.renew}, then answer `renewed`. */
  | { kind: "renew"; afterRefusal: boolean }
  | { kind: "assert"; audience: string }
  /** Read this file of the machine, which proves to Azure Arc's agent who asks. */
  | { kind: "readKey"; path: string }
  | { kind: "send"; request: HttpRequest }
  | { kind: "wait"; until: number }
  /** With `isHeld` the error is to be told, not thrown: the token that the host holds still serves. */
  | { kind: "done"; token?: AccessToken | undefined; isHeld?: boolean | undefined; error?: ErrorData | undefined };

export interface HttpRequest {
  method: "GET" | "POST";
  url: string;
  headers: Record<string, string>;
  body: string;
  /** After how many milliseconds the host gives up. */
  timeout: number;
  /** For this machine or its host: no proxy must come between. */
  direct?: boolean | undefined;
  /** SHA-1 thumbprint in hexadecimal of the server's TLS certificate, which no authority has signed. */
  serverThumbprint?: string | undefined;
}

/** What an error of the core is made of. */
export interface ErrorData {
  /** Stable code, `ERR_…`. */
  code: string;
  /** What failed, what was found, what was expected. */
  message: string;
  /** What to do. */
  hint: string;
  /** The token service's own words, where it answered with an error. */
  service?: ServiceError | undefined;
}

/** An error response of the token service (RFC 6749 section 5.2), with the members that Entra adds. */
export interface ServiceError {
  status: number;
  error: string;
  errorDescription?: string | undefined;
  errorCodes: number[];
  timestamp?: string | undefined;
  traceId?: string | undefined;
  correlationId?: string | undefined;
  errorUri?: string | undefined;
  subError?: string | undefined;
  claims?: string | undefined;
  /** Value of the response header `x-ms-request-id`. */
  requestId?: string | undefined;
  /** Seconds after which the service wants to be asked again. */
  retryAfter?: number | undefined;
}

/** Which certificate of which vault. */
export interface VaultOptions {
  /** `https://name.vault.azure.net`. */
  vaultUrl: string;
  certificateName: string;
  /** By default the newest at the time of asking. */
  certificateVersion?: string | undefined;
}

/** A certificate of a vault, driven in steps as a client is. */
export interface BackendVault {
  /** Begins a task; drive it with `step`, first input `begin`. */
  begin(task: VaultTask): number;
  /** Takes a task one step further. After `done` it no longer exists. */
  step(flight: number, input: VaultInput, now: number): VaultStep;
  /** Ends a task whose result nobody wants. */
  abandon(flight: number): void;
}

export type VaultTask =
  | { kind: "certificate" }
  /** `version` is that of the certificate, which is its key's too. */
  | { kind: "sign"; version: string; algorithm: Algorithm; signingInput: string };

export type VaultInput =
  | Extract<StepInput, { kind: "begin" | "response" | "failure" | "woken" }>
  | { kind: "token"; token: string }
  | { kind: "tokenFailed"; message: string };

export type VaultStep =
  /** Get a token for the vault. */
  | { kind: "token"; scope: string; tenant?: string | undefined; claims?: string | undefined }
  | Extract<Step, { kind: "send" | "wait" }>
  | {
      kind: "done";
      /** As PEM. */
      certificate?: string | undefined;
      version?: string | undefined;
      signature?: Uint8Array | undefined;
      error?: ErrorData | undefined;
    };

/** Which token service, for ADAL's flows. */
export interface UserFlowOptions {
  /** `https://host[:port]`. */
  authority: string;
  /** The tenant as it stands in the path: also `common`. */
  tenant: string;
  /** Value of the query parameter `api-version`. */
  apiVersion: string;
  product?: ClientProduct | undefined;
}

/** ADAL's flows of one authority, driven in steps as a client is. */
export interface BackendUserFlows {
  /** Begins a task; drive it with `step`, first input `begin`. */
  begin(task: UserTask): number;
  /** Takes a task one step further. After `done` it no longer exists. */
  step(flight: number, input: UserInput, now: number): UserStep;
  /** Ends a task whose result nobody wants. */
  abandon(flight: number): void;
}

/** What is to be done, for which client and resource. */
export type UserTask = UserGrant & {
  clientId: string;
  resource?: string | undefined;
  /** Sent as `client-request-id` with all requests of the task. */
  correlationId: string;
};

/** Ways to a token, and the requests that come before some of them. */
export type UserGrant =
  | { grant: "clientSecret"; clientSecret: string }
  | { grant: "authorizationCode"; code: string; redirectUri: string; clientSecret?: string | undefined }
  | { grant: "refreshToken"; refreshToken: string; clientSecret?: string | undefined }
  | { grant: "password"; username: string; password: string }
  | { grant: "userCode"; language?: string | undefined }
  /** `interval` and `expiresIn` in milliseconds. */
  | { grant: "deviceCode"; code: string; interval: number; expiresIn: number }
  | { grant: "discovery" };

/** What a request of a task is for. */
export type UserPurpose = "token" | "userCode" | "realm" | "metadata" | "assertion" | "discovery";

export type UserInput = Extract<StepInput, { kind: "begin" | "response" | "failure" | "woken" }>;

export type UserStep =
  /** With `isFallback` the federation server's metadata did not serve: this goes where the token service said. */
  | { kind: "send"; purpose: UserPurpose; isFallback: boolean; request: HttpRequest }
  | Extract<Step, { kind: "wait" }>
  /** Without a fault the last response answers the task. */
  | {
      kind: "done";
      fault?: UserFault | undefined;
      /** What the other side said in the place of what was expected. */
      found?: string | undefined;
      /** The other side's text for people. */
      reason?: string | undefined;
      error?: ErrorData | undefined;
    };

/** Why a task has no answer. */
export type UserFault =
  | "refused"
  | "unanswered"
  | "codeExpired"
  | "accountType"
  | "accountUnknown"
  | "federationProtocol"
  | "noTrustEndpoint"
  | "trustEndpointInsecure"
  | "trustVersionUnknown"
  | "trustRefused"
  | "trustEmpty"
  | "trustMalformed"
  | "trustWithoutToken"
  | "trustTokenType";
