/**
 * An authority as adal-node reads it: `https://host[:port]/tenant`, where what follows the tenant does not matter for the
 * endpoints but stays part of the cache key. And the check whether a host is known, or vouched for by instance discovery.
 *
 * Endpoints are never discovered: the core builds them from host and tenant.
 */
import { AdalError, argumentError, members } from "./errors.ts";
import { Failure } from "./failure.ts";
import { TEXTS } from "./texts.ts";
import type { Call, UserFlights } from "./user-flights.ts";

/** The hosts that need no discovery; the port does not matter. */
const KNOWN_HOSTS = new Set([
  "login.windows.net",
  "login.microsoftonline.com",
  "login.chinacloudapi.cn",
  "login-us.microsoftonline.com",
  "login.microsoftonline.de",
  "login.microsoftonline.us",
]);

/** A parsed authority. */
export interface Authority {
  /** The address as `context.authority` shows it: the cache key. */
  readonly url: string;
  /** Host and port. */
  readonly host: string;
  readonly tenant: string;
}

/**
 * Parses an authority: a string, a WHATWG `URL`, or what Node's `url.parse` returns.
 *
 * @throws AdalError with adal-node's texts; TypeError if it is nothing of that kind
 */
export function parseAuthority(authority: unknown): Authority {
  const text = authorityText(authority).trim();
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? [];
  if (scheme.toLowerCase() !== "https") throw argumentError(TEXTS.authorityNotHttps, "ERR_AUTHORITY_INSECURE");
  const [, user = "", rawHost = "", path = "", query = "", fragment = ""] =
    /^\/\/(?:([^/?#]*)@)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(slashes(rest)) ?? [];
  if (query.length > 1) throw argumentError(TEXTS.authorityHasQuery, "ERR_AUTHORITY_INVALID");
  const escapedPath = escapeUnsafe(path);
  const tenant = escapedPath.split("/")[1];
  if (!tenant || !rawHost) throw argumentError(TEXTS.authorityWithoutTenant, "ERR_TENANT_INVALID");
  const host = asciiHost(rawHost);
  const login = user === "" ? "" : `${user}@`;
  return { url: `https://${login}${host}${escapedPath}${query}${escapeUnsafe(fragment)}`, host, tenant };
}

/** Whether the host needs no discovery. */
export function isKnownAuthority({ host }: Authority): boolean {
  return KNOWN_HOSTS.has(host.replace(/:\d*$/, ""));
}

/** Whether the authority is AD FS, which has no tenants. */
export function isAdfs({ tenant }: Authority): boolean {
  return tenant.toLowerCase() === "adfs";
}

/**
 * Asks the world-wide service whether it knows the authority's host.
 *
 * @throws Failure if it does not, or can't be reached
 */
export async function discoverAuthority(flights: UserFlights, call: Call): Promise<void> {
  call.log.write("VERBOSE", "Authority", "Attempting instance discover");
  const body = await flights.discovery(call);
  if (members(body).tenant_discovery_endpoint) return;
  const hint = "check that no proxy or login page answers in the place of login.windows.net";
  const error = new AdalError(TEXTS.discoveryUnparseable, { code: "ERR_RESPONSE_INVALID", hint });
  throw new Failure(call.log.failure("Authority", error));
}

function authorityText(authority: unknown): string {
  if (typeof authority === "string") return authority;
  const { href } = members(authority);
  if (typeof href === "string") return href;
  const found = authority === null || authority === undefined ? String(authority) : `type ${typeof authority}`;
  throw Object.assign(new TypeError(TEXTS.authorityNotString(found)), { code: "ERR_INVALID_ARG_TYPE" });
}

/** Back slashes before the query count as slashes. */
function slashes(rest: string): string {
  const end = rest.search(/[?#]/);
  const path = end < 0 ? rest : rest.slice(0, end);
  return path.replaceAll("\\", "/") + rest.slice(path.length);
}

/** Escapes what Node's `url.parse` escapes. */
function escapeUnsafe(text: string): string {
  return text.replace(/[\s{}|\\^`<>"']/g, (character) => (character === "'" ? "%27" : encodeURIComponent(character)));
}

/** Lower case, and punycode for other letters; the port stays as it is. */
function asciiHost(host: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  return /^[\x00-\x7f]*$/.test(host) ? host.toLowerCase() : new URL(`https://${host}`).host;
}
