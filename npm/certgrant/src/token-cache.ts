/**
 * The tokens of a credential, by what was asked for. Bounded in number and bytes: the least recently used go first. When a
 * token serves, and when it is renewed, is decided in the core; here is only what needs no decision: a token that the core
 * need not be asked about before its refresh.
 */
import type { AccessToken, HeldToken, TokenRequest } from "./backend.ts";
import type { AccessToken as Answer } from "./options.ts";
import { OrderOfUse } from "./order-of-use.ts";

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

/** A token's text with what belongs to it. */
export interface Held {
  readonly text: string;
  readonly correlationId: string | undefined;
  /** What callers get for it. Made once: what each call leaves behind costs more, the more the heap holds. */
  answer: Promise<Answer> | undefined;
}

/** The columns of a token's row; times are those of its {@link AccessToken}. */
const OBTAINED_ON = 0;
const REFRESH_ON = 1;
const EXPIRES_ON = 2;
/** When it dies, by `performance.now()`: a clock that was set back does not make it live longer. */
const ENDS_AT = 3;
/** What it counts for in the limit of bytes. */
const SIZE = 4;
/** Columns for {@link TokenCache}'s heirs; 0 in a new row. */
export const SPARE = 5;
const COLUMNS = 8;

/**
 * The tokens of one credential. An heir may keep the texts of those elsewhere that are not used now: it gives them back by
 * `textOf`, and learns of their use by `add` and `takeOut`.
 */
export class TokenCache {
  readonly #limits: CacheLimits;
  /** Each token has a row: numbers in a table, where no collection of garbage looks, and the rest beside it. */
  readonly #rows = new Map<string, number>();
  readonly #keys: (string | undefined)[] = [];
  protected readonly held: (Held | undefined)[] = [];
  readonly #table: number[] = [];
  readonly #free: number[] = [];
  protected readonly order = new OrderOfUse();
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
    const isFresh = now < this.get(row, REFRESH_ON) && now < this.get(row, EXPIRES_ON) - LAST_SERVED;
    if (!isFresh || now < this.get(row, OBTAINED_ON) - CLOCK_STEP) return undefined;
    if (performance.now() >= this.get(row, ENDS_AT)) return undefined;
    const held = this.#touch(row);
    held.answer ??= Promise.resolve(answerOf(this.#tokenOf(row, held)));
    return held.answer;
  }

  /** The token of `key` that is not known to be dead. */
  alive(key: string): AccessToken | undefined {
    const row = this.#rows.get(key);
    if (row === undefined) return undefined;
    if (performance.now() < this.get(row, ENDS_AT)) return this.#tokenOf(row, this.#touch(row));
    this.removeRow(row);
    return undefined;
  }

  /** The times of the token of `key`, as the core is told them: it ends as soon as one of the clocks says so. */
  times(key: string): HeldToken | undefined {
    const row = this.#rows.get(key);
    if (row === undefined) return undefined;
    const left = this.get(row, ENDS_AT) - performance.now();
    return {
      obtainedOn: this.get(row, OBTAINED_ON),
      refreshOn: this.get(row, REFRESH_ON),
      expiresOn: Math.min(this.get(row, EXPIRES_ON), Date.now() + left),
    };
  }

  /** Keeps a token in the place of the one that was there for `key`. */
  insert(key: string, token: AccessToken): void {
    const left = token.expiresOn - Date.now();
    const size = key.length + token.accessToken.length;
    // One of unknown life serves its callers, and takes nobody's place.
    if (left <= 0) return;
    this.remove(key);
    const { tokens, bytes } = this.#limits;
    if (size > bytes) return;
    this.#sweep();
    while (this.#rows.size >= tokens || this.#bytes + size > bytes) this.removeRow(this.order.oldest);
    // Rows are taken one after the other, so that V8 has the table as an array of doubles without holes.
    const row = this.#free.pop() ?? this.#rows.size;
    const { accessToken: text, obtainedOn, refreshOn, expiresOn, correlationId } = token;
    const numbers = [obtainedOn, refreshOn, expiresOn, performance.now() + left, size, 0, 0, 0];
    numbers.forEach((number, column) => void this.set(row, column, number));
    this.#rows.set(key, row);
    this.#keys[row] = key;
    this.held[row] = { text, correlationId, answer: undefined };
    this.#bytes += size;
    this.add(row);
  }

  /** Removes the token of `key`; whether there was one. */
  remove(key: string): boolean {
    const row = this.#rows.get(key);
    if (row !== undefined) this.removeRow(row);
    return row !== undefined;
  }

  clear(): void {
    for (const row of this.#rows.values()) this.removeRow(row);
  }

  protected get(row: number, column: number): number {
    return this.#table[row * COLUMNS + column] as number;
  }

  protected set(row: number, column: number, value: number): void {
    this.#table[row * COLUMNS + column] = value;
  }

  protected removeRow(row: number): void {
    this.takeOut(row);
    this.#bytes -= this.get(row, SIZE);
    this.#rows.delete(this.#keys[row] as string);
    this.#keys[row] = undefined;
    this.held[row] = undefined;
    this.#free.push(row);
  }

  /** Removes the dead among some tokens, from the one on that was inserted first, and again from there. */
  #sweep(): void {
    const now = performance.now();
    for (let count = 0; count < SWEPT; count++) {
      const { value: row, done } = this.#sweeping.next();
      if (done) this.#sweeping = this.#rows.values();
      else if (now >= this.get(row, ENDS_AT)) this.removeRow(row);
    }
  }

  /** Makes a row the most recently used, and gives its text. */
  #touch(row: number): Held {
    const held = this.textOf(row);
    if (row !== this.order.newest) {
      this.takeOut(row);
      this.add(row);
    }
    return held;
  }

  /** The text of a row that is about to be used. */
  protected textOf(row: number): Held {
    return this.held[row] as Held;
  }

  /** Takes a row out of the order of use. */
  protected takeOut(row: number): void {
    this.order.remove(row);
  }

  /** Puts a row before all others in the order of use. */
  protected add(row: number): void {
    this.order.add(row);
  }

  #tokenOf(row: number, { text, correlationId }: Held): AccessToken {
    const obtainedOn = this.get(row, OBTAINED_ON);
    const expiresOn = this.get(row, EXPIRES_ON);
    return {
      accessToken: text,
      tokenType: "Bearer",
      obtainedOn,
      refreshOn: this.get(row, REFRESH_ON),
      expiresOn,
      expiresIn: Math.round((expiresOn - obtainedOn) / 1000),
      correlationId,
    };
  }
}

/** What callers get; frozen, because several may get the same object. */
export function answerOf({ accessToken, expiresOn, refreshOn, correlationId }: AccessToken): Answer {
  return Object.freeze({
    token: accessToken,
    expiresOnTimestamp: expiresOn,
    refreshAfterTimestamp: refreshOn,
    tokenType: "Bearer",
    correlationId,
  });
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
