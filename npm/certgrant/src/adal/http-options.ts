/**
 * What `options.http` says of the way to the service. adal-node handed it to axios, which is not here, so its
 * settings are translated where they can be: a proxy, certificate authorities, agents that know either.
 */
import { platform } from "../platform.ts";
import type { Fetch } from "../transport.ts";
import { AdalError, members } from "./errors.ts";
import type { AdalOptions } from "./types.ts";

type HttpOptions = NonNullable<AdalOptions["http"]>;
type Network = Parameters<NonNullable<ReturnType<typeof platform>["fetch"]>>[1];

/** The `fetch` of each way, by its settings, so that connections are used again. */
const ways = new Map<string, Fetch>();

/**
 * The `fetch` for a request with these options.
 *
 * @throws AdalError if they ask for what can't be done
 */
export function fetchFor(http: HttpOptions = {}): Fetch {
  const { fetch, dispatcher, proxy, ca, httpsAgent, agent } = http;
  if (fetch) return fetch;
  const used = httpsAgent ?? agent;
  const pool = dispatcher ?? (typeof members(used).dispatch === "function" ? used : undefined);
  // A pool of undici's goes to its `fetch`, which Node's is.
  if (pool) return (url, init) => (globalThis.fetch as Fetch)(url, { ...init, dispatcher: pool } as typeof init);
  if (proxy === false && !ca && !used) return platform().directFetch;
  const network: Network = {};
  const proxyOptions = proxyOf(proxy || members(used).proxy);
  const authorities = ca ?? members(members(used).options).ca;
  if (proxyOptions) network.proxyOptions = proxyOptions;
  if (authorities) network.tlsOptions = { ca: authorities as string };
  if (used && !proxyOptions && !authorities)
    throw unusable("httpsAgent", "an agent that names no proxy and no authorities");
  return way(network);
}

function way(network: Network): Fetch {
  const make = platform().fetch;
  const isPlain = Object.keys(network).length === 0;
  if (!make) {
    if (isPlain) return platform().directFetch;
    throw unusable("proxy, ca and httpsAgent", "a runtime whose connections are its own business");
  }
  const name = JSON.stringify(network);
  const known = ways.get(name);
  if (known) return known;
  const made = make("AuthenticationContext", network);
  ways.set(name, made);
  return made;
}

/** A proxy as axios has it, as an agent's address, or as text. */
function proxyOf(given: unknown): Network["proxyOptions"] {
  if (!given) return undefined;
  const { href, host, port, protocol = "http", auth } = members(given);
  const address = typeof given === "string" ? given : href;
  if (typeof address === "string") return proxyOfUrl(address);
  const { username, password } = members(auth);
  return {
    host: `${String(protocol).replace(/:$/, "")}://${host}`,
    port: Number(port),
    ...(username !== undefined && { username: String(username), password: String(password ?? "") }),
  };
}

function proxyOfUrl(address: string): Network["proxyOptions"] {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw unusable("proxy", "an address that is none");
  }
  const { protocol, hostname, port, username, password } = url;
  return {
    host: `${protocol}//${hostname}`,
    port: Number(port || (protocol === "https:" ? 443 : 80)),
    ...(username && { username: decodeURIComponent(username), password: decodeURIComponent(password) }),
  };
}

function unusable(setting: string, found: string): AdalError {
  return new AdalError(`options.http.${setting} can't be used: found ${found}, expected what fetch can do`, {
    code: "ERR_INVALID_ARG_VALUE",
    hint: "give options.http.fetch, options.http.dispatcher (of undici), proxy as { host, port }, or ca; HTTPS_PROXY is obeyed",
  });
}
