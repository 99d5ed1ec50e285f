/** Compiled, never run: the constructors take what those of `@azure/identity` are documented to take. */
import {
  AuthenticationError,
  ChainedTokenCredential,
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  CredentialUnavailableError,
  EnvironmentCredential,
  ManagedIdentityCredential,
  OnBehalfOfCredential,
  WorkloadIdentityCredential,
} from "../src/index.ts";

const common = {
  authorityHost: "https://login.microsoftonline.com",
  additionallyAllowedTenants: ["*"],
  disableInstanceDiscovery: true,
  loggingOptions: { allowLoggingAccountIdentifiers: true, enableUnsafeSupportLogging: false },
  retryOptions: { maxRetries: 3, retryDelayInMs: 1000, maxRetryDelayInMs: 64_000 },
  proxyOptions: { host: "http://proxy.example", port: 8080, username: "clerk", password: "secret" },
  tlsOptions: { ca: "-----BEGIN CERTIFICATE-----" },
};

const user = { tenantId: "tenant", clientId: "client", userAssertionToken: "a.b.c" };

export const credentials = [
  new ClientCertificateCredential("tenant", "client", "app.pem", { ...common, sendCertificateChain: true }),
  new ClientCertificateCredential("tenant", "client", { certificatePath: "app.pem", certificatePassword: "x" }),
  new ClientCertificateCredential("tenant", "client", { certificate: "-----BEGIN …", certificatePassword: "x" }),
  new ClientSecretCredential("tenant", "client", "secret", common),
  new ClientAssertionCredential("tenant", "client", () => Promise.resolve("a.b.c"), common),
  new WorkloadIdentityCredential({ tenantId: "tenant", clientId: "client", tokenFilePath: "token", ...common }),
  new EnvironmentCredential(common),
  new OnBehalfOfCredential({ ...user, certificatePath: "app.pem", sendCertificateChain: true, ...common }),
  new OnBehalfOfCredential({ ...user, clientSecret: "secret" }),
  new OnBehalfOfCredential({ ...user, getAssertion: () => Promise.resolve("a.b.c") }),
  new ManagedIdentityCredential("client", common),
  new ManagedIdentityCredential({ clientId: "client", ...common }),
  new ManagedIdentityCredential({ resourceId: "/subscriptions/…" }),
  new ManagedIdentityCredential({ objectId: "object" }),
  new ManagedIdentityCredential(),
  new ChainedTokenCredential(new EnvironmentCredential(), new ClientSecretCredential("tenant", "client", "secret")),
];

/** Errors are told apart by class and by name, and have the members that are documented. */
export function told(error: unknown): string | undefined {
  if (error instanceof CredentialUnavailableError) return error.message;
  if (error instanceof AuthenticationError && error.statusCode === 401) return error.errorResponse.errorDescription;
  return undefined;
}
export const unavailable: Error = new CredentialUnavailableError("not here", { cause: new Error("why") });

// @ts-expect-error a secret is a string
new ClientSecretCredential("tenant", "client", { secret: "x" });
// @ts-expect-error an assertion is given by a function
new ClientAssertionCredential("tenant", "client", "a.b.c");
// @ts-expect-error something has to prove the application's identity
new OnBehalfOfCredential(user);
// @ts-expect-error no such option
new EnvironmentCredential({ tenantId: "tenant" });
