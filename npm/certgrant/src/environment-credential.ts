/**
 * `EnvironmentCredential`: the credential that environment variables describe, with the names and the order of
 * `@azure/identity`: a client secret first, then a certificate.
 */
import { expectType } from "./arguments.ts";
import { ClientSecretCredential } from "./client-secret-credential.ts";
import { ClientCertificateCredential } from "./credential.ts";
import { CredentialUnavailableError } from "./errors.ts";
import type { AccessToken, EnvironmentCredentialOptions, GetTokenOptions } from "./options.ts";
import { platform } from "./platform.ts";

const NAME = "EnvironmentCredential";

/**
 * Gets tokens with what the environment has:
 *
 * | variable | what it is |
 * | --- | --- |
 * | `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` | whose tokens |
 * | `AZURE_CLIENT_SECRET` | a client secret |
 * | `AZURE_CLIENT_CERTIFICATE_PATH`, `AZURE_CLIENT_CERTIFICATE_PASSWORD` | a certificate file, if there is no secret |
 * | `AZURE_CLIENT_SEND_CERTIFICATE_CHAIN` | `1` or `true` sends its chain along |
 * | `AZURE_ADDITIONALLY_ALLOWED_TENANTS` | further tenants, `;` between them; `*` for all |
 * | `AZURE_AUTHORITY_HOST` | another cloud |
 *
 * @example
 * ```ts
 * import { EnvironmentCredential } from "certgrant";
 *
 * const credential = new EnvironmentCredential();
 * const { token } = await credential.getToken("https://graph.microsoft.com/.default");
 * ```
 */
export class EnvironmentCredential {
  readonly #credential: ClientSecretCredential | ClientCertificateCredential | undefined;

  /**
   * Reads the environment once; options that are set go before it.
   *
   * @throws TypeError if an option is not of the documented type
   */
  constructor(options: EnvironmentCredentialOptions = {}) {
    expectType(NAME, "options", options, "object");
    this.#credential = fromEnvironment(options);
  }

  /**
   * Gets an access token, as {@link ClientCertificateCredential.getToken} does.
   *
   * @throws CredentialUnavailableError if the environment describes no credential
   * @throws CertgrantError what the credential throws
   */
  async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    if (this.#credential) return this.#credential.getToken(scopes, options);
    throw unavailable();
  }

  /** Forgets all cached tokens, as {@link ClientCertificateCredential.clearTokens} does. */
  clearTokens(): void {
    this.#credential?.clearTokens();
  }

  /**
   * Forgets the cached token of a request, as {@link ClientCertificateCredential.removeToken} does.
   *
   * @returns whether there was one
   */
  removeToken(scopes: string | string[], options?: Pick<GetTokenOptions, "tenantId" | "enableCae">): boolean {
    return this.#credential?.removeToken(scopes, options) ?? false;
  }
}

function fromEnvironment(
  options: EnvironmentCredentialOptions,
): ClientSecretCredential | ClientCertificateCredential | undefined {
  const variable = (name: string) => platform().variable(name);
  const tenantId = variable("AZURE_TENANT_ID");
  const clientId = variable("AZURE_CLIENT_ID");
  if (tenantId === undefined || clientId === undefined) return undefined;
  const tenants = variable("AZURE_ADDITIONALLY_ALLOWED_TENANTS")
    ?.split(";")
    .map((tenant) => tenant.trim());
  const given = { additionallyAllowedTenants: tenants?.filter((tenant) => tenant !== "") ?? [], ...set(options) };
  const secret = variable("AZURE_CLIENT_SECRET");
  if (secret !== undefined) return new ClientSecretCredential(tenantId, clientId, secret, given);
  const certificatePath = variable("AZURE_CLIENT_CERTIFICATE_PATH");
  if (certificatePath === undefined) return undefined;
  const certificatePassword = variable("AZURE_CLIENT_CERTIFICATE_PASSWORD");
  const sendsChain = /^(?:1|true)$/i.test(variable("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN") ?? "");
  return new ClientCertificateCredential(
    tenantId,
    clientId,
    certificatePassword === undefined ? { certificatePath } : { certificatePath, certificatePassword },
    { sendCertificateChain: sendsChain, ...given },
  );
}

/** The options that are set: one that is `undefined` leaves the environment's variable in force. */
function set(options: EnvironmentCredentialOptions): EnvironmentCredentialOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function unavailable(): CredentialUnavailableError {
  const names = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"];
  const found = names.filter((name) => platform().variable(name) !== undefined);
  const withPassword = platform().variable("AZURE_USERNAME") !== undefined;
  return new CredentialUnavailableError(
    `${NAME} is unavailable: found ${found.join(", ") || "none of its variables"}, expected AZURE_TENANT_ID, ` +
      "AZURE_CLIENT_ID and one of AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PATH",
    {
      hint: withPassword
        ? "use a certificate: AZURE_USERNAME and AZURE_PASSWORD sign in a user, which certgrant does not do"
        : "set the missing ones before the process starts, with AZURE_CLIENT_CERTIFICATE_PATH rather than a secret",
    },
  );
}
