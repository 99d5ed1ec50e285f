/**
 * The options of the credentials and of their `getToken`, with the names that `@azure/identity` and `@azure/core-auth`
 * gave them. What certgrant adds says so.
 */
import type { AppCredential } from "./app-credential.ts";
import type { Logger } from "./log.ts";
import type { AbortSignalLike } from "./patience.ts";
import type { CryptoKeyLike, Sign } from "./signer.ts";
import type { Fetch } from "./transport.ts";

/** What signs, if it is not a private key beside the certificate; one of the two. */
export interface OwnSigner {
  /** certgrant's own: a private RSA key of WebCrypto for SHA-256, which need not be extractable. */
  privateKey?: CryptoKeyLike;
  /**
   * certgrant's own: makes the signature, in a vault, a hardware module or wherever the key is. It is asked once for some
   * minutes of requests, and never for a cached token. What it answers is verified with the certificate before it is sent.
   */
  sign?: Sign;
}

/**
 * A file with the private key and its certificate: PFX (PKCS#12), PEM or DER, told apart by content. With `privateKey` or
 * `sign`, the certificate alone is enough.
 */
export interface CertificateFile extends OwnSigner {
  /**
   * Path of the file. It is read with the first token, and again when it was replaced: the new certificate signs the next
   * assertion. While the new file is not usable, or its key does not sign, the old certificate stays in use. (A `sign` of yours is
   * not asked beforehand: have it sign with the key of a new certificate by the time that this is there.)
   */
  certificatePath: string;
  /** Password of the file or of its private key; ignored where none is needed. */
  certificatePassword?: string;
}

/** The content of such a file. */
export interface CertificateContent extends OwnSigner {
  /** The bytes, or PEM text, or the base64 of the bytes; or a function that gives them. */
  certificate: string | Uint8Array | CertificateSupplier;
  /** Password of the file or of its private key; ignored where none is needed. */
  certificatePassword?: string;
}

/** certgrant's own: a certificate whose private key stays in an Azure Key Vault, which signs with it. */
export interface KeyVaultCertificate {
  keyVault: KeyVaultOptions;
}

/** Which certificate of which vault, and how to get into the vault. */
export interface KeyVaultOptions {
  /** `https://name.vault.azure.net`, or of another cloud. */
  vaultUrl: string;
  /** Name of the certificate; its key has the same one. */
  certificateName: string;
  /** One version of it. By default the newest; the vault is asked for another one once an hour. */
  certificateVersion?: string;
  /**
   * Gets tokens for the vault: any credential that may read the certificate and sign with its key (roles Key Vault Certificate
   * User and Key Vault Crypto User).
   */
  credential: VaultTokenCredential;
}

/** The part of `TokenCredential` of `@azure/core-auth` that a vault needs. */
export interface VaultTokenCredential {
  getToken(
    scopes: string | string[],
    options?: { tenantId?: string; claims?: string; enableCae?: boolean },
  ): Promise<{ token: string } | null>;
}

/**
 * certgrant's own: gives the certificate to use from now on. Called with the first token, before each new assertion, and at
 * once when the token service no longer knows the certificate.
 */
export type CertificateSupplier = () => Supplied | Promise<Supplied>;

/** What a {@link CertificateSupplier} gives. */
export type Supplied = string | Uint8Array | { certificate: string | Uint8Array; certificatePassword?: string };

