// Keys that WebCrypto holds for the WASM module. By `certgrant/slim`, which signs by WebCrypto whatever backend is tested.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readAssertion } from "./support/assertion.mjs";
import { CERTIFICATE, CLIENT, OTHER_CERTIFICATE, PEM, SCOPE, TENANT, vector } from "./support/fixtures.mjs";
import { entryUrl } from "./support/package.mjs";
import { granted, scriptedFetch } from "./support/service.mjs";

const SUCCESSOR = vector("bundles/leaf.pkcs1.key") + OTHER_CERTIFICATE;

/** A credential whose certificate is what `supply` gives, and the signatures that WebCrypto is asked for. */
async function supplied(t, supply, isHeld) {
  const slim = await import(entryUrl("./slim").href);
  slim.provideWasm({ certgrant: readFileSync(new URL("certgrant.wasm", entryUrl("."))) });
  const { subtle } = crypto;
  const sign = subtle.sign.bind(subtle);
  const asked = resolvers();
  const gate = resolvers();
  const names = [];
  t.mock.method(subtle, "sign", async (...call) => {
    names.push(call[0].name);
    const isThisHeld = isHeld?.(names);
    const signature = await sign(...call);
    if (isThisHeld) {
      asked.resolve();
      await gate.promise;
    }
    return signature;
  });
  const fetch = scriptedFetch(granted());
  const one = new slim.ClientCertificateCredential(
    TENANT,
    CLIENT,
    { certificate: supply },
    { fetch, additionallyAllowedTenants: ["*"] },
  );
  const assertions = () => fetch.requests.map(({ form }) => form.get("client_assertion"));
  return { one, names, asked: asked.promise, release: gate.resolve, assertions };
}

/** What tries a renewed key; assertions are of the other kind. */
const TRIAL = "RSASSA-PKCS1-v1_5";

test("a certificate that is renewed during its first signature does not keep its key", async (t) => {
  let certificate = PEM;
  const { one, names, asked, release, assertions } = await supplied(
    t,
    () => certificate,
    ({ length }) => length === 1,
  );
  const first = one.getToken(SCOPE);
  await asked;
  assert.deepEqual(names, ["RSA-PSS"]);
  certificate = SUCCESSOR;
  // Another tenant has another assertion, before which the credential looks for a renewed certificate.
  await one.getToken(SCOPE, { tenantId: "second.example" });
  release();
  await first;
  await one.getToken(SCOPE, { tenantId: "third.example" });
  const signed = assertions();
  assert.equal(signed.length, 3);
  assert.ok(readAssertion(signed[0], OTHER_CERTIFICATE), "made anew");
  assert.ok(readAssertion(signed[1], OTHER_CERTIFICATE));
  assert.ok(readAssertion(signed[2], OTHER_CERTIFICATE), "signed by the successor's key");
});

test("a look at the certificate that takes long does not put an older one in the place of a newer one", async (t) => {
  let certificate = PEM;
  const isFirstTrial = (names) => names.at(-1) === TRIAL && names.indexOf(TRIAL) === names.length - 1;
  const { one, asked, release, assertions } = await supplied(t, () => certificate, isFirstTrial);
  await one.getToken(SCOPE);
  certificate = SUCCESSOR;
  const slow = one.getToken(SCOPE, { tenantId: "second.example" });
  await asked;
  certificate = PEM;
  await one.getToken(SCOPE, { tenantId: "third.example" });
  release();
  await slow;
  await one.getToken(SCOPE, { tenantId: "fourth.example" });
  for (const assertion of assertions()) assert.ok(readAssertion(assertion, CERTIFICATE));
});

test("a function that gives the same certificate again has its key tried no more", async (t) => {
  let isText = true;
  const { one, names } = await supplied(t, () => (isText ? PEM : new TextEncoder().encode(PEM)));
  await one.getToken(SCOPE);
  await one.getToken(SCOPE, { tenantId: "second.example" });
  assert.deepEqual(names, ["RSA-PSS", "RSA-PSS"]);
  isText = false;
  await one.getToken(SCOPE, { tenantId: "third.example" });
  await one.getToken(SCOPE, { tenantId: "fourth.example" });
  assert.equal(names.filter((name) => name === TRIAL).length, 1);
});

function resolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
