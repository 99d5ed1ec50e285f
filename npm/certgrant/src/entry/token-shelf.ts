/**
 * Texts outside of JavaScript's heap, in a few large buffers. A text takes a cell of a size that many share; a cell that is given
 * back is wiped, and the next text of its size has it.
 */
/** Cells are multiples of this, in bytes. */
const STEP = 128;
/** Longer texts have no place here. */
const LONGEST = 16_384;
/** Before a text, its length. */
const HEADER = 4;
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

/** Texts in buffers. A place is a buffer's number and an offset in it. */
export class TokenShelf {
  readonly #buffers: Buffer[] = [];
  readonly #racks = new Map<number, Rack>();

  /** Keeps a text, and says where; `undefined` for one that has no place here. */
  put(text: string): number | undefined {
    const size = Math.ceil((text.length + HEADER) / STEP) * STEP;
    if (size > LONGEST) return undefined;
    const place = this.#cell(size);
    const [buffer, offset] = this.#at(place);
    buffer.writeUInt32LE(text.length, offset);
    buffer.write(text, offset + HEADER, "latin1");
    // What is not of Latin-1 is no token of OAuth's (RFC 6749 appendix A.12), but is not to be spoilt.
    if (this.get(place) === text) return place;
    this.remove(place);
    return undefined;
  }

  /** The text at a place. */
  get(place: number): string {
    const [buffer, offset] = this.#at(place);
    const start = offset + HEADER;
    return buffer.toString("latin1", start, start + buffer.readUInt32LE(offset));
  }

  /** Wipes the text at a place, which is free then. */
  remove(place: number): void {
    const [buffer, offset] = this.#at(place);
    const length = buffer.readUInt32LE(offset) + HEADER;
    buffer.fill(0, offset, offset + length);
    this.#racks.get(Math.ceil(length / STEP) * STEP)?.free.push(place);
  }

  #at(place: number): [Buffer, number] {
    const number = Math.floor(place / LARGEST_BUFFER);
    return [this.#buffers[number] as Buffer, place % LARGEST_BUFFER];
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
