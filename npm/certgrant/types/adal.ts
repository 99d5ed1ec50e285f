/** Compiled, never run: code written for adal-node's types compiles against `certgrant/adal`. */
import {
  AuthenticationContext,
  type ErrorResponse,
  Logging,
  type LoggingLevel,
  MemoryCache,
  type TokenResponse,
} from "../src/adal/index.ts";

const context = new AuthenticationContext("https://login.microsoftonline.com/tenant", true, new MemoryCache(), "1.5");

context.acquireTokenWithClientCertificate(
  "https://graph.microsoft.com",
  "client",
  "pem",
  "thumbprint",
  (error: Error, response: TokenResponse | ErrorResponse) => {
    if (error) throw error;
    const token = response as TokenResponse;
    token.expirationTime = Date.now() + token.expiresIn * 1000;
  },
);

export const promised: Promise<TokenResponse> = context.acquireTokenWithClientCertificate(
  "r",
  "c",
  "pem",
  "thumbprint",
);

Logging.setLoggingOptions({
  level: Logging.LOGGING_LEVEL.VERBOSE,
  loggingWithPII: false,
  log: (level: LoggingLevel, message: string, error?: Error) => {
    if (error) throw new Error(`${level} ${message}`);
  },
});
