/**
 * Compiled, never run: what a program calls of `@azure/identity` it may call of certgrant, with the values and options of the
 * types that `@azure/identity` itself declares, and what it does with the results goes on.
 */
import type * as identity from "@azure/identity";
import * as certgrant from "certgrant";

declare function some<T>(): T;

export const certificates = [
  new certgrant.ClientCertificateCredential("t", "c", "path", some<identity.ClientCertificateCredentialOptions>()),
  new certgrant.ClientCertificateCredential("t", "c", some<identity.ClientCertificatePEMCertificatePath>()),
  new certgrant.ClientCertificateCredential("t", "c", some<identity.ClientCertificatePEMCertificate>()),
];

export const others = [
  new certgrant.ClientSecretCredential("t", "c", "secret", some<identity.ClientSecretCredentialOptions>()),
  new certgrant.ClientAssertionCredential(
    "t",
    "c",
    some<() => Promise<string>>(),
    some<identity.ClientAssertionCredentialOptions>(),
  ),
  new certgrant.WorkloadIdentityCredential(some<identity.WorkloadIdentityCredentialOptions>()),
  new certgrant.EnvironmentCredential(some<identity.EnvironmentCredentialOptions>()),
  new certgrant.ManagedIdentityCredential(some<identity.ManagedIdentityCredentialClientIdOptions>()),
  new certgrant.ManagedIdentityCredential(some<identity.ManagedIdentityCredentialResourceIdOptions>()),
  new certgrant.ManagedIdentityCredential(some<identity.ManagedIdentityCredentialObjectIdOptions>()),
  new certgrant.ManagedIdentityCredential("c", some<identity.TokenCredentialOptions>()),
  new certgrant.OnBehalfOfCredential(
    some<identity.OnBehalfOfCredentialSecretOptions & identity.MultiTenantTokenCredentialOptions>(),
  ),
  new certgrant.OnBehalfOfCredential(
    some<identity.OnBehalfOfCredentialCertificateOptions & identity.MultiTenantTokenCredentialOptions>(),
  ),
  new certgrant.OnBehalfOfCredential(some<identity.OnBehalfOfCredentialAssertionOptions>()),
  new certgrant.ChainedTokenCredential(some<identity.TokenCredential>(), some<identity.EnvironmentCredential>()),
];

/** Each is a `TokenCredential`, and a link of a chain of `@azure/identity`. */
export const credentials: identity.TokenCredential[] = [...certificates, ...others];
export const links: ConstructorParameters<typeof identity.ChainedTokenCredential> = credentials;

/** The function is taken where that of `@azure/identity` is. */
export const provider: typeof identity.getBearerTokenProvider = certgrant.getBearerTokenProvider;

/** Errors have the members that handlers read. */
export const refusal: identity.AuthenticationError = some<certgrant.AuthenticationError>();
export const unavailable: identity.CredentialUnavailableError = new certgrant.CredentialUnavailableError("m", {});
export const aggregate: identity.AggregateAuthenticationError = some<certgrant.AggregateAuthenticationError>();
export const required: identity.AuthenticationRequiredError = some<certgrant.AuthenticationRequiredError>();
