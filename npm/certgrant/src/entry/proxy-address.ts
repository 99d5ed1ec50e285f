/**
 * Which proxy a request goes through, by options and environment: the variables and their order are those of the Azure SDKs, the
 * meaning of `NO_PROXY` is curl's.
 */
import type { ProxyOptions } from "../options.ts";

/** A proxy without its password in the address. */
export interface ProxyAddress {
  /** `http://host:port` or `https://host:port`. */
  origin: string;
  /** Value of `Proxy-Authorization`. */
  authorization: string | undefined;
}

/** Reads an environment variable; empty is none. */
type Variable = (name: string) => string | undefined;

/** The proxy for `url`; `undefined` if it goes directly, `null` if what names the proxy is no address of one. */
export function proxyFor(
  url: URL,
  options: ProxyOptions | undefined,
  variable: Variable,
): ProxyAddress | null | undefined {
  const either = (name: string) => variable(name) ?? variable(name.toLowerCase());
  const given = options === undefined ? environmentProxy(url, either) : `${options.host}:${options.port}`;
  if (given === undefined || isExempt(url, either("NO_PROXY") ?? "")) return undefined;
  return addressOf(given, options);
}

function environmentProxy({ protocol }: URL, variable: Variable): string | undefined {
  if (protocol === "https:") return variable("HTTPS_PROXY") ?? variable("ALL_PROXY") ?? variable("HTTP_PROXY");
  return variable("HTTP_PROXY") ?? variable("ALL_PROXY");
}

/** The address of a proxy; `null` if it is none. Without a scheme it is `http:`, as everywhere. */
export function addressOf(given: string, options: ProxyOptions | undefined): ProxyAddress | null {
  let url: URL;
  try {
    url = new URL(given.includes("://") ? given : `http://${given}`);
  } catch {
    return null;
  }
  if ((url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "") return null;
  const user = options?.username ?? decoded(url.username);
  const password = options?.password ?? decoded(url.password);
  return { origin: url.origin, authorization: user === "" ? undefined : basic(user, password) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** RFC 7617, in UTF-8. */
function basic(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** Whether `NO_PROXY` names the host: itself, a domain above it, `*`, each with or without a port. */
function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const host = hostname.toLowerCase().replace(/^\[|\]$/g, "");
  const effectivePort = port || (protocol === "https:" ? "443" : "80");
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === "") return false;
    const [, name = "", wanted] = /^(.*?)(?::(\d+))?$/.exec(entry.replace(/^\[(.*)\]/, "$1")) ?? [];
    // An IPv6 address has colons, and its last group is no port.
    const isAddress = entry.split(":").length > 2 && !entry.startsWith("[");
    const domain = (isAddress ? entry : name).toLowerCase().replace(/^\*?\./, "");
    if (!isAddress && wanted !== undefined && wanted !== effectivePort) return false;
    return domain === "*" || host === domain || host.endsWith(`.${domain}`);
  });
}
