// What @azure/identity exports beside its credentials: the names of errors, and the clouds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { credential } from "./support/credential.mjs";
import { CLIENT, PEM, SCOPE, TENANT, withEnvironment } from "./support/fixtures.mjs";
import { certgrant } from "./support/package.mjs";
import { granted, refused, scriptedFetch } from "./support/service.mjs";

const failure = (promise) => promise.then(assert.fail, (error) => error);

test("errors have the names that are exported for them", async () => {
  const { ChainedTokenCredential, EnvironmentCredential } = certgrant;
  await withEnvironment({}, async () => {
    const none = new EnvironmentCredential();
    assert.equal((await failure(none.getToken(SCOPE))).name, certgrant.CredentialUnavailableErrorName);
    const chain = new ChainedTokenCredential(none);
    assert.equal((await failure(chain.getToken(SCOPE))).name, certgrant.AggregateAuthenticationErrorName);
  });
  const refusedOne = credential(scriptedFetch(refused()));
  assert.equal((await failure(refusedOne.getToken(SCOPE))).name, certgrant.AuthenticationErrorName);
});

test("each cloud's token service is an authority host, and gets the assertion without being asked about", async () => {
  const hosts = Object.entries(certgrant.AzureAuthorityHosts);
  assert.equal(hosts.length, 4);
  for (const [name, authorityHost] of hosts) {
    const fetch = scriptedFetch(granted());
    const options = { authorityHost, fetch };
    const one = new certgrant.ClientCertificateCredential(TENANT, CLIENT, { certificate: PEM }, options);
    await one.getToken(SCOPE);
    assert.deepEqual(
      [name, fetch.requests.map(({ url }) => url)],
      [name, [`${authorityHost}/${TENANT}/oauth2/v2.0/token`]],
    );
  }
});
