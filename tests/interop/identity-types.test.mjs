// Programs that were written for @azure/identity: its own types fit certgrant's credentials, and its chain takes them as links.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ChainedTokenCredential, CredentialUnavailableError } from "@azure/identity";
import { certgrant } from "./fixtures/package.mjs";

const COMPILER = fileURLToPath(new URL("../../npm/certgrant/node_modules/typescript/bin/tsc", import.meta.url));
const PROJECT = fileURLToPath(new URL("types/tsconfig.json", import.meta.url));
const SCOPE = "https://graph.microsoft.com/.default";

test("what @azure/identity's constructors take, certgrant's take, and results and errors fit", () => {
  const { status, stdout } = spawnSync(process.execPath, [COMPILER, "-p", PROJECT], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
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
