/**
 * The tokens of a credential, by what was asked for. Bounded in number and bytes: the least recently used go first. When a
 * token serves, and when it is renewed, is decided in the core; here is only what needs no decision: a token that the core
 * need not be asked about before its refresh.
 */
import type { AccessToken, HeldToken, TokenRequest } from "./backend.ts";
import type { AccessToken as Answer } from "./options.ts";
import { ENDS_AT, EXPIRES_ON, OBTAINED_ON, REFRESH_ON, SIZE, TokenTable } from "./token-table.ts";

/** What the cache keeps of a token. */
export type KeptToken = Pick<AccessToken, "accessToken" | "obtainedOn" | "refreshOn" | "expiresOn" | "correlationId">;

/** A token as it comes out of the cache. */
export interface CachedToken extends KeptToken {
  /** When it dies, by `performance.now()`: a clock that was set back does not make it live longer. */
  endsAt: number;
}

/** How many tokens are kept, and how many characters of tokens and keys. */
export interface CacheLimits {
  tokens: number;
  bytes: number;
}

/** The limits of who sets none. */
export const MAX_TOKENS = 100_000;
export const MAX_BYTES = 256 * 1024 * 1024;

/** By how many milliseconds a clock may be set back as time services do it. */
const CLOCK_STEP = 2_000;

/** How long before its end the core no longer gives a token, unless there is no other. */
const LAST_SERVED = 30_000;

/** How many entries each new token has looked at, so that the dead go before the living. */
const SWEPT = 4;

/** A token's text, as callers get it. Made once: what each call leaves behind costs more, the more the heap holds. */
export interface Held {
  answer: Answer;
  promise: Promise<Answer>;
}

/**
 * The tokens of one credential. An heir may keep the texts of those elsewhere that are not used now: it gives them back by
 * `textOf`, and learns of their use by `add` and `takeOut`.
 */
export class TokenCache {
  readonly #limits: CacheLimits;
  /** Each token has a row in the table, and the rest beside it. */
  readonly #rows = new Map<string, number>();
  readonly #keys: (string | undefined)[] = [];
  readonly #held: (Held | undefined)[] = [];
  readonly #free: number[] = [];
  protected readonly table = new TokenTable();
  /** Where the next sweep goes on; it sees what is inserted and removed meanwhile. */
  #sweeping = this.#rows.values();
  #bytes = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  /** The answer for `key`, if its token serves without asking the core: it is not to be renewed yet, and no clock jumped. */
  fresh(key: string): Promise<Answer> | undefined {
    const row = this.#rows.get(key);
    if (row === undefined) return undefined;
    const now = Date.now();
    const isFresh = now < this.table.large(row, REFRESH_ON) && now < this.table.large(row, EXPIRES_ON) - LAST_SERVED;
    if (!isFresh || now < this.table.large(row, OBTAINED_ON) - CLOCK_STEP) return undefined;
    if (performance.now() >= this.table.large(row, ENDS_AT)) return undefined;
    return this.#touch(row).promise;
  }

  /** The token of `key` that is not known to be dead. */
  alive(key: string): CachedToken | undefined {
    const row = this.#rows.get(key);
    if (row === undefined) return undefined;
    if (performance.now() < this.table.large(row, ENDS_AT)) return this.#tokenOf(row, this.#touch(row));
    this.removeRow(row);
    return undefined;
  }

