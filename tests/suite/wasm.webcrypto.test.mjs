// Keys that WebCrypto holds for the WASM module. By `certgrant/slim`, which signs by WebCrypto whatever backend is tested.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readAssertion } from "./support/assertion.mjs";
import { CLIENT, OTHER_CERTIFICATE, PEM, SCOPE, TENANT, vector } from "./support/fixtures.mjs";
import { entryUrl } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

const SUCCESSOR = vector("bundles/leaf.pkcs1.key") + OTHER_CERTIFICATE;

test("a certificate that is renewed during its first signature does not keep its key", async (t) => {
  const slim = await import(entryUrl("./slim").href);
  slim.provideWasm({ certgrant: readFileSync(new URL("certgrant.wasm", entryUrl("."))) });
  const { subtle } = crypto;
  const sign = subtle.sign.bind(subtle);
  const asked = resolvers();
  const gate = resolvers();
  let calls = 0;
  t.mock.method(subtle, "sign", async (...call) => {
    calls += 1;
    const isFirst = calls === 1;
    const signature = await sign(...call);
    if (isFirst) {
      asked.resolve();
      await gate.promise;
    }
    return signature;
  });
  let certificate = PEM;
  const fetch = scriptedFetch(granted());
  const one = new slim.ClientCertificateCredential(
    TENANT,
    CLIENT,
    { certificate: () => certificate },
    { fetch, additionallyAllowedTenants: ["*"] },
  );
  const first = one.getToken(SCOPE);
  await asked.promise;
  certificate = SUCCESSOR;
  // Another tenant has another assertion, before which the credential looks for a renewed certificate.
  await one.getToken(SCOPE, { tenantId: "second.example" });
  gate.resolve();
  await first;
  await one.getToken(SCOPE, { tenantId: "third.example" });
  const signed = fetch.requests.map(({ form }) => form.get("client_assertion"));
  assert.equal(signed.length, 3);
  assert.ok(readAssertion(signed[0], OTHER_CERTIFICATE));
  assert.ok(readAssertion(signed[2], OTHER_CERTIFICATE), "signed by the successor's key");
});

function resolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
