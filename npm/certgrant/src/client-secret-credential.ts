/** `ClientSecretCredential`: app-only tokens for a client secret, with the constructor of `@azure/identity`. */
import { AppCredential, expectIds } from "./app-credential.ts";
import { expectType } from "./arguments.ts";
import { argumentValueError } from "./errors.ts";
import type { ClientSecretCredentialOptions } from "./options.ts";
import { secretProof } from "./proof.ts";
import { warnOfSecret } from "./secret-warning.ts";

const NAME = "ClientSecretCredential";
/**
 * Gets tokens for an application that proves its identity with a client secret.
 *
 * A certificate is better: the first credential of a process says so through the runtime's own warnings, where it has such, and
 * each one in its log.
 *
 * @example
 * ```ts
 * import { ClientSecretCredential } from "certgrant";
 *
 * const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, { silenceSecretWarning: true });
 * const { token } = await credential.getToken("https://graph.microsoft.com/.default");
 * ```
 */
export class ClientSecretCredential extends AppCredential {
  /**
   * @param tenantId - Directory (tenant) id or a verified domain.
   * @param clientId - Application (client) id.
   * @param clientSecret - The secret's value, not its id.
   * @throws TypeError with the code `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`
   */
  constructor(tenantId: string, clientId: string, clientSecret: string, options: ClientSecretCredentialOptions = {}) {
    expectIds(NAME, tenantId, clientId);
    if (!clientSecret) throw argumentValueError(`${NAME}: clientSecret is a required parameter.`);
    expectType(NAME, "clientSecret", clientSecret, "string");
    const { silenceSecretWarning } = options ?? {};
    if (silenceSecretWarning !== undefined) {
      expectType(NAME, "options.silenceSecretWarning", silenceSecretWarning, "boolean");
    }
    super({ name: NAME, tenantId, clientId, proof: secretProof(clientSecret), options });
    if (!silenceSecretWarning) warnOfSecret(options);
  }
}
