/**
 * What adal-node's caches hold: plain objects of the callers, about which this process may know more than their members
 * say. Nothing of that is written into them, because callers compare and store them.
 */
import { members } from "./errors.ts";
import type { CacheEntry } from "./types.ts";

/** A token is taken as expired this many milliseconds before it is. */
const EXPIRY_MARGIN = 5 * 60 * 1000;
/** Expiry numbers below this are seconds: as milliseconds they would lie in 1973. */
const SECONDS_BELOW = 1e11;

/** What an entry is found by. */
export interface TokenKey {
  clientId: string;
  authority: string;
  resource: string;
}

/**
 * What a token was got with: the certificate and its thumbprint, the secret, or the password. adal-node's caches hand a
 * token to whoever knows a client id, in a process where all contexts share a cache; here the caller has to bring what the
 * token was got with. The strings are compared, since there is no digest to be had synchronously.
 */
export type Proof = readonly string[];

/** How this process came by an entry. Entries restored from elsewhere have none, and are judged by their members. */
export interface Origin {
  /** The resource that was asked for: the service may spell it in another way. */
  readonly resource: string;
  /** Whether it is a token of the application, not of a user. */
  readonly isApp: boolean;
  readonly proof?: Proof | undefined;
  /** The user name that was typed in: the service may name the user in another way, or not at all. */
  readonly username?: string | undefined;
}

const origins = new WeakMap<object, Origin>();

/** How this process came by an entry, if it did. */
export function originOf(entry: CacheEntry): Origin | undefined {
  return origins.get(entry);
}

/** Makes an entry of a token, the same object, with the members that adal-node's caches look at. */
export function asEntry(token: object, key: TokenKey, origin: Origin): CacheEntry {
  const entry = token as CacheEntry;
  if (entry.resource) entry.isMRRT = true;
  else entry.resource = key.resource;
  entry._clientId = key.clientId;
  entry._authority = key.authority;
  origins.set(entry, origin);
  return entry;
}

/** Whether an entry is of this client, authority and resource. */
export function belongs(entry: CacheEntry | null | undefined, { clientId, authority, resource }: TokenKey): boolean {
  return (
    !!entry &&
    entry._clientId === clientId &&
    entry._authority === authority &&
    (entry.resource === resource || origins.get(entry)?.resource === resource)
  );
}

/** Whether an entry is of the application itself. */
export function isOfApp(entry: CacheEntry): boolean {
  return origins.get(entry)?.isApp ?? (!entry.userId && !entry.refreshToken);
}

/** Whether an entry is of this user, whatever the case of the letters. */
export function isOfUser(entry: CacheEntry, userId: string): boolean {
  const isSame = (name: unknown) => typeof name === "string" && name.toLowerCase() === userId.toLowerCase();
  return isSame(entry.userId) || isSame(origins.get(entry)?.username);
}

/** Whether an entry may be served to who brings `proof`; one that this process did not make, to everybody. */
export function admits(entry: CacheEntry, proof: Proof): boolean {
  const known = origins.get(entry)?.proof;
  return !known || (known.length === proof.length && known.every((part, index) => part === proof[index]));
}

/** Whether an entry is good for a while yet. */
export function isFresh(entry: CacheEntry, now: number): boolean {
  return now + EXPIRY_MARGIN <= expiry(entry);
}

/** The one of several entries that is good for the longest time; none if none is good. */
export function freshest(entries: readonly CacheEntry[], now: number): CacheEntry | undefined {
  let best: CacheEntry | undefined;
  for (const entry of entries) {
    if (isFresh(entry, now) && (!best || expiry(entry) > expiry(best))) best = entry;
  }
  return best;
}

/** Milliseconds since the Unix epoch; in the past if the entry does not say. */
function expiry({ expiresOn }: { expiresOn?: unknown }): number {
  const number = typeof expiresOn === "string" && /^\d+$/.test(expiresOn) ? Number(expiresOn) : expiresOn;
  if (typeof number === "number") return number < SECONDS_BELOW ? number * 1000 : number;
  const time = number instanceof Date ? number.getTime() : Date.parse(String(number));
  return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
}

/** The entries of what a cache answered; anything else is no entry. */
export function entriesOf(answer: unknown): CacheEntry[] {
  return Array.isArray(answer) ? answer.filter((entry) => members(entry) === entry) : [];
}

/**
 * Calls a method of a cache and passes on its first answer, once. An answer given before the method returns is passed on
 * right after it returns, a later one from a microtask of its own: so a caller's callback that throws does not throw into
 * the cache.
 */
export function answered<T>(
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
