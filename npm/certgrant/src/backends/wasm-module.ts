/**
 * A WASM module and the instance in use: made when it is first called, thrown away when it traps, and made anew then.
 */
import { decode, encode, type Sendable } from "./wasm-message.ts";

/** Compiles the module of a name. */
export type CompileModule = (name: WasmModuleName) => Promise<WebAssembly.Module>;

/** The modules: the core, and what loads on demand. */
export type WasmModuleName =
  | "certgrant"
  | "certgrant_files"
  | "certgrant_files_rare"
  | "certgrant_rsa"
  | "certgrant_user"
  | "certgrant_vault"
  | "certgrant_wide";

/** What every module exports, besides functions from message to message. */
interface Exports {
  memory: WebAssembly.Memory;
  allocate(length: number): number;
  release(message: number): void;
  [name: string]: unknown;
}

/** Bytes of a message's length, which stands before it. */
const PREFIX = 4;

/** A compiled module. */
export class WasmModule {
  readonly #module: WebAssembly.Module;
  readonly #words: WasmModule | undefined;
  #exports: Exports | undefined;
  /** Which instance it is; what an older one had is gone. */
  generation = 0;

  /** @param words the module that has the texts of the errors for which this one has none */
  constructor(module: WebAssembly.Module, words?: WasmModule) {
    this.#module = module;
    this.#words = words;
  }

  /**
   * Calls an exported function.
   *
   * @throws what the function answers as an error, with the members of `ErrorData`; `WebAssembly.RuntimeError` after a trap
   */
  call(name: string, given: Record<string, Sendable>): unknown {
    this.#exports ??= new WebAssembly.Instance(this.#module, {}).exports as unknown as Exports;
    // What no message can hold is the caller's fault, and no trap.
    const message = encode(given);
    let answer: unknown;
    try {
      answer = exchange(this.#exports, name, message);
    } catch (trap) {
      // Whatever it was about is half done; a new instance has none of it.
      this.#exports = undefined;
      this.generation += 1;
      throw trap;
    }
    if (answer instanceof Error) {
      if (!answer.message) this.#words?.call("fault", { ...answer } as Record<string, Sendable>);
      throw answer;
    }
    return answer;
  }
}

function exchange(exports: Exports, name: string, message: Uint8Array): unknown {
  const { memory, allocate, release } = exports;
  let at: number;
  try {
    at = allocate(message.length);
    new Uint8Array(memory.buffer).set(message, at + PREFIX);
  } finally {
    message.fill(0);
  }
  const answer = (exports[name] as (message: number) => number)(at);
  // The memory may have grown, and then has another buffer.
  const length = new DataView(memory.buffer).getUint32(answer, true);
  const values = decode(new Uint8Array(memory.buffer, answer + PREFIX, length)) as unknown[];
  release(answer);
  return values[0];
}

/** Frees what a module keeps for objects that nobody has any more; some runtimes never tell, and end with their requests. */
const forgotten =
  typeof FinalizationRegistry === "function" ? new FinalizationRegistry<() => void>((close) => close()) : undefined;

/** Something that a module keeps under a number: `open` made it, `close` forgets it. */
export class WasmObject {
  readonly #module: WasmModule;
  readonly #kind: string;
  readonly #number: number;
  readonly #generation: number;

  /** @throws what {@link WasmModule.call} throws */
  constructor(module: WasmModule, kind: string, given: Record<string, Sendable>) {
    const number = module.call(`${kind}_open`, given) as number;
    const { generation } = module;
    this.#module = module;
    this.#kind = kind;
    this.#number = number;
    this.#generation = generation;
    forgotten?.register(this, () => {
      if (module.generation === generation) module.call(`${kind}_close`, { [kind]: number });
    });
  }

  /** @throws what {@link WasmModule.call} throws, and an error if the instance is gone */
  call<T>(name: string, given: Record<string, Sendable> = {}): T {
    if (this.#module.generation !== this.#generation) throw new Error("its WASM instance was thrown away after a trap");
    return this.#module.call(`${this.#kind}_${name}`, { ...given, [this.#kind]: this.#number }) as T;
  }
}
