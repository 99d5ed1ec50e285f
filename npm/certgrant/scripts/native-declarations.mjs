// Makes TypeScript declarations of what napi-derive wrote about the addon's exports, an object in JSON a line, and prints them.
// They are for `types/bindings.ts` alone: the package's own types are written by hand.
import { readFileSync } from "node:fs";

const [path] = process.argv.slice(2);
const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
const items = lines.map((line) => JSON.parse(line));

/** The methods of a class are told apart from the class. */
const methods = (name) => items.filter((item) => item.kind === "impl" && item.name === name).map(({ def }) => def);

/** What Rust may be without is `undefined` as well as absent. */
const withUndefined = (def) => def.replace(/^(.*?\b\w+)\?: ([^;}\n]+)/gm, "$1?: $2 | undefined");

const WRITERS = {
  interface: ({ name, def }) => `export interface ${name} {\n${withUndefined(def)}\n}`,
  type: ({ name, def }) => `export type ${name} =\n${withUndefined(def)};`,
  fn: ({ def }) => `export ${def};`,
  struct: ({ name, def }) => `export declare class ${name} {\n${[def, ...methods(name)].join("\n")}\n}`,
  impl: () => "",
};

for (const item of items) {
  const write = WRITERS[item.kind];
  if (!write) throw new Error(`no way to declare a ${item.kind}: ${item.name}`);
  const declaration = write(item);
  if (declaration) process.stdout.write(`${item.js_doc ?? ""}${declaration}\n\n`);
}
