// A signed assertion by each library, on each runtime: certgrant makes a whole token request for another tenant each time, which
// is one assertion each: with a certificate, with an assertion that jose signs when it is asked for, and with one that is there
// already. What the first two take over the third is what an assertion takes. jose signs a JWT of the same claims with the same
// WebCrypto. The same script runs everywhere.

/** Source of a module that exports `measure(certgrant, jose, world)`: microseconds a call, medians of rounds. */
export const MEASURE = `
const SCOPE = "https://graph.microsoft.com/.default";
const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const answer = JSON.stringify({ token_type: "Bearer", expires_in: 3599, access_token: "token" });
const fetch = async () => new Response(answer, { headers: { "content-type": "application/json" } });

export async function prepare({ ClientCertificateCredential, ClientAssertionCredential }, { SignJWT }, world, algorithm) {
  const name = algorithm === "PS256" ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
  const key = await crypto.subtle.importKey("pkcs8", bytes(world.pkcs8), { name, hash: "SHA-256" }, false, ["sign"]);
  const credential = new ClientCertificateCredential(world.tenant, world.client, { certificate: world.pem },
    { fetch, algorithm, additionallyAllowedTenants: ["*"] });
  await credential.getToken(SCOPE);
  const ready = "a".repeat(900);
  const unsigned = await asserting(async () => ready);
  const jose = await asserting(({ audience: aud }) => {
    const claims = { iss: world.client, sub: world.client, jti: crypto.randomUUID(), aud };
    return new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: "JWT", "x5t#S256": world.x5tS256 })
      .setIssuedAt().setNotBefore("0s").setExpirationTime("10m").sign(key);
  });
  const again = (credential) => () => credential.getToken(SCOPE, { tenantId: crypto.randomUUID() });
  return { whole: again(credential), unsigned: again(unsigned), jose: again(jose) };

  async function asserting(assert) {
    const credential = new ClientAssertionCredential(world.tenant, world.client, assert,
      { fetch, additionallyAllowedTenants: ["*"] });
    await credential.getToken(SCOPE);
    return credential;
  }
}

export async function repeat(work, times) {
  for (let index = 0; index < times; index++) await work();
}

/** Microseconds a call of each, by the runtime's clock. */
export async function measure(certgrant, jose, world) {
  const results = {};
  for (const algorithm of ["RS256", "PS256"]) {
    const works = await prepare(certgrant, jose, world, algorithm);
    for (const work of Object.values(works)) await repeat(work, 50);
    const rounds = { whole: [], unsigned: [], jose: [] };
    for (let round = 0; round < 9; round++) {
      for (const [name, work] of Object.entries(works)) {
        const begun = performance.now();
        await repeat(work, 60);
        rounds[name].push(((performance.now() - begun) * 1000) / 60);
      }
    }
    const middle = (all) => all.sort((a, b) => a - b)[4];
    results[algorithm] = Object.fromEntries(Object.entries(rounds).map(([name, all]) => [name, middle(all)]));
  }
  return results;
}
`;
