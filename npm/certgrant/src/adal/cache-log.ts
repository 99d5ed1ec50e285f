/** The lines that adal-node writes about a cache. */
import type { CallLog } from "./logging.ts";

/** Before a look-up. */
export function logQuery(log: CallLog, clientId: string, userId: string | undefined): void {
  const user = userId ? { userId } : {};
  if (!userId) log.write("VERBOSE", "TokenRequest", "No userId passed for cache query.");
  log.write("VERBOSE", "CacheDriver", "finding using query");
  log.write("VERBOSE", "CacheDriver", () => `finding with query:${JSON.stringify({ clientId, ...user })}`, true);
  log.write("VERBOSE", "CacheDriver", "Looking for potential cache entries:");
  log.write("VERBOSE", "CacheDriver", () => JSON.stringify({ _clientId: clientId, ...user }), true);
}

/** After a look-up; `count` is how many entries the cache has, where it was asked. */
export function logFound(log: CallLog, found: boolean, count?: number): void {
  if (count !== undefined) log.write("VERBOSE", "CacheDriver", `Found ${count} potential entries.`);
  if (!found) return log.write("VERBOSE", "TokenRequest", "No appropriate cached token found.");
  log.write("VERBOSE", "CacheDriver", "Resource specific token found.");
  log.write("VERBOSE", "CacheDriver", "Returning token from cache lookup");
  log.write("INFO", "TokenRequest", "Returning cached token.");
}

/** Before an entry is added. */
export function logAdding(log: CallLog, isMRRT: boolean): void {
  log.write("VERBOSE", "CacheDriver", "Adding entry");
  if (isMRRT) log.write("VERBOSE", "CacheDriver", "Added entry is MRRT");
}
