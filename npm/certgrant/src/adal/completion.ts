/**
 * How a call ends: by its callback, once, or by a promise where there is none.
 *
 * When callbacks are called is part of the contract: argument errors and cache hits before the method returns, everything
 * that came over the network later. A callback that throws throws to its caller, or as an uncaught exception.
 */
import { expectCallback } from "./arguments.ts";
import { type AdalError, argumentError, asAdalError } from "./errors.ts";
import { Failure } from "./failure.ts";
import { TEXTS } from "./texts.ts";

/** Ends a call: an error and what the service answered, or a result. */
export type Finish = (error: AdalError | null, result?: unknown) => void;

/** A callback of adal-node's. */
// biome-ignore lint/suspicious/noExplicitAny: callers' callbacks name what they take
export type Callback = (error: any, result: any) => void;

/**
 * Begins a call and brings its end to the callback that was given, or to a promise.
 *
 * @param named - The arguments before the callback.
 * @param rest - The callback, as far as there is one.
 * @throws AdalError if what was given is not a function, or stands in the place of another argument
 */
export function complete<T>(
  named: readonly unknown[],
  rest: readonly unknown[],
  begin: (finish: Finish) => void,
): Promise<T> | undefined {
  if (rest.length === 0) {
    if (named.some((argument) => typeof argument === "function")) {
      throw argumentError(TEXTS.callbackRequired, "ERR_INVALID_ARG_TYPE");
    }
    return new Promise((resolve, reject) => begin((error, result) => (error ? reject(error) : resolve(result as T))));
  }
  const [callback] = rest;
  expectCallback(callback);
  let ended = false;
  begin((error, result) => {
    if (ended) return;
    ended = true;
    // adal-node's callbacks get as many arguments as there is to say.
    const call = callback as (...results: unknown[]) => void;
    if (result === undefined) call(error);
    else call(error, result);
  });
  return undefined;
}

/** Calls back from a microtask of its own: what the callback throws becomes an uncaught exception, not a rejection. */
export function fromPromise<T>(promise: Promise<T>, next: (error: unknown, value?: T) => void): void {
  promise.then(
    (value) => queueMicrotask(() => next(undefined, value)),
    // A rejection has to look like one whatever it was made with.
    (error) => queueMicrotask(() => next(error ?? new Error("rejected without a reason"))),
  );
}

/** Ends a call with what a promise brings. */
export function finishWith(promise: Promise<unknown>, finish: Finish): void {
  fromPromise(promise, (failure, result) => {
    if (failure instanceof Failure) finish(failure.error, failure.body);
    else if (failure) finish(asAdalError(failure));
    else finish(null, result);
  });
}
