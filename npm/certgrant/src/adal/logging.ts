/**
 * adal-node's process-wide `Logging`: `log(level, line, error)` with the line
 * `<UTC time>:<correlation id> - <Component>: <LEVEL>: <text>`.
 *
 * Lines with personal data (user names, endpoints with the tenant, thumbprints, the service's texts) are dropped unless
 * `loggingWithPII` is set. Keys, assertions and tokens are never written.
 */
import { AdalError, argumentError } from "./errors.ts";
import { TEXTS } from "./texts.ts";

/** How important a line is. */
export type LoggingLevel = 0 | 1 | 2 | 3;

/** Receives a line; `error` only with lines of the level ERROR. */
export type LoggingCallback = (level: LoggingLevel, message: string, error?: Error) => void;

/** What is logged, and whereto. */
export interface LoggingOptions {
  log?: LoggingCallback | undefined;
  /** The least important level that is logged. Default: `ERROR`. */
  level?: LoggingLevel | undefined;
  /** Whether lines with personal data are logged. Default: `false`. */
  loggingWithPII?: boolean | undefined;
}

const LEVELS = { ERROR: 0, WARN: 1, INFO: 2, VERBOSE: 3 } as const;
const LEVEL_NAMES = ["ERROR:", "WARNING:", "INFO:", "VERBOSE:"] as const;

/**
 * The process-wide log.
 *
 * @example
 * ```ts
 * Logging.setLoggingOptions({ level: Logging.LOGGING_LEVEL.VERBOSE, log: (level, line) => console.log(line) });
 * ```
 */
export const Logging = {
  /** adal-node's types say that this object is a level: code that took it for one has to compile. */
  LOGGING_LEVEL: LEVELS as typeof LEVELS & LoggingLevel,

  /**
   * Sets the options; the object is kept, and what it lacks is added to it. Without an argument all are reset.
   *
   * @throws AdalError if `log` is not a function or `level` is not 0 to 3
   */
  setLoggingOptions(options?: LoggingOptions): void {
    const given = options || {};
    if (given.log && typeof given.log !== "function") throw argumentError(TEXTS.logNotFunction, "ERR_INVALID_ARG_TYPE");
    if (given.level && (given.level < 0 || given.level > 3)) {
      throw argumentError(TEXTS.logLevelRange, "ERR_INVALID_ARG_VALUE");
    }
    given.log ||= () => undefined;
    given.level ||= LEVELS.ERROR;
    // biome-ignore lint/suspicious/noDoubleEquals: adal-node takes 1 and "1" for true here
    if ((given.loggingWithPII as unknown) != true) given.loggingWithPII = false;
    Logging.LogOptions = given as Required<LoggingOptions>;
  },

  /** The options in use. */
  getLoggingOptions(): LoggingOptions {
    return Logging.LogOptions;
  },

  /** The options in use. */
  LogOptions: { log: () => undefined, level: LEVELS.ERROR, loggingWithPII: false } as LoggingOptions,
};

/** The error without its causes, which may name a tenant's host. */
function withoutCause(error: Error): Error {
  if (error.cause === undefined || !(error instanceof AdalError)) return error;
  const { message, code, hint, stack = "" } = error;
  return Object.assign(new AdalError(message, { code, hint }), { stack });
}

/** The parts of the library that write lines. */
export type Component =
  | "AuthenticationParameters"
  | "Authority"
  | "CacheDriver"
  | "DeviceCodeRequest"
  | "MEX"
  | "OAuth2Client"
  | "SelfSignedJwt"
  | "TokenRequest"
  | "UserRealm"
  | "WSTrustRequest"
  | "WSTrustResponse";

/** Writes the lines of one call. */
export class CallLog {
  readonly correlationId: string;

  constructor(correlationId: string) {
    this.correlationId = correlationId;
  }

  /** Writes a line; `pii` says that it holds personal data. A text that costs something is made only if it is written. */
  write(
    level: keyof typeof LEVELS,
    component: Component,
    text: string | (() => string),
    pii = false,
    error?: Error,
  ): void {
    // Callers can set anything there.
    const { log, level: limit, loggingWithPII } = (Logging.LogOptions ?? {}) as LoggingOptions;
    const number = LEVELS[level];
    if ((pii && !loggingWithPII) || number > (limit ?? LEVELS.ERROR)) return;
    const line = `${new Date().toUTCString()}:${this.correlationId} - ${component}: ${LEVEL_NAMES[number]} ${typeof text === "string" ? text : text()}`;
    const stack = error?.stack === undefined ? "" : `\nStack:\n${error.stack}`;
    const shown = error && !loggingWithPII ? withoutCause(error) : (error ?? null);
    try {
      // adal-node hands `null` where there is no error; its type says otherwise.
      log?.(number, line + stack, shown as unknown as Error);
    } catch {
      // A logger's own fault must not cost the caller its token.
    }
  }

  /** Writes an error's line and returns the error. */
  failure<E extends Error>(component: Component, error: E, pii = false): E {
    this.write("ERROR", component, error.message, pii, error);
    return error;
  }
}
