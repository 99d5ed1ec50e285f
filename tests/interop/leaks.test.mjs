// No secret leaks: everything that is logged, thrown or printed by a full run of certgrant, at every log level without
// the switch for personal data, on both backends, is scanned for the private keys, the assertions, the tokens, the
// password, and for their parts. What the emulator prints is scanned too.
//
// fixtures/clients/leaks.mjs has the run; results and cache entries hold tokens because that is what they are for, and
// are not scanned. That the scan can fail is shown with planted leaks.
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { inspect } from "node:util";
import { SignJWT } from "jose";
import { BACKENDS } from "./fixtures/certgrant.mjs";
import { selfSigned } from "./fixtures/certificate.mjs";
import { run } from "./fixtures/child.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import { LeakScan } from "./fixtures/leak-scan.mjs";
import { startMisleader } from "./fixtures/misleader.mjs";
import { CLIENT, GRAPH, OTHER_TENANT, TENANT } from "./fixtures/registrations.mjs";
import { CHAINED, ENCRYPTED_KEY, SINGLE } from "./fixtures/vectors.mjs";

const STRANGER = selfSigned();
const EXPIRED = selfSigned("expired", [], [-9, -2]);
const FUTURE = selfSigned("future", [], [2, 9]);
const PASSWORD = "correct-horse-battery-staple";
/** Base64 characters of an encrypted key's file that hold its public parameters. */
const PARAMETERS = 160;
/** Keys that certgrant refuses. */
const OTHER_KEYS = ["ec.key", "ec.sec1.key", "weak.key"].map((name) =>
  readFileSync(new URL(`../vectors/bundles/${name}`, import.meta.url), "utf8"),
);

/** All that a program could print of a run that must leak nothing: logs at each level, each kind of failure. */
const LEVELS = ["error", "warning", "info", "verbose"].map((level) => `log ${level}`);
const ADAL_LEVELS = [0, 1, 2, 3].map((level) => `log ${level}`);
const CODES = [
  "ERR_ABORTED",
  "ERR_CERTIFICATE_MISSING",
  "ERR_FILE_UNREADABLE",
  "ERR_INVALID_ARG_TYPE",
  "ERR_INVALID_ARG_VALUE",
  "ERR_KEY_MISMATCH",
  "ERR_KEY_UNSUPPORTED",
  "ERR_KEY_WEAK",
  "ERR_NETWORK_FAILED",
  "ERR_PASSWORD_WRONG",
  "ERR_REQUEST_TIMEOUT",
  "ERR_RESPONSE_INVALID",
  "ERR_SERVICE_REFUSED",
  "ERR_SERVICE_UNAVAILABLE",
  "ERR_THUMBPRINT_INVALID",
];

/** Codes of the certificate and its key that a run here can't end with, and why. */
const ELSEWHERE = {
  ERR_ASSERTION_FAILED: "of ClientAssertionCredential, whose caller's own error is its cause",
  ERR_KEY_ENCRYPTED: "of a core without its feature `encryption`, which both backends have",
};

