// Contexts and calls as the tests of certgrant/adal need them.
import { AUTHORITY, CLIENT, PEM, RESOURCE, THUMBPRINT } from "./fixtures.mjs";
import { adal } from "./package.mjs";
import { grantedV1 } from "./service.mjs";

/** A context with a cache of its own over a scripted `fetch`. */
export function context(
  fetch,
  { authority = AUTHORITY, validate = true, cache = new adal.MemoryCache(), version } = {},
) {
  const made = new adal.AuthenticationContext(authority, validate, cache, version);
  made.options = { http: { fetch } };
  return made;
}

/** Calls with the usual arguments, `changes` in their place; resolves with the arguments of the callback. */
export function acquire(made, changes = {}) {
  const { resource, clientId, certificate, thumbprint } = { ...ARGUMENTS, ...changes };
  return new Promise((resolve) => {
    made.acquireTokenWithClientCertificate(resource, clientId, certificate, thumbprint, (...results) =>
      resolve(results),
    );
  });
}

/** The error that a call gives its callback. */
export async function acquireError(made, changes) {
  const [error] = await acquire(made, changes);
  if (!(error instanceof Error)) throw new Error("an error was expected");
  return error;
}

/** The token that a call gives its callback. */
export async function acquireToken(made, changes) {
  const [error, token] = await acquire(made, changes);
  if (error) throw error;
  return token;
}

export const ARGUMENTS = { resource: RESOURCE, clientId: CLIENT, certificate: PEM, thumbprint: THUMBPRINT };

/** Calls any method; resolves with the arguments of its callback. */
export function call(made, method, ...parameters) {
  return new Promise((resolve) => {
    made[method](...parameters, (...results) => resolve(results));
  });
}

export const USER = "user@contoso.example";

/** A token response of a v1 endpoint with a user and a refresh token. */
export function grantedToUser(token = "token-1", members = {}) {
  const claims = Buffer.from(JSON.stringify({ upn: USER, tid: "tenant", oid: "object" })).toString("base64url");
  return grantedV1(token, { refresh_token: `refresh-of-${token}`, id_token: `.${claims}.`, ...members });
}
