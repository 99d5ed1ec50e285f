// `require` gives the same package.
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");
const { test } = require("node:test");

// From inside the package its own name resolves through its `exports`, as it does where it is installed.
const requirePackage = createRequire(join(__dirname, "../../npm/certgrant/package.json"));
const vectors = join(__dirname, "../vectors/assertion-rs256");
const PEM = readFileSync(join(vectors, "key.pem"), "utf8") + readFileSync(join(vectors, "cert.pem"), "utf8");
const TENANT = "11111111-2222-3333-4444-555555555555";
const CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

const fetch = async () =>
  new Response(JSON.stringify({ token_type: "Bearer", expires_in: 3599, access_token: "token-1" }));

test("require('certgrant') gives a credential that gets a token", async () => {
  const { ClientCertificateCredential, CertgrantError } = requirePackage("certgrant");
  const credential = new ClientCertificateCredential(TENANT, CLIENT, { certificate: PEM }, { fetch });
  assert.equal((await credential.getToken("https://graph.microsoft.com/.default")).token, "token-1");
  await assert.rejects(credential.getToken([]), (error) => error instanceof CertgrantError);
});

test("require('certgrant/adal') gives a context that gets a token", async () => {
  const { AuthenticationContext, MemoryCache } = requirePackage("certgrant/adal");
  const context = new AuthenticationContext(`https://login.microsoftonline.com/${TENANT}`, true, new MemoryCache());
  context.options = { http: { fetch } };
  const thumbprint = "05ECDE798D258B5441F1DE2BE7BEF15E632172F8";
  const token = await context.acquireTokenWithClientCertificate("https://graph.microsoft.com", CLIENT, PEM, thumbprint);
  assert.equal(token.accessToken, "token-1");
});

test("the exports of both module systems have the same names", async () => {
  for (const entry of ["certgrant", "certgrant/adal"]) {
    const required = requirePackage(entry);
    const manifest = requirePackage("certgrant/package.json");
    const conditions = manifest.exports[entry === "certgrant" ? "." : "./adal"];
    const path = (conditions.node ?? conditions).import.default;
    const imported = await import(join(__dirname, "../../npm/certgrant", path));
    assert.deepEqual(Object.keys(required).sort(), Object.keys(imported).sort());
  }
});
