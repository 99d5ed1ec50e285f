// Measures adal-node, or certgrant in its place, and prints JSON. Arguments: its name, the folder of the package, the authority of a
// service that grants everything, the folder of the certificate.
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const [, folder, authority, vector] = process.argv.slice(2);
const RESOURCE = "https://graph.microsoft.com";
const CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const STARTS = 9;
const ROUNDS = 5;

const adal = createRequire(import.meta.url)(folder);
const key = readFileSync(join(vector, "key.pem"), "utf8");
const thumbprint = new X509Certificate(readFileSync(join(vector, "cert.pem"))).fingerprint;

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** A package and all that it depends on, as they are installed: folder and bytes. */
function installed(root, found = new Map()) {
  if (found.has(root)) return found;
  found.set(root, bytesOf(root));
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const name of Object.keys(dependencies)) {
    let from = root;
    while (!existsSync(join(from, "node_modules", name))) from = dirname(from);
    installed(join(from, "node_modules", name), found);
  }
  return found;
}

function bytesOf(path) {
  let bytes = 0;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.name === "node_modules") continue;
    const inside = join(path, entry.name);
    bytes += entry.isDirectory() ? bytesOf(inside) : statSync(inside).size;
  }
  return bytes;
}

/** Milliseconds of `require`, each in a process of its own. */
function requireTime() {
  const program = `
    const began = performance.now();
    require(${JSON.stringify(folder)});
    console.log(performance.now() - began);`;
  const times = Array.from({ length: STARTS }, () => {
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", program], { encoding: "utf8" });
    if (!stdout) throw new Error(stderr);
    return Number(stdout);
  });
  return median(times);
}

/** Processor's time of a call, in nanoseconds. */
async function processorTime(calls, call) {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let index = 0; index < calls; index++) await call();
    const { user, system } = process.cpuUsage(before);
    times.push(((user + system) * 1000) / calls);
  }
  return median(times);
}

function call(context, method, ...parameters) {
  return new Promise((done, failed) => {
    context[method](...parameters, (error, token) => (error ? failed(error) : done(token)));
  });
}

/** A cached call among so many entries of the same application. */
async function cached(entries) {
  const cache = new adal.MemoryCache();
  const context = new adal.AuthenticationContext(`${authority}/contoso.example`, false, cache);
  const token = () => call(context, "acquireTokenWithClientCredentials", RESOURCE, CLIENT, "secret");
  const { ...entry } = await token();
  for (let index = 1; index < entries; index++) {
    cache._entries.push({ ...entry, resource: `urn:${index}`, accessToken: `token-${index}` });
  }
  const calls = entries > 1000 ? 50 : entries > 1 ? 500 : 5000;
  await processorTime(calls, token);
  return processorTime(calls, token);
}

/** Calls with a certificate that no cache answers: a second by the clock, and the processor's milliseconds. */
async function certificate() {
  const answer = (result) => (_, callback) => callback(null, result);
  const cache = { find: answer([]), add: answer(true), remove: answer(null) };
  const context = new adal.AuthenticationContext(`${authority}/contoso.example`, false, cache);
  const token = () => call(context, "acquireTokenWithClientCertificate", RESOURCE, CLIENT, key, thumbprint);
  await processorTime(10, token);
  const began = performance.now();
  const processor = await processorTime(50, token);
  return { perSecond: (ROUNDS * 50 * 1000) / (performance.now() - began), processor: processor / 1e6 };
}

const packages = installed(folder);
const result = {
  packages: packages.size,
  bytes: [...packages.values()].reduce((sum, bytes) => sum + bytes, 0),
  require: requireTime(),
  cached: { 1: await cached(1), 1000: await cached(1000), 10000: await cached(10_000) },
  certificate: await certificate(),
};
process.stdout.write(JSON.stringify(result), () => process.exit());
