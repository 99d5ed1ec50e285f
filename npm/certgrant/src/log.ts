/**
 * The log of a credential: what happens on the way to a token, in single lines.
 *
 * A line never holds an assertion, token, key, password or body. Lines with account identifiers (tenant, client id and
 * the addresses they are part of) are written only if the caller allows it, and are marked. A logger that throws does not
 * disturb the request.
 */
import type { CertificateInfo, HttpRequest } from "./backend.ts";
import type { FlightEvent } from "./driver.ts";
import type { CertgrantError } from "./errors.ts";
import { neutralText } from "./neutral-text.ts";

/** The last time that a `Date` can hold. */
const MAX_TIME = 8.64e15;

/** The hosts that all tenants of a cloud share; the name of any other one may be a tenant's, as `contoso.ciamlogin.com`. */
const SHARED_HOSTS: ReadonlySet<string> = new Set([
  "login.microsoftonline.com",
  "login.microsoft.com",
  "login.windows.net",
  "sts.windows.net",
  "login.microsoftonline.us",
  "login-us.microsoftonline.com",
  "login.usgovcloudapi.net",
  "login.partner.microsoftonline.cn",
  "login.chinacloudapi.cn",
  "login.microsoftonline.de",
]);

/** How important a line is. */
export type LogLevel = "error" | "warning" | "info" | "verbose";

/** One line of the log. */
export interface LogEntry {
  level: LogLevel;
  message: string;
  /** The `client-request-id` of the request, once it is known. */
  correlationId?: string;
  /** Whether the line holds account identifiers. */
  containsPii: boolean;
}

/** Receives the log. */
export type Logger = (entry: LogEntry) => void;

/** Writes the lines of one token request. Loaded on demand: most requests have no logger. */
export class RequestLog {
  readonly #logger: Logger;
  readonly #allowPii: boolean;
  #correlationId: string | undefined;

  constructor(logger: Logger, allowPii: boolean) {
    this.#logger = logger;
    this.#allowPii = allowPii;
  }

  write(level: LogLevel, message: string, containsPii = false): void {
    if (containsPii && !this.#allowPii) return;
    const entry: LogEntry = { level, message, containsPii };
    if (this.#correlationId !== undefined) entry.correlationId = this.#correlationId;
    try {
      this.#logger(entry);
    } catch {
      // A logger's own fault must not cost the caller its token.
    }
  }

  /** Writes what does the work, and by what the application proves its identity. */
  opened(backend: string, proof: string, certificate: CertificateInfo | null | undefined): void {
    this.write("verbose", `${backend} backend, ${proof}${certificate ? ` ${describeCertificate(certificate)}` : ""}`);
  }

  /** Writes what a flight does; `thumbprint` names the certificate that signs. */
  flight(event: FlightEvent, thumbprint: string): void {
    switch (event.kind) {
      case "hit":
        this.write("verbose", `token served from the cache, expires ${time(event.token.expiresOn)}`);
        break;
      case "joined":
        this.write("verbose", "waiting for the same token that another call has asked for");
        break;
      case "started":
        this.write("verbose", "no cached token, asking the token service");
        break;
      case "signing":
        this.write("verbose", `signing the client assertion, ${event.algorithm}, certificate ${thumbprint}`);
        break;
      case "asserting":
        this.write("verbose", "getting a client assertion");
        break;
      case "sending":
        this.#sending(event.request);
        break;
      case "answered":
        this.write("info", `status ${event.response.status} after ${event.milliseconds} ms`);
        break;
      case "unanswered":
        this.write("warning", `no answer after ${event.milliseconds} ms: ${neutralText(event.failure)}`);
        this.write("verbose", `no answer: ${event.failure.message}`, true);
        break;
      case "waiting":
        this.write("info", `asking again in ${Math.ceil(event.milliseconds)} ms`);
        break;
      case "noticed":
        this.write("warning", `${event.notice.code}: ${event.notice.message}`);
        break;
      case "renewed":
        this.write("info", `renewed certificate: ${describeCertificate(event.certificate ?? {})}`);
        break;
      case "notRenewed":
        this.write("warning", `the certificate in use stays, its successor is not usable: ${reasonOf(event.error)}`);
        break;
      case "granted":
        this.write("info", `token granted, expires ${time(event.token.expiresOn)}`);
        break;
      case "notRefreshed":
        this.write("warning", `the token was not refreshed and is still served: ${reasonOf(event.error)}`);
        break;
      case "failed":
        this.write("error", `no token: ${reasonOf(event.error)}`);
        break;
    }
  }

  #sending({ method, url, headers }: HttpRequest): void {
    this.#correlationId = headers["client-request-id"] ?? this.#correlationId;
    this.write("info", `${method} to the token endpoint${at(url)}`);
    this.write("verbose", `${method} ${url}`, true);
  }
}

/** An error by its code, and what names it to the service's own support. */
function reasonOf({ code, errorResponse }: CertgrantError): string {
  if (!errorResponse) return code;
  const { error, errorCodes, traceId } = errorResponse;
  const numbers = errorCodes?.map((number) => `AADSTS${number}`) ?? [];
  const trace = traceId === undefined ? [] : [`trace id ${traceId}`];
  return [code, error, ...numbers, ...trace].map(neutralWord).join(", ");
}

/** A word of the service's, which may be anything. */
function neutralWord(word: string): string {
  return /^[\w .-]{1,80}$/.test(word) ? word : "?";
}

/** A certificate by its thumbprint and its end. */
function describeCertificate({ thumbprint, thumbprintSha256, notAfter }: Partial<CertificateInfo>): string {
  const until = notAfter === undefined ? "" : `, valid until ${time(notAfter)}`;
  return `${thumbprintSha256 ?? thumbprint}${until}`;
}

/** A time as text; `never` for those that have none (ECMA-262, time values). */
export function time(milliseconds: number): string {
  return Math.abs(milliseconds) <= MAX_TIME ? new Date(milliseconds).toISOString() : "never";
}

/** Where a request goes, if that names no tenant; the whole address has a line of its own. */
function at(url: string): string {
  try {
    const { host, hostname } = new URL(url);
    return SHARED_HOSTS.has(hostname) ? ` at ${host}` : "";
  } catch {
    return "";
  }
}
