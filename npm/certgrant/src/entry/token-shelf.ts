/**
 * Texts outside of JavaScript's heap, in a few large buffers. A text takes a cell of a size that many share; a cell that is given
 * back is wiped, and the next text of its size has it.
 */
/** Cells are multiples of this, in bytes. */
const STEP = 128;
/** Longer texts have no place here. */
const LONGEST = 16_384;
/** A place is a cell multiplied by this, and the length of the text in it. */
const LENGTHS = 2 * LONGEST;
/** The first buffer of a size holds that many cells; each further one twice as many as the one before, up to some bytes. */
const FIRST_CELLS = 32;
const LARGEST_BUFFER = 4 * 1024 * 1024;

/** The cells of one size. */
interface Rack {
  readonly free: number[];
  /** Its newest buffer: where it begins among all, and how much of it is in use. */
  buffer: Buffer;
  start: number;
  used: number;
}

/** Texts in buffers. A cell is a buffer's number and an offset in it. */
export class TokenShelf {
  readonly #buffers: Buffer[] = [];
  readonly #racks = new Map<number, Rack>();

  /** Keeps a text, and says where; `undefined` for one that has no place here. */
  put(text: string): number | undefined {
    const size = sizeOf(text.length);
    if (size > LONGEST) return undefined;
    const cell = this.#cell(size);
    this.#buffer(cell).write(text, cell % LARGEST_BUFFER, "latin1");
    const place = cell * LENGTHS + text.length;
    // What is not of Latin-1 is no token of OAuth's (RFC 6749 appendix A.12), but is not to be spoilt.
    if (this.get(place) === text) return place;
    this.remove(place);
    return undefined;
  }

  /** The text at a place. */
  get(place: number): string {
    const length = place % LENGTHS;
    const cell = (place - length) / LENGTHS;
    const start = cell % LARGEST_BUFFER;
    return this.#buffer(cell).toString("latin1", start, start + length);
  }

  /** Wipes the text at a place, which is free then. */
  remove(place: number): void {
    const length = place % LENGTHS;
    const cell = (place - length) / LENGTHS;
    const start = cell % LARGEST_BUFFER;
    this.#buffer(cell).fill(0, start, start + length);
    this.#racks.get(sizeOf(length))?.free.push(cell);
  }

  #buffer(cell: number): Buffer {
    return this.#buffers[Math.floor(cell / LARGEST_BUFFER)] as Buffer;
  }

  #cell(size: number): number {
    let rack = this.#racks.get(size);
    const free = rack?.free.pop();
    if (free !== undefined) return free;
    if (rack === undefined || rack.used + size > rack.buffer.length) {
      const bytes = Math.min((rack ? (rack.buffer.length * 2) / size : FIRST_CELLS) * size, LARGEST_BUFFER);
      const start = this.#buffers.length * LARGEST_BUFFER;
      rack = { free: rack?.free ?? [], buffer: Buffer.alloc(bytes - (bytes % size)), start, used: 0 };
      this.#buffers.push(rack.buffer);
      this.#racks.set(size, rack);
    }
    rack.used += size;
    return rack.start + rack.used - size;
  }
}

function sizeOf(length: number): number {
  return Math.ceil(length / STEP) * STEP;
}
