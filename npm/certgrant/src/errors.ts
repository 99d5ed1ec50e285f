/**
 * The errors that certgrant throws: {@link CertgrantError} for everything that can go wrong with a credential, and
 * `TypeError` for an argument that is not what the documentation asks for. Both carry a stable `code`.
 *
 * What the core and the bindings throw arrives here as plain data ({@link ErrorData}) and leaves as one class. Messages
 * hold no key, assertion, token, password or response body.
 */
import type { ErrorData, ServiceError } from "./backend.ts";
import type { ErrorCode } from "./codes.ts";

/** What the token service said about its refusal, with the names that `@azure/identity` gave the members. */
export interface ErrorResponse {
  /** OAuth error code, such as `invalid_client`: the one to branch on. */
  error: string;
  /** Text for people; its wording changes. */
  errorDescription: string;
  /** The AADSTS numbers, outermost first. */
  errorCodes: number[];
  /** When the service refused, `yyyy-MM-dd HH:mm:ssZ`. */
  timestamp?: string;
  /** Names this answer to Microsoft's support. */
  traceId?: string;
  /** Names this request to Microsoft's support. */
  correlationId?: string;
  /** A page about the error. */
  errorUri?: string;
  /** A finer code than `error`. */
  subError?: string;
  /** A claims challenge, to be passed on unchanged. */
  claims?: string;
  /** Value of the response header `x-ms-request-id`. */
  requestId?: string;
  /** Seconds after which the service wants to be asked again. */
  retryAfter?: number;
}

/** What a {@link CertgrantError} is made from. */
export interface CertgrantErrorInit {
  code: ErrorCode;
  message: string;
  hint: string;
  service?: ServiceError | undefined;
  correlationId?: string | undefined;
  cause?: unknown;
}

/**
 * Why there is no token: the class of all errors but those of arguments.
 *
 * `name` is `"AbortError"` where the caller gave up, that of a class below where it is one of them, else `"CertgrantError"`.
 *
 * @example
 * ```ts
 * try {
 *   await credential.getToken("https://graph.microsoft.com/.default");
 * } catch (error) {
 *   if (error instanceof CertgrantError && error.code === "ERR_KEY_MISMATCH") console.error(error.hint);
 *   throw error;
 * }
 * ```
 */
export class CertgrantError extends Error {
  /** Stable code, `ERR_…`; never changes its meaning. */
  readonly code: ErrorCode;
  /** What to do about it. */
  readonly hint: string;
  /** The `client-request-id` of the request that failed, if one was sent: names it to Microsoft's support. */
  declare readonly correlationId?: string;
  /** HTTP status of the token service's refusal. */
  declare readonly statusCode?: number;
  /** What the token service said about its refusal. */
  declare readonly errorResponse?: ErrorResponse;

  constructor(init: CertgrantErrorInit) {
    super(withoutJwts(init.message), init.cause === undefined ? undefined : { cause: init.cause });
    setName(this, init.code === "ERR_ABORTED" ? "AbortError" : "CertgrantError");
    this.code = init.code;
    this.hint = init.hint;
    if (init.correlationId !== undefined) this.correlationId = init.correlationId;
    if (init.service) {
      this.statusCode = init.service.status;
      this.errorResponse = errorResponse(init.service);
    }
  }
}

/** The token service, or another service, refused; with its own words. The name is that of `@azure/identity`. */
export class AuthenticationError extends CertgrantError {
  declare readonly statusCode: number;
  declare readonly errorResponse: ErrorResponse;

  constructor(init: CertgrantErrorInit & { service: ServiceError }) {
    super(init);
    setName(this, "AuthenticationError");
  }
}

/** What else a {@link CredentialUnavailableError} may say. */
export interface UnavailableInit {
  /** Default: `ERR_CREDENTIAL_UNAVAILABLE`. */
  code?: ErrorCode;
  hint?: string;
  cause?: unknown;
}

/**
 * A credential can't be used here, so that a chain goes on with the next one. Name and constructor are those of
 * `@azure/identity`, whose chains know it too.
 */
export class CredentialUnavailableError extends CertgrantError {
  constructor(message: string, { code = "ERR_CREDENTIAL_UNAVAILABLE", hint, cause }: UnavailableInit = {}) {
    super({ code, message, hint: hint ?? "configure the credential, or use another one in its place", cause });
    setName(this, "CredentialUnavailableError");
  }
}

/** Makes an error of the core's data. */
export function fromErrorData(data: ErrorData, cause?: unknown, correlationId?: string): CertgrantError {
  const { message, hint, service } = data;
  const code = data.code as ErrorCode;
  // Chains of @azure/identity go on with the next credential behind this one.
  if (code === "ERR_TENANT_NOT_ALLOWED") return new CredentialUnavailableError(message, { code, hint });
  const init = { code, message, hint, correlationId, cause };
  return service ? new AuthenticationError({ ...init, service }) : new CertgrantError(init);
}

/** Makes an error of whatever a binding threw: the core's error data, or a fault such as a WASM trap. */
export function fromThrown(thrown: unknown): CertgrantError {
  if (thrown instanceof CertgrantError) return thrown;
  if (isErrorData(thrown)) return fromErrorData(thrown);
  return new CertgrantError({
    code: "ERR_INTERNAL",
    message: `certgrant failed: found ${faultName(thrown)}, expected an answer`,
    hint: "report this as a bug with the error's cause; the next call starts afresh",
    cause: thrown,
  });
}

/** The caller gave up. */
export function abortError(reason: unknown): CertgrantError {
  return new CertgrantError({
    code: "ERR_ABORTED",
    message: "the token request was given up: found an aborted signal, expected it to stay open until the token came",
    hint: "abort only when the token is no longer needed; other callers of the same token are not affected",
    cause: reason,
  });
}

/** An argument of a wrong type. */
export function argumentTypeError(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" satisfies ErrorCode });
}

/** An argument of the right type that can't be used. */
export function argumentValueError(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_VALUE" satisfies ErrorCode });
}

/** Sets `name` as the prototype would: not enumerable, so that it is not printed twice. */
export function setName(error: Error, name: string): void {
  Object.defineProperty(error, "name", { value: name, configurable: true, writable: true, enumerable: false });
}

/** Whether a binding threw what the core said. */
export function isErrorData(thrown: unknown): thrown is ErrorData {
  if (typeof thrown !== "object" || thrown === null) return false;
  const { code, message, hint } = thrown as Partial<ErrorData>;
  return typeof code === "string" && code.startsWith("ERR_") && typeof message === "string" && typeof hint === "string";
}

/** Names what was thrown, without its text. */
export function faultName(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : `a thrown ${typeof thrown}`;
}

function errorResponse(service: ServiceError): ErrorResponse {
  const { status: _, errorDescription, ...rest } = service;
  const known = Object.entries(rest).filter(([, value]) => value !== undefined && value !== null);
  const description = withoutJwts(errorDescription ?? "");
  return { ...(Object.fromEntries(known) as unknown as ErrorResponse), errorDescription: description };
}

/** A text without the JWTs that it repeats: some services quote what they refuse. */
export function withoutJwts(text: string): string {
  return text.replace(/eyJ[\w-]{8,}(?:\.[\w-]*){0,2}/g, "[JWT elided]");
}
