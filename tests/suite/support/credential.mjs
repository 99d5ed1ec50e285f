// Credentials and secrets as the tests need them.
import assert from "node:assert/strict";
import { CLIENT, KEY, PEM, TENANT } from "./fixtures.mjs";
import { CertgrantError, ClientCertificateCredential } from "./package.mjs";

/** A credential over a scripted `fetch` that does not try again. */
export function credential(fetch, options = {}, certificate = PEM) {
  return new ClientCertificateCredential(
    TENANT,
    CLIENT,
    { certificate },
    { fetch, retryOptions: { maxRetries: 0 }, ...options },
  );
}

/** Asserts the shape that every error has, and returns it. */
export function expectError(error, code) {
  assert.ok(error instanceof CertgrantError, `a CertgrantError, not ${error?.stack}`);
  assert.equal(error.code, code, error.message);
  assert.ok(error.hint.length > 20, "a hint that says what to do");
  assert.match(error.message, /found .+, expected .+/, "what was found and what was expected");
  assert.doesNotMatch(error.message, /\.$/, "no full stop");
  expectNoSecret(`${error.message} ${error.hint}`);
  return error;
}

/** Lines of the private key, in which nothing else could be mistaken for it. */
const KEY_LINES = KEY.split("\n").filter((line) => line.length > 20 && !line.startsWith("-----"));

/** Asserts that a text holds no part of the private key and none of `secrets`. */
export function expectNoSecret(text, ...secrets) {
  for (const secret of [...KEY_LINES, ...secrets]) {
    assert.ok(!text.includes(secret), `a secret of ${secret.length} characters in a text`);
  }
  assert.doesNotMatch(text, /eyJ[A-Za-z0-9_-]{10,}\./, "a JWT in a text");
}
