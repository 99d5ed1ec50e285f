// adal-node, msal-node and msal for Python, unmodified, and certgrant in adal-node's place, get users' tokens from the emulator.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { BACKENDS } from "./fixtures/certgrant.mjs";
import { run, runPython } from "./fixtures/child.mjs";
import { startEmulator } from "./fixtures/emulator.mjs";
import * as people from "./fixtures/people.mjs";
import { GRAPH, TENANT } from "./fixtures/registrations.mjs";

const { ADA, API, API_URI, DESKTOP, PASSWORD, REDIRECT, SECRET } = people;

const CERTGRANT = fileURLToPath(new URL("../../npm/certgrant/dist/adal.cjs", import.meta.url));
/** Who makes adal-node's calls. */
const LIBRARIES = [
  ["adal-node", "adal-node", {}],
  ...BACKENDS.map((backend) => [`certgrant/adal (${backend})`, CERTGRANT, { CERTGRANT_BACKEND: backend }]),
];

let emulator;
before(async () => {
  emulator = await startEmulator({ registrations: people.PEOPLE, more: ["--control"] });
});
after(() => emulator.stop());

const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());

for (const [by, library, env] of LIBRARIES)
  describe(`${by} with users`, () => {
    const adal = async (call, parameters, more = {}) => {
      const job = { library, authority: emulator.authority, tenant: TENANT, call, parameters, ...more };
      const { result } = await run("adal-users", job, { caFile: emulator.caFile, env });
      return result;
    };
    const password = (name, text = PASSWORD) => adal("acquireTokenWithUsernamePassword", [GRAPH, name, text, DESKTOP]);

    for (const [name, given, paths] of [
      [ADA, "Ada", [/UserRealm/, /oauth2\/token/]],
      [people.FEDERATED, "Grace", [/UserRealm/, /mex/, /trust\/13\/usernamemixed/, /oauth2\/token/]],
      [people.FEDERATED_PLAIN, "Joan", [/UserRealm/, /trust\/2005\/usernamemixed/, /oauth2\/token/]],
      [people.FEDERATED_SAML2, "Mary", [/UserRealm/, /mex/, /trust\/13\/usernamemixed/, /oauth2\/token/]],
    ]) {
      it(`signs ${given} in with a password`, async () => {
        await emulator.control("DELETE", "requests");
        const { response, error } = await password(name);
        assert.equal(error, undefined);
        assert.deepEqual(
          [response.userId, response.givenName, response.familyName, response.tenantId, response.tokenType],
          [name, given, "of Contoso", TENANT, "Bearer"],
        );
        assert.deepEqual([response.isMRRT, response.resource], [true, GRAPH]);
        assert.equal(claims(response.accessToken).upn, name);
        const { requests } = await emulator.control("GET", "requests");
        assert.equal(requests.length, paths.length);
        for (const [index, path] of paths.entries()) assert.match(requests[index].path, path);
      });
    }

    it("is refused with a wrong password, here and at the provider", async () => {
      const { error } = await password(ADA, "wrong");
      assert.match(error.message, /^Get Token request returned http error: 400 .*AADSTS50126/);
      assert.equal(error.response.error, "invalid_grant");
      const federated = await password(people.FEDERATED, "wrong");
      assert.match(federated.error.message, /WS-Trust RST request returned http error: 500 .*FailedAuthentication/);
      const unknown = await password("eve@elsewhere.example");
      assert.match(unknown.error.message, /unknown AccountType/);
    });

    it("redeems a code and a refresh token", async () => {
      const order = { clientId: API, redirectUri: REDIRECT, resource: GRAPH, tenant: TENANT };
      const { code } = await emulator.control("POST", `users/${ADA}/codes`, order);
      const parameters = [code, REDIRECT, GRAPH, API, SECRET];
      const { response, error } = await adal("acquireTokenWithAuthorizationCode", parameters);
      assert.equal(error, undefined);
      assert.equal(response.userId, ADA);
      const again = await adal("acquireTokenWithAuthorizationCode", parameters);
      assert.match(again.error.message, /AADSTS54005/);
      const refreshed = await adal("acquireTokenWithRefreshToken", [response.refreshToken, API, SECRET, API_URI]);
      assert.equal(refreshed.error, undefined);
      assert.equal(claims(refreshed.response.accessToken).scp, "read");
      assert.equal(claims(refreshed.response.accessToken).aud, API_URI);
    });

    it("signs a user in with a device code", async () => {
      const { info, response, error } = await adal("device", [GRAPH, DESKTOP], { approve: { approve: ADA } });
      assert.equal(error, undefined);
      assert.deepEqual([info.expiresIn, info.interval], [900, 5]);
      assert.equal(response.userId, ADA);
      assert.equal(claims(response.accessToken).upn, ADA);
    });
  });

