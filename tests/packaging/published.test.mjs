// What others say of the packed files: publint of the packages, Are the types wrong? of their types.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { member, packages } from "./fixtures/packages.mjs";
import { run } from "./fixtures/process.mjs";

const program = (path) => fileURLToPath(new URL(`node_modules/${path}`, import.meta.url));
const PUBLINT = program("publint/src/cli.js");
const ATTW = program("@arethetypeswrong/cli/dist/index.js");

for (const { path, content, manifest } of packages()) {
  describe(manifest.name, () => {
    it("has nothing that publint objects to", async () => {
      const said = await run(process.execPath, [PUBLINT, path, "--strict"]);
      assert.match(said, /All good/);
    });

    it("has no dependencies, but for the addons, which are optional", () => {
      assert.equal(manifest.dependencies, undefined);
      for (const name of Object.keys(manifest.peerDependencies ?? {})) {
        assert.equal(manifest.peerDependenciesMeta[name].optional, true, name);
      }
      assert.equal(manifest.scripts, undefined, "no script runs while it is installed");
      for (const name of Object.keys(manifest.optionalDependencies ?? {})) assert.match(name, /^@certgrant\/native-/);
    });

    it("says its licence and has the text", () => {
      assert.equal(manifest.license, "MIT OR Apache-2.0");
      assert.match(member(content, "package/LICENSE-MIT"), /^MIT License|Permission is hereby granted/m);
    });

    if (manifest.types) {
      it("has types that resolve everywhere", async () => {
        // Not as before `exports`, which every supported Node has; what is left out is no code.
        const options = ["--profile", "node16", "--exclude-entrypoints", "./wasm/*.wasm", "--format", "json"];
        const said = await run(process.execPath, [ATTW, path, ...options]);
        const problems = Object.values(JSON.parse(said).problems ?? {}).flat();
        assert.deepEqual(
          problems.filter(({ resolutionKind }) => resolutionKind !== "node10"),
          [],
        );
      });
    }
  });
}
