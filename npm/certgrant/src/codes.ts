/**
 * The stable codes of certgrant's errors.
 *
 * The codes of the core are one table in `crates/core/src/error.rs`; this list repeats it and adds what only JavaScript
 * can get wrong. Callers may branch on a code; a message may change with any release.
 */

/** Codes of the core, the same in Rust and JavaScript. */
export const CORE_ERROR_CODES = [
  "ERR_ALGORITHM_INVALID",
  "ERR_ASSERTION_FAILED",
  "ERR_AUTHORITY_INSECURE",
  "ERR_AUTHORITY_INVALID",
  "ERR_AUTHORITY_UNKNOWN",
  "ERR_CERTIFICATE_EXPIRED",
  "ERR_CERTIFICATE_INVALID",
  "ERR_CERTIFICATE_MISSING",
  "ERR_CERTIFICATE_NOT_YET_VALID",
  "ERR_CLAIMS_INVALID",
  "ERR_CLIENT_ID_INVALID",
  "ERR_DEVICE_CODE_EXPIRED",
  "ERR_DISCOVERY_INVALID",
  "ERR_ENCRYPTION_COST",
  "ERR_ENCRYPTION_UNSUPPORTED",
  "ERR_ENDPOINT_MISMATCH",
  "ERR_FEATURE_MISSING",
  "ERR_FEDERATION_INVALID",
  "ERR_FEDERATION_REFUSED",
  "ERR_IDENTITY_CHALLENGE_INVALID",
  "ERR_IDENTITY_UNAVAILABLE",
  "ERR_IDENTITY_UNSUPPORTED",
  "ERR_KEY_AMBIGUOUS",
  "ERR_KEY_ENCRYPTED",
  "ERR_KEY_INVALID",
  "ERR_KEY_MISMATCH",
  "ERR_KEY_MISSING",
  "ERR_KEY_UNSUPPORTED",
  "ERR_KEY_WEAK",
  "ERR_NETWORK_FAILED",
  "ERR_PASSWORD_MISSING",
  "ERR_PASSWORD_WRONG",
  "ERR_PEM_INVALID",
  "ERR_PEM_NOT_FOUND",
  "ERR_PFX_DOMAIN_PROTECTED",
  "ERR_PFX_INVALID",
  "ERR_PROXY_REFUSED",
  "ERR_REALM_INVALID",
  "ERR_REGION_INVALID",
  "ERR_REQUEST_TIMEOUT",
  "ERR_RESOURCE_INVALID",
  "ERR_RESPONSE_INVALID",
  "ERR_SCOPE_INVALID",
  "ERR_SERVICE_REFUSED",
  "ERR_SERVICE_UNAVAILABLE",
  "ERR_SIGNATURE_INVALID",
  "ERR_SIGNING_FAILED",
  "ERR_STEP_UNEXPECTED",
  "ERR_TENANT_INVALID",
  "ERR_TENANT_NOT_ALLOWED",
  "ERR_TENANT_NOT_SPECIFIC",
  "ERR_THUMBPRINT_INVALID",
  "ERR_THUMBPRINT_MISMATCH",
  "ERR_THUMBPRINT_UNSUITABLE",
  "ERR_VAULT_CHALLENGE_FOREIGN",
  "ERR_VAULT_INVALID",
  "ERR_VAULT_REFUSED",
  "ERR_VAULT_RESPONSE_INVALID",
  "ERR_VAULT_TOKEN_FAILED",
  "ERR_VAULT_UNAVAILABLE",
] as const;

/** A code of the core. */
export type CoreErrorCode = (typeof CORE_ERROR_CODES)[number];

/** Codes that only JavaScript makes. */
export type HostErrorCode =
  /** The caller gave up waiting through its `abortSignal`. */
  | "ERR_ABORTED"
  /** Neither the native addon nor the WASM module could be loaded, or not the one that was asked for. */
  | "ERR_BACKEND_UNAVAILABLE"
  /** None of the credentials of a chain can be used in this environment. */
  | "ERR_CHAIN_EXHAUSTED"
  /** A credential can't be used in this environment; a chain goes on with the next one. */
  | "ERR_CREDENTIAL_UNAVAILABLE"
  /** A package that an option needs is not installed. */
  | "ERR_DEPENDENCY_MISSING"
  /** A file of a credential could not be read. */
  | "ERR_FILE_UNREADABLE"
  /** The caller's own cache could not keep a token. */
  | "ERR_CACHE_FAILED"
  /** A fault of certgrant itself. */
  | "ERR_INTERNAL"
  /** An argument is not of the documented type. */
  | "ERR_INVALID_ARG_TYPE"
  /** An argument is of the right type but not usable. */
  | "ERR_INVALID_ARG_VALUE"
  /** The address of a proxy in the environment is not usable. */
  | "ERR_PROXY_INVALID"
  /** adal-node's `acquireToken` found no token in the cache, and none to refresh. */
  | "ERR_TOKEN_NOT_CACHED";

/** Every value that `error.code` can have. */
export type ErrorCode = CoreErrorCode | HostErrorCode;
