// Programs that were written for @azure/identity: its own types fit certgrant's credentials, and its chain takes them as links.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as identity from "@azure/identity";
import { certgrant } from "./fixtures/package.mjs";

const COMPILER = fileURLToPath(new URL("../../npm/certgrant/node_modules/typescript/bin/tsc", import.meta.url));
const PROJECT = fileURLToPath(new URL("types/tsconfig.json", import.meta.url));
const GUIDE = readFileSync(new URL("../../npm/certgrant/docs/migrating.md", import.meta.url), "utf8");
const { ChainedTokenCredential, CredentialUnavailableError } = identity;
const SCOPE = "https://graph.microsoft.com/.default";

test("what @azure/identity's constructors take, certgrant's take, and results and errors fit", () => {
  const { status, stdout } = spawnSync(process.execPath, [COMPILER, "-p", PROJECT], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});

/** The names of the first column, in those rows of the guide's part on @azure/identity that `belongs` takes. */
function namesOf(part, belongs) {
  const rows = part.split("\n").filter((row) => row.startsWith("| `") && belongs(row));
  return rows.flatMap((row) => [...row.split("|")[1].matchAll(/`(\w+)/g)].map(([, name]) => name));
}

test("each value that @azure/identity exports is exported, or the guide says that it is not", () => {
  const [same, other] = GUIDE.slice(GUIDE.indexOf("## From @azure/identity")).split("What it does not export:");
  const claimed = namesOf(same, (row) => / the same/.test(row)).filter((name) => name in identity);
  const missing = namesOf(other, () => true);
  assert.deepEqual([...claimed, ...missing].sort(), Object.keys(identity).sort());
  for (const name of claimed) assert.equal(typeof certgrant[name], typeof identity[name], name);
  for (const name of missing) assert.equal(certgrant[name], undefined, name);
});

test("constants have the values that they have in @azure/identity", () => {
  const names = Object.keys(identity).filter((name) => typeof identity[name] === "string");
  assert.equal(names.length, 3);
  for (const name of [...names, "AzureAuthorityHosts"]) assert.deepEqual(certgrant[name], identity[name], name);
});

const next = { getToken: async () => ({ token: "next", expiresOnTimestamp: 4e12 }) };

test("a chain of @azure/identity goes on behind a credential of certgrant's that is unavailable", async () => {
  const kept = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith("AZURE_")) delete process.env[name];
  try {
    const chain = new ChainedTokenCredential(new certgrant.EnvironmentCredential(), next);
    assert.equal((await chain.getToken(SCOPE)).token, "next");
  } finally {
    Object.assign(process.env, kept);
  }
});

test("a chain of certgrant's goes on behind a credential of @azure/identity's that is unavailable", async () => {
  const unavailable = {
    async getToken() {
      throw new CredentialUnavailableError("not here");
    },
  };
  assert.equal((await new certgrant.ChainedTokenCredential(unavailable, next).getToken(SCOPE)).token, "next");
});