/** The codes that the documentation lists under a heading. */
function codesUnder(heading) {
  const page = readFileSync(new URL("../../npm/certgrant/docs/errors.md", import.meta.url), "utf8");
  const section = page.split(/^## /m).find((text) => text.startsWith(heading));
  return [...section.matchAll(/^\| `(ERR_\w+)`/gm)].map(([, code]) => code);
}

/** Two mistakes that others make have a test of their own; the rest is one. */
const MISPLACED = /PEM (in the place of|as)/;
const REPEATED = /gateway repeats the request/;
const GROUPS = [
  { name: "a private key that is given in the place of something else", includes: (leak) => MISPLACED.test(leak) },
  { name: "a gateway that answers with the request that it got", includes: (leak) => REPEATED.test(leak) },
  { name: "everything else", includes: (leak) => !MISPLACED.test(leak) && !REPEATED.test(leak) },
];

async function madeUpToken(audience = GRAPH) {
  return new SignJWT({ aud: audience, made: "up" })
    .setProtectedHeader({ alg: "RS256" })
    .sign(createPrivateKey(STRANGER.key));
}

/** A run of everything, or a short one with a leak planted somewhere. */
async function runAll(backend, planted) {
  const { authority, caFile } = emulator;
  const token = await madeUpToken();
  const job = {
    authority,
    untrusted: misleader.authority,
    tenant: TENANT,
    clientId: CLIENT,
    scope: `${GRAPH}/.default`,
    resource: GRAPH,
    single: plain(SINGLE),
    chained: plain(CHAINED),
    stranger: plain(STRANGER),
    expired: plain(EXPIRED),
    future: plain(FUTURE),
    otherKeys: OTHER_KEYS,
    encryptedKey: ENCRYPTED_KEY,
    password: PASSWORD,
    madeUpToken: token,
    planted,
  };
  const env = { CERTGRANT_BACKEND: backend, DEBUG: "*", RUST_LOG: "trace", RUST_BACKTRACE: "full" };
  const { result, console } = await run("leaks", job, { caFile, env });
  const scan = secretsOf([...result.assertions], [...result.tokens, token]);
  return { ...result, console, scan, emulator: emulator.lines };
}

/** What can be sent to another process. */
function plain({ publicKey: _, ...rest }) {
  return rest;
}

function secretsOf(assertions, tokens) {
  const scan = new LeakScan();
  for (const { key } of [SINGLE, CHAINED, STRANGER, EXPIRED, FUTURE]) scan.addKey("a private key", key);
  for (const key of OTHER_KEYS) scan.addKey("a private key", key);
  scan.addText("an encrypted private key", ENCRYPTED_KEY.replace(/-----.*-----|\s/g, "").slice(PARAMETERS));
  scan.addText("the password", PASSWORD);
  for (const assertion of assertions) scan.addJws("an assertion", assertion);
  for (const token of tokens) scan.addJws("an access token", token);
  return scan;
}

/** The leaks of a run, one line for each place, without the secrets themselves. */
function leaksOf({ heard, console, emulator, scan }) {
  const texts = new Map([
    [console, "console of the process"],
    ...emulator.map((line) => [line, "output of the emulator"]),
  ]);
  for (const { scenario, where, text } of heard) texts.set(text, `${scenario}, ${where}`);
  const leaks = [...texts].flatMap(([text, where]) => scan.find(text).map((name) => `${where}: a piece of ${name}`));
  return [...new Set(leaks)];
}

let emulator;
let misleader;
before(async () => {
  emulator = await startEmulator();
  misleader = await startMisleader(emulator, OTHER_TENANT, TENANT);
});
after(async () => {
  await misleader.stop();
  await emulator.stop();
});

for (const backend of BACKENDS) {
  describe(`leaks, ${backend} backend`, () => {
    let full;
    let leaks;
    before(async () => {
      full = await runAll(backend);
      leaks = leaksOf(full);
    });

    it("the run did what it should: tokens, every level, every kind of failure", () => {
      const { heard, assertions, tokens, emulator: lines } = full;
      const at = (where) => heard.filter((entry) => entry.where === where);
      for (const level of LEVELS)
        assert.ok(
          at(level).some(({ scenario }) => scenario.startsWith("credential")),
          level,
        );
      for (const level of ADAL_LEVELS)
        assert.ok(
          at(level).some(({ scenario }) => scenario.startsWith("adal level 3")),
          level,
        );
      const codes = new Set(at("code").map(({ text }) => text));
      for (const code of CODES) assert.ok(codes.has(code), `${code} is not among ${[...codes]}`);
      for (const { scenario } of heard) {
        const outcomes = heard.filter(
          (entry) => entry.scenario === scenario && ["outcome", "code"].includes(entry.where),
        );
        assert.ok(outcomes.length > 0, `${scenario} came to an end`);
        if (/: token(,|$)/.test(scenario))
          assert.deepEqual(
            outcomes.map(({ text }) => text),
            ["token"],
            scenario,
          );
        // adal-node takes some of the odd answers.
        else if (!/: odd answer/.test(scenario))
          assert.ok(
            outcomes.every(({ where }) => where === "code"),
            `${scenario} fails`,
          );
      }
      assert.ok(assertions.length > 20 && tokens.length > 10 && lines.length > 20);
    });

    it("every code of the certificate and its key was provoked, each by the file made for it", () => {
      const codesOf = (scenario) =>
        full.heard.filter((entry) => entry.scenario === scenario && entry.where === "code").map(({ text }) => text);
      const named = [...new Set(full.heard.map(({ scenario }) => scenario))].filter((name) =>
        name.includes("refused with"),
      );
      for (const scenario of named) assert.deepEqual(codesOf(scenario), [scenario.split("refused with ")[1]], scenario);
      const provoked = new Set(full.heard.filter(({ where }) => where === "code").map(({ text }) => text));
      const codes = codesUnder("The certificate and its private key");
      assert.ok(codes.length > 20);
      assert.deepEqual(
        codes.filter((code) => !provoked.has(code) && !(code in ELSEWHERE)),
        [],
      );
    });

    it("nothing is printed, whatever the environment asks for", () => {
      assert.equal(full.console, "");
    });

    for (const { name, includes } of GROUPS) {
      it(`nothing leaks: ${name}`, () => {
        assert.deepEqual(leaks.filter(includes), []);
      });
    }
  });
}

describe("a leak that is planted in a run is found", () => {
  for (const [planted, leak] of [
    ["console", "console of the process: a piece of an assertion"],
    ["error", "planted, message: a piece of an access token"],
    ["cause", "planted, cause: a piece of a private key"],
    ["log", "planted, log verbose: a piece of an assertion"],
  ]) {
    it(planted, async () => {
      const leaks = leaksOf(await runAll("wasm", planted));
      assert.ok(leaks.includes(leak), leaks.join("\n"));
      assert.ok(
        leaks.every((line) => line.startsWith("planted") || line.startsWith("console")),
        leaks.join("\n"),
      );
    });
  }
});

describe("the scan", () => {
  let token;
  let assertion;
  let scan;
  before(async () => {
    token = await madeUpToken();
    assertion = await madeUpToken("https://login.example/token");
    scan = secretsOf([assertion], [token]);
  });

  it("finds nothing in what is no secret", () => {
    for (const text of [
      SINGLE.certificate,
      SINGLE.thumbprint,
      inspect(process.versions),
      CLIENT,
      inspect(SINGLE.publicKey),
    ]) {
      assert.deepEqual(scan.find(text), [], text);
    }
  });

  it("finds a secret in every form", () => {
    const key = createPrivateKey(SINGLE.key);
    const der = key.export({ type: "pkcs8", format: "der" });
    const { d, p } = key.export({ format: "jwk" });
    const leaks = {
      "a private key": [
        SINGLE.key,
        inspect({ key: SINGLE.key }),
        JSON.stringify({ key: SINGLE.key }),
        SINGLE.key.split("\n")[9],
        der.toString("base64"),
        der.subarray(501).toString("base64url"),
        der.toString("hex").toUpperCase(),
        inspect(der.subarray(400)),
        inspect(new Uint8Array(der.subarray(400))),
        JSON.stringify(new Uint8Array(der.subarray(400))),
        d,
        Buffer.from(p, "base64url").toString("hex"),
        OTHER_KEYS[0].split("\n")[1],
      ],
      "the password": [`wrong password ${PASSWORD}`, PASSWORD.slice(5, 20)],
      "an assertion": [assertion.split(".")[2].slice(100, 112)],
      "an access token": [token.split(".")[2].slice(7, 19), `Bearer ${token}`.slice(-40)],
    };
    for (const [name, texts] of Object.entries(leaks)) {
      for (const [index, text] of texts.entries()) {
        const found = scan.find(`2026-01-31 12:00:00Z failed: ${text} (see above)`);
        assert.ok(found.includes(name), `${name}, form ${index}`);
      }
    }
  });
});
