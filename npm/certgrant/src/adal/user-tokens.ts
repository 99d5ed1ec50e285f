/**
 * Users' tokens in an adal-node cache: finding one, or a refresh token that gets one, and putting a new one in the place of
 * the old. A refresh token that Entra v1 issues is good for every resource (adal-node's "MRRT").
 *
 * What adal-node got wrong is right here: user names are compared as the service does, without regard to case; a sign-in
 * without refresh token leaves those that are there; nothing without a refresh token is refreshed.
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
  isOfUser,
  type Origin,
  originOf,
  type Proof,
  type TokenKey,
} from "./entries.ts";
import type { CallLog } from "./logging.ts";
import { findIndexed, isPlainMemoryCache } from "./memory-cache.ts";
import { TEXTS } from "./texts.ts";
import type { CacheEntry, TokenCache, TokenResponse } from "./types.ts";

/** Whose token is looked for. */
export interface UserKey extends TokenKey {
  /** The user's name; without one a token of whoever, also of the application itself. */
  userId?: string | undefined;
  /** What the token has to have been got with; without one, anything. */
  proof?: Proof | undefined;
}

/** What a cache has: a token that serves, or an entry whose refresh token gets one. */
export type Found = { token: CacheEntry } | { refresh: CacheEntry } | undefined;

/** Finds a token and passes it on; before this function returns if the cache answers so. */
export function findUserToken(
  cache: TokenCache,
  key: UserKey,
  now: number,
  log: CallLog,
  next: (found: Found) => void,
): void {
  logQuery(log, key.clientId, key.userId);
  const conclude = (found: Found) => {
    const token = found && "token" in found;
    if (token || !found) logFound(log, Boolean(token));
    next(found);
  };
  if (!isPlainMemoryCache(cache)) {
    return candidates(cache, key, log, (entries) => conclude(choose(entries, key, now, log)));
  }
  const { clientId, authority, resource, userId } = key;
  let found: Found;
  const fits = (entry: CacheEntry) => belongs(entry, key) && isCandidate(entry, key) && isFresh(entry, now);
  const search = () => {
    found = choose(cache._entries as CacheEntry[], key, now, log);
    return found && "token" in found ? found.token : undefined;
  };
  const name = JSON.stringify(["user", clientId, authority, resource, userId?.toLowerCase()]);
  // Without a user's name the token of another user who came since would make the choice ambiguous.
  const token = findIndexed(cache, name, { fits, search, ofUnchanged: userId === undefined });
  conclude(token ? { token } : found);
}

function isCandidate(entry: CacheEntry, { clientId, userId, proof }: UserKey): boolean {
  if (entry?._clientId !== clientId) return false;
  if (userId !== undefined && (!isOfUser(entry, userId) || isOfApp(entry))) return false;
  return proof === undefined || admits(entry, proof);
}

function choose(entries: readonly CacheEntry[], key: UserKey, now: number, log: CallLog): Found {
  const candidates = entries.filter((entry) => isCandidate(entry, key));
  log.write("VERBOSE", "CacheDriver", `Found ${candidates.length} potential entries.`);
  const exact = candidates.filter((entry) => belongs(entry, key));
  if (new Set(exact.map(ownerOf)).size > 1) {
    log.write("ERROR", "CacheDriver", TEXTS.ambiguous, false, new Error(TEXTS.ambiguous));
    return undefined;
  }
  const token = freshest(exact, now);
  if (token) return { token };
  const refreshable = (list: CacheEntry[]) => list.findLast((entry) => entry.refreshToken);
  const expired = refreshable(exact);
  if (expired) {
    log.write("INFO", "CacheDriver", `Cached token is expired.  Refreshing: ${expired.expiresOn}`);
    return { refresh: expired };
  }
  if (candidates.length === 0 || exact.length > 0) return undefined;
  log.write("VERBOSE", "CacheDriver", "No resource specific cache entries found.");
  const mrrt = candidates.find((entry) => entry.isMRRT && entry.refreshToken);
  log.write("VERBOSE", "CacheDriver", mrrt ? "Found an MRRT token." : "No MRRT tokens found.");
  if (!mrrt) return undefined;
  log.write("INFO", "CacheDriver", "Acquiring new access token from MRRT token.");
  return { refresh: mrrt };
}

/** Who an entry is of, so that the tokens of two are not taken for each other. */
function ownerOf(entry: CacheEntry): string {
  if (isOfApp(entry)) return "";
  return String(entry.userId ?? originOf(entry)?.username ?? "?").toLowerCase();
}

/** The entry that a refreshed token makes: what the old one said, overlaid with what the service says now. */
export function refreshedEntry(old: CacheEntry, token: TokenResponse, key: TokenKey): CacheEntry {
  const { resource: _, ...kept } = old;
  const origin: Origin = { ...(originOf(old) ?? { isApp: false }), resource: key.resource };
  return asEntry({ ...kept, ...token }, key, origin);
}

/**
 * Puts an entry into the cache in the place of older ones of its user, whose refresh tokens it renews.
 *
 * @param replaced - The entry whose refresh token got it.
 */
export function keepUserToken(
  cache: TokenCache,
  entry: CacheEntry,
  key: TokenKey,
  log: CallLog,
  next: (error: unknown) => void,
  replaced?: CacheEntry,
): void {
  const add = (renewed: CacheEntry[]) => {
    logAdding(log, Boolean(entry.isMRRT));
    answered<unknown>(
      (done) => cache.add([...renewed, entry], done),
      (error) => {
        if (error) log.write("WARN", "CacheDriver", "The cache failed to add the entry.");
        next(error);
      },
    );
  };
  candidates(cache, { ...key, userId: entry.userId }, log, (found) => {
    const others = found.filter((one) => one === replaced || isOfSameUser(one, entry));
    const old = others.filter((one) => belongs(one, key));
    const renewed = entry.isMRRT && entry.refreshToken ? others.filter((one) => one.isMRRT && !old.includes(one)) : [];
    if (renewed.length > 0) log.write("VERBOSE", "CacheDriver", `Updating ${renewed.length} cached refresh tokens.`);
    if (old.length + renewed.length === 0) return add([]);
    log.write("VERBOSE", "CacheDriver", `Remove many: ${old.length + renewed.length}`);
    answered<unknown>(
      (done) => cache.remove([...old, ...renewed], done),
      () => {
        for (const one of renewed) one.refreshToken = entry.refreshToken;
        add(renewed);
      },
    );
  });
}

/** Whether another entry is of the same user, by the name that the service gave or else by the one that was typed in. */
function isOfSameUser(one: CacheEntry, entry: CacheEntry): boolean {
  if (one === entry || isOfApp(one)) return false;
  const name = entry.userId ?? originOf(entry)?.username;
  return name !== undefined && isOfUser(one, name);
}

/**
 * The entries of the client and its user. A cache is asked as adal-node asked it; where it has none of that spelling, it is
 * asked for all of the client's.
 */
function candidates(
  cache: TokenCache,
  { clientId, userId }: UserKey,
  log: CallLog,
  next: (entries: CacheEntry[]) => void,
): void {
  const find = (query: Record<string, string>, then: (entries: CacheEntry[]) => void) =>
    answered<CacheEntry[]>(
      (done) => cache.find(query, done),
      (error, answer) => {
        if (error) log.write("WARN", "CacheDriver", "The cache failed to find entries.");
        then(entriesOf(answer));
      },
    );
  if (!userId) return find({ _clientId: clientId }, next);
  find({ _clientId: clientId, userId }, (entries) => {
    if (entries.length > 0) return next(entries);
    find({ _clientId: clientId }, next);
  });
}
