/**
 * Foreign errors, as far as they may be handed on: what `fetch` or the file system threw, without its words.
 *
 * A replaced `fetch` may put the request, and with it the assertion, into the message or the members of its errors, and
 * the file system repeats the path that it was given. So an error is copied, not passed on: name, code, system call and
 * host name where they look like such, and the same of its causes. Nothing else of it survives.
 */
import { setName } from "./errors.ts";

/** How many causes are copied; no runtime nests deeper, and a chain may be a ring. */
const MAX_DEPTH = 8;

/** The members that are copied, and what their values look like. */
const MEMBERS = {
  code: /^[A-Z][A-Z0-9_]{0,63}$/,
  syscall: /^[A-Za-z]{1,20}$/,
  // Labels as DNS limits them (RFC 1035 section 2.3.4), or an IP address.
  hostname: /^(?=.{1,253}$)(?:[\w-]{1,63}\.)*[\w-]{1,63}\.?$|^[0-9a-fA-F:.]{2,45}$/,
} as const;

/** Names of error classes. */
const NAME = /^[A-Z][A-Za-z]{0,39}$/;

/** An error of which only names are left. */
export type NamedError = Error & { code?: string; syscall?: string; hostname?: string; cause?: NamedError };

/** The copy of whatever was thrown. */
export function withoutForeignText(thrown: unknown): NamedError {
  return copy(thrown, 0);
}

/** The words for a network error: those of the first error in the chain that has a code, else its name. */
export function describeNetworkError(error: NamedError, withHost = true): string {
  for (let at: NamedError | undefined = error; at; at = at.cause) {
    if (at.code !== undefined)
      return [at.code, at.syscall, withHost ? at.hostname : undefined].filter(Boolean).join(" ");
  }
  return error.name;
}

function copy(thrown: unknown, depth: number): NamedError {
  const name = member(thrown, "name");
  const found = typeof name === "string" && NAME.test(name) ? name : "Error";
  const members: Partial<Record<keyof typeof MEMBERS, string>> = {};
  for (const [key, pattern] of Object.entries(MEMBERS) as [keyof typeof MEMBERS, RegExp][]) {
    const value = member(thrown, key);
    if (typeof value === "string" && pattern.test(value)) members[key] = value;
  }
  const { code = found, syscall, hostname } = members;
  const error = new Error([code, syscall, hostname].filter(Boolean).join(" ")) as NamedError;
  setName(error, found);
  Object.assign(error, members);
  const cause = member(thrown, "cause") ?? member(member(thrown, "errors"), "0");
  if (typeof cause === "object" && cause !== null && depth < MAX_DEPTH) {
    Object.defineProperty(error, "cause", { value: copy(cause, depth + 1), configurable: true, writable: true });
  }
  return error;
}

/** A member of anything; what can't be read is not there. */
function member(of: unknown, key: string): unknown {
  try {
    return typeof of === "object" && of !== null ? (of as Record<string, unknown>)[key] : undefined;
  } catch {
    return undefined;
  }
}
