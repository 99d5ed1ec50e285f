/** Requests under way: calls that would send the same one wait for it, where nobody could tell the difference. */
import type { CallLog } from "./logging.ts";
import type { AdalOptions, CacheEntry, TokenCache } from "./types.ts";
import type { Call } from "./user-flights.ts";

interface SharedRequest {
  readonly options: AdalOptions;
  readonly entry: Promise<CacheEntry>;
}

const underWay = new WeakMap<TokenCache, Map<string, SharedRequest>>();

/**
 * Sends a request, or waits for the same one that another call over the same cache has sent with the same options.
 *
 * @param name - Everything that tells one request from another.
 */
export function shareRequest(
  cache: TokenCache,
  name: string,
  { log, options }: Call,
  send: () => Promise<CacheEntry>,
): Promise<CacheEntry> {
  const requests = underWay.get(cache) ?? new Map<string, SharedRequest>();
  underWay.set(cache, requests);
  const same = requests.get(name);
  if (same?.options === options) return joined(same, log);
  const entry = send().finally(() => {
    if (requests.get(name)?.entry === entry) requests.delete(name);
  });
  requests.set(name, { options, entry });
  return entry;
}

function joined({ entry }: SharedRequest, log: CallLog): Promise<CacheEntry> {
  log.write("VERBOSE", "TokenRequest", "Waiting for the same request of another call.");
  return entry;
}
