/** Access tokens as bare strings, for clients that take a function in the place of a credential. */
import { argumentTypeError, CredentialUnavailableError } from "./errors.ts";
import type { GetTokenOptions } from "./options.ts";

/** The part of `TokenCredential` of `@azure/core-auth` that is used: certgrant's credentials fit, and so do those of others. */
export interface TokenCredentialLike {
  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<{ token: string } | null>;
}

/**
 * A function that gives an access token of `credential` for `scopes`, as `@azure/identity` has it for the OpenAI client. It asks
 * the credential each time: certgrant's have a cache.
 *
 * @throws what the credential throws, and `ERR_CREDENTIAL_UNAVAILABLE` if it gives no token
 */
export function getBearerTokenProvider(
  credential: TokenCredentialLike,
  scopes: string | string[],
  options?: Pick<GetTokenOptions, "abortSignal">,
): () => Promise<string> {
  if (typeof credential?.getToken !== "function") {
    throw argumentTypeError("getBearerTokenProvider: credential must have a function getToken");
  }
  return async () => {
    const token = await credential.getToken(scopes, options);
    if (typeof token?.token === "string") return token.token;
    throw new CredentialUnavailableError("the credential gave no token: found nothing, expected an access token", {
      hint: "check the credential that was given; a credential of certgrant's throws when it has no token",
    });
  };
}
