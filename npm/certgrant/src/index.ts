/** Everything that the package exports on every runtime; the entry files add the runtime. */

export type { CoreErrorCode, ErrorCode, HostErrorCode } from "./codes.ts";
export { ClientCertificateCredential } from "./credential.ts";
export type { AbortSignalLike } from "./driver.ts";
export { CertgrantError, type CertgrantErrorInit, type ErrorResponse } from "./errors.ts";
export type { LogEntry, Logger, LogLevel } from "./log.ts";
export type {
  AccessToken,
  CertificateContent,
  CertificateFile,
  CertificateSupplier,
  ClientCertificateCredentialOptions,
  GetTokenOptions,
  KeyVaultCertificate,
  KeyVaultOptions,
  OwnSigner,
  Supplied,
  VaultTokenCredential,
} from "./options.ts";
export type { CryptoKeyLike, Sign, SigningRequest } from "./signer.ts";
export type { Fetch, FetchInit, FetchResponse } from "./transport.ts";
