/**
 * A token response of the wire as adal-node hands it out: camel case, dates as `Date`, members that it does not know
 * dropped. Lenient where adal-node is: numbers may be strings, and the content type does not matter.
 */
import { AdalError, members } from "./errors.ts";
import { readIdToken } from "./id-token.ts";
import type { CallLog } from "./logging.ts";
import { TEXTS } from "./texts.ts";
import type { TokenResponse } from "./types.ts";

const NAMES = {
  token_type: "tokenType",
  access_token: "accessToken",
  refresh_token: "refreshToken",
  created_on: "createdOn",
  expires_on: "expiresOn",
  expires_in: "expiresIn",
  resource: "resource",
  error: "error",
  error_description: "errorDescription",
} as const;

const INTEGERS = ["expires_on", "expires_in", "created_on"] as const;

/**
 * @param body - Parsed body of an answer with a status of success.
 * @param now - Milliseconds since the Unix epoch.
 * @throws AdalError if it is not a token response
 */
export function readTokenResponse(body: unknown, now: number, log: CallLog): TokenResponse {
  const wire = { ...members(body) };
  readIntegers(wire, INTEGERS);
  if (wire.expires_in) wire.expires_on = new Date(now + Number(wire.expires_in) * 1000);
  if (wire.created_on) wire.created_on = new Date(Number(wire.created_on));
  if (!wire.token_type) throw invalid(TEXTS.tokenTypeMissing);
  if (!wire.access_token) throw invalid(TEXTS.accessTokenMissing);
  const token = renamed(wire, NAMES);
  if (wire.id_token) Object.assign(token, readIdToken(wire.id_token, log));
  return token as TokenResponse;
}

/** The members that have another name here, in the order of the wire; those that have none are dropped. */
export function renamed(wire: Record<string, unknown>, names: Record<string, string>): Record<string, unknown> {
  const known = Object.entries(wire).filter(([key]) => Object.hasOwn(names, key));
  return Object.fromEntries(known.map(([key, value]) => [names[key], value]));
}

/**
 * Makes integers of members that may be texts.
 *
 * @throws AdalError if one is neither
 */
export function readIntegers(wire: Record<string, unknown>, keys: readonly string[]): void {
  for (const key of keys) {
    if (!(key in wire)) continue;
    const found = wire[key];
    // The conversion of an object may throw.
    const value =
      typeof found === "string" || typeof found === "number" ? Number.parseInt(String(found), 10) : Number.NaN;
    if (Number.isNaN(value)) throw invalid(TEXTS.notInteger(key));
    wire[key] = value;
  }
}

function invalid(message: string): AdalError {
  const hint =
    "check that the authority is the token service itself and that no proxy or login page answers in its place";
  return new AdalError(message, { code: "ERR_RESPONSE_INVALID", hint });
}
