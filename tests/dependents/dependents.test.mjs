// Packages that depend on adal-node run on certgrant, which an override of package.json has put in adal-node's place: their
// own code, unchanged, against the emulator.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { startEmulator } from "../interop/fixtures/emulator.mjs";
import { DOMAIN, GRAPH, TENANT } from "../interop/fixtures/registrations.mjs";
import { verified } from "../interop/fixtures/tokens.mjs";
import { SINGLE } from "../interop/fixtures/vectors.mjs";
import { run } from "./fixtures/child.mjs";
import { startGateway } from "./fixtures/gateway.mjs";

const DAEMON = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const TOOL = "aaaaaaaa-0000-4000-8000-000000000004";
const SECRET = "not~a~real~secret&+= ";
const USER = { username: `ada@${DOMAIN}`, password: "not~a~real~password" };
const MANAGEMENT = "https://management.core.windows.net/";
const BOTS = "https://api.botframework.com";

const REGISTRATIONS = {
  value: [
    {
      appId: DAEMON,
      keyCredentials: [{ type: "AsymmetricX509Cert", usage: "Verify", key: SINGLE.der }],
      passwordCredentials: [{ secretText: SECRET }],
    },
    { appId: TOOL, isFallbackPublicClient: true },
    { appId: "bbbbbbbb-0000-4000-8000-000000000003", identifierUris: [BOTS] },
  ],
  emulator: {
    users: [{ userPrincipalName: USER.username, displayName: "Ada", passwordProfile: { password: USER.password } }],
  },
};

let emulator;
let gateway;
before(async () => {
  emulator = await startEmulator({ registrations: REGISTRATIONS, more: ["--control"] });
  gateway = await startGateway(emulator);
});
after(async () => {
  await gateway?.stop();
  await emulator?.stop();
});

/** Runs a package; its result, and what it asked the login hosts meanwhile. */
async function play(client, job, backend) {
  const { key, pem, thumbprint } = SINGLE;
  const seen = gateway.forms.length;
  const usual = { port: gateway.port, clientId: DAEMON, domain: DOMAIN, secret: SECRET, key, pem, thumbprint, ...USER };
  const onUserCode = (code) => emulator.control("POST", `devicecodes/${code}`, { approve: USER.username });
  const result = await run(client, { ...usual, ...job }, { caFile: gateway.caFile, backend, onUserCode });
  return { ...result, forms: gateway.forms.slice(seen) };
}

/** The token is the emulator's, for that audience; and it was certgrant that asked for it. */
async function expectToken({ token, error, adal, forms }, audience, grants) {
  assert.equal(error, undefined);
  assert.match(adal, /certgrant-adal.lib.adal\.js$/);
  const claims = await verified(emulator, token, { issuer: `https://sts.windows.net/${TENANT}/`, audience });
  assert.deepEqual(
    forms.filter(({ grant_type: grant }) => grant).map(({ grant_type: grant }) => grant),
    grants,
  );
  for (const form of forms) {
    assert.equal(form["x-client-sku"], "Node");
    // The latter where the program itself uses fetch.
    assert.match(form["user-agent"], /^certgrant\/|^node$/, "certgrant, and not axios");
  }
  return claims;
}

it("npm put certgrant-adal in adal-node's place, for everybody", () => {
  const { packages } = JSON.parse(readFileSync(new URL("package-lock.json", import.meta.url), "utf8"));
  const found = Object.keys(packages).filter((path) => /(^|\/)node_modules\/adal-node$/.test(path));
  assert.deepEqual(found, ["node_modules/adal-node"]);
  assert.equal(packages["node_modules/adal-node"].resolved, "../../npm/certgrant-adal");
  const dependants = Object.entries(packages).filter(([, { dependencies }]) => dependencies?.["adal-node"]);
  assert.equal(dependants.length, 4, "packages that ask for adal-node");
});

for (const backend of ["native", "wasm"]) {
  describe(`on the ${backend} backend`, () => {
    describe("ms-rest-azure", () => {
      it("signs in with a secret", async () => {
        const result = await play("ms-rest-azure", { how: "secret" }, backend);
        await expectToken(result, MANAGEMENT, ["client_credentials"]);
      });

      it("finds its token again, as adal-node's cache did at first", async () => {
        const result = await play("ms-rest-azure", { how: "secret, twice" }, backend);
        await expectToken(result, MANAGEMENT, ["client_credentials"]);
      });

      it("is refused with a wrong secret", async () => {
        const { error } = await play("ms-rest-azure", { how: "secret", secret: "wrong" }, backend);
        assert.match(error.message, /^Failed to acquire token.*AADSTS7000215/s);
      });

      it("signs a user in by device code", async () => {
        const result = await play("ms-rest-azure", { how: "device code", clientId: TOOL }, backend);
        const claims = await expectToken(result, MANAGEMENT, ["device_code"]);
        assert.equal(claims.upn, USER.username);
      });
    });

    describe("@azure/ms-rest-nodeauth", () => {
      it("signs in with a secret", async () => {
        const result = await play("ms-rest-nodeauth", { how: "secret" }, backend);
        await expectToken(result, MANAGEMENT, ["client_credentials"]);
      });

      it("signs in with a certificate", async () => {
        const result = await play("ms-rest-nodeauth", { how: "certificate" }, backend);
        await expectToken(result, MANAGEMENT, ["client_credentials"]);
      });

      it("signs a user in by device code", async () => {
        const result = await play("ms-rest-nodeauth", { how: "device code", clientId: TOOL }, backend);
        const claims = await expectToken(result, MANAGEMENT, ["device_code"]);
        assert.equal(claims.upn, USER.username);
      });
    });

    describe("botframework-connector", () => {
      for (const how of ["secret", "certificate"]) {
        it(`gets a token with a ${how}`, async () => {
          const result = await play("botframework-connector", { how }, backend);
          await expectToken(result, BOTS, ["client_credentials"]);
        });
      }
    });

    describe("@pnp/nodejs", () => {
      for (const how of ["secret", "certificate"]) {
        it(`calls Graph with a ${how}`, async () => {
          const result = await play("pnp-nodejs", { how }, backend);
          await expectToken(result, GRAPH, ["client_credentials"]);
          const { host, token } = gateway.shown.at(-1);
          assert.deepEqual([host, token], ["graph.microsoft.com", result.token]);
        });
      }
    });
  });
}
