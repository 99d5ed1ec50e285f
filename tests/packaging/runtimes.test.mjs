// One list of cases, tests/suite/everywhere, on each real runtime, with the package as it is published. A runtime that is not
// installed here is named and left out.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startEmulator } from "../interop/fixtures/emulator.mjs";
import { caseNames } from "../suite/everywhere/cases.mjs";
import { removeProjects } from "./fixtures/project.mjs";
import { CHROMIUM_RUNTIMES } from "./fixtures/runtimes/chromium.mjs";
import { EDGE_LIGHT } from "./fixtures/runtimes/edge-light.mjs";
import { PROGRAMS } from "./fixtures/runtimes/programs.mjs";
import { WORKERD_RUNTIMES } from "./fixtures/runtimes/workerd.mjs";

const wanted = process.env.CERTGRANT_RUNTIME;

let emulator;
before(async () => {
  emulator = await startEmulator();
});
after(async () => {
  await emulator.stop();
  removeProjects();
});

for (const { name, missing, run } of [...PROGRAMS, ...WORKERD_RUNTIMES, EDGE_LIGHT, ...CHROMIUM_RUNTIMES]) {
  if (wanted && !name.includes(wanted)) continue;
  const lacking = missing();
  if (lacking) {
    process.stdout.write(`${name} is left out: ${lacking}\n`);
    continue;
  }
  describe(name, () => {
    let results;
    before(async () => {
      results = await run(emulator);
    });
    for (const [index, expected] of caseNames.entries()) {
      it(expected, () => {
        assert.equal(results[index]?.name, expected);
        assert.equal(results[index].error, undefined, results[index].error);
      });
    }
  });
}
