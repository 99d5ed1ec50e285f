// A token service for the benchmarks: HTTPS on a free port of the loopback, with a certificate of its own, that grants whatever
// it is asked for at once and checks nothing. Writes its certificate to the file that is the argument, prints its address, and
// ends with its standard input.
import { writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { selfSigned } from "../../../tests/interop/fixtures/certificate.mjs";
import { metadata } from "./bench-libraries.mjs";

const { key, certificate } = selfSigned();
writeFileSync(process.argv[2], certificate);
let granted = 0;
const server = createServer({ key, cert: certificate }, (request, response) => {
  request.resume().once("end", () => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(request.method === "GET" ? metadata(address()) : grant()));
  });
});
server.keepAliveTimeout = 60_000;

function grant() {
  granted += 1;
  const access_token = String(granted).padStart(1500, "t");
  return { token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599, access_token };
}

function address() {
  return `https://localhost:${server.address().port}`;
}

server.listen(0, "127.0.0.1", () => process.stdout.write(`${address()}\n`));
process.stdin.resume().once("end", () => process.exit());
