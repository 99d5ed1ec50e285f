/** Compiled, never run: certgrant's credentials are `TokenCredential`s of `@azure/core-auth`, and global `fetch` fits. */
import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import {
  ChainedTokenCredential,
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  EnvironmentCredential,
  getBearerTokenProvider,
  WorkloadIdentityCredential,
} from "../src/index.ts";

const certificate = new ClientCertificateCredential("tenant", "client", { certificatePath: "app.pem" }, { fetch });

export const asTokenCredentials: TokenCredential[] = [
  certificate,
  new ClientSecretCredential("tenant", "client", "secret"),
  new ClientAssertionCredential("tenant", "client", async () => "a.b.c"),
  new WorkloadIdentityCredential(),
  new EnvironmentCredential(),
  new ChainedTokenCredential(certificate),
];

export async function token(options: GetTokenOptions): Promise<AccessToken> {
  return certificate.getToken(["https://graph.microsoft.com/.default"], options);
}

/** Credentials of others go into a chain and into a provider. */
export function ofOthers(other: TokenCredential): () => Promise<string> {
  return getBearerTokenProvider(new ChainedTokenCredential(other, certificate), "scope");
}
export const provider: () => Promise<string> = getBearerTokenProvider({} as TokenCredential, ["scope"]);
