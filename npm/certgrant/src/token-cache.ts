/**
 * The tokens of a credential, by what was asked for. Bounded in number and bytes: the least recently used go first. When a
 * token serves, and when it is renewed, is decided in the core; here is only what needs no decision: a token that the core
 * need not be asked about before its refresh.
 */
import type { AccessToken, HeldToken, TokenRequest } from "./backend.ts";
import type { AccessToken as Answer } from "./options.ts";

/** How many tokens are kept, and how many characters of tokens and keys. */
export interface CacheLimits {
  tokens: number;
  bytes: number;
}

/** 100 000 tokens, 256 MiB. */
export const DEFAULT_LIMITS: CacheLimits = { tokens: 100_000, bytes: 256 * 1024 * 1024 };

/** By how many milliseconds a clock may be set back as time services do it. */
const CLOCK_STEP = 2_000;

/** How long before its end the core no longer gives a token, unless there is no other. */
const LAST_SERVED = 30_000;

/** How many entries each new token has looked at, so that the dead go before the living. */
const SWEPT = 4;

/** A token that serves. */
export interface Served {
  readonly token: AccessToken;
  /** What callers get for it. Made once: what each call leaves behind costs more, the more the heap holds. */
  answer: Promise<Answer> | undefined;
}

/** A token, and its neighbours in the order of use: a `Map` that is reordered by each look-up makes itself anew all the time. */
interface Entry extends Served {
  readonly key: string;
  /** Until when it is given without asking the core. */
  readonly freshUntil: number;
  /** When it dies, by `performance.now()`: a clock that was set back does not make it live longer. */
  readonly endsAt: number;
  newer: Entry | undefined;
  older: Entry | undefined;
}

/** The tokens of one credential. */
export class TokenCache {
  readonly #limits: CacheLimits;
  readonly #entries = new Map<string, Entry>();
  #newest: Entry | undefined;
  #oldest: Entry | undefined;
  /** Where the next sweep goes on. */
  #sweeping: Entry | undefined;
  #bytes = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The token of `key`, if it serves without asking the core: it is not to be renewed yet, and no clock jumped. */
  fresh(key: string): Served | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const { token } = entry;
    const now = Date.now();
    if (now >= entry.freshUntil || now < token.obtainedOn - CLOCK_STEP || performance.now() >= entry.endsAt) {
      return undefined;
    }
    this.#touch(entry);
    return entry;
  }

  /** The token of `key` that is not known to be dead. */
  alive(key: string): AccessToken | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (performance.now() >= entry.endsAt) {
      this.remove(key);
      return undefined;
    }
    this.#touch(entry);
    return entry.token;
  }

  /** The times of the token of `key`, as the core is told them: it ends as soon as one of the clocks says so. */
  times(key: string): HeldToken | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const { obtainedOn, refreshOn, expiresOn } = entry.token;
    const end = Date.now() + Math.max(0, Math.floor(entry.endsAt - performance.now()));
    return { obtainedOn, refreshOn, expiresOn: Math.min(expiresOn, end) };
  }

  /** Keeps a token in the place of the one that was there for `key`. */
  insert(key: string, token: AccessToken): void {
    const left = token.expiresOn - Date.now();
    const size = sizeOf(key, token);
    // One of unknown life serves its callers, and takes nobody's place.
    if (left <= 0) return;
    this.remove(key);
    if (size > this.#limits.bytes) return;
    this.#sweep();
    while (this.#oldest && (this.#entries.size >= this.#limits.tokens || this.#bytes + size > this.#limits.bytes)) {
      this.remove(this.#oldest.key);
    }
    const freshUntil = Math.min(token.refreshOn, token.expiresOn - LAST_SERVED);
    const endsAt = performance.now() + left;
    const entry: Entry = { key, token, answer: undefined, freshUntil, endsAt, newer: undefined, older: undefined };
    this.#entries.set(key, entry);
    this.#link(entry);
    this.#bytes += size;
  }

  /** Removes the token of `key`; whether there was one. */
  remove(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#unlink(entry);
    this.#bytes -= sizeOf(key, entry.token);
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#newest = undefined;
    this.#oldest = undefined;
    this.#sweeping = undefined;
    this.#bytes = 0;
  }

  /** Removes the dead among some entries, from the least recently used on, and again from there. */
  #sweep(): void {
    const now = performance.now();
    for (let count = 0; count < SWEPT; count++) {
      const entry = this.#sweeping ?? this.#oldest;
      if (entry === undefined) return;
      this.#sweeping = entry.newer;
      if (now >= entry.endsAt) this.remove(entry.key);
    }
  }

  #touch(entry: Entry): void {
    if (entry === this.#newest) return;
    this.#unlink(entry);
    this.#link(entry);
  }

  #unlink(entry: Entry): void {
    const { newer, older } = entry;
    if (this.#sweeping === entry) this.#sweeping = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    if (older) older.newer = newer;
    else this.#oldest = newer;
  }

  #link(entry: Entry): void {
    entry.newer = undefined;
    entry.older = this.#newest;
    if (this.#newest) this.#newest.newer = entry;
    else this.#oldest = entry;
    this.#newest = entry;
  }
}

function sizeOf(key: string, token: AccessToken): number {
  return key.length + token.accessToken.length;
}

/**
 * What tells a request from others; `undefined` for one whose token is not kept. A single scope of the credential's own
 * tenant is its own key, so that the usual call has nothing to make. A claims challenge asks for a token in the place of the
 * one that was rejected.
 */
export function requestKey(request: TokenRequest, ownTenant: string): string | undefined {
  if (request.skipCache) return undefined;
  const { scopes = [], resource, enableCae, userAssertion } = request;
  const target = resource ?? normalised(scopes);
  const tenant = request.tenant?.toLowerCase();
  const isOwn = tenant === undefined || tenant === ownTenant.toLowerCase();
  if (isOwn && !enableCae && resource === undefined && userAssertion === undefined) return target;
  const kind = resource === undefined ? "" : "resource";
  return [isOwn ? "" : tenant, enableCae ? "cae" : "", kind, userAssertion ?? "", target].join("\n");
}

/** As the core has them: sorted, each once. */
function normalised(scopes: readonly string[]): string {
  const [only = ""] = scopes;
  if (scopes.length === 1 && !only.includes(" ")) return only;
  const all = scopes.flatMap((scope) => scope.split(" ")).filter((scope) => scope !== "");
  return [...new Set(all)].sort().join(" ");
}
