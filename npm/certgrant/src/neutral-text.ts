/** The texts of failures for logs that must not name a tenant. */
import { describeNetworkError } from "./foreign-error.ts";
import { type FailureInput, TransportError } from "./transport.ts";

/** What a failure says without the name of a host, which may be a tenant's. */
export function neutralText({ message, cause }: FailureInput): string {
  if (cause instanceof TransportError) return cause.code;
  return cause === undefined ? message : describeNetworkError(cause, false);
}
