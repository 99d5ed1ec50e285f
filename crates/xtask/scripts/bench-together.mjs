// Has thousands of callers ask one client for the same token at once, and prints JSON: how many requests that made, and after
// how many milliseconds the last one had its token (median of some rounds, each with a client of its own). Arguments: the library,
// how many callers, certgrant's entry, the folder of the certificate. Nothing is sent.
import { open } from "./bench-libraries.mjs";

const [library, callers, entry, folder] = process.argv.slice(2);
const ROUNDS = 5;
let requests = 0;

function answer() {
  requests += 1;
  return { token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599, access_token: `t${requests}` };
}

const openClient = await open(library, { entry, folder, answer });
const times = [];
for (let round = 0; round < ROUNDS; round++) {
  const getToken = openClient();
  // The first one loads what is loaded once.
  await getToken("https://first.example/.default");
  requests = 0;
  const began = performance.now();
  await Promise.all(Array.from({ length: Number(callers) }, () => getToken("https://graph.microsoft.com/.default")));
  times.push(performance.now() - began);
}
const milliseconds = times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
process.stdout.write(JSON.stringify({ requests, milliseconds }));
