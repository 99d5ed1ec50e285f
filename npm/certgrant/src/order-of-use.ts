/**
 * Rows in the order of their use, as a list that is linked both ways. Links are small integers in one array, where no collection of
 * garbage has anything to follow, and a million of them lie close together.
 */

/** No row. */
export const NONE = -1;

/** The order in which rows were used. */
export class OrderOfUse {
  /** Of each row the next newer, then the next older one. */
  readonly #links: number[] = [];
  newest = NONE;
  oldest = NONE;

  newerThan(row: number): number {
    return this.#links[2 * row] as number;
  }

  /** Puts a row, which is not in the list, before all others. */
  add(row: number): void {
    const links = this.#links;
    links[2 * row] = NONE;
    links[2 * row + 1] = this.newest;
    if (this.newest === NONE) this.oldest = row;
    else links[2 * this.newest] = row;
    this.newest = row;
  }

  remove(row: number): void {
    const links = this.#links;
    const newer = links[2 * row] as number;
    const older = links[2 * row + 1] as number;
    if (newer === NONE) this.newest = older;
    else links[2 * newer + 1] = older;
    if (older === NONE) this.oldest = newer;
    else links[2 * older] = newer;
  }
}
