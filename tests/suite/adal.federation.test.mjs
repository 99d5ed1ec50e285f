// Passwords of federated users in certgrant/adal: where they go, what is escaped, what is refused, and what is said of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { call, context, grantedToUser, USER } from "./support/adal.mjs";
import { CLIENT, RESOURCE } from "./support/fixtures.mjs";
import { adal } from "./support/package.mjs";
import { json, scriptedFetch } from "./support/service.mjs";

const ACTIVE = "https://fs.contoso.example/adfs/services/trust/2005/usernamemixed";
const realm = (members = {}) =>
  json({ account_type: "federated", federation_protocol: "WSTrust", federation_active_auth_url: ACTIVE, ...members });

const SAML = "urn:oasis:names:tc:SAML:1.0:assertion";
const ASSERTION = `<saml:Assertion xmlns:saml='${SAML}'  a="&#13;">x<!-- y --></saml:Assertion>`;
const trusted = (assertion = ASSERTION, before = "") =>
  new Response(
    `${before}<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>
    <t:RequestSecurityTokenResponse xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust"><t:TokenType>${SAML}</t:TokenType>
    <t:RequestedSecurityToken>${assertion}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse></s:Body></s:Envelope>`,
  );

const PASSWORD = "p&<'\"> $& $$ hunter2";
const acquire = (fetch, user = USER) =>
  call(context(fetch), "acquireTokenWithUsernamePassword", RESOURCE, user, PASSWORD, CLIENT);

test("the assertion arrives as the federation server wrote it, byte for byte", async () => {
  const fetch = scriptedFetch(realm(), trusted(), grantedToUser());
  const [error, token] = await acquire(fetch);
  assert.equal(error, null);
  assert.equal(token.userId, USER);
  const [, rst, grant] = fetch.requests;
  assert.equal(rst.url, ACTIVE);
  assert.equal(rst.redirect, "manual", "a password goes nowhere else");
  assert.equal(Buffer.from(grant.form.get("assertion"), "base64").toString(), ASSERTION);
});

test("user name and password are escaped, and nothing in them is a pattern", async () => {
  const fetch = scriptedFetch(realm(), trusted(), grantedToUser());
  await acquire(fetch, "a&b<$&>@contoso.example");
  const { body } = fetch.requests[1];
  assert.ok(body.includes("<wsse:Username>a&amp;b&lt;$&amp;&gt;@contoso.example</wsse:Username>"), body);
  assert.ok(body.includes("<wsse:Password>p&amp;&lt;&apos;&quot;&gt; $&amp; $$ hunter2</wsse:Password>"), body);
});

test("a password is not sent without TLS, wherever the realm or the metadata point", async () => {
  const insecure = "http://fs.contoso.example/adfs/services/trust/13/usernamemixed";
  const rows = [
    [realm({ federation_active_auth_url: insecure }), 1],
    [realm({ federation_active_auth_url: insecure, federation_metadata_url: "http://fs.contoso.example/mex" }), 1],
  ];
  for (const [answer, requests] of rows) {
    const fetch = scriptedFetch(answer);
    const [error, ...rest] = await acquire(fetch);
    assert.equal(error.code, "ERR_REALM_INVALID");
    assert.match(error.message, /without TLS/);
    assert.deepEqual(rest, []);
    assert.equal(fetch.requests.length, requests);
  }
});

test("documents with entities are refused, not expanded", async () => {
  const bomb = `<!DOCTYPE x [<!ENTITY a "${"a".repeat(1000)}"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`;
  const fetch = scriptedFetch(realm(), trusted("<saml:Assertion xmlns:saml='urn:s'>&b;</saml:Assertion>", bomb));
  const [error] = await acquire(fetch);
  assert.equal(error.message, "Failed to parse RSTR in to DOM");
  assert.equal(error.code, "ERR_FEDERATION_INVALID");
  assert.equal(fetch.requests.length, 2);
});

test("the version of WS-Trust is read off the path, not off any digit of the address", async () => {
  const url = "https://fs2005.contoso.example/adfs/services/trust/13/usernamemixed";
  const fetch = scriptedFetch(realm({ federation_active_auth_url: url }), trusted(), grantedToUser());
  await acquire(fetch);
  assert.match(fetch.requests[1].headers.get("soapaction"), /200512\/RST\/Issue$/);
  const other = scriptedFetch(realm({ federation_active_auth_url: "https://fs.contoso.example/2005/13" }));
  assert.match((await acquire(other))[0].message, /^Unsupported wstrust endpoint version\./);
});

test("a fault says what the server said, with the status of success and without", async () => {
  const fault = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value>
    <s:Subcode><s:Value xmlns:a="urn:a">a:FailedAuthentication</s:Value></s:Subcode></s:Code><s:Reason>
    <s:Text xml:lang="en">ID3242: no.</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>`;
  const [plain] = await acquire(scriptedFetch(realm(), new Response(fault)));
  assert.equal(
    plain.message,
    "Server returned error in RSTR - ErrorCode: FailedAuthentication : FaultMessage: ID3242: no.",
  );
  const [error, ...rest] = await acquire(scriptedFetch(realm(), new Response(fault, { status: 500 })));
  assert.match(error.message, /^WS-Trust RST request returned http error: 500 and server response: "<s:Envelope/);
  assert.match(error.cause.message, /FailedAuthentication/);
  assert.match(error.cause.message, /ID3242/);
  for (const one of [plain, error]) assert.equal(one.code, "ERR_FEDERATION_REFUSED");
  assert.deepEqual(rest, []);
});

test("neither password nor assertion is in the log or in an error", async (t) => {
  const lines = [];
  adal.Logging.setLoggingOptions({ level: 3, loggingWithPII: true, log: (_, line) => lines.push(line) });
  t.after(() => adal.Logging.setLoggingOptions());
  const errors = [
    (await acquire(scriptedFetch(realm(), trusted(), json({ error: "invalid_grant" }, { status: 400 }))))[0],
    (await acquire(scriptedFetch(realm(), new TypeError(`fetch failed: ${PASSWORD}`))))[0],
  ];
  const told =
    lines.join("\n") + errors.map((error) => `${error.stack} ${error.hint} ${error.cause?.stack}`).join("\n");
  assert.ok(lines.length > 20);
  assert.doesNotMatch(told, /hunter2|saml:Assertion|PHNhbWw6/);
});
