/** The checks of the arguments, with adal-node's order and texts. */
import { argumentError } from "./errors.ts";
import { TEXTS } from "./texts.ts";
import type { AcquireTokenCallback } from "./types.ts";

/**
 * The text of a value that adal-node sent unchecked: numbers as it wrote them, and nothing for what has no text of its
 * own, which the core then names.
 */
export function lenientText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** @throws AdalError if `callback` is not a function */
export function expectCallback(callback: unknown): asserts callback is AcquireTokenCallback {
  if (typeof callback !== "function") throw argumentError(TEXTS.callbackRequired, "ERR_INVALID_ARG_TYPE");
}

/** @throws AdalError for the first of `values` that is not a string with at least one character */
export function expectStrings(values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!value) throw argumentError(TEXTS.required(name), "ERR_INVALID_ARG_VALUE");
    if (typeof value !== "string") throw argumentError(TEXTS.notString(name), "ERR_INVALID_ARG_TYPE");
  }
}
