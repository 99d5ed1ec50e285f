/**
 * The numbers of tokens, and the order in which they were used: a row of 64 bytes for each, all in one buffer, where no collection
 * of garbage has anything to follow. What is asked of a token lies in one line of the processor's cache.
 */

/** No row. */
export const NONE = -1;

/** The columns of large numbers; the times are those of an access token. */
export const OBTAINED_ON = 0;
export const REFRESH_ON = 1;
export const EXPIRES_ON = 2;
/** When it dies, by `performance.now()`. */
export const ENDS_AT = 3;
/** What a token counts for in the limit of bytes. */
export const SIZE = 4;
const COLUMNS = 8;

/** The columns of small numbers, integers of 32 bits, begin where those of large ones end. */
export const NEWER = 10;
const OLDER = 11;
/** The first of four for a cache's own use. */
export const SPARE = 12;
const SMALL_COLUMNS = 16;

const FIRST_ROWS = 8;

/** Rows of numbers, linked both ways in the order of their use. */
export class TokenTable {
  #large = new Float64Array(FIRST_ROWS * COLUMNS);
  #small = new Int32Array(this.#large.buffer);
  newest = NONE;
  oldest = NONE;

  clear(): void {
    this.#large = new Float64Array(FIRST_ROWS * COLUMNS);
    this.#small = new Int32Array(this.#large.buffer);
    this.newest = NONE;
    this.oldest = NONE;
  }

  /** A large number. */
  large(row: number, column: number): number {
    return this.#large[row * COLUMNS + column] as number;
  }

  setLarge(row: number, column: number, value: number): void {
    this.#large[row * COLUMNS + column] = value;
  }

  /** A small one. */
  small(row: number, column: number): number {
    return this.#small[row * SMALL_COLUMNS + column] as number;
  }

  setSmall(row: number, column: number, value: number): void {
    this.#small[row * SMALL_COLUMNS + column] = value;
  }

  /** Makes room for a row. */
  reserve(row: number): void {
    const large = this.#large;
    if (row * COLUMNS < large.length) return;
    this.#large = new Float64Array(2 * large.length);
    this.#large.set(large);
    this.#small = new Int32Array(this.#large.buffer);
  }

  /** Puts a row, which is not in the order of use, before all others. */
  add(row: number): void {
    this.#link(row, this.newest);
    this.#link(NONE, row);
  }

  /** Takes a row out of the order of use. */
  remove(row: number): void {
    this.#link(this.small(row, NEWER), this.small(row, OLDER));
  }

  /** Makes two rows neighbours; beside {@link NONE}, one is the newest or the oldest. */
  #link(newer: number, older: number): void {
    if (newer === NONE) this.newest = older;
    else this.setSmall(newer, OLDER, older);
    if (older === NONE) this.oldest = newer;
    else this.setSmall(older, NEWER, newer);
  }
}
