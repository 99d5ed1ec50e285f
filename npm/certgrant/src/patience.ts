/** How long somebody waits: a caller for a token, a flight for what the application has to do. */
import { abortError, CertgrantError } from "./errors.ts";
import { MAX_TIMER_DELAY, type ResponseInput } from "./transport.ts";

/**
 * How long a function of the application's may take, in milliseconds: a signer, a source of assertions or of certificates. One that
 * hangs must not block a token for good. Longer than a flight takes with all of its retries; a vault that needs all of those, behind a
 * credential that needs all of its own, is given up before.
 */
const LONGEST_ASIDE = 120_000;

/** A signal that ends one caller's wait; `AbortSignal` fits, and so does that of `@azure/abort-controller`. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: the shape of @azure/core-auth's AbortSignalLike
  addEventListener(type: "abort", listener: (this: AbortSignalLike, event: any) => any, options?: any): void;
  // biome-ignore lint/suspicious/noExplicitAny: the shape of @azure/core-auth's AbortSignalLike
  removeEventListener(type: "abort", listener: (this: AbortSignalLike, event: any) => any, options?: any): void;
}

/** How long a caller waits. */
export interface Patience {
  signal?: AbortSignalLike | undefined;
  /** Milliseconds. */
  timeout?: number | undefined;
  /** When `timeout` began, by `performance.now()`; with each wait where it is left out. */
  since?: number | undefined;
}

/** What is known of a flight's last request. */
export interface LastRequest {
  response?: ResponseInput | undefined;
  cause?: unknown;
  correlationId?: string | undefined;
}

/** Waits for a function of the application's; not for ever. */
export function aside<T>(work: T | Promise<T>): Promise<T> {
  return withPatience(Promise.resolve(work), { timeout: LONGEST_ASIDE }, () => {
    throw new CertgrantError({
      code: "ERR_REQUEST_TIMEOUT",
      message: `the application did not answer in time: found nothing after ${LONGEST_ASIDE} ms, expected an answer by then`,
      hint: "find out what its own function waits for",
    });
  });
}

/**
 * Waits for `promise` no longer than `patience` allows, without touching whoever else waits for it.
 *
 * @param late - What comes in its place after that; by default an error that says so
 */
export function withPatience<T>(
  promise: Promise<T>,
  { signal, timeout, since }: Patience,
  late: () => T | Promise<T> = () => Promise.reject(patienceError(timeout as number)),
): Promise<T> {
  if (!signal && timeout === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onAbort = () => settle(() => reject(abortError(reasonOf(signal))));
    const settle = (how: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      how();
    };
    if (timeout !== undefined) {
      const left = timeout - (since === undefined ? 0 : performance.now() - since);
      timer = setTimeout(
        () => settle(() => resolve(Promise.resolve().then(late))),
        Math.min(Math.max(left, 0), MAX_TIMER_DELAY),
      );
    }
    signal?.addEventListener("abort", onAbort);
    promise.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    );
    if (signal?.aborted) onAbort();
  });
}

/** Sleeps; wakes early when `aborted` is. */
export function sleep(milliseconds: number, aborted: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      aborted.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, Math.min(milliseconds, MAX_TIMER_DELAY));
    aborted.addEventListener("abort", wake);
  });
}

/** What a signal was aborted with. */
export function reasonOf(signal: AbortSignalLike | undefined): unknown {
  return (signal as Partial<AbortSignal> | undefined)?.reason;
}

/** There is no token after `timeout` milliseconds; `last` is what is known of the request that was the last by then. */
export function patienceError(timeout: number, last?: LastRequest): CertgrantError {
  const status = last?.response ? `status ${last.response.status} and ` : "";
  return new CertgrantError({
    code: "ERR_REQUEST_TIMEOUT",
    message: `the token service gave no token in time: found ${status}none after ${timeout} ms, expected one by then`,
    hint: "raise requestOptions.timeout, or check the connection to the token service",
    ...last,
  });
}
