// options.http of certgrant/adal: proxies, authorities and agents as adal-node's users gave them to axios. Real proxies are
// those of tests/interop.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { before, test } from "node:test";
import { context } from "./support/adal.mjs";
import { CLIENT, PEM, RESOURCE, THUMBPRINT } from "./support/fixtures.mjs";
import { grantedV1, scriptedFetch } from "./support/service.mjs";

/** The port of a proxy that is not there. */
let port;
before(async () => {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  ({ port } = server.address());
  await new Promise((done) => server.close(done));
});

const CALLS = {
  secret: (made) => made.acquireTokenWithClientCredentials(RESOURCE, CLIENT, "s3cr3t"),
  certificate: (made) => made.acquireTokenWithClientCertificate(RESOURCE, CLIENT, PEM, THUMBPRINT),
};

/** A call with these options; what it sent through the global fetch, and its error. */
async function call(t, by, http) {
  const direct = scriptedFetch(grantedV1());
  const inits = [];
  t.mock.method(globalThis, "fetch", (url, init) => {
    inits.push(init);
    return direct(url, init);
  });
  const made = context();
  made.options = { http };
  const error = await CALLS[by](made).then(
    () => undefined,
    (thrown) => thrown,
  );
  t.mock.restoreAll();
  return { error, inits };
}

for (const by of Object.keys(CALLS)) {
  test(`${by}: a proxy is asked for a tunnel, and nothing is sent past it`, async (t) => {
    const ways = [
      { proxy: { host: "127.0.0.1", port, auth: { username: "me", password: "hunter2" } } },
      { proxy: `http://me:hunter2@127.0.0.1:${port}` },
      { httpsAgent: { proxy: new URL(`http://127.0.0.1:${port}`) } },
    ];
    for (const http of ways) {
      const { error, inits } = await call(t, by, http);
      assert.equal(error.message, "No response from the server");
      assert.equal(error.code, "ERR_PROXY_REFUSED");
      assert.doesNotMatch(`${error.stack} ${error.hint} ${error.cause?.message}`, /hunter2|s3cr3t/);
      assert.equal(inits.length, 0);
    }
  });

  test(`${by}: a pool of undici's goes to fetch`, async (t) => {
    const pool = { dispatch() {} };
    for (const http of [{ dispatcher: pool }, { httpsAgent: pool }]) {
      const { error, inits } = await call(t, by, http);
      assert.equal(error, undefined);
      assert.equal(inits[0].dispatcher, pool);
    }
  });

  test(`${by}: what can't be done is said, and nothing is sent`, async (t) => {
    for (const http of [{ httpsAgent: { maxSockets: 1 } }, { proxy: "no address" }]) {
      const { error, inits } = await call(t, by, http);
      assert.equal(error.code, "ERR_INVALID_ARG_VALUE");
      assert.match(error.message, /^options\.http\.\w+ can't be used: found .+, expected /);
      assert.equal(inits.length, 0);
    }
  });

  test(`${by}: proxy: false goes directly`, async (t) => {
    const { error, inits } = await call(t, by, { proxy: false });
    assert.equal(error, undefined);
    assert.equal(inits.length, 1);
  });
}
