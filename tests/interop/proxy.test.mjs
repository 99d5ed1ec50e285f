// Requests through a real proxy, tinyproxy, to the emulator: by environment and by options, with and without a password, and
// around it; and what is said when it refuses.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { adalCall, BACKENDS, credentialCall } from "./fixtures/certgrant.mjs";
import { run } from "./fixtures/child.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import { freePort, missingProxy, startProxy } from "./fixtures/tinyproxy.mjs";

const USER = { name: "clerk", password: "Passw0rd" };
/** As it may stand in a URL. */
const USERINFO = "clerk:%50assw0rd";

let emulator;
let port;

before(async () => {
  emulator = await startEmulator();
  port = Number(new URL(emulator.authority).port);
});

after(() => emulator.stop());

/** Asks for one token with these variables and options. */
async function ask(backend, env, options) {
  const job = { calls: [credentialCall(emulator.authority, { options })] };
  const { result } = await run("certgrant", job, {
    caFile: emulator.caFile,
    env: { CERTGRANT_BACKEND: backend, ...env },
  });
  return result[0];
}

/** Runs `action` beside a proxy; what it asked for, and what the proxy was asked for. */
async function beside(settings, action) {
  const proxy = await startProxy({ ports: [port], ...settings });
  let asked;
  let result;
  try {
    result = await action(proxy);
  } finally {
    asked = await proxy.stop();
  }
  return { result, asked };
}

const options = ({ port }, more) => ({ proxyOptions: { host: "http://127.0.0.1", port, ...more } });

for (const backend of BACKENDS) {
  describe(`a proxy, ${backend} backend`, { skip: missingProxy() }, () => {
    it("is gone through when the environment names it", async () => {
      for (const name of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"]) {
        const { result, asked } = await beside({}, ({ address }) => ask(backend, { [name]: address }));
        assert.equal(result.error, undefined);
        assert.match(result.token, /^eyJ/);
        assert.deepEqual(asked, [`localhost:${port}`]);
      }
    });

    it("is gone through when the options name it, with a private certificate authority", async () => {
      const { result, asked } = await beside({}, (proxy) =>
        ask(backend, { NODE_EXTRA_CA_CERTS: undefined }, { ...options(proxy), tlsOptions: { ca: emulator.ca } }),
      );
      assert.match(result.token, /^eyJ/);
      assert.equal(asked.length, 1);
    });

    it("takes user name and password from the address and from the options", async () => {
      const { result, asked } = await beside({ user: USER }, async (proxy) => [
        await ask(backend, { HTTPS_PROXY: proxy.address.replace("://", `://${USERINFO}@`) }),
        await ask(backend, {}, options(proxy, { username: USER.name, password: USER.password })),
      ]);
      for (const { token, error } of result) assert.match(token ?? error.message, /^eyJ/);
      assert.equal(asked.length, 2);
    });

    it("is gone through by certgrant/adal too, as by adal-node", async () => {
      const { result, asked } = await beside({}, async ({ address }) => {
        const job = { calls: [adalCall(emulator.authority)] };
        const env = { CERTGRANT_BACKEND: backend, HTTPS_PROXY: address };
        return (await run("certgrant", job, { caFile: emulator.caFile, env })).result[0];
      });
      assert.match(result.token ?? result.error.message, /^eyJ/);
      assert.deepEqual(asked, [`localhost:${port}`]);
    });

    it("is gone around for a host of NO_PROXY", async () => {
      const { result, asked } = await beside({}, async (proxy) => [
        await ask(backend, { HTTPS_PROXY: proxy.address, NO_PROXY: "example.com, localhost" }),
        await ask(backend, { NO_PROXY: `localhost:${port}` }, options(proxy)),
      ]);
      for (const { token, error } of result) assert.match(token ?? error.message, /^eyJ/);
      assert.deepEqual(asked, []);
    });

    it("that wants a password is a clear error, and not asked again", async () => {
      const { result, asked } = await beside({ user: USER }, async (proxy) => [
        await ask(backend, { HTTPS_PROXY: proxy.address }, { retryOptions: { maxRetries: 3 } }),
        await ask(backend, {}, options(proxy, { username: "clerk", password: "hunter2" })),
      ]);
      assert.equal(asked.length, 2);
      for (const { error } of result) {
        assert.equal(error.code, "ERR_PROXY_REFUSED");
        assert.match(error.message, /found status 40[17] from 127\.0\.0\.1:\d+, expected 200/);
        assert.match(error.hint, /user name and password/);
        assert.ok(!JSON.stringify(error).includes("hunter2"));
      }
    });

    it("that does not allow the host is a clear error, and not asked again", async () => {
      const { result, asked } = await beside({ ports: [443] }, ({ address }) =>
        ask(backend, { HTTPS_PROXY: address }, { retryOptions: { maxRetries: 3 } }),
      );
      assert.equal(result.error.code, "ERR_PROXY_REFUSED");
      assert.match(result.error.message, /found status 403/);
      assert.match(result.error.hint, /administrators/);
      assert.equal(asked.length, 1);
    });

    it("that is not there is a clear error", async () => {
      const port = await freePort();
      const { error } = await ask(backend, {}, options({ port }));
      assert.equal(error.code, "ERR_PROXY_REFUSED");
      assert.match(error.message, new RegExp(`found ECONNREFUSED at 127\\.0\\.0\\.1:${port}`));
    });

    it("leaves the service's certificate to be checked", async () => {
      const { result } = await beside({}, ({ address }) =>
        ask(backend, { HTTPS_PROXY: address, NODE_EXTRA_CA_CERTS: undefined }),
      );
      assert.equal(result.error.code, "ERR_NETWORK_FAILED");
      assert.match(result.error.message, /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/);
    });
  });

  it(`a private certificate authority is trusted without a proxy, ${backend} backend`, async () => {
    const env = { NODE_EXTRA_CA_CERTS: undefined };
    assert.match((await ask(backend, env, { tlsOptions: { ca: emulator.ca } })).token, /^eyJ/);
    assert.equal((await ask(backend, env, {})).error.code, "ERR_NETWORK_FAILED");
  });
}
