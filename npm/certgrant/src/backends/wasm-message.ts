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

/** What a message can hold. */
export type Sendable = undefined | null | boolean | number | string | Uint8Array | readonly Sendable[] | object;

/** A value in bytes, as long as `length`; the caller wipes them. */
export function encode(value: Sendable): Uint8Array {
  const writer = new Writer();
  writer.value(value);
  return writer.written();
}

class Writer {
  #bytes = new Uint8Array(4096);
  #length = 0;

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  value(value: unknown): void {
    if (typeof value === "string") this.#content(TEXT, new TextEncoder().encode(value));
    else if (value instanceof Uint8Array) this.#content(BYTES, value);
    else if (typeof value === "number") {
      const at = this.#room(9, NUMBER);
      new DataView(this.#bytes.buffer).setFloat64(at + 1, value, true);
    } else if (typeof value === "boolean") this.#room(1, value ? TRUE : FALSE);
    else if (Array.isArray(value)) this.#container(ARRAY, value);
    else if (typeof value === "object" && value !== null) this.#container(OBJECT, Object.entries(value).flat());
    else this.#room(1, UNDEFINED);
  }

  #content(kind: number, content: Uint8Array): void {
    const at = this.#room(HEAD + content.length, kind);
    this.#setLength(at, content.length);
    this.#bytes.set(content, at + HEAD);
  }

  #container(kind: number, values: readonly unknown[]): void {
    const at = this.#room(HEAD, kind);
    for (const value of values) this.value(value);
    this.#setLength(at, this.#length - at - HEAD);
  }

  #setLength(at: number, length: number): void {
    new DataView(this.#bytes.buffer).setUint32(at + 1, length, true);
  }

  /** Makes room for as many bytes, of which the first is the kind. */
  #room(size: number, kind = 0): number {
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

/** The value that begins at `at`, and where it ends. */
export function decode(bytes: Uint8Array, at = 0): { value: unknown; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = bytes[at] as number;
  if (kind === UNDEFINED) return { value: undefined, end: at + 1 };
  if (kind < NUMBER) return { value: kind === TRUE, end: at + 1 };
  if (kind === NUMBER) return { value: view.getFloat64(at + 1, true), end: at + 9 };
  const start = at + HEAD;
  const end = start + view.getUint32(at + 1, true);
  if (kind === TEXT) return { value: new TextDecoder().decode(bytes.subarray(start, end)), end };
  if (kind === BYTES) return { value: bytes.slice(start, end), end };
  const values: unknown[] = [];
  for (let next = start; next < end; ) {
    const member = decode(bytes, next);
    values.push(member.value);
    next = member.end;
  }
  return { value: kind === ARRAY ? values : withMembers(kind, values), end };
}

function withMembers(kind: number, namesAndValues: readonly unknown[]): object {
  const members: [string, unknown][] = [];
  for (let index = 0; index < namesAndValues.length; index += 2) {
    members.push([namesAndValues[index] as string, namesAndValues[index + 1]]);
  }
  // Defined, not set: a name is whatever a service sent. Those of errors are the core's own.
  const object = Object.fromEntries(members);
  return kind === ERROR ? Object.assign(new Error(), object) : object;
}
