/** Compiled, never run: certgrant's credential is a `TokenCredential` of `@azure/core-auth`, and global `fetch` fits. */
import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import { ClientCertificateCredential } from "../src/index.ts";

const credential = new ClientCertificateCredential("tenant", "client", { certificatePath: "app.pem" }, { fetch });

export const asTokenCredential: TokenCredential = credential;

export async function token(options: GetTokenOptions): Promise<AccessToken> {
  return credential.getToken(["https://graph.microsoft.com/.default"], options);
}
