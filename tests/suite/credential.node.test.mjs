// What a request without a proxy goes by on Node: node:https, and the global fetch of a program that replaced or used it. The
// servers are managed identity endpoints, which are asked without TLS.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { CLIENT, withEnvironment } from "./support/fixtures.mjs";
import { certgrant, entryUrl } from "./support/package.mjs";

const SCOPE = "https://storage.azure.com/.default";
const GRANT = JSON.stringify({
  access_token: "identity-token",
  client_id: CLIENT,
  expires_on: String(Math.floor(Date.now() / 1000) + 86_399),
  resource: "https://storage.azure.com",
  token_type: "Bearer",
});

const servers = [];
after(() => {
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
});

/** An endpoint of App Service that answers so; its environment, and what it was asked. */
async function endpoint(answer) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(response, request);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${server.address().port}`;
  return { server, requests, environment: { IDENTITY_ENDPOINT: `${address}/msi/token`, IDENTITY_HEADER: "header" } };
}

const grant = (response) => response.setHeader("content-type", "application/json").end(GRANT);

function token(environment, options) {
  return withEnvironment({ IMDS_ENDPOINT: "", MSI_ENDPOINT: "", ...environment }, () =>
    new certgrant.ManagedIdentityCredential({ retryOptions: { maxRetries: 0 } }).getToken(SCOPE, options),
  );
}

const isClosed = (socket) => socket.destroyed || new Promise((resolve) => socket.once("close", resolve));
const failure = (promise) => promise.then(assert.fail, (error) => error);

test("connections are used again", async () => {
  const { server, requests, environment } = await endpoint(grant);
  let connections = 0;
  server.on("connection", () => {
    connections += 1;
  });
  for (let call = 0; call < 3; call++) assert.equal((await token(environment)).token, "identity-token");
  assert.deepEqual([requests.length, connections], [3, 1]);
  const { "user-agent": agent, "accept-encoding": encoding, connection } = requests[0].headers;
  assert.match(agent, /^certgrant\/\d+\.\d+\.\d+$/);
  assert.deepEqual([encoding, connection], ["identity", "keep-alive"]);
});

test("an answer that never ends is cut, and its connection closed", async () => {
  const chunk = Buffer.alloc(65_536, " ");
  const { requests, environment } = await endpoint((response) => {
    const goOn = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.setHeader("content-type", "application/json");
    response.on("drain", goOn).on("error", () => undefined);
    goOn();
  });
  const error = await failure(token(environment));
  assert.equal(error.code, "ERR_RESPONSE_INVALID");
  await isClosed(requests[0].socket);
});

test("half an answer is a failure of the network", async () => {
  const { environment } = await endpoint((response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": String(GRANT.length) });
    response.write(GRANT.slice(0, 20), () => response.destroy());
  });
  const error = await failure(token(environment));
  assert.equal(error.code, "ERR_NETWORK_FAILED");
  assert.equal(error.cause.cause.code, "ECONNRESET");
});

test("an identity's request is not sent on to another address", async () => {
  const elsewhere = await endpoint(grant);
  const { environment } = await endpoint((response) => {
    response.writeHead(307, { location: elsewhere.environment.IDENTITY_ENDPOINT }).end();
  });
  await failure(token(environment));
  assert.equal(elsewhere.requests.length, 0);
});

test("a caller who gives up ends the request", async () => {
  let asked;
  const isAsked = new Promise((resolve) => {
    asked = resolve;
  });
  const { requests, environment } = await endpoint(() => asked());
  const controller = new AbortController();
  const call = failure(token(environment, { abortSignal: controller.signal }));
  await isAsked;
  controller.abort();
  assert.equal((await call).name, "AbortError");
  await isClosed(requests[0].socket);
});

/** What a program of its own prints. */
async function printed(program, environment) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  let text = "";
  for await (const chunk of child.stdout) text += chunk;
  return text.trim();
}

test("Node's fetch is not loaded for a token, and carries the requests of a program that uses it", async () => {
  const { requests, environment } = await endpoint(grant);
  const program = (before) => `
    import { ManagedIdentityCredential } from ${JSON.stringify(entryUrl(".").href)};
    ${before}
    const { token } = await new ManagedIdentityCredential().getToken(${JSON.stringify(SCOPE)});
    console.log(token, Symbol.for("undici.globalDispatcher.1") in globalThis);`;
  assert.equal(await printed(program(""), environment), "identity-token false");
  const uses = `await (await fetch(process.env.IDENTITY_ENDPOINT)).text();`;
  assert.equal(await printed(program(uses), environment), "identity-token true");
  const replaces = `globalThis.fetch = async () => new Response(${JSON.stringify(GRANT.replace("identity-token", "own"))});`;
  assert.match(await printed(program(replaces), environment), /^own /);
  assert.deepEqual(
    requests.map(({ headers }) => headers["user-agent"] === "node"),
    [false, true, true],
  );
});

test("whoever replaces a function of node:http sees the request", async () => {
  const { environment } = await endpoint(grant);
  const program = `
    import http from "node:http";
    import { ManagedIdentityCredential } from ${JSON.stringify(entryUrl(".").href)};
    const { request } = http;
    let seen = 0;
    http.request = (...given) => {
      seen += 1;
      return request(...given);
    };
    const { token } = await new ManagedIdentityCredential().getToken(${JSON.stringify(SCOPE)});
    console.log(token, seen);`;
  assert.equal(await printed(program, environment), "identity-token 1");
});
