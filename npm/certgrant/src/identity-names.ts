/** Values that `@azure/identity` exports beside its classes: what programs compare names of errors with, and the clouds. */

/** The `name` of an `AuthenticationError`. */
export const AuthenticationErrorName = "AuthenticationError";

/** The `name` of a `CredentialUnavailableError`. */
export const CredentialUnavailableErrorName = "CredentialUnavailableError";

/** The `name` of an `AggregateAuthenticationError`. */
export const AggregateAuthenticationErrorName = "AggregateAuthenticationError";

/** The token services of Azure's clouds, for `authorityHost`; the names are those of `@azure/identity`. */
export const AzureAuthorityHosts = {
  /** Azure in China. */
  AzureChina: "https://login.chinacloudapi.cn",
  /**
   * Azure in Germany.
   *
   * @deprecated Closed on October 29th, 2021.
   */
  AzureGermany: "https://login.microsoftonline.de",
  /** Azure for the government of the United States. */
  AzureGovernment: "https://login.microsoftonline.us",
  /** Azure for all others, which is the default. */
  AzurePublicCloud: "https://login.microsoftonline.com",
} as const;

/** One of them. */
export type AzureAuthorityHosts = (typeof AzureAuthorityHosts)[keyof typeof AzureAuthorityHosts];