/** Options that every credential of an application has. */
export interface AppCredentialOptions {
  /**
   * Address of the token service, `https://host`. Default: the environment variable `AZURE_AUTHORITY_HOST`, else
   * `https://login.microsoftonline.com`.
   */
  authorityHost?: string;
  /** Tenants that `getToken` may name besides the credential's own; `"*"` allows all. */
  additionallyAllowedTenants?: string[];
  /**
   * Asks nothing about the authority. By default a host that is neither one of Entra's nor on this machine is asked about before
   * it gets an assertion, and for its token endpoint. Default: `false`.
   */
  disableInstanceDiscovery?: boolean;
  /**
   * certgrant's own: the region whose endpoint is called, such as `westeurope`, or `AutoDiscoverRegion`. For Microsoft's own apps
   * and managed identities; others are refused (AADSTS100007). Default: the environment variable
   * `AZURE_REGIONAL_AUTHORITY_NAME`, else the global endpoint.
   */
  azureRegion?: string;
  /** How often a request that failed for a passing reason is sent again. */
  retryOptions?: {
    /** Number of retries, `0` for none. Default: `2`, and `5` for the endpoint of a managed identity. */
    maxRetries?: number;
    /** Accepted for compatibility: the core spaces its retries itself. */
    retryDelayInMs?: number;
    /** Accepted for compatibility, as `retryDelayInMs`. */
    maxRetryDelayInMs?: number;
  };
  /** What may be written to the log. */
  loggingOptions?: {
    /** Writes tenant and client id too, in entries with `containsPii`. Default: `false`. */
    allowLoggingAccountIdentifiers?: boolean;
    /** Accepted for compatibility: no option writes secrets to the log. */
    enableUnsafeSupportLogging?: boolean;
  };
  /**
   * The proxy of this credential's requests, on Node with the package `undici`. Default: the environment variables
   * `HTTPS_PROXY`, `ALL_PROXY` and `HTTP_PROXY`. Hosts that `NO_PROXY` names are asked directly in either case.
   */
  proxyOptions?: ProxyOptions;
  /** How TLS connections are made, on Node. */
  tlsOptions?: TlsOptions;
  /**
   * certgrant's own: sends the requests, for a pool or a test. Proxy and TLS are its business then. Default: the global `fetch`; on
   * Node `node:https`, unless the program has replaced or used `fetch` before.
   */
  fetch?: Fetch;
  /** certgrant's own: how much is cached. */
  tokenCacheLimits?: {
    /** Number of tokens, at least 1. Default: `100_000`. */
    tokens?: number;
    /**
     * Characters of tokens and of what they were asked by. Default: 256 Mi. On Node, what is beyond the 1,024 tokens used last may
     * take twice as much memory; and whoever keeps a token or a correlation id that came from there keeps the megabyte that it is a
     * part of.
     */
    bytes?: number;
  };
  /** certgrant's own: receives the log. */
  logger?: Logger;
}

/** A proxy: `ProxySettings` of the Azure SDKs. */
export interface ProxyOptions {
  /** `http://host` or `https://host`. */
  host: string;
  port: number;
  username?: string;
  password?: string;
}

/** Certificates and keys as Node takes them: one, or several, which may be objects. */
export type TlsMaterial = string | Uint8Array | Array<string | Uint8Array | object> | undefined;

/** `TlsSettings` of the Azure SDKs: what `tls.connect` of Node takes. */
export interface TlsOptions {
  /**
   * Certificate authorities in place of the built-in ones, PEM. Those of the whole process are added by
   * `NODE_EXTRA_CA_CERTS`.
   */
  ca?: string | Uint8Array | Array<string | Uint8Array> | undefined;
  cert?: TlsMaterial;
  key?: TlsMaterial;
  passphrase?: string | undefined;
  pfx?: TlsMaterial;
}

/** Options of {@link ClientCertificateCredential}. */
export interface ClientCertificateCredentialOptions extends AppCredentialOptions {
  /** Sends the certificate chain (`x5c`) along, for subject name and issuer authentication. Default: `false`. */
  sendCertificateChain?: boolean;
  /** certgrant's own: signature algorithm of the assertion. Default: PS256, and RS256 for AD FS. */
  algorithm?: "RS256" | "PS256";
}

/** Options of {@link ClientSecretCredential}. */
export interface ClientSecretCredentialOptions extends AppCredentialOptions {
  /** certgrant's own: says nothing of certificates being better than secrets. Default: `false`. */
  silenceSecretWarning?: boolean;
}

/** Options of {@link WorkloadIdentityCredential}. */
export interface WorkloadIdentityCredentialOptions extends AppCredentialOptions {
  /** Directory (tenant) id. Default: the environment variable `AZURE_TENANT_ID`. */
  tenantId?: string;
  /** Application (client) id, or that of a user-assigned managed identity. Default: the environment variable `AZURE_CLIENT_ID`. */
  clientId?: string;
  /** File with the federated token. Default: the environment variable `AZURE_FEDERATED_TOKEN_FILE`. */
  tokenFilePath?: string;
}

