/**
 * The claims that adal-node copies from an `id_token` into a token response. The token is read, never verified: it came
 * over TLS from the token endpoint (OpenID Connect Core section 3.1.3.7, step 6). App-only answers do not have one.
 */
import { platform } from "../platform.ts";
import type { CallLog } from "./logging.ts";
import { TEXTS } from "./texts.ts";

/** Three parts without white space; header and signature may be empty. */
const JWT = /^([^.\s]*)\.([^.\s]+)\.([^.\s]*)$/;

const CLAIMS = {
  tid: "tenantId",
  given_name: "givenName",
  family_name: "familyName",
  idp: "identityProvider",
  oid: "oid",
} as const;

/** The members that an `id_token` adds; none, and a line in the log, if it can't be read. */
export function readIdToken(idToken: unknown, log: CallLog): Record<string, unknown> {
  const payload = typeof idToken === "string" ? JWT.exec(idToken)?.[2] : undefined;
  if (payload === undefined) {
    log.write("WARN", "OAuth2Client", TEXTS.idTokenNotParseable);
    return {};
  }
  try {
    return mapClaims(JSON.parse(decodeBase64url(payload)) as Record<string, unknown>);
  } catch {
    log.write("WARN", "OAuth2Client", TEXTS.idTokenNotDecodable);
    return {};
  }
}

function mapClaims(claims: Record<string, unknown>): Record<string, unknown> {
  const displayable = claims.upn || claims.email;
  const mapped: Record<string, unknown> = { userId: displayable || claims.sub || platform().randomUUID() };
  if (displayable) mapped.isUserIdDisplayable = true;
  for (const [claim, name] of Object.entries(CLAIMS)) {
    if (claim in claims) mapped[name] = claims[claim];
  }
  return mapped;
}

function decodeBase64url(text: string): string {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, ""));
  return new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}
