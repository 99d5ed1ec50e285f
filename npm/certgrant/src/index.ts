/** Everything that the package exports on every runtime; the entry files add the runtime. */

export {
  AggregateAuthenticationError,
  type ChainedCredential,
  ChainedTokenCredential,
  type ChainLink,
} from "./chained-token-credential.ts";
export { type AssertionRequest, ClientAssertionCredential } from "./client-assertion-credential.ts";
export { ClientSecretCredential } from "./client-secret-credential.ts";
export type { CoreErrorCode, ErrorCode, HostErrorCode } from "./codes.ts";
export { ClientCertificateCredential } from "./credential.ts";
export { EnvironmentCredential } from "./environment-credential.ts";
export {
  AuthenticationError,
  CertgrantError,
  type CertgrantErrorInit,
  CredentialUnavailableError,
  type ErrorResponse,
  type UnavailableInit,
} from "./errors.ts";
export type { TokenFailed, TokenRefreshed, TokenRequested, TokenServed } from "./events.ts";
export {
  AggregateAuthenticationErrorName,
  AuthenticationErrorName,
  AzureAuthorityHosts,
  CredentialUnavailableErrorName,
} from "./identity-names.ts";
export type { LogEntry, Logger, LogLevel } from "./log.ts";
export { ManagedIdentityCredential, managedIdentityAssertion } from "./managed-identity-credential.ts";
export { AuthenticationRequiredError, OnBehalfOfCredential } from "./on-behalf-of-credential.ts";
export type {
  AccessToken,
  AppCredentialOptions,
  CertificateContent,
  CertificateFile,
  CertificateSupplier,
  ClientAssertionCredentialOptions,
  ClientCertificateCredentialOptions,
  ClientSecretCredentialOptions,
  EnvironmentCredentialOptions,
  GetTokenOptions,
  KeyVaultCertificate,
  KeyVaultOptions,
  ManagedIdentityCredentialOptions,
  OnBehalfOfCredentialOptions,
  OnBehalfOfUser,
  OwnSigner,
  ProxyOptions,
  Supplied,
  TlsMaterial,
  TlsOptions,
  TracingContextLike,
  VaultTokenCredential,
  WorkloadIdentityCredentialOptions,
} from "./options.ts";
export type { AbortSignalLike } from "./patience.ts";
export type { CryptoKeyLike, Sign, SigningRequest } from "./signer.ts";
export { getBearerTokenProvider, type TokenCredentialLike } from "./token-provider.ts";
export type { Fetch, FetchInit, FetchResponse } from "./transport.ts";
export { WorkloadIdentityCredential } from "./workload-identity-credential.ts";