/** Options of {@link OnBehalfOfCredential}: whose token, on whose behalf, and by what the application proves its identity. */
export type OnBehalfOfCredentialOptions = OnBehalfOfUser &
  (
    | {
        /**
         * certgrant's own: a credential of this API that is there already. All its users' tokens are got with its one client, and
         * kept in its cache, each for its user alone; so nothing has to be opened for each call.
         * `clearTokens` of any of them empties that cache for all.
         */
        application: AppCredential;
      }
    | (OnBehalfOfApplication &
        (CertificateFile | CertificateContent | KeyVaultCertificate) &
        ClientCertificateCredentialOptions)
    | (OnBehalfOfApplication & { clientSecret: string } & ClientSecretCredentialOptions)
    | (OnBehalfOfApplication & {
        /** Gives a client assertion, as for {@link ClientAssertionCredential}. */
        getAssertion: (request: { audience: string }) => Promise<string>;
      } & ClientAssertionCredentialOptions)
  );

/** Which API. */
export interface OnBehalfOfApplication {
  /** Directory (tenant) id. */
  tenantId: string;
  /** Application (client) id of this API, which is the audience of the user's token. */
  clientId: string;
}

/** On whose behalf. */
export interface OnBehalfOfUser {
  /** The access token that the user's client sent to this API. */
  userAssertionToken: string;
}

/** Options of {@link ManagedIdentityCredential}; one id at most. */
export interface ManagedIdentityCredentialOptions extends AppCredentialOptions {
  /** Client id of a user-assigned identity. */
  clientId?: string;
  /** Its Azure resource id. */
  resourceId?: string;
  /** The object (principal) id of its service principal. */
  objectId?: string;
}

/** Options of {@link EnvironmentCredential}. */
export interface EnvironmentCredentialOptions
  extends ClientCertificateCredentialOptions,
    ClientSecretCredentialOptions {}

/** Options of {@link ClientAssertionCredential}. */
export type ClientAssertionCredentialOptions = AppCredentialOptions;

/** Options of one `getToken`. */
export interface GetTokenOptions {
  /** Ends this call's wait, with an error named `AbortError`; other callers of the same token are not affected. */
  abortSignal?: AbortSignalLike;
  /** Limits of this call. */
  requestOptions?: {
    /**
     * After how many milliseconds this call gives up, with `ERR_REQUEST_TIMEOUT`; counted from the call, opening the
     * certificate included. `0`, as in the Azure SDKs, and by default: no limit.
     */
    timeout?: number;
  };
  /** Claims of a claims challenge, as JSON; such a call does not use the cached token. */
  claims?: string;
  /** Declares that the caller can handle claims challenges (continuous access evaluation). */
  enableCae?: boolean;
  /** Another tenant than the credential's own; see `additionallyAllowedTenants`. */
  tenantId?: string;
  /** The span that this call is a part of; certgrant's own is made by `@azure/core-tracing`, where that is installed. */
  tracingOptions?: {
    tracingContext?: TracingContextLike;
  };
  /**
   * certgrant's own: the `client-request-id` of a request for this token, best a UUID. A token that is cached or asked for
   * already needs none. Default: a new one for each token.
   */
  correlationId?: string;
}

/** `TracingContext` of `@azure/core-auth`. */
export interface TracingContextLike {
  setValue(key: symbol, value: unknown): TracingContextLike;
  getValue(key: symbol): unknown;
  deleteValue(key: symbol): TracingContextLike;
}

/** An access token. */
export interface AccessToken {
  /** The token itself: a secret. */
  token: string;
  /** When it expires, in milliseconds since the Unix epoch. */
  expiresOnTimestamp: number;
  /** From when on it should be renewed, in milliseconds since the Unix epoch. */
  refreshAfterTimestamp?: number;
  /** How it is presented. */
  tokenType: "Bearer";
  /** certgrant's own: the `client-request-id` of the request that got it; names it to Microsoft's support. */
  correlationId?: string | undefined;
}
