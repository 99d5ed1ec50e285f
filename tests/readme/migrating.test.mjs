// The migration guide: its programs run, and its tables name what there is.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { programs, startStage } from "./programs.mjs";

const FILE = "npm/certgrant/docs/migrating.md";
const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const text = readFileSync(path(FILE), "utf8");

let stage;
before(async () => {
  stage = await startStage();
});
after(() => stage?.stop());

test("each program of the guide gets a token", async (t) => {
  const found = programs(FILE);
  assert.equal(found.length, 3);
  for (const [index, program] of found.entries()) {
    await t.test(`program ${index + 1}`, async () => {
      const { stdout } = await stage.run(program);
      assert.match(stdout, /^Bearer .*20\d\d-\d\d-\d\dT/);
    });
  }
});

test("the table names every method and function of adal-node", () => {
  const adal = createRequire(import.meta.url)(path("npm/certgrant/dist/adal.cjs"));
  const methods = Object.getOwnPropertyNames(adal.AuthenticationContext.prototype);
  const names = methods.filter((name) => /^(acquire|cancel)[A-Z]/.test(name));
  assert.equal(names.length, 9);
  for (const name of [...names, "createAuthenticationContext", "createAuthenticationParametersFromHeader"]) {
    assert.ok(text.includes(`\`${name}(`), name);
  }
});

test("what the tables say that certgrant exports is there", () => {
  const certgrant = createRequire(import.meta.url)(path("npm/certgrant/dist/index.cjs"));
  const own = text.slice(text.indexOf("## From @azure/identity"), text.indexOf("| `authorityHost`"));
  const rows = own.split("\n").filter((row) => row.startsWith("| `") && / the same/.test(row));
  const names = rows.flatMap((row) => [...row.split("|")[1].matchAll(/`([A-Z][A-Za-z]+|getBearerTokenProvider)/g)]);
  assert.ok(names.length >= 9, `${names.length} names`);
  for (const [, name] of names) assert.notEqual(certgrant[name], undefined, name);
});

test("the files that the guide names are there", () => {
  for (const [, target] of text.matchAll(/\]\(([^)#]+)/g)) {
    readFileSync(fileURLToPath(new URL(target, new URL(`../../${FILE}`, import.meta.url))));
  }
});
