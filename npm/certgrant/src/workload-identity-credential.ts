/**
 * `WorkloadIdentityCredential`: app-only tokens for the token of a workload, as Kubernetes projects it into a file. The
 * constructor and the environment variables are those of `@azure/identity`.
 */
import { AppCredential } from "./app-credential.ts";
import { expectType } from "./arguments.ts";
import { CredentialUnavailableError } from "./errors.ts";
import type { WorkloadIdentityCredentialOptions } from "./options.ts";
import { platform } from "./platform.ts";
import { workloadProof } from "./workload-token.ts";

const NAME = "WorkloadIdentityCredential";

/** What it needs, and the environment variable of each. */
const PARAMETERS = [
  ["tenantId", "AZURE_TENANT_ID"],
  ["clientId", "AZURE_CLIENT_ID"],
  ["tokenFilePath", "AZURE_FEDERATED_TOKEN_FILE"],
] as const;

/**
 * Gets tokens for an application that trusts the issuer of a workload's token (workload identity federation).
 *
 * The file is read each time an assertion is needed, so that a token that was rotated is used at once.
 *
 * @example
 * ```ts
 * import { WorkloadIdentityCredential } from "certgrant";
 *
 * const credential = new WorkloadIdentityCredential(); // what Azure Kubernetes Service sets is enough
 * const { token } = await credential.getToken("https://graph.microsoft.com/.default");
 * ```
 */
export class WorkloadIdentityCredential extends AppCredential {
  /**
   * @throws CredentialUnavailableError if tenant, client or file are neither given nor in the environment
   * @throws TypeError if an option is not of the documented type
   */
  constructor(options: WorkloadIdentityCredentialOptions = {}) {
    const { tenantId, clientId, tokenFilePath } = parameters(options);
    super({ name: NAME, tenantId, clientId, proof: workloadProof(NAME, tokenFilePath), options });
  }
}

function parameters(
  options: WorkloadIdentityCredentialOptions,
): Record<"tenantId" | "clientId" | "tokenFilePath", string> {
  expectType(NAME, "options", options, "object");
  const found = { tenantId: "", clientId: "", tokenFilePath: "" };
  for (const [name, variable] of PARAMETERS) {
    if (options[name] !== undefined) expectType(NAME, `options.${name}`, options[name], "string");
    found[name] = options[name] || platform().variable(variable) || "";
  }
  const missing = PARAMETERS.filter(([name]) => found[name] === "").map(([name, variable]) => `${name} (${variable})`);
  if (missing.length === 0) return found;
  throw new CredentialUnavailableError(
    `${NAME} is unavailable: found no ${missing.join(", no ")}, expected tenant, client and file in options or environment`,
    {
      hint: "label the pod azure.workload.identity/use so that Azure Workload Identity sets them, or give them as options",
    },
  );
}
