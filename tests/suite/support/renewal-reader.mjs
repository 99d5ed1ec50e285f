// A process of the test about several: it reads a certificate file for each of its tokens, or writes it again and again until
// it is told that it is enough, in place, in two pieces, so that readers find halves.
import { closeSync, openSync, writeSync } from "node:fs";
import { mock } from "node:test";
import { CLIENT, PEM, TENANT, vector } from "./fixtures.mjs";
import { ClientCertificateCredential } from "./package.mjs";
import { granted, scriptedFetch } from "./service.mjs";

const [mode, path] = process.argv.slice(2);
const TOKENS = 60;
/** More than it takes until both certificates were seen. */
const MAX_TOKENS = 5000;
const SUCCESSOR = vector("bundles/leaf.pkcs1.key") + vector("bundles/leaf.pem");

if (mode === "write") write();
else await read();

function write() {
  let written = 0;
  let isEnough = false;
  process.on("message", () => {
    isEnough = true;
  });
  const turn = () => {
    const content = written++ % 2 === 0 ? SUCCESSOR : PEM;
    if (written === 3) process.send({ written });
    const file = openSync(path, "w");
    writeSync(file, content.slice(0, 1000));
    setImmediate(() => {
      writeSync(file, content.slice(1000));
      closeSync(file);
      if (!isEnough) setImmediate(turn);
      else process.send({ written }, () => process.exit(0));
    });
  };
  turn();
}

async function read() {
  mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const fetch = scriptedFetch(granted());
  const warnings = [];
  const logger = ({ level, message }) => level === "warning" && warnings.push(message);
  const credential = new ClientCertificateCredential(TENANT, CLIENT, { certificatePath: path }, { fetch, logger });
  const assertions = new Map();
  const signers = new Set();
  const isEnough = () => (assertions.size >= TOKENS && signers.size > 1) || assertions.size === MAX_TOKENS;
  for (let request = 0; !isEnough() && request < 10 * MAX_TOKENS; request++) {
    mock.timers.tick(600_000);
    // The first may find half a file, and then there is no older certificate to go on with.
    const got = await credential.getToken(`https://r${request}.example/.default`).catch((error) => error);
    if (got instanceof Error) {
      if (assertions.size > 0) throw got;
      continue;
    }
    const assertion = fetch.requests.at(-1).form.get("client_assertion");
    assertions.set(request, assertion);
    signers.add(assertion.split(".")[0]);
  }
  process.send({ assertions: [...assertions.values()], warnings }, () => process.exit(0));
}