describe("msal-node with users", () => {
  const msal = async (call, request, more = {}) => {
    const job = { authority: emulator.authority, tenant: TENANT, clientId: DESKTOP, call, request, ...more };
    const { result } = await run("msal-users", job, emulator);
    assert.equal(result.error, undefined, JSON.stringify(result.error));
    return result;
  };
  const confidential = { clientId: API, clientSecret: SECRET };
  const graph = [`${GRAPH}/.default`];

  it("signs a user in with a password", async () => {
    const request = { scopes: ["User.Read"], username: ADA, password: PASSWORD };
    const { accessToken, idToken, account, scopes } = await msal("acquireTokenByUsernamePassword", request);
    const { oid, scp } = claims(accessToken);
    assert.equal(scp, "User.Read");
    assert.ok(scopes.includes("User.Read"));
    assert.equal(claims(idToken).preferred_username, ADA);
    assert.deepEqual([account.username, account.tenantId, account.localAccountId], [ADA, TENANT, oid]);
    assert.equal(account.homeAccountId, `${oid}.${TENANT}`);
  });

  it("redeems a code with a verifier, and a refresh token", async () => {
    const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const order = {
      clientId: API,
      redirectUri: REDIRECT,
      scope: `openid profile offline_access ${graph[0]}`,
      tenant: TENANT,
      codeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      codeChallengeMethod: "S256",
    };
    const { code } = await emulator.control("POST", `users/${ADA}/codes`, order);
    const request = { code, redirectUri: REDIRECT, scopes: graph, codeVerifier: verifier };
    const { accessToken } = await msal("acquireTokenByCode", request, confidential);
    assert.equal(claims(accessToken).aud, GRAPH);
    const form = {
      grant_type: "password",
      client_id: DESKTOP,
      scope: "openid offline_access User.Read",
      username: ADA,
      password: PASSWORD,
    };
    const { refresh_token: refreshToken } = (await emulator.post(emulator.endpoint(), form)).body;
    const refreshed = await msal("acquireTokenByRefreshToken", { refreshToken, scopes: graph });
    assert.equal(claims(refreshed.accessToken).scp, "User.Read");
  });

  it("acts on behalf of a user", async () => {
    const order = { audience: API_URI, tenant: TENANT };
    const { accessToken: incoming } = await emulator.control("POST", `users/${ADA}/tokens`, order);
    const request = { oboAssertion: incoming, scopes: graph };
    const { accessToken, account } = await msal("acquireTokenOnBehalfOf", request, confidential);
    assert.deepEqual([claims(accessToken).appid, claims(accessToken).scp], [API, "User.Read"]);
    assert.equal(account.username, ADA);
  });

  it("is told which claims a second factor needs", async () => {
    await emulator.control("PATCH", `users/${ADA}`, { mfaRequired: true });
    const order = { audience: API_URI, tenant: TENANT };
    const { accessToken: oboAssertion } = await emulator.control("POST", `users/${ADA}/tokens`, order);
    const job = { authority: emulator.authority, tenant: TENANT, ...confidential };
    const request = { oboAssertion, scopes: graph };
    const { result } = await run("msal-users", { ...job, call: "acquireTokenOnBehalfOf", request }, emulator);
    await emulator.control("PATCH", `users/${ADA}`, { mfaRequired: false });
    assert.equal(result.error.name, "InteractionRequiredAuthError");
    assert.equal(result.error.subError, "basic_action");
    assert.equal(JSON.parse(result.error.claims).access_token.capolids.essential, true);
  });

  it("signs a user in with a device code that is approved at once", async () => {
    await emulator.control("POST", "devicecodes", { approve: ADA });
    const { accessToken, code } = await msal("acquireTokenByDeviceCode", { scopes: ["User.Read"] });
    assert.equal(claims(accessToken).upn, ADA);
    assert.deepEqual([code.expiresIn, code.interval], [900, 5]);
    await emulator.control("POST", "devicecodes", {});
  });
});

describe("msal for Python with users", () => {
  it("signs in users whose password another provider checks", async () => {
    const names = [ADA, people.FEDERATED, people.FEDERATED_PLAIN, people.FEDERATED_SAML2];
    const authority = `${emulator.authority}/${TENANT}`;
    const job = { do: "sign in", clientId: DESKTOP, authority, password: PASSWORD, scopes: ["User.Read"] };
    const answers = await runPython(
      names.map((user) => ({ ...job, user })),
      emulator,
    );
    for (const [index, answer] of answers.entries()) {
      assert.ok(answer.access_token, answer.error_description);
      assert.equal(answer.id_token_claims.preferred_username, names[index]);
    }
  });
});
