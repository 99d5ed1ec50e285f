// What a process pays for a library: time to load it over an empty Node, and memory with one token got.

import { run } from "../fixtures/process.mjs";
import { median, milliseconds } from "./figures.mjs";

const ROUNDS = 21;

/** Milliseconds from start to end of a Node process that loads `specifier`, or nothing. */
async function lifetime(folder, specifier, system) {
  const code =
    specifier === undefined
      ? "0"
      : system === "cjs"
        ? `require(${JSON.stringify(specifier)})`
        : `await import(${JSON.stringify(specifier)})`;
  const type = system === "cjs" ? [] : ["--input-type=module"];
  return milliseconds(() =>
    run(process.execPath, [...type, "-e", code], { cwd: folder, env: { NODE_NO_WARNINGS: "1" } }),
  );
}

/** Added milliseconds of each library, `{ name, specifier, folder, systems }`; rounds of all, one after the other. */
export async function measureStart(libraries) {
  const times = new Map();
  const add = (key, time) => times.set(key, [...(times.get(key) ?? []), time]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const system of ["cjs", "esm"]) {
      add(system, await lifetime(libraries[0].folder, undefined, system));
      for (const { name, specifier, folder, systems = ["cjs", "esm"] } of libraries) {
        if (systems.includes(system)) add(`${name} ${system}`, await lifetime(folder, specifier, system));
      }
    }
  }
  const over = (name, system) => {
    const found = times.get(`${name} ${system}`);
    return found && median(found) - median(times.get(system));
  };
  return libraries.map(({ name }) => ({ name, cjs: over(name, "cjs"), esm: over(name, "esm") }));
}

/** Megabytes of resident memory that each program, `{ name, folder, code }`, adds to an empty process. */
export async function measureMemory(programs) {
  const measured = async (folder, code) => {
    const source = `${code};\nglobalThis.gc(); console.log(process.memoryUsage().rss / 1e6);`;
    const options = { cwd: folder, env: { NODE_NO_WARNINGS: "1" } };
    return Number(await run(process.execPath, ["--expose-gc", "--input-type=module", "-e", source], options));
  };
  const rows = new Map(programs.map(({ name }) => [name, []]));
  const empty = [];
  for (let round = 0; round < ROUNDS; round++) {
    empty.push(await measured(programs[0].folder, ""));
    for (const { name, folder, code } of programs) rows.get(name).push(await measured(folder, code));
  }
  return [...rows].map(([name, all]) => ({ name, megabytes: median(all) - median(empty) }));
}
