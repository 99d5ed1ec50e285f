/**
 * adal-node's errors with adal-node's messages, and with what they lacked: a stable code, a hint, the cause and the
 * service's fields. `name` stays `"Error"`, because callers print and compare `String(error)`.
 */
import type { ErrorCode } from "../codes.ts";
import { CertgrantError, fromThrown, setName } from "../errors.ts";

/** What an {@link AdalError} is made from. */
export interface AdalErrorInit {
  code: ErrorCode;
  hint: string;
  cause?: unknown;
  status?: number | undefined;
  /** Parsed body of the service's answer. */
  body?: unknown;
}

/** The error that callbacks of this entry receive. */
export class AdalError extends CertgrantError {
  /** HTTP status of the service's answer. */
  declare readonly status?: number;
  /** OAuth error code of the service's answer. */
  declare readonly error?: string;
  /** The service's text about it. */
  declare readonly errorDescription?: string;
  /** The AADSTS numbers, outermost first. */
  declare readonly errorCodes?: number[];

  constructor(message: string, { code, hint, cause, status, body }: AdalErrorInit) {
    super({ code, message, hint, cause });
    setName(this, "Error");
    if (status !== undefined) this.status = status;
    const { error, error_description: description, error_codes: codes } = members(body);
    if (typeof error === "string") this.error = error;
    if (typeof description === "string") this.errorDescription = description;
    if (Array.isArray(codes)) this.errorCodes = codes.filter(isCode).map(Number);
  }
}

/** A mistake in the arguments of a call. */
export function argumentError(message: string, code: ErrorCode): AdalError {
  return new AdalError(message, { code, hint: "see the documentation of the method for its parameters" });
}

/** What a callback is given for whatever went wrong. */
export function asAdalError(thrown: unknown): AdalError {
  if (thrown instanceof AdalError) return thrown;
  const { code, message, hint, cause } = fromThrown(thrown);
  return new AdalError(message, { code, hint, cause });
}

/** The members of a parsed body, none if it is not an object. */
export function members(body: unknown): Record<string, unknown> {
  return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
}

/** A number of the wire; a conversion of anything else may throw. */
function isCode(code: unknown): code is number | string {
  return typeof code === "number" || (typeof code === "string" && /^\d+$/.test(code));
}
