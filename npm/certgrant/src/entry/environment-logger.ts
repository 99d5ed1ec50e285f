/** The log that `AZURE_LOG_LEVEL` asks for, as the Azure SDKs do: lines on the standard error stream. */
import type { Logger, LogLevel } from "../log.ts";

const LEVELS: readonly LogLevel[] = ["error", "warning", "info", "verbose"];

/** Writes lines up to the level of the environment; `undefined` if it names none. */
export function environmentLogger(): Logger | undefined {
  const highest = LEVELS.indexOf(process.env.AZURE_LOG_LEVEL?.toLowerCase() as LogLevel);
  if (highest < 0) return undefined;
  return ({ level, message, correlationId }) => {
    if (LEVELS.indexOf(level) > highest) return;
    process.stderr.write(`certgrant:${level} ${correlationId === undefined ? "" : `[${correlationId}] `}${message}\n`);
  };
}
