/**
 * The cache of a process that holds many tokens. All but the most recently used lie outside of JavaScript's heap: V8 visits every
 * page of the heap each time it collects what is young, so that a million tokens there would make all that the process does slower.
 */
import type { AccessToken as Answer } from "../options.ts";
import { answerOf, type Held, type KeptToken, TokenCache } from "../token-cache.ts";
import { EXPIRES_ON, NEWER, NONE, REFRESH_ON, SPARE } from "../token-table.ts";
import { TokenShelf } from "./token-shelf.ts";

/** How many tokens, the most recently used, are in the heap, besides those that have no place on the shelf. */
const AT_HAND = 1024;
/** Column: whether a token is one of those. */
const IS_AT_HAND = SPARE;
/** Column: where among the texts in the heap its own is; {@link NONE} if it is on the shelf alone. */
const SLOT = SPARE + 1;
/** Columns: where it is on the shelf; {@link NONE} as long as it was never there. */
const PLACE = SPARE + 2;

/**
 * A text in the heap. A class, as the answer is a copy, because V8 places what a literal makes among the old as soon as many of its
 * objects have lived long, and an old one that dies keeps its young text alive until all of the heap is collected.
 */
class HeldAtHand implements Held {
  readonly answer: Answer;
  readonly promise: Promise<Answer>;

  constructor(answer: Answer) {
    this.answer = answer;
    this.promise = Promise.resolve(answer);
  }
}

/** A cache that has the texts of tokens which are not used now on a {@link TokenShelf}. */
export class ShelvingCache extends TokenCache {
  readonly #shelf = new TokenShelf(this.table, PLACE, (row) => this.#refresh(row));
  /** The texts in the heap, and the slots among them that are free. */
  readonly #texts: (Held | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  /** The least recently used of those at hand, and how many these are. */
  #leastAtHand = NONE;
  #atHand = 0;

  override clear(): void {
    super.clear();
    this.#shelf.clear();
    this.#texts.length = this.#freeSlots.length = this.#atHand = 0;
    this.#leastAtHand = NONE;
  }

  protected override keep(row: number, token: KeptToken): void {
    this.table.setSmall(row, PLACE, NONE);
    this.table.setSmall(row, IS_AT_HAND, 0);
    this.#hold(row, token);
  }

  protected override textOf(row: number): Held {
    const slot = this.table.small(row, SLOT);
    if (slot !== NONE) return this.#texts[slot] as Held;
    // The newest that is left, when all at hand were removed, is not among those.
    if (this.table.small(row, IS_AT_HAND) === 0) {
      this.takeOut(row);
      this.add(row);
    }
    return this.#takeDown(row);
  }

  protected override add(row: number): void {
    super.add(row);
    this.table.setSmall(row, IS_AT_HAND, 1);
    this.#atHand += 1;
    if (this.#leastAtHand === NONE) this.#leastAtHand = row;
    if (this.#atHand > AT_HAND) this.#putAway(this.#leastAtHand);
  }

  protected override takeOut(row: number): void {
    if (this.table.small(row, IS_AT_HAND) === 1) this.#noLongerAtHand(row);
    super.takeOut(row);
  }

  protected override removeRow(row: number): void {
    super.removeRow(row);
    // Last: it may need memory that there is not.
    if (this.#shelf.has(row)) this.#shelf.remove(row);
  }

  protected override letGo(row: number): void {
    const slot = this.table.small(row, SLOT);
    if (slot === NONE) return;
    this.#texts[slot] = undefined;
    this.#freeSlots.push(slot);
    this.table.setSmall(row, SLOT, NONE);
  }

  #noLongerAtHand(row: number): void {
    this.table.setSmall(row, IS_AT_HAND, 0);
    this.#atHand -= 1;
    if (this.#leastAtHand === row) this.#leastAtHand = this.table.small(row, NEWER);
  }

  #hold(row: number, token: Omit<KeptToken, "obtainedOn">): Held {
    const held = new HeldAtHand(Object.freeze(Object.assign({}, answerOf(token))));
    const slot = this.#freeSlots.pop() ?? this.#texts.length;
    this.#texts[slot] = held;
    this.table.setSmall(row, SLOT, slot);
    return held;
  }

  /** Leaves a token that is not used now to the shelf; it may be there since an earlier time. */
  #putAway(row: number): void {
    this.#noLongerAtHand(row);
    if (!this.#shelf.has(row)) {
      const { token, correlationId = "" } = this.textOf(row).answer;
      if (!this.#shelf.put(row, { token, correlationId })) return;
    }
    this.letGo(row);
  }

  #takeDown(row: number): Held {
    const { token, correlationId } = this.#shelf.get(row);
    return this.#hold(row, {
      accessToken: token,
      expiresOn: this.table.large(row, EXPIRES_ON),
      refreshOn: this.table.large(row, REFRESH_ON),
      correlationId: correlationId || undefined,
    });
  }

  /** Takes a text in the heap from where it is now on the shelf. */
  #refresh(row: number): void {
    if (this.table.small(row, SLOT) === NONE) return;
    this.letGo(row);
    this.#takeDown(row);
  }
}
