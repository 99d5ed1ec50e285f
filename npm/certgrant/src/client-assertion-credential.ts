/**
 * `ClientAssertionCredential`: app-only tokens for assertions that somebody else signs, such as another identity provider that
 * the application trusts. The constructor is that of `@azure/identity`.
 */
import { AppCredential, expectIds } from "./app-credential.ts";
import { expectType } from "./arguments.ts";
import { argumentValueError } from "./errors.ts";
import type { ClientAssertionCredentialOptions } from "./options.ts";
import { assertionProof } from "./proof.ts";

const NAME = "ClientAssertionCredential";

/** What a callback for assertions may want to know. */
export interface AssertionRequest {
  /** The token endpoint that the assertion will be sent to: the `aud` of an assertion that is made for it. */
  audience: string;
}

/**
 * Gets tokens for an application that proves its identity with an assertion of the caller's.
 *
 * @example
 * ```ts
 * import { ClientAssertionCredential } from "certgrant";
 *
 * const credential = new ClientAssertionCredential(tenantId, clientId, async () => readTokenOfMyProvider());
 * const { token } = await credential.getToken("https://graph.microsoft.com/.default");
 * ```
 */
export class ClientAssertionCredential extends AppCredential {
  /**
   * @param tenantId - Directory (tenant) id or a verified domain.
   * @param clientId - Application (client) id.
   * @param getAssertion - Gives a signed JWT (RFC 7523). It is called once for each request that is sent, and never for a cached
   * token.
   * @throws TypeError with the code `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`
   */
  constructor(
    tenantId: string,
    clientId: string,
    getAssertion: (request: AssertionRequest) => Promise<string>,
    options: ClientAssertionCredentialOptions = {},
  ) {
    expectIds(NAME, tenantId, clientId);
    if (!getAssertion) throw argumentValueError(`${NAME}: clientAssertion is a required parameter.`);
    expectType(NAME, "getAssertion", getAssertion, "function");
    const proof = assertionProof((audience) => getAssertion({ audience }), "assertions of the caller's");
    super({ name: NAME, tenantId, clientId, proof, options });
  }
}
