// What the cases assert with: web standards alone, because they run where there is no node:assert.

/** Throws unless `condition` holds. */
export function check(condition, what) {
  if (!condition) throw new Error(what);
}

/** Throws unless both are the same, as JSON. */
export function equal(found, expected, what = "a value") {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  check(left === right, `${what}: found ${left}, expected ${right}`);
}

/** Throws unless `text` matches. */
export function match(text, pattern, what = "a text") {
  check(pattern.test(text), `${what}: found ${JSON.stringify(text)}, expected ${pattern}`);
}

/** What `work` rejects with; throws if it does not. */
export async function rejection(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("an error was expected");
}

/** The bytes of base64. */
export function bytes(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

const PARAMETERS = {
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
};

/** The name and parameters of a signature algorithm in WebCrypto. */
export function webCrypto(algorithm) {
  return PARAMETERS[algorithm];
}

/** Header and claims of an assertion, once the runtime's own WebCrypto has verified it with `spki` (base64). */
export async function readAssertion(assertion, spki) {
  const parts = assertion.split(".");
  equal(parts.length, 3, "the parts of an assertion");
  const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(new TextDecoder().decode(base64url(part))));
  const parameters = webCrypto(header.alg);
  const key = await crypto.subtle.importKey("spki", bytes(spki), parameters, false, ["verify"]);
  const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
  const isGood = await crypto.subtle.verify(parameters, key, base64url(parts[2]), signed);
  check(isGood, "the signature fits the certificate");
  return { header, claims };
}

function base64url(text) {
  match(text, /^[A-Za-z0-9_-]+$/, "base64url without padding");
  return bytes(text.replaceAll("-", "+").replaceAll("_", "/"));
}
