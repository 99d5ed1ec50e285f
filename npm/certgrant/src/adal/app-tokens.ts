/**
 * App-only tokens in an adal-node cache: finding one that is still good, and putting a new one in the place of the old.
 *
 * adal-node's own lookup broke after the first expiry (it appended, found two, and never hit again), took user tokens
 * for app tokens, and never let a token expire that had been stored as JSON. This one does none of that; the query that a
 * cache sees, the entries and the objects handed out are the same.
 */
import type { CallLog } from "./logging.ts";
import { findIndexed, MemoryCache } from "./memory-cache.ts";
import type { CacheEntry, TokenCache, TokenResponse } from "./types.ts";

/** A token is taken as expired this many milliseconds before it is. */
const EXPIRY_MARGIN = 5 * 60 * 1000;
/** Expiry numbers below this are seconds: as milliseconds they would lie in 1973. */
const SECONDS_BELOW = 1e11;

/** What an entry was got with. */
interface Origin {
  /** The resource that was asked for: the service may spell it in another way. */
  readonly resource: string;
  readonly proof: Proof;
}

/**
 * Entries that app-only calls of this process have made. Entries restored from elsewhere are judged by their members.
 *
 * adal-node signed before it looked at the cache, so a caller without the private key never got a cached token. This
 * library looks first, so the caller has to bring what the token was got with: else knowing a client id would do, in a
 * process where all contexts share a cache. The strings are compared, since there is no digest to be had synchronously.
 */
const appEntries = new WeakMap<object, Origin>();

/** What a caller proves to be the application with. */
export interface Proof {
  certificate: string;
  thumbprint: string;
}

/** What an entry is found by. */
export interface TokenKey {
  clientId: string;
  authority: string;
  resource: string;
}

/** Finds a good token and passes it on; before this function returns if the cache answers so. */
export function findAppToken(
  cache: TokenCache,
  key: TokenKey,
  proof: Proof,
  now: number,
  log: CallLog,
  next: (token: CacheEntry | undefined) => void,
): void {
  log.write("VERBOSE", "CacheDriver", "Looking for potential cache entries:");
  log.write("VERBOSE", "CacheDriver", JSON.stringify({ _clientId: key.clientId }), true);
  const found = (token: CacheEntry | undefined, count?: number) => {
    if (count !== undefined) log.write("VERBOSE", "CacheDriver", `Found ${count} potential entries.`);
    log.write("VERBOSE", "TokenRequest", token ? "Found a cached token." : "No appropriate cached token found.");
    next(token);
  };
  if (cache instanceof MemoryCache && cache.find === MemoryCache.prototype.find) {
    const fits = (entry: CacheEntry) => belongs(entry, key) && admits(entry, proof) && isFresh(entry, now);
    const search = () => freshest(cache._entries as CacheEntry[], key, proof, now);
    return found(findIndexed(cache, JSON.stringify(key), fits, search));
  }
  candidates(cache, key, log, (entries, count) => found(freshest(entries, key, proof, now), count));
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
  const entry = token as CacheEntry;
  if (entry.resource) entry.isMRRT = true;
  else entry.resource = key.resource;
  entry._clientId = key.clientId;
  entry._authority = key.authority;
  appEntries.set(entry, { resource: key.resource, proof });
  const add = () => {
    log.write("VERBOSE", "CacheDriver", "Adding entry");
    answered<unknown>(
      (done) => cache.add([entry], done),
      (error) => {
        if (error) log.write("WARN", "CacheDriver", "The cache failed to add the entry.");
        next(entry);
      },
    );
  };
  candidates(cache, key, log, (found) => {
    // Another certificate's token stays while it is good, or two certificates in turn would ask each time.
    const old = found.filter((one) => admits(one, proof) || !isFresh(one, Date.now()));
    if (old.length === 0) return add();
    log.write("VERBOSE", "CacheDriver", `Removing ${old.length} older entries.`);
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
    (error, entries) => {
      if (error) log.write("WARN", "CacheDriver", "The cache failed to find entries.");
      const list = Array.isArray(entries) ? entries : [];
      next(
        list.filter((entry) => belongs(entry, key)),
        list.length,
      );
    },
  );
}

function freshest(entries: readonly CacheEntry[], key: TokenKey, proof: Proof, now: number): CacheEntry | undefined {
  let best: CacheEntry | undefined;
  for (const entry of entries) {
    if (!belongs(entry, key) || !admits(entry, proof) || !isFresh(entry, now)) continue;
    if (!best || expiry(entry) > expiry(best)) best = entry;
  }
  return best;
}

function belongs(entry: CacheEntry | null | undefined, { clientId, authority, resource }: TokenKey): boolean {
  return (
    !!entry &&
    entry._clientId === clientId &&
    entry._authority === authority &&
    (entry.resource === resource || appEntries.get(entry)?.resource === resource) &&
    (appEntries.has(entry) || (!entry.userId && !entry.refreshToken))
  );
}

/** Whether an entry may be served to who brings `proof`; one that this process did not make, to everybody. */
function admits(entry: CacheEntry, { certificate, thumbprint }: Proof): boolean {
  const origin = appEntries.get(entry);
  return !origin || (origin.proof.certificate === certificate && origin.proof.thumbprint === thumbprint);
}

function isFresh(entry: CacheEntry, now: number): boolean {
  return now + EXPIRY_MARGIN <= expiry(entry);
}

/** Milliseconds since the Unix epoch; in the past if the entry does not say. */
function expiry({ expiresOn }: { expiresOn?: unknown }): number {
  const number = typeof expiresOn === "string" && /^\d+$/.test(expiresOn) ? Number(expiresOn) : expiresOn;
  if (typeof number === "number") return number < SECONDS_BELOW ? number * 1000 : number;
  const time = number instanceof Date ? number.getTime() : Date.parse(String(number));
  return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
}

/**
 * Calls a method of a cache and passes on its first answer, once. An answer given before the method returns is passed on
 * right after it returns, a later one from a microtask of its own: so a caller's callback that throws does not throw into
 * the cache.
 */
function answered<T>(
  ask: (done: (error: unknown, result?: T) => void) => void,
  next: (error: unknown, result?: T) => void,
): void {
  let asked = false;
  let answer: [unknown, T | undefined] | undefined;
  const done = (error: unknown, result?: T) => {
    if (answer) return;
    answer = [error, result];
    if (asked) queueMicrotask(() => next(error, result));
  };
  try {
    ask(done);
  } catch (error) {
    done(error);
  }
  asked = true;
  if (answer) next(...answer);
}
