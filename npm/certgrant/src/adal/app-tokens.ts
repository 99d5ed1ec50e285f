/**
 * App-only tokens in an adal-node cache: finding one that is still good, and putting a new one in the place of the old.
 *
 * adal-node's own lookup broke after the first expiry (it appended, found two, and never hit again), took user tokens
 * for app tokens, and never let a token expire that had been stored as JSON. This one does none of that; the query that a
 * cache sees, the entries and the objects handed out are the same.
 */
import { logAdding, logFound, logQuery } from "./cache-log.ts";
import {
  admits,
  answered,
  asEntry,
  belongs,
  entriesOf,
  freshest,
  isFresh,
  isOfApp,
  type Proof,
  type TokenKey,
} from "./entries.ts";
import type { CallLog } from "./logging.ts";
import { findIndexed, isPlainMemoryCache } from "./memory-cache.ts";
import type { CacheEntry, TokenCache, TokenResponse } from "./types.ts";

/** Finds a good token and passes it on; before this function returns if the cache answers so. */
export function findAppToken(
  cache: TokenCache,
  key: TokenKey,
  proof: Proof,
  now: number,
  log: CallLog,
  next: (token: CacheEntry | undefined) => void,
): void {
  logQuery(log, key.clientId, undefined);
  const found = (token: CacheEntry | undefined, count?: number) => {
    logFound(log, token !== undefined, count);
    next(token);
  };
  const mayServe = (entry: CacheEntry) => belongs(entry, key) && isOfApp(entry) && admits(entry, proof);
  if (isPlainMemoryCache(cache)) {
    const search = () => {
      const entries = (cache._entries as CacheEntry[]).filter(mayServe);
      log.write("VERBOSE", "CacheDriver", `Found ${entries.length} potential entries.`);
      return freshest(entries, now);
    };
    const fits = (entry: CacheEntry) => mayServe(entry) && isFresh(entry, now);
    return found(findIndexed(cache, JSON.stringify(["app", key]), { fits, search }));
  }
  candidates(cache, key, log, (entries, count) => found(freshest(entries.filter(mayServe), now), count));
}

/** Puts `token` into the cache, in the place of older ones; what the cache says about it does not matter. */
export function keepAppToken(
  cache: TokenCache,
  key: TokenKey,
  proof: Proof,
  token: TokenResponse,
  log: CallLog,
  next: (entry: CacheEntry) => void,
): void {
  const isMRRT = Boolean(token.resource);
  const entry = asEntry(token, key, { resource: key.resource, isApp: true, proof });
  const add = () => {
    logAdding(log, isMRRT);
    answered<unknown>(
      (done) => cache.add([entry], done),
      (error) => {
        if (error) log.write("WARN", "CacheDriver", "The cache failed to add the entry.");
        next(entry);
      },
    );
  };
  candidates(cache, key, log, (found) => {
    // Another certificate's or secret's token stays while it is good, or two in turn would ask each time.
    const old = found.filter((one) => admits(one, proof) || !isFresh(one, Date.now()));
    if (old.length === 0) return add();
    log.write("VERBOSE", "CacheDriver", `Remove many: ${old.length}`);
    answered<unknown>((done) => cache.remove(old, done), add);
  });
}

/** The app entries for `key`, good or not, and how many entries the cache has for the client. */
function candidates(
  cache: TokenCache,
  key: TokenKey,
  log: CallLog,
  next: (entries: CacheEntry[], count: number) => void,
): void {
  answered<CacheEntry[]>(
    (done) => cache.find({ _clientId: key.clientId }, done),
    (error, answer) => {
      if (error) log.write("WARN", "CacheDriver", "The cache failed to find entries.");
      const entries = entriesOf(answer);
      next(
        entries.filter((entry) => belongs(entry, key) && isOfApp(entry)),
        entries.length,
      );
    },
  );
}
