/**
 * Carries one HTTP request of the core over `fetch` and brings back what the core wants to know of the answer.
 *
 * Redirects of a POST are not followed, so an assertion never reaches another address than the one that it was made for
 * (RFC 6749 section 3.2). A `fetch` that neither answers nor obeys its signal is given up all the same. The answer's size
 * is bounded; only of a replaced `fetch` whose responses have neither a stream nor a `content-length` the whole answer is
 * read before it is cut. Retries, status codes and bodies are the core's business.
 */
import type { HttpRequest, StepInput } from "./backend.ts";
import { CertgrantError, type CertgrantErrorInit } from "./errors.ts";
import type { NamedError } from "./foreign-error.ts";

/** What is read of a response; `Response` of the fetch standard fits. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body?: ReadableStream<Uint8Array> | null;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** What a request is sent with; a subset of `RequestInit` of the fetch standard. */
export interface FetchInit {
  method: "GET" | "POST";
  headers: Record<string, string>;
  body?: string;
  redirect: "manual" | "follow";
  signal: AbortSignal;
}

/** The part of `fetch` that is used; the global `fetch` fits, and so does undici's or a test's. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

/** A response as the core takes it. */
export type ResponseInput = Extract<StepInput, { kind: "response" }>;
/** A failure as the core takes it, with the names of the error that `fetch` gave. */
export type FailureInput = Extract<StepInput, { kind: "failure" }> & {
  readonly cause: NamedError | TransportError | undefined;
};

/** What certgrant's own ways of sending fail with: it says all, and arrives at the caller as it is. */
export class TransportError extends CertgrantError {
  /** Whether the next try may succeed. */
  readonly isPassing: boolean;
  /** What was found, for errors of the core that are made of this one. */
  readonly found: string;

  constructor(isPassing: boolean, found: string, init: CertgrantErrorInit) {
    super(init);
    this.isPassing = isPassing;
    this.found = found;
  }
}

/** Larger answers are cut: a token response has a few kilobytes. */
export const MAX_RESPONSE_BYTES = 1024 * 1024;

/** The response headers that the core reads. */
const RESPONSE_HEADERS = [
  "content-type",
  "date",
  "retry-after",
  "client-request-id",
  "www-authenticate",
  "x-ms-request-id",
] as const;

/** The longest delay that a timer takes, in milliseconds. */
export const MAX_TIMER_DELAY = 2 ** 31 - 1;

/**
 * Sends `request` and waits at most its `timeout` (milliseconds) for the whole answer. Never rejects.
 *
 * @param aborted ends the request early; the result is then of no interest.
 */
export async function send(
  fetch: Fetch,
  request: HttpRequest,
  aborted: AbortSignal,
): Promise<ResponseInput | FailureInput> {
  const controller = new AbortController();
  let timedOut = false;
  let giveUp: (() => void) | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = () => {
      controller.abort();
      reject(controller.signal.reason);
    };
  });
  const timer = setTimeout(
    () => {
      timedOut = true;
      giveUp?.();
    },
    Math.min(request.timeout, MAX_TIMER_DELAY),
  );
  const onAbort = () => giveUp?.();
  aborted.addEventListener("abort", onAbort, { once: true });
  if (aborted.aborted) onAbort();
  try {
    return await Promise.race([exchange(fetch, request, controller.signal), givenUp]);
  } catch (cause) {
    return timedOut ? timeoutFailure(request.timeout) : await networkFailure(cause);
  } finally {
    clearTimeout(timer);
    aborted.removeEventListener("abort", onAbort);
  }
}

async function exchange(fetch: Fetch, request: HttpRequest, signal: AbortSignal): Promise<ResponseInput> {
  const init: FetchInit = {
    method: request.method,
    headers: request.headers,
    // What carries a secret goes nowhere else.
    redirect:
      request.method === "POST" || request.headers.authorization !== undefined || request.direct ? "manual" : "follow",
    signal,
  };
  if (request.method === "POST") init.body = request.body;
  const response = await fetch(request.url, init);
  const body = await readBody(response);
  return { kind: "response", status: response.status, headers: pickHeaders(response), body };
}

function pickHeaders(response: FetchResponse): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of RESPONSE_HEADERS) {
    const value = response.headers.get(name);
    if (value !== null && value !== undefined) headers[name] = value;
  }
  return headers;
}

/** Reads the body up to {@link MAX_RESPONSE_BYTES}; what comes after is not waited for. */
async function readBody(response: FetchResponse): Promise<Uint8Array> {
  const reader = response.body?.getReader?.();
  if (!reader) {
    // No token response is that large, and there is no reading a part of it.
    if (Number(response.headers.get("content-length")) > MAX_RESPONSE_BYTES) return new Uint8Array(0);
    return new Uint8Array(await response.arrayBuffer()).slice(0, MAX_RESPONSE_BYTES);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < MAX_RESPONSE_BYTES) {
    const { done, value } = await reader.read();
    if (done) return concatenate(chunks, length);
    chunks.push(value);
    length += value.byteLength;
  }
  // Not awaited: a stream may never settle its cancellation.
  reader.cancel().catch(() => undefined);
  return concatenate(chunks, length).slice(0, MAX_RESPONSE_BYTES);
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

function timeoutFailure(timeout: number): FailureInput {
  const message = `no answer after ${timeout} ms`;
  return { kind: "failure", reason: "timeout", message, cause: undefined };
}

/** What makes a foreign error fit to be handed on is loaded when there is one: a Worker may never see any. */
async function networkFailure(thrown: unknown): Promise<FailureInput> {
  if (thrown instanceof TransportError) {
    // The core does not try again behind a proxy that refused.
    return { kind: "failure", reason: thrown.isPassing ? "network" : "proxy", message: thrown.found, cause: thrown };
  }
  try {
    const { describeNetworkError, withoutForeignText } = await import("./foreign-error.ts");
    const cause = withoutForeignText(thrown);
    return { kind: "failure", reason: "network", message: describeNetworkError(cause), cause };
  } catch {
    // A chunk that is missing must not take the failure's place.
    return { kind: "failure", reason: "network", message: "no connection", cause: undefined };
  }
}
