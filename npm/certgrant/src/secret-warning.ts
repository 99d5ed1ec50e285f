/** Says that a certificate is better than a client secret: once in each log, and once in a process. */
import type { AppCredentialOptions } from "./options.ts";
import { platform } from "./platform.ts";

const CODE = "WARN_CLIENT_SECRET";
const WARNING =
  "a client secret crosses the network with every request and works for whoever reads it; a certificate does neither, " +
  "see ClientCertificateCredential, or set silenceSecretWarning";

let hasWarned = false;

/** Warns in the log of a credential, and the first time through the runtime's own warnings where it has such. */
export function warnOfSecret({ logger }: AppCredentialOptions): void {
  try {
    logger?.({ level: "warning", message: `${CODE}: ${WARNING}`, containsPii: false });
  } catch {
    // A logger's own fault must not cost the caller its credential.
  }
  if (hasWarned) return;
  hasWarned = true;
  platform().warn?.(CODE, WARNING);
}
