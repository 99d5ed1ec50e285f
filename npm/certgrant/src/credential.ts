/**
 * `ClientCertificateCredential`: app-only tokens from Microsoft Entra ID for a certificate, with the constructor and
 * `getToken` of `@azure/identity`.
 */
import { AppCredential, expectIds } from "./app-credential.ts";
import { expectType } from "./arguments.ts";
import { certificateProof } from "./certificate-proof.ts";
import { certificateSource } from "./certificate-source.ts";
import { argumentValueError } from "./errors.ts";
import type {
  CertificateContent,
  CertificateFile,
  ClientCertificateCredentialOptions,
  KeyVaultCertificate,
} from "./options.ts";

const NAME = "ClientCertificateCredential";

/**
 * Gets tokens for an application that proves its identity with a certificate.
 *
 * @example
 * ```ts
 * import { ClientCertificateCredential } from "certgrant";
 *
 * const credential = new ClientCertificateCredential(tenantId, clientId, "app.pem");
 * const { token } = await credential.getToken("https://graph.microsoft.com/.default");
 * ```
 */
export class ClientCertificateCredential extends AppCredential {
  /**
   * @param tenantId - Directory (tenant) id or a verified domain.
   * @param clientId - Application (client) id.
   * @param certificatePath - Path of a PEM file with the private key and its certificate.
   * @throws TypeError with the code `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`
   */
  constructor(
    tenantId: string,
    clientId: string,
    certificatePath: string,
    options?: ClientCertificateCredentialOptions,
  );
  /**
   * @param tenantId - Directory (tenant) id or a verified domain.
   * @param clientId - Application (client) id.
   * @param configuration - A file with the private key and its certificate, its content, or a certificate whose key is
   * elsewhere.
   * @throws TypeError with the code `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`
   */
  constructor(
    tenantId: string,
    clientId: string,
    configuration: CertificateFile | CertificateContent | KeyVaultCertificate,
    options?: ClientCertificateCredentialOptions,
  );
  constructor(
    tenantId: string,
    clientId: string,
    certificate: string | CertificateFile | CertificateContent | KeyVaultCertificate,
    options: ClientCertificateCredentialOptions = {},
  ) {
    expectIds(NAME, tenantId, clientId);
    const source = certificateSource(NAME, certificate);
    const { sendCertificateChain, algorithm } = options ?? {};
    if (sendCertificateChain !== undefined) {
      expectType(NAME, "options.sendCertificateChain", sendCertificateChain, "boolean");
    }
    if (algorithm !== undefined && algorithm !== "RS256" && algorithm !== "PS256") {
      throw argumentValueError(`${NAME}: options.algorithm must be "RS256" or "PS256"`);
    }
    const proof = certificateProof(source, { sendCertificateChain, algorithm });
    super({ name: NAME, tenantId, clientId, proof, options });
  }
}
