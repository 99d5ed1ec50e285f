/** `ChainedTokenCredential`: the first of several credentials that can be used here, as in `@azure/identity`. */
import { argumentTypeError, CertgrantError, CredentialUnavailableError, faultName, setName } from "./errors.ts";
import type { AccessToken, GetTokenOptions } from "./options.ts";

/** A credential of a chain: `TokenCredential` of `@azure/core-auth`, certgrant's or another's. */
export interface ChainedCredential {
  getToken(
    scopes: string | string[],
    options?: GetTokenOptions,
  ): Promise<{ token: string; expiresOnTimestamp: number } | null>;
}

/**
 * A link of a chain. certgrant's own: a function makes the credential when the chain comes to it, so that one whose constructor
 * says that it is unavailable does not end the program.
 */
export type ChainLink = ChainedCredential | (() => ChainedCredential);

/** The names of errors behind which a chain goes on, by `@azure/identity`. */
const UNAVAILABLE: readonly unknown[] = ["CredentialUnavailableError", "AuthenticationRequiredError"];

/** No credential of a chain could be used; `errors` has what each of them said. */
export class AggregateAuthenticationError extends CertgrantError {
  readonly errors: unknown[];

  constructor(errors: unknown[], message: string) {
    super({ code: "ERR_CHAIN_EXHAUSTED", message, hint: "see errors: each link of the chain says what it lacks" });
    setName(this, "AggregateAuthenticationError");
    this.errors = errors;
  }
}

/**
 * Asks credentials in their order and gives the token of the first that can be used. It goes on behind a
 * `CredentialUnavailableError` and an `AuthenticationRequiredError`; any other error ends it.
 *
 * A credential that gave a token is asked first from then on, so that those before it cost no more than once.
 *
 * @example
 * ```ts
 * import { ChainedTokenCredential, EnvironmentCredential, WorkloadIdentityCredential } from "certgrant";
 *
 * const credential = new ChainedTokenCredential(new EnvironmentCredential(), () => new WorkloadIdentityCredential());
 * const { token } = await credential.getToken("https://graph.microsoft.com/.default");
 * ```
 */
export class ChainedTokenCredential {
  readonly #links: readonly Link[];
  #last: Link | undefined;

  /** @throws TypeError if a link is neither a credential nor a function */
  constructor(...sources: ChainLink[]) {
    for (const [index, source] of sources.entries()) {
      if (typeof source === "function" || typeof source?.getToken === "function") continue;
      throw argumentTypeError(`ChainedTokenCredential: source ${index + 1} must have a function getToken`);
    }
    this.#links = sources.map((source) => new Link(source));
  }

  /**
   * Gets an access token of the first link that can be used.
   *
   * @throws AggregateAuthenticationError if none can be used
   */
  async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    const errors: unknown[] = [];
    const last = this.#last;
    for (const link of last ? [last, ...this.#links.filter((other) => other !== last)] : this.#links) {
      const token = await ask(link, scopes, options, errors);
      if (token === undefined) continue;
      this.#last = link;
      return token;
    }
    this.#last = undefined;
    throw exhausted(errors);
  }

  /** Has each link that was made, and can, forget all its cached tokens; requests under way go on. */
  clearTokens(): void {
    for (const { made } of this.#links) made?.clearTokens?.();
  }

  /**
   * Has each link that was made, and can, forget the cached token of a request, because a resource rejected it.
   *
   * @returns whether there was one
   */
  removeToken(scopes: string | string[], options?: Pick<GetTokenOptions, "tenantId" | "enableCae">): boolean {
    // All of them: a link that served before this one may have a token too.
    return this.#links.filter(({ made }) => made?.removeToken?.(scopes, options) === true).length > 0;
  }
}

/** A credential that may have a cache, as certgrant's have. */
type Caching = ChainedCredential & Partial<Pick<ChainedTokenCredential, "clearTokens" | "removeToken">>;

/** A link whose credential is made once, when it is first asked. */
class Link {
  readonly #make: () => Caching;
  #made: Caching | undefined;

  constructor(source: ChainLink) {
    if (typeof source !== "function") this.#made = source;
    this.#make = typeof source === "function" ? source : () => source;
  }

  /** The credential, if it is there already. */
  get made(): Caching | undefined {
    return this.#made;
  }

  get credential(): ChainedCredential {
    this.#made ??= this.#make();
    return this.#made;
  }
}

async function ask(
  link: Link,
  scopes: string | string[],
  options: GetTokenOptions | undefined,
  errors: unknown[],
): Promise<AccessToken | undefined> {
  try {
    const token = await link.credential.getToken(scopes, options);
    if (token) return { tokenType: "Bearer", ...token };
    errors.push(new CredentialUnavailableError("a link of the chain gave no token: found nothing, expected a token"));
  } catch (error) {
    if (!UNAVAILABLE.includes((error as Partial<Error> | undefined)?.name)) throw error;
    errors.push(error);
  }
  return undefined;
}

/** The words of others are left out: nobody knows what they hold. */
function exhausted(errors: unknown[]): AggregateAuthenticationError {
  const said = errors.map((error) => (error instanceof CertgrantError ? `${error.code}` : faultName(error)));
  const found = said.length === 0 ? "an empty chain" : said.join(", ");
  return new AggregateAuthenticationError(errors, `no credential can be used: found ${found}, expected one that can`);
}
