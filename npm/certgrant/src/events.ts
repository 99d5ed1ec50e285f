/**
 * What happens to tokens, for those who watch a process: on Node it is published on the channels of `node:diagnostics_channel`,
 * and as spans of OpenTelemetry. Neither costs anything while nobody watches.
 */
import type { FlightEvent } from "./driver.ts";
import type { AccessToken } from "./options.ts";

/** A token is asked for: channel `certgrant:token:requested`. The events behind it are the same object with more members. */
export interface TokenRequested {
  /** Class of the credential. */
  credential: string;
  scopes: readonly string[];
  /** The tenant that the call names, if account identifiers may be told (`loggingOptions`). */
  tenantId?: string;
  /** The caller's, or that of the request that was sent. */
  correlationId?: string;
}

/** It was given: channel `certgrant:token:served`. */
export interface TokenServed extends TokenRequested {
  /** From the call until the token was there, in milliseconds. */
  durationMs: number;
  source: "cache" | "service";
  /** In milliseconds since the Unix epoch. */
  expiresOnTimestamp: number;
}

/** The service gave a new token in the place of a cached one that lives: channel `certgrant:token:refreshed`. */
export interface TokenRefreshed extends TokenRequested {
  /** From the call that began it, in milliseconds. */
  durationMs: number;
  expiresOnTimestamp: number;
}

/** There is no token, or no new one: channel `certgrant:token:failed`. */
export interface TokenFailed extends TokenRequested {
  durationMs: number;
  /** Stable code of the error, `ERR_…`. */
  code: string;
  /** The service's refusal: its HTTP status, its AADSTS numbers, and what names it to Microsoft's support. */
  statusCode?: number;
  errorCodes?: readonly number[];
  traceId?: string;
  /** Whether the caller has got a token all the same: the cached one still lives. */
  isServed: boolean;
}

/** What is known of a call when it begins. */
export type Call = TokenRequested;

/** Tells what becomes of one call. */
export interface Watch {
  observe(event: FlightEvent): void;
  served(token: AccessToken): void;
  failed(error: unknown): void;
}

/** Whoever watches calls. */
export interface Watcher {
  /** Whether anybody does. */
  readonly isWatching: boolean;
  /** Begins a watch. */
  begin(call: Call): Watch;
}

/** A call in the trace of its caller (OpenTelemetry by way of `@azure/core-tracing`). */
export type Trace = <T extends { correlationId?: string | undefined }>(
  name: string,
  options: { tracingOptions?: object },
  run: () => Promise<T>,
) => Promise<T>;
