// Measures tokens that are got over HTTPS from a service on this machine, and prints JSON: tokens per second and the processor's
// time of a token, for one client whose callers come one after the other, for the same with many at once, and for a new client
// each time. Arguments: the library, certgrant's entry, the folder of the certificate, the address of the service.
import { open } from "./bench-libraries.mjs";

const [library, entry, folder, authority] = process.argv.slice(2);
const WARM_UP = 50;
const TOKENS = 200;
const AT_ONCE = 16;

const openClient = await open(library, { entry, folder, authority });
const getToken = openClient();
let last = 0;
/** Each token is another one, so that none is in the cache. */
const nextScope = () => `https://r${last++}.example/.default`;

/** Tokens per second by the clock, and the processor's milliseconds of a token. */
async function measure(tokens, callers, get) {
  let left = tokens;
  const began = performance.now();
  const before = process.cpuUsage();
  const caller = async () => {
    while (left-- > 0) await get(nextScope());
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const { user, system } = process.cpuUsage(before);
  return { perSecond: (tokens * 1000) / (performance.now() - began), processor: (user + system) / 1000 / tokens };
}

await measure(WARM_UP, 1, getToken);
const alone = await measure(TOKENS, 1, getToken);
const together = await measure(TOKENS, AT_ONCE, getToken);
const anew = await measure(TOKENS / 2, 1, (scope) => openClient()(scope));
process.stdout.write(JSON.stringify({ alone, together, anew }));
