/** What `certgrant/adal` exports: adal-node's names. */
export {
  AuthenticationContext,
  createAuthenticationContext,
  getGlobalADALOptions,
  setGlobalADALOptions,
} from "./context.ts";
export { AdalError } from "./errors.ts";
export { Logging, type LoggingCallback, type LoggingLevel, type LoggingOptions } from "./logging.ts";
export { MemoryCache, type MemoryCacheOptions } from "./memory-cache.ts";
export {
  AuthenticationParameters,
  type AuthenticationParametersCallback,
  type ChallengeResponse,
  createAuthenticationParametersFromHeader,
  createAuthenticationParametersFromResponse,
  createAuthenticationParametersFromUrl,
} from "./parameters.ts";
export type {
  AcquireTokenCallback,
  AcquireUserCodeCallback,
  AdalOptions,
  ErrorResponse,
  TokenCache,
  TokenResponse,
  UserCodeInfo,
} from "./types.ts";
