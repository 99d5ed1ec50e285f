/**
 * The messages to and from a WASM module: values of JavaScript as bytes. The kinds are those of `bindings/wasm-convert`: a byte
 * for the kind, four for the length of what has one, the content.
 */

// One by one: so they are written into the code where they stand, and a Worker has fewer bytes.
const UNDEFINED = 0;
const FALSE = 1;
const TRUE = 2;
const NUMBER = 3;
const TEXT = 4;
const BYTES = 5;
const ARRAY = 6;
const OBJECT = 7;
const ERROR = 8;
/** Bytes of a kind and a length. */
const HEAD = 5;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Where messages are written: an array of this size is slow to make. A longer message has its own. */
const DESK = new Uint8Array(4096);

/** What a message can hold. */
export type Sendable = undefined | null | boolean | number | string | Uint8Array | readonly Sendable[] | object;

/** A value in bytes; the caller wipes them before the next one is encoded. */
export function encode(value: Sendable): Uint8Array {
  const writer = new Writer();
  writer.value(value);
  return writer.written();
}

class Writer {
  #bytes = DESK;
  #length = 0;

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  value(value: unknown): void {
    if (typeof value === "string") this.#text(value);
    else if (value instanceof Uint8Array) {
      const at = this.#room(BYTES, HEAD + value.length);
      this.#bytes.set(value, at + HEAD);
      this.#close(at);
    } else if (typeof value === "number") {
      const at = this.#room(NUMBER, 9);
      this.#view().setFloat64(at + 1, value, true);
    } else if (typeof value === "boolean") this.#room(value ? TRUE : FALSE, 1);
    else if (Array.isArray(value)) this.#container(ARRAY, value);
    else if (typeof value === "object" && value !== null) this.#container(OBJECT, Object.entries(value).flat());
    else this.#room(UNDEFINED, 1);
  }

  #text(text: string): void {
    // No unit of UTF-16 takes more than three bytes of UTF-8.
    const at = this.#room(TEXT, HEAD + 3 * text.length);
    this.#length = at + HEAD + encoder.encodeInto(text, this.#bytes.subarray(at + HEAD)).written;
    this.#close(at);
  }

  #container(kind: number, values: readonly unknown[]): void {
    const at = this.#room(kind, HEAD);
    for (const value of values) this.value(value);
    this.#close(at);
  }

  /** Writes how long the content of a kind is, which ends here. */
  #close(at: number): void {
    this.#view().setUint32(at + 1, this.#length - at - HEAD, true);
  }

  #view(): DataView {
    return new DataView(this.#bytes.buffer);
  }

  /** Makes room for as many bytes, of which the first is the kind. */
  #room(kind: number, size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const old = this.#bytes;
      this.#bytes = new Uint8Array(this.#length * 2);
      this.#bytes.set(old);
      old.fill(0);
    }
    this.#bytes[at] = kind;
    return at;
  }
}

/** The value that the bytes are. */
export function decode(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let at = 0;
  const value = (): unknown => {
    const kind = bytes[at++] as number;
    if (kind === UNDEFINED) return undefined;
    if (kind < NUMBER) return kind === TRUE;
    at += kind === NUMBER ? 8 : 4;
    if (kind === NUMBER) return view.getFloat64(at - 8, true);
    const end = at + view.getUint32(at - 4, true);
    if (kind > BYTES) return container(kind, end);
    const content = bytes.subarray(at, end);
    at = end;
    return kind === TEXT ? decoder.decode(content) : content.slice();
  };
  const container = (kind: number, end: number) => {
    const values: unknown[] = [];
    while (at < end) values.push(kind === ARRAY ? value() : [value(), value()]);
    if (kind === ARRAY) return values;
    // Defined, not set: a name is whatever a service sent. Those of errors are the core's own.
    const object = Object.fromEntries(values as [string, unknown][]);
    return kind === ERROR ? Object.assign(new Error(), object) : object;
  };
  return value();
}
