// The document of a run: tables, and plots beside them.
import os from "node:os";

const round = (digits) => (value) => (value === undefined ? "" : value.toFixed(digits));
const isOurs = (name) => name.startsWith("certgrant");

/** File names with their contents. */
export function document(results, { bars, table }) {
  const plot = (title, unit, rows) =>
    bars(
      title,
      unit,
      rows.map(([name, value]) => [name, value, isOurs(name)]),
    );
  const { load, start, memory, installed, worker, native, assertions, firstToken } = results;
  const ratio = ({ whole, unsigned, jose }) =>
    `${(whole - unsigned).toFixed(0)} / ${(jose - unsigned).toFixed(0)} (${((whole - unsigned) / (jose - unsigned)).toFixed(2)})`;
  const files = {
    "runtimes-start.svg": plot(
      "Start over an empty Node, ESM",
      "ms",
      start.map(({ name, esm }) => [name, Math.max(0, esm)]),
    ),
    "runtimes-worker.svg": plot(
      "What a Worker with a certificate loads, gzip",
      "KB",
      worker.map(({ name, bytes }) => [name, bytes / 1000]),
    ),
    "runtimes-installed.svg": plot(
      "Installed on linux-x64",
      "MB",
      installed.map(({ name, bytes }) => [name, bytes / 1e6]),
    ),
    "runtimes-native.svg": plot(
      "RS256 on Node, RSA 2048",
      "µs",
      native.map(({ name, microseconds }) => [name, microseconds]),
    ),
    "runtimes-memory.svg": plot(
      "Memory over an empty process",
      "MB",
      memory.map(({ name, megabytes }) => [name, Math.max(0, megabytes)]),
    ),
  };
  files["runtimes.md"] = `# What certgrant costs, by runtime

Written by \`cargo xtask bench-runtimes --record\`: medians of one run on ${os.cpus()[0].model}, ${os.cpus().length} cores, Node
${process.versions.node}, while ${load.toFixed(0)} processes wanted to run. Read the ratios; times are those of a machine that is so loaded.

## Start

Milliseconds over an empty Node process. What an empty package takes is Node's own: finding and loading it.

![Start](runtimes-start.svg)

${table(
  [
    ["library", ({ name }) => name],
    ["CommonJS, ms", ({ cjs }) => round(1)(cjs)],
    ["ESM, ms", ({ esm }) => round(1)(esm)],
  ],
  start,
)}

## What a Worker loads

The script, minified by esbuild as one file, so with what the package itself would load on demand (Key Vault, the log, renewals, hints for
AADSTS numbers), and the WASM module, each through gzip -9. PFX files take one further module, and rare ones another.

![Worker](runtimes-worker.svg)

${table(
  [
    ["library", ({ name }) => name],
    ["KB gzip", ({ bytes }) => round(1)(bytes / 1000)],
  ],
  worker,
)}

## What is installed

![Installed](runtimes-installed.svg)

${table(
  [
    ["library", ({ name }) => name],
    ["packages", ({ packages }) => String(packages)],
    ["MB", ({ bytes }) => round(1)(bytes / 1e6)],
  ],
  installed,
)}

## RS256 on Node

Microseconds a signature, one after the other, and for how long each call holds the event loop.

![RS256](runtimes-native.svg)

${table(
  [
    ["what", ({ name }) => name],
    ["µs", ({ microseconds }) => round(0)(microseconds)],
    ["event loop held, µs", ({ held }) => round(0)(held)],
  ],
  native,
)}

## Assertions in each runtime

Microseconds of a signed assertion, certgrant / jose (ratio), by the same WebCrypto (with the addon it is OpenSSL beside WebCrypto). Both
are made in whole token requests of certgrant's, which a function answers: with a certificate, and with an assertion that jose signs when
it is asked for; the same request with an assertion that is there already is subtracted. (Alone, one after the other, signatures are
faster: the thread that makes them has no time to fall asleep.) "Whole" is certgrant's request with its assertion, for both algorithms.

${table(
  [
    ["runtime", ({ name }) => name],
    ["RS256", ({ RS256 }) => ratio(RS256)],
    ["PS256", ({ PS256 }) => ratio(PS256)],
    ["whole", ({ RS256, PS256 }) => `${round(0)(RS256.whole)}, ${round(0)(PS256.whole)}`],
  ],
  assertions,
)}

## First token in a fresh isolate

workerd, milliseconds: until it listens, the first request, the second. The token service answers at once. Differences tell
where the time goes: to load script and module, to instantiate the module and make a request for the first time, to read the certificate
and sign; what a key's first signature takes of WebCrypto is in the second row.

${table(
  [
    ["Worker", ({ name }) => name],
    ["start", ({ start }) => round(0)(start)],
    ["first request", ({ first }) => round(1)(first)],
    ["second request", ({ second }) => round(1)(second)],
  ],
  firstToken,
)}

## Memory

Resident megabytes over an empty process, after a collection.

![Memory](runtimes-memory.svg)

${table(
  [
    ["library", ({ name }) => name],
    ["MB", ({ megabytes }) => round(1)(megabytes)],
  ],
  memory,
)}
`;
  return files;
}
