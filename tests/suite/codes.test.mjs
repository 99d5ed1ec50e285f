// The codes of the core are one table; the list in TypeScript repeats it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("the TypeScript list of codes is the core's table", () => {
  const table = read("crates/core/src/error.rs").match(/error_codes! \{([\s\S]*?)\n\}/)[1];
  const core = [...table.matchAll(/= "(ERR_[A-Z_]+)"/g)].map(([, code]) => code);
  const list = read("npm/certgrant/src/codes.ts").match(/CORE_ERROR_CODES = \[([\s\S]*?)\]/)[1];
  const typescript = [...list.matchAll(/"(ERR_[A-Z_]+)"/g)].map(([, code]) => code);
  assert.ok(core.length > 20);
  assert.deepEqual(typescript, core);
});
