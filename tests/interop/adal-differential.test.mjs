// One list of calls through adal-node itself and through certgrant in its place, over real sockets: what they ask, what their
// callbacks get and when, what is left in the caches, what is logged. Differences are in a list with a reason each.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { DIFFERENCES } from "./fixtures/adal/differences.mjs";
import { HOSTS } from "./fixtures/adal/hosts.mjs";
import { OURS, THEIRS } from "./fixtures/adal/log-differences.mjs";
import { SCENARIOS } from "./fixtures/adal/scenarios.mjs";
import { selfSigned } from "./fixtures/certificate.mjs";
import { run } from "./fixtures/child.mjs";

const path = (relative) => fileURLToPath(new URL(`../../npm/${relative}`, import.meta.url));
/** What is compared with adal-node: the entry of certgrant, and the package that takes adal-node's name. */
const LIBRARIES = [
  ["certgrant/adal", path("certgrant/dist/adal.cjs"), "native"],
  ["certgrant-adal", path("certgrant-adal/lib/adal.js"), "wasm"],
];
const ASPECTS = ["callbacks", "notes", "requests", "cache"];

let folder;
let theirs;
let caFile;
const tls = selfSigned("scenarios", HOSTS);
const play = async (library, backend) => {
  const { key, certificate } = tls;
  const env = backend ? { CERTGRANT_BACKEND: backend } : {};
  return (await run("adal-scenarios", { library, key, certificate }, { caFile, env })).result;
};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "certgrant-interop-"));
  caFile = join(folder, "ca.pem");
  writeFileSync(caFile, tls.certificate);
  theirs = await play("adal-node");
});
after(() => rmSync(folder, { recursive: true, force: true }));

for (const [name, library, backend] of LIBRARIES) {
  describe(`${name} (${backend}) and adal-node`, () => {
    let ours;
    before(async () => {
      ours = await play(library, backend);
    });

    for (const { name } of SCENARIOS) {
      it(name, () => {
        const { aspects = {} } = DIFFERENCES.find(({ scenario }) => scenario === name) ?? {};
        for (const aspect of ASPECTS) {
          const [one, other] = [ours[name][aspect], theirs[name][aspect]];
          if (aspects[aspect]) assert.notDeepEqual(one, other, `${aspect} no longer differ: ${aspects[aspect]}`);
          else assert.deepEqual(one, other, `${aspect} differ (ours first)`);
        }
      });
    }

    it("every error has a code and says what to do", () => {
      const errors = Object.values(ours).flatMap(({ extras }) => extras);
      assert.ok(errors.length > 100, `${errors.length} errors`);
      for (const { method, code, hint } of errors) {
        assert.match(code ?? "", /^ERR_[A-Z_]+$/, method);
        assert.ok(hint?.length > 20, `${method}: ${code}`);
      }
    });

    it("log lines are adal-node's, but for those that are listed", () => {
      const unexplained = [];
      const used = new Set();
      for (const { name } of SCENARIOS) {
        const [mine, other] = [ours, theirs].map((results) => new Set(results[name].lines.map(({ line }) => line)));
        const explain = (list, line, who) => {
          const found = list.find(([pattern]) => pattern.test(line));
          if (found) used.add(found);
          else unexplained.push(`${name}: ${who} alone: ${line}`);
        };
        for (const line of without(mine, other)) explain(OURS, line, "certgrant");
        for (const line of without(other, mine)) explain(THEIRS, line, "adal-node");
      }
      assert.deepEqual(unexplained, []);
      const unused = [...OURS, ...THEIRS].filter((difference) => !used.has(difference));
      assert.deepEqual(unused.map(String), [], "differences that there are no longer");
    });

    it("log lines have adal-node's form, and its third argument", () => {
      for (const { lines } of Object.values(ours)) {
        for (const { line, malformed, level, correlationId, hasStack, error } of lines) {
          assert.equal(malformed, undefined);
          assert.ok(correlationId.length > 0, line);
          assert.equal(error === "Error", hasStack, line);
          assert.match(line, new RegExp(`^[A-Za-z0-9]+: ${["ERROR", "WARNING", "INFO", "VERBOSE"][level]}: `));
        }
      }
    });

    it("without loggingWithPII no line names tenant, host, client or the service's words", () => {
      const { lines } = ours["personal data stays out of the log"];
      assert.ok(lines.length > 5);
      for (const { line } of lines) assert.doesNotMatch(line, /contoso|aaaaaaaa-bbbb|AADSTS|microsoftonline/, line);
      const levels = ours["only errors are logged"].lines.map(({ level }) => level);
      assert.deepEqual(new Set(levels), new Set([0]));
    });
  });
}

it("every difference is of a scenario", () => {
  const names = new Set(SCENARIOS.map(({ name }) => name));
  assert.equal(names.size, SCENARIOS.length, "names are used once");
  for (const { scenario } of DIFFERENCES) assert.ok(names.has(scenario), scenario);
});

/** What is in one set and not in another; Node 20 has no method for it. */
function without(one, other) {
  return [...one].filter((line) => !other.has(line));
}