  /** Keeps a token in the place of the one that was there for `key`. */
  insert(key: string, token: KeptToken): void {
    const left = token.expiresOn - Date.now();
    const size = key.length + token.accessToken.length;
    // One of unknown life serves its callers, and takes nobody's place.
    if (left <= 0) return;
    this.remove(key);
    const { tokens, bytes } = this.#limits;
    if (size > bytes) return;
    this.#sweep();
    while (this.#rows.size >= tokens || this.#bytes + size > bytes) this.removeRow(this.table.oldest);
    // Room first: it may be that there is none, and then nothing has changed.
    this.table.reserve(this.#rows.size);
    const row = this.#free.pop() ?? this.#rows.size;
    this.#rows.set(key, row);
    this.#keys[row] = key;
    const { obtainedOn, refreshOn, expiresOn } = token;
    // As the table has its columns.
    const numbers = [obtainedOn, refreshOn, expiresOn, performance.now() + left, size];
    numbers.forEach((number, column) => void this.table.setLarge(row, column, number));
    this.keep(row, token);
    this.#bytes += size;
    this.add(row);
  }

  /** Removes the token of `key`; whether there was one. */
  remove(key: string): boolean {
    const row = this.#rows.get(key);
    if (row !== undefined) this.removeRow(row);
    return row !== undefined;
  }

  /** Removes all tokens, at once and with the memory that they took. */
  clear(): void {
    this.table.clear();
    this.#rows.clear();
    this.#sweeping = this.#rows.values();
    this.#keys.length = this.#held.length = this.#free.length = this.#bytes = 0;
  }

  protected removeRow(row: number): void {
    this.takeOut(row);
    this.#bytes -= this.table.large(row, SIZE);
    this.#rows.delete(this.#keys[row] as string);
    this.#keys[row] = undefined;
    this.#free.push(row);
    this.letGo(row);
  }

  /** Removes the dead among some tokens, from the one on that was inserted first, and again from there. */
  #sweep(): void {
    const now = performance.now();
    for (let count = 0; count < SWEPT; count++) {
      const { value: row, done } = this.#sweeping.next();
      if (done) this.#sweeping = this.#rows.values();
      else if (now >= this.table.large(row, ENDS_AT)) this.removeRow(row);
    }
  }

  /** Makes a row the most recently used, and gives its text. */
  #touch(row: number): Held {
    if (row !== this.table.newest) {
      this.takeOut(row);
      this.add(row);
    }
    return this.textOf(row);
  }

  /** Keeps the text of a new row. */
  protected keep(row: number, token: KeptToken): void {
    const answer = answerOf(token);
    this.#held[row] = { answer, promise: Promise.resolve(answer) };
  }

  /** Forgets the text of a row that was removed. */
  protected letGo(row: number): void {
    this.#held[row] = undefined;
  }

  /** The text of a row, which is the most recently used. */
  protected textOf(row: number): Held {
    return this.#held[row] as Held;
  }

  /** Takes a row out of the order of use. */
  protected takeOut(row: number): void {
    this.table.remove(row);
  }

  /** Puts a row before all others in the order of use. */
  protected add(row: number): void {
    this.table.add(row);
  }

  #tokenOf(row: number, { answer }: Held): CachedToken {
    return {
      accessToken: answer.token,
      obtainedOn: this.table.large(row, OBTAINED_ON),
      refreshOn: this.table.large(row, REFRESH_ON),
      expiresOn: answer.expiresOnTimestamp,
      correlationId: answer.correlationId,
      endsAt: this.table.large(row, ENDS_AT),
    };
  }
}

/** What callers get; frozen, because several may get the same object. */
export function answerOf({ accessToken, expiresOn, refreshOn, correlationId }: Omit<KeptToken, "obtainedOn">): Answer {
  return Object.freeze({
    token: accessToken,
    expiresOnTimestamp: expiresOn,
    refreshAfterTimestamp: refreshOn,
    tokenType: "Bearer",
    correlationId,
  });
}

/** The times of a token, as the core is told them: it ends as soon as one of the clocks says so. */
export function timesOf({ obtainedOn, refreshOn, expiresOn, endsAt }: CachedToken): HeldToken {
  return { obtainedOn, refreshOn, expiresOn: Math.min(expiresOn, Date.now() + endsAt - performance.now()) };
}

/** How keys begin that are more than what the token is for. No scope begins so. */
export const LONG_KEY = "\n";

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
  const isPlain = isOwn && !enableCae && resource === undefined && userAssertion === undefined;
  if (isPlain && !target.startsWith(LONG_KEY)) return target;
  const kind = resource === undefined ? "" : "resource";
  return LONG_KEY + [isOwn ? "" : tenant, enableCae ? "cae" : "", kind, userAssertion ?? "", target].join("\n");
}

/** As the core has them: sorted, each once. */
function normalised(scopes: readonly string[]): string {
  const all = scopes.flatMap((scope) => scope.split(" ")).filter((scope) => scope !== "");
  return [...new Set(all)].sort().join(" ");
}
