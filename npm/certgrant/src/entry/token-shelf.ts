/**
 * Texts of tokens outside of JavaScript's heap. They lie one behind the other in pieces of a megabyte, each of which is one string:
 * Node keeps the content of so long a string outside of the heap, and V8 gives a part of a string without copying it. A text that
 * is removed leaves a gap; a piece with many gaps is given up, and what is left in it is put on the shelf again.
 */
import { NONE, type TokenTable } from "../token-table.ts";

/** Of a piece, in bytes: more than the 1,031,913 up to which Node makes strings in the heap. */
const PIECE = 2 ** 20;
/** The buffer in which a piece grows begins with that, and is doubled. */
const FIRST_BYTES = 2 ** 14;
/**
 * A piece has to have more bytes in use: so no more is moved than is removed, and what is kept takes no more than twice its size.
 * A piece of only what was moved has to have room for another text.
 */
const FEW = PIECE / 2;

/** Of what a place consists, in bits: 20 for where in the piece it begins, and these. */
const ID_LENGTH = 6;
const TOKEN_LENGTH = 14;
const LONGEST_ID = 2 ** ID_LENGTH - 1;
const LONGEST_TOKEN = 2 ** TOKEN_LENGTH - 1;
const MOST_PIECES = 2 ** 16;

interface Piece {
  /** When it is full; until then, it is what the buffer has. */
  text: string | undefined;
  /** Those that were put there; some have left since. */
  readonly rows: number[];
  /** How many bytes belong to those that have not. */
  used: number;
}

/** A token's text, and the correlation id of the request that got it, which may be empty. */
export interface Shelved {
  token: string;
  correlationId: string;
}

/** The texts of some rows of a table, which has two columns for it. */
export class TokenShelf {
  readonly #table: TokenTable;
  /** The column of the start and the length of the correlation id, {@link NONE} for a row that is not here. */
  readonly #start: number;
  /** The column of the piece and the length of the token. */
  readonly #piece: number;
  readonly #moved: (row: number) => void;
  #pieces: (Piece | undefined)[] = [];
  #free: number[] = [];
  /** The piece that grows, its bytes, and where the next text begins. */
  #growing = NONE;
  #bytes = Buffer.alloc(FIRST_BYTES);
  #end = 0;

  /**
   * @param column - The first of the two; rows are to have {@link NONE} in it
   * @param moved - Told of a row whose text is in another piece now. Whoever holds on to what {@link get} gave before, keeps
   * all of the former piece in memory.
   */
  constructor(table: TokenTable, column: number, moved: (row: number) => void) {
    this.#table = table;
    this.#start = column;
    this.#piece = column + 1;
    this.#moved = moved;
  }

  has(row: number): boolean {
    return this.#table.small(row, this.#start) !== NONE;
  }

  /** Keeps the text of a row that is not here; whether there was a place for it. */
  put(row: number, shelved: Shelved): boolean {
    const { token, correlationId } = shelved;
    const isLong = token.length > LONGEST_TOKEN || correlationId.length > LONGEST_ID;
    if (isLong || this.#pieces.length === MOST_PIECES) return false;
    this.#write(row, shelved);
    const kept = this.get(row);
    // What is not of Latin-1 is no token of OAuth's (RFC 6749 appendix A.12), but is not to be spoilt.
    if (kept.token === token && kept.correlationId === correlationId) return true;
    this.remove(row);
    return false;
  }

  /** The text of a row that is here. */
  get(row: number): Shelved {
    const at = this.#table.small(row, this.#start);
    const of = this.#table.small(row, this.#piece);
    const start = at >>> ID_LENGTH;
    const middle = start + (at & LONGEST_ID);
    const end = middle + (of & LONGEST_TOKEN);
    const { text } = this.#pieces[of >>> TOKEN_LENGTH] as Piece;
    // Not read, and so not fetched from far memory: a copy of the id alone made going round a million tokens a third slower.
    if (text !== undefined) return { correlationId: text.slice(start, middle), token: text.slice(middle, end) };
    return {
      correlationId: this.#bytes.toString("latin1", start, middle),
      token: this.#bytes.toString("latin1", middle, end),
    };
  }

  /** Removes the text of a row that is here. */
  remove(row: number): void {
    const at = this.#table.small(row, this.#start);
    const of = this.#table.small(row, this.#piece);
    const start = at >>> ID_LENGTH;
    const length = (at & LONGEST_ID) + (of & LONGEST_TOKEN);
    const index = of >>> TOKEN_LENGTH;
    const piece = this.#pieces[index] as Piece;
    this.#table.setSmall(row, this.#start, NONE);
    piece.used -= length;
    if (index === this.#growing) this.#bytes.fill(0, start, start + length);
    else if (piece.used <= FEW) this.#giveUp(index);
  }

  /** Forgets all texts; their rows are gone. */
  clear(): void {
    this.#pieces = [];
    this.#free = [];
    this.#growing = NONE;
    this.#bytes.fill(0);
    this.#bytes = Buffer.alloc(FIRST_BYTES);
    this.#end = 0;
  }

  #write(row: number, { token, correlationId }: Shelved): void {
    const length = correlationId.length + token.length;
    this.#makeRoom(length);
    if (this.#growing === NONE) this.#growing = this.#free.pop() ?? this.#pieces.length;
    this.#pieces[this.#growing] ??= { text: undefined, rows: [], used: 0 };
    const piece = this.#pieces[this.#growing] as Piece;
    piece.rows.push(row);
    piece.used += length;
    this.#bytes.write(correlationId + token, this.#end, "latin1");
    this.#table.setSmall(row, this.#start, (this.#end << ID_LENGTH) | correlationId.length);
    this.#table.setSmall(row, this.#piece, (this.#growing << TOKEN_LENGTH) | token.length);
    this.#end += length;
  }

  /** Makes room for a text, which is much shorter than a piece. */
  #makeRoom(length: number): void {
    while (this.#end + length > this.#bytes.length) {
      if (this.#bytes.length === PIECE) this.#close();
      else this.#grow();
    }
  }

  #grow(): void {
    const bytes = Buffer.alloc(2 * this.#bytes.length);
    this.#bytes.copy(bytes);
    this.#bytes.fill(0);
    this.#bytes = bytes;
  }

  /** Makes the full buffer a piece; the next one grows in it. */
  #close(): void {
    const index = this.#growing;
    const piece = this.#pieces[index] as Piece;
    piece.text = this.#bytes.toString("latin1");
    this.#bytes.fill(0);
    this.#growing = NONE;
    this.#end = 0;
    if (piece.used <= FEW) this.#giveUp(index);
  }

  /** Moves what is left in a piece that does not grow, and forgets the piece. */
  #giveUp(index: number): void {
    const { rows } = this.#pieces[index] as Piece;
    for (const row of rows) {
      // A row may have been used again, and so be here twice.
      const isHere = this.has(row) && this.#table.small(row, this.#piece) >>> TOKEN_LENGTH === index;
      if (!isHere) continue;
      this.#write(row, this.get(row));
      this.#moved(row);
    }
    this.#pieces[index] = undefined;
    this.#free.push(index);
  }
}
