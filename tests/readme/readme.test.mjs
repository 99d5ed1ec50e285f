// Runs the programs of the READMEs, as they stand there, against the emulator.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { programs, startStage } from "./programs.mjs";

let stage;
before(async () => {
  stage = await startStage();
});
after(() => stage?.stop());

test("the README has the old call and the new one", () => {
  assert.equal(programs("README.md").length, 2);
});

test("the old call of the README gets a token and logs what it does", async () => {
  const { stdout, stderr } = await stage.run(programs("README.md")[0]);
  assert.equal(stderr, "");
  assert.match(stdout, /TokenRequest: INFO: Getting a token via certificate\./);
  assert.match(stdout, /^Bearer \d{4}-\d\d-\d\dT/m);
});

test("the new call of the README gets a token", async () => {
  const { stdout, stderr } = await stage.run(programs("README.md")[1]);
  assert.equal(stderr, "");
  assert.match(stdout, /^3 \d{4}-\d\d-\d\dT/);
});

test("each program of the package's README does what it says", async (t) => {
  const expected = [
    /^Bearer$/m,
    /^Bearer$/m,
    /^Bearer$/m,
    /^Bearer$/m,
    /^Bearer$/m,
    /^Bearer$/m,
    /^3 parts$/m,
    /^service \d+ [0-9a-f-]{36}\ncache \d+ [0-9a-f-]{36}$/m,
    /^ERR_PEM_NOT_FOUND the certificate file is not a PEM/m,
    /^Bearer \d{4}-/m,
  ];
  const found = programs("npm/certgrant/README.md");
  assert.equal(found.length, expected.length);
  for (const [index, program] of found.entries()) {
    await t.test(`program ${index + 1}`, async () => {
      const { stdout, stderr } = await stage.run(program);
      assert.match(stdout + stderr, expected[index]);
    });
  }
});
