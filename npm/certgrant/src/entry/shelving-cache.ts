/**
 * The cache of a process that holds many tokens. All but the most recently used lie outside of JavaScript's heap: V8 visits every
 * page of the heap each time it collects what is young, so that a million tokens there would make all that the process does slower.
 */
import { NONE } from "../order-of-use.ts";
import { type Held, SPARE, TokenCache } from "../token-cache.ts";
import { TokenShelf } from "./token-shelf.ts";

/** How many tokens, the most recently used, are in the heap. */
const AT_HAND = 1024;
/** Column: whether a token is one of those. */
const IS_AT_HAND = SPARE;
/** Column: one more than where it is on the shelf; 0 as long as it was never there. */
const PLACE = SPARE + 1;
/** Between a correlation id, which has no control characters, and a token. */
const SEPARATOR = "\n";

/** A cache that has the texts of tokens which are not used now on a {@link TokenShelf}. */
export class ShelvingCache extends TokenCache {
  #shelf = new TokenShelf();
  /** The least recently used of those at hand, and how many these are. */
  #leastAtHand = NONE;
  #atHand = 0;

  override clear(): void {
    super.clear();
    this.#shelf = new TokenShelf();
  }

  protected override textOf(row: number): Held {
    return this.held[row] ?? this.#takeDown(row);
  }

  protected override add(row: number): void {
    super.add(row);
    this.set(row, IS_AT_HAND, 1);
    this.#atHand += 1;
    if (this.#leastAtHand === NONE) this.#leastAtHand = row;
    if (this.#atHand > AT_HAND) this.#putAway(this.#leastAtHand);
  }

  protected override takeOut(row: number): void {
    if (this.get(row, IS_AT_HAND) === 1) {
      this.#atHand -= 1;
      if (this.#leastAtHand === row) this.#leastAtHand = this.order.newerThan(row);
    }
    super.takeOut(row);
  }

  protected override removeRow(row: number): void {
    const place = this.get(row, PLACE);
    if (place > 0) this.#shelf.remove(place - 1);
    super.removeRow(row);
  }

  /** Leaves a token that is not used now to the shelf; it may be there since an earlier time. */
  #putAway(row: number): void {
    this.#atHand -= 1;
    this.#leastAtHand = this.order.newerThan(row);
    this.set(row, IS_AT_HAND, 0);
    const held = this.held[row];
    if (held === undefined) return;
    if (this.get(row, PLACE) === 0) {
      const place = this.#shelf.put(`${held.correlationId ?? ""}${SEPARATOR}${held.text}`);
      if (place === undefined) return;
      this.set(row, PLACE, place + 1);
    }
    this.held[row] = undefined;
  }

  #takeDown(row: number): Held {
    const shelved = this.#shelf.get(this.get(row, PLACE) - 1);
    const at = shelved.indexOf(SEPARATOR);
    const held = { text: shelved.slice(at + 1), correlationId: shelved.slice(0, at) || undefined, answer: undefined };
    this.held[row] = held;
    return held;
  }
}
