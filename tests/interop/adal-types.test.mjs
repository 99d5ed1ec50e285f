// Code that compiles against adal-node's declarations compiles against certgrant's.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { it } from "node:test";
import { fileURLToPath } from "node:url";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const ts = createRequire(path("../../npm/certgrant/package.json"))("typescript");

const DECLARATIONS = {
  "adal-node": { "adal-node": [path("node_modules/adal-node/lib/adal.d.ts")] },
  "certgrant-adal": { "adal-node": [path("../../npm/certgrant-adal/lib/adal.d.ts")] },
  "certgrant/adal": { "adal-node": [path("../../npm/certgrant/dist/adal.d.ts")] },
};

/** What the compiler says about a file. */
function compile(file, paths) {
  const options = {
    noEmit: true,
    strict: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    typeRoots: [path("../../npm/certgrant/node_modules/@types")],
    types: ["node"],
    paths,
  };
  const program = ts.createProgram([file], options);
  return ts.getPreEmitDiagnostics(program).map(({ file: where, start, messageText }) => {
    const line = where ? `${where.fileName}:${where.getLineAndCharacterOfPosition(start).line + 1}: ` : "";
    return line + ts.flattenDiagnosticMessageText(messageText, "\n");
  });
}

for (const [name, paths] of Object.entries(DECLARATIONS)) {
  it(`the uses of adal-node's declarations compile against ${name}`, () => {
    assert.deepEqual(compile(path("fixtures/adal/uses.ts"), paths), []);
  });
}

it("what adal-node's declarations refuse is refused", () => {
  const [first] = compile(path("fixtures/adal/misuse.ts"), DECLARATIONS["certgrant-adal"]);
  assert.match(first, /misuse\.ts:4: .*not assignable to parameter of type 'string'/s);
});
