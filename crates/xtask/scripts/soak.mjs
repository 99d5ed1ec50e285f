// Keeps certgrant under load for minutes while its token service has one fault after the other, and prints a sample of what the
// process holds as a line of JSON every so often: at rest, after garbage collection. `cargo xtask soak` judges the samples.
//
// The argument is JSON: the emulator's authority, tenants and scopes, the folder of the certificate, certgrant's entries,
// minutes, and seconds between samples. Real time and real sockets: this is no test.
import { randomBytes, X509Certificate } from "node:crypto";
import { getEventListeners } from "node:events";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { getHeapSpaceStatistics } from "node:v8";
import { Callers } from "./soak-callers.mjs";
import { Faults } from "./soak-faults.mjs";

const job = JSON.parse(process.argv[2]);
const { ClientCertificateCredential } = await import(job.entry);
const { AuthenticationContext, MemoryCache } = await import(job.adalEntry);

/** How long flights behind the callers may take to end: the time limit of a request and its retries. */
const REST_LIMIT_MILLISECONDS = 150_000;
const QUIET_LOOKS = 20;
/** Not immediates: a collection has Node make some, which are over in the next turn. */
const TIMERS = /^Timeout$/;

/** The pool has one thread, so its work is done in order: what is behind all other work there is done last. */
const afterThreadPool = promisify(randomBytes);

const noise = { unhandledRejections: 0, warnings: 0, details: [] };
process.on("unhandledRejection", (reason) => {
  noise.unhandledRejections += 1;
  noise.details.push(`unhandled rejection: ${reason?.stack ?? reason}`);
});
process.on("warning", (warning) => {
  noise.warnings += 1;
  noise.details.push(`warning: ${warning.stack}`);
});

const key = readFileSync(`${job.folder}/key.pem`, "utf8");
const certificate = readFileSync(`${job.folder}/cert.pem`, "utf8");
const thumbprint = new X509Certificate(certificate).fingerprint.replaceAll(":", "");
const identity = { key, certificate, thumbprint };
const callers = new Callers(job, identity, { ClientCertificateCredential, AuthenticationContext, MemoryCache });
const faults = new Faults(job.authority, job.lifetimeSeconds);
await faults.begin();
const started = Date.now();
const end = started + job.minutes * 60_000;

process.stdout.write(`${JSON.stringify(await sample())}\n`);
while (Date.now() < end) {
  callers.start();
  faults.start();
  await sleep(Math.min(job.sampleSeconds * 1000, Math.max(end - Date.now(), 0)));
  await faults.stop();
  await callers.stop();
  process.stdout.write(`${JSON.stringify(await sample())}\n`);
}

/** What the process holds when nobody calls. */
async function sample() {
  const restless = await rest();
  for (let round = 0; round < 3; round++) {
    globalThis.gc();
    await new Promise(setImmediate);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const count = (pattern) => resources.filter((name) => pattern.test(name)).length;
  if (resources.some((name) => TIMERS.test(name))) noise.details.push(`at rest: ${resources.join(", ")}`);
  return {
    seconds: Math.round((Date.now() - started) / 1000),
    ...callers.counts,
    ...noise,
    details: [...noise.details, ...callers.details],
    heapUsed,
    external,
    rss,
    settled: rss - youngSpace(),
    timers: count(TIMERS),
    sockets: count(/TCPSocketWrap|TLSWrap/),
    requests: count(/Req|Wrap$/) - count(/TCPSocketWrap|TLSWrap|PipeWrap|TTYWrap/),
    listeners: getEventListeners(callers.neverAborted, "abort").length,
    restless,
  };
}

/**
 * Pages that V8 has for new objects. At rest they are empty, but V8 keeps up to 34 MB of them, as there was use for them before,
 * and gives them back when it likes: which says nothing of what the process holds.
 */
function youngSpace() {
  return getHeapSpaceStatistics().find((space) => space.space_name === "new_space").physical_space_size;
}

/**
 * Waits until there is no timer but this function's own, which is over when it looks, for several looks in a row: a flight that
 * waits for a signature has none, and goes on when the thread pool has made it. How many are left in the end.
 */
async function rest() {
  const limit = Date.now() + REST_LIMIT_MILLISECONDS;
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  for (let quiet = 0; ; ) {
    await sleep(50);
    await afterThreadPool(1);
    await new Promise(setImmediate);
    quiet = timers() === 0 ? quiet + 1 : 0;
    if (quiet === QUIET_LOOKS || Date.now() > limit) return timers();
  }
}

function sleep(milliseconds) {
  return new Promise((done) => {
    setTimeout(done, milliseconds);
  });
}
