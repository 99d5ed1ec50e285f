/**
 * adal-node's `MemoryCache`: a live plain array `_entries` of the caller's own objects. Callers reach into the array and
 * into its objects, so the index that finds app tokens quickly believes nothing: it is checked against both each time.
 */
import type { CacheEntry, TokenCache } from "./types.ts";

// biome-ignore lint/suspicious/noExplicitAny: entries and queries are plain objects of the callers
type Plain = Record<string, any>;

/** A callback of a cache, as loose as adal-node's types. */
// biome-ignore lint/suspicious/noExplicitAny: callers' callbacks name what they take
type CacheCallback = (error: any, result: any) => void;

/** Where an entry was when it was last seen. */
interface Place {
  readonly entry: CacheEntry;
  readonly at: number;
  /** The array that it was in, and how long that was. */
  readonly of: readonly unknown[];
  readonly length: number;
}

/** What is looked for. */
interface IndexedSearch {
  /** Whether an entry is still what is looked for. */
  fits(entry: CacheEntry): boolean;
  /** Looks through all entries. */
  search(): CacheEntry | undefined;
  /** Whether entries that have come since could make another choice. */
  ofUnchanged?: boolean;
}

const indexes = new WeakMap<MemoryCache, Map<string, Place>>();

/** Limits of a {@link MemoryCache}. */
export interface MemoryCacheOptions {
  /** How many entries are kept; the oldest go first. Default: no limit. */
  maxEntries?: number;
}

/**
 * Keeps tokens in memory.
 *
 * @example
 * ```ts
 * const context = new AuthenticationContext(authority, true, new MemoryCache());
 * ```
 */
export class MemoryCache implements TokenCache {
  /** The entries themselves, oldest first. */
  _entries: Plain[] = [];
  readonly #maxEntries: number;

  constructor({ maxEntries = Number.POSITIVE_INFINITY }: MemoryCacheOptions = {}) {
    this.#maxEntries = maxEntries;
  }

  /** Removes each entry whose members are all in one of `entries`, with the same values. */
  remove(entries: Plain[], callback: CacheCallback): void {
    this._entries = this._entries.filter((entry) => !entries.some((given) => matches(entry, given)));
    (callback as () => void)();
  }

  /** Adds entries, except copies of what is there: those become `null` in `entries`. */
  add(entries: (Plain | null)[], callback: CacheCallback): void {
    const before = this._entries.slice();
    for (const [index, entry] of entries.entries()) {
      if (before.some((present) => sameEntry(present, entry))) entries[index] = null;
    }
    for (const entry of entries) {
      if (entry) this._entries.push(entry);
    }
    const excess = this._entries.length - this.#maxEntries;
    if (excess > 0) this._entries.splice(0, excess);
    callback(null, true);
  }

  /** Finds the entries whose members equal those of `query`; all for an empty query. */
  find(query: Plain | null | undefined, callback: CacheCallback): void {
    callback(
      null,
      this._entries.filter((entry) => matches(query ?? {}, entry)),
    );
  }
}

/** Whether a cache is a {@link MemoryCache} whose look-ups nobody has replaced. */
export function isPlainMemoryCache(cache: TokenCache): cache is MemoryCache {
  return cache instanceof MemoryCache && cache.find === MemoryCache.prototype.find;
}

/**
 * The entry that was last found under `key`, if it is still in its place and `fits`. Otherwise the index is told the
 * entry that `search` finds.
 */
export function findIndexed(
  cache: MemoryCache,
  key: string,
  { fits, search, ofUnchanged = false }: IndexedSearch,
): CacheEntry | undefined {
  const index = indexes.get(cache) ?? new Map<string, Place>();
  indexes.set(cache, index);
  const place = index.get(key);
  const { _entries: entries } = cache;
  const isChanged = place?.of !== entries || place.length !== entries.length;
  if (place && entries[place.at] === place.entry && fits(place.entry) && !(ofUnchanged && isChanged))
    return place.entry;
  index.delete(key);
  const entry = search();
  // Keys whose entries are gone would pile up otherwise.
  if (index.size > 2 * entries.length) index.clear();
  if (entry) index.set(key, { entry, at: entries.indexOf(entry), of: entries, length: entries.length });
  return entry;
}

/** Whether `object` has the members of `query`, its own or inherited, with the same values. */
function matches(query: Plain, object: Plain): boolean {
  return Object.keys(query).every((key) => key in object && object[key] === query[key]);
}

function sameEntry(a: Plain, b: Plain | null): boolean {
  // The quick look at the token saves the deep one in nearly all cases.
  return b !== null && a.accessToken === b.accessToken && deepEqual(a, b);
}

function deepEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (a instanceof Date || b instanceof Date) {
    return a instanceof Date && b instanceof Date && Object.is(a.getTime(), b.getTime());
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const [left, right] = [a as Plain, b as Plain];
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && deepEqual(left[key], right[key]))
  );
}
