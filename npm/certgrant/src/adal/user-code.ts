/** The code that a user types in elsewhere, as adal-node hands it out, and the checks of one that comes back. */
import { AdalError, argumentError, members } from "./errors.ts";
import { TEXTS } from "./texts.ts";
import { readIntegers, renamed } from "./token-response.ts";
import type { UserCodeInfo } from "./types.ts";

const NAMES = {
  user_code: "userCode",
  device_code: "deviceCode",
  verification_url: "verificationUrl",
  expires_in: "expiresIn",
  interval: "interval",
  message: "message",
  error: "error",
  error_description: "errorDescription",
} as const;

/**
 * @param body - Parsed body of an answer with a status of success.
 * @throws AdalError if it is not an answer with a code
 */
export function readUserCode(body: unknown): UserCodeInfo {
  const wire = { ...members(body) };
  readIntegers(wire, ["expires_in", "interval"]);
  if (!wire.expires_in) throw invalid(TEXTS.expiresInMissing);
  if (!wire.device_code) throw invalid(TEXTS.deviceCodeMissing);
  if (!wire.user_code) throw invalid(TEXTS.userCodeMissing);
  return renamed(wire, NAMES) as UserCodeInfo;
}

/** @throws AdalError if it lacks what a poll needs */
export function expectUserCode(info: UserCodeInfo | null | undefined): asserts info is UserCodeInfo {
  if (!info) throw argumentError(TEXTS.userCodeInfoRequired, "ERR_INVALID_ARG_VALUE");
  const required = { deviceCode: "device_code", interval: "interval", expiresIn: "expires_in" } as const;
  for (const [name, text] of Object.entries(required)) {
    if (!Object.hasOwn(info, name)) throw argumentError(TEXTS.userCodeInfoMissing(text), "ERR_INVALID_ARG_VALUE");
  }
}

/** Milliseconds of a number of seconds that callers may have made a text of. */
export function milliseconds(seconds: unknown): number {
  const number = Number(seconds);
  return Number.isFinite(number) ? Math.max(0, Math.round(number * 1000)) : 0;
}

function invalid(message: string): AdalError {
  const hint = "check that the authority is the token service itself and that the client id is a public client's";
  return new AdalError(message, { code: "ERR_RESPONSE_INVALID", hint });
}
