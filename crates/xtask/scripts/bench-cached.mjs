// Measures cached tokens of one library and prints JSON: the processor's time of a call in nanoseconds (medians), for one token
// alone, for the same one among others, and for going round all of them, and what a token takes in memory beyond its own text. Arguments: the
// library, how many other tokens there are, certgrant's entry, the folder of the certificate.
//
// Nothing is sent: each library is given a transport that answers at once. The time is the processor's, so that programs beside
// this one count less.
import { open } from "./bench-libraries.mjs";

const [library, others, entry, folder] = process.argv.slice(2);
const ROUNDS = 15;
/** As long as Entra's; all are of the same length. */
const TOKEN_LENGTH = 1500;
let granted = 0;

function answer() {
  granted += 1;
  const access_token = String(granted).padStart(TOKEN_LENGTH, "t");
  return { token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599, access_token };
}

async function median(calls, call) {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let index = round * calls; index < (round + 1) * calls; index++) await call(index);
    const { user, system } = process.cpuUsage(before);
    times.push(((user + system) * 1000) / calls);
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
}

/** What the heap holds when all that can go is gone. */
function held() {
  for (let round = 0; round < 4; round++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const getToken = (await open(library, { entry, folder, answer }))();
const scopes = Array.from({ length: Number(others) }, (_, index) => `https://r${index}.example/.default`);
const scope = "https://graph.microsoft.com/.default";
await getToken(scope);
// What takes milliseconds is called less often; going round must come by all of them, and most rounds must be behind the time in
// which V8's other threads still sweep what filling the cache left behind.
const calls = library.startsWith("@") ? 100 : 1_000_000;
const alone = await median(calls, () => getToken(scope));
const before = held();
for (const other of scopes) await getToken(other);
const extra = scopes.length === 0 ? null : (held() - before) / scopes.length - TOKEN_LENGTH;
const one = scopes.length === 0 ? alone : await median(calls, () => getToken(scope));
const round =
  scopes.length === 0 ? null : await median(calls, (index) => getToken(scopes[(index * 7919) % scopes.length]));
process.stdout.write(JSON.stringify({ alone, one, round, extra, granted }));
