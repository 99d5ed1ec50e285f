/**
 * Requests through a proxy, and to servers of private certificate authorities, on Node. A proxy takes `undici`, which is loaded
 * when it is needed and not before.
 */
import type { Agent } from "node:http";
import { argumentValueError } from "../errors.ts";
import { withoutForeignText } from "../foreign-error.ts";
import type { ProxyOptions, TlsOptions } from "../options.ts";
import type { FetchFactory } from "../platform.ts";
import { type Fetch, type FetchInit, TransportError } from "../transport.ts";
import { directFetch, nodeFetch } from "./node-fetch.ts";
import { addressOf, type ProxyAddress, proxyFor } from "./proxy-address.ts";

type Undici = typeof import("undici");
type ConnectOptions = Parameters<import("undici").Pool["connect"]>[0];
type Connected = import("undici").Dispatcher.ConnectData;

/** A `fetch` that goes by the options of a credential and by the environment, which is read with each request. */
export const proxyingFetch: FetchFactory = (credential, { proxyOptions, tlsOptions }) => {
  if (proxyOptions) expectAddress(credential, proxyOptions);
  const agents = new Agents(tlsOptions);
  return async (url, init) => {
    const proxy = proxyFor(new URL(url), proxyOptions, (name) => process.env[name] || undefined);
    if (proxy === null) throw invalidAddress();
    if (proxy === undefined) return tlsOptions ? nodeFetch(url, init, await agents.direct()) : directFetch(url, init);
    const undici = await loadUndici();
    if (!undici) return (globalThis.fetch as Fetch)(url, init);
    return through(undici, agents.get(undici, proxy), url, init);
  };
};

function expectAddress(credential: string, options: ProxyOptions): void {
  const { host, port } = options;
  if (typeof host === "string" && Number.isInteger(port) && addressOf(`${host}:${port}`, options)) return;
  throw argumentValueError(`${credential}: options.proxyOptions must have host, as http://host, and port, a number`);
}

async function through(
  { fetch }: Undici,
  dispatcher: import("undici").Dispatcher,
  url: string,
  init: FetchInit,
): ReturnType<Fetch> {
  try {
    return (await fetch(url, { ...init, dispatcher })) as Awaited<ReturnType<Fetch>>;
  } catch (thrown) {
    for (let at = thrown; at instanceof Error; at = at.cause) {
      if (at instanceof TransportError) throw at;
    }
    throw thrown;
  }
}

/** The connections of a credential: through each of its proxies, and around them. */
class Agents {
  readonly #tls: TlsOptions | undefined;
  readonly #agents = new Map<string, import("undici").Dispatcher>();
  #direct: Agent | undefined;

  constructor(tls: TlsOptions | undefined) {
    this.#tls = tls;
  }

  /** Without a proxy, to servers whose authorities are the credential's own. */
  async direct(): Promise<Agent> {
    const https = await import("node:https");
    // node:https takes what tls.connect takes, of which these are a part.
    this.#direct ??= new https.Agent({ keepAlive: true, ...(this.#tls as import("node:https").AgentOptions) });
    return this.#direct;
  }

  get(undici: Undici, proxy: ProxyAddress): import("undici").Dispatcher {
    const key = JSON.stringify(proxy);
    const known = this.#agents.get(key);
    if (known) return known;
    const agent = this.#proxyAgent(undici, proxy);
    this.#agents.set(key, agent);
    return agent;
  }

  #proxyAgent({ ProxyAgent, Pool }: Undici, { origin, authorization }: ProxyAddress): import("undici").Dispatcher {
    return new ProxyAgent({
      uri: origin,
      ...(authorization !== undefined && { token: authorization }),
      requestTls: this.#connectOptions(),
      proxyTls: this.#connectOptions(),
      clientFactory: (at, options) => watched(new Pool(at, options), new URL(origin).host),
    });
  }

  #connectOptions() {
    // undici takes what tls.connect takes, of which these are a part.
    return this.#tls as import("undici").buildConnector.BuildOptions;
  }
}

/** The connections to a proxy, which say that it was the proxy that refused, and how. */
function watched(pool: import("undici").Pool, host: string): import("undici").Pool {
  const connect = pool.connect.bind(pool) as (options: ConnectOptions) => Promise<Connected>;
  const asking = async (options: ConnectOptions) => {
    let answer: Connected;
    try {
      answer = await connect(options);
    } catch (thrown) {
      throw unreachable(host, thrown);
    }
    if (answer.statusCode === 200) return answer;
    answer.socket.on("error", () => undefined).destroy();
    throw refused(host, answer.statusCode);
  };
  return Object.assign(pool, { connect: asking });
}

const CREDENTIALS =
  "give the proxy's user name and password: proxyOptions, or http://user:password@host:port in HTTPS_PROXY";
const HINTS: Readonly<Record<number, string>> = {
  // Interop: tinyproxy 1.11 answers 401 where RFC 9110 section 15.5.8 has 407.
  401: CREDENTIALS,
  403: "have the proxy's administrators allow connections to the token service, or go around it with NO_PROXY",
  407: CREDENTIALS,
};

/** A refusal for good, or one of a proxy that can't reach the service now (RFC 9110 section 15.6). */
function refused(host: string, status: number): TransportError {
  const found = `status ${status} from ${host}`;
  return new TransportError(status >= 500, found, {
    code: "ERR_PROXY_REFUSED",
    message: `the proxy did not connect to the token service: found ${found}, expected 200`,
    hint: HINTS[status] ?? "ask the proxy's administrators, or go around it with NO_PROXY",
  });
}

function unreachable(host: string, thrown: unknown): TransportError {
  const cause = withoutForeignText(thrown);
  const found = `${cause.code ?? cause.name} at ${host}`;
  return new TransportError(true, found, {
    code: "ERR_PROXY_REFUSED",
    message: `the proxy could not be reached: found ${found}, expected a connection`,
    hint: "check the proxy's address in proxyOptions or HTTPS_PROXY, and that it runs",
    cause,
  });
}

function invalidAddress(): TransportError {
  const found = "no such address in the environment";
  return new TransportError(false, found, {
    code: "ERR_PROXY_INVALID",
    message: `the proxy's address is not usable: found ${found}, expected http://host:port`,
    hint: "correct HTTPS_PROXY, ALL_PROXY or HTTP_PROXY; there are proxies of http and of https, none of SOCKS",
  });
}

/**
 * Loads undici; `undefined` where it is missing and Node itself goes through proxies.
 *
 * @throws TransportError `ERR_DEPENDENCY_MISSING`
 */
async function loadUndici(): Promise<Undici | undefined> {
  try {
    return await import("undici");
  } catch (cause) {
    const isNodesOwn =
      process.env.NODE_USE_ENV_PROXY === "1" && process.allowedNodeEnvironmentFlags.has("--use-env-proxy");
    if (isNodesOwn) return undefined;
    throw missing(cause);
  }
}

/** undici 8 is for Node 22 and newer, and does not load on Node 20. */
function missing(thrown: unknown): TransportError {
  const cause = withoutForeignText(thrown);
  const isAbsent = cause.code === "ERR_MODULE_NOT_FOUND" || cause.code === "MODULE_NOT_FOUND";
  const found = isAbsent ? "no undici" : "an undici that this Node does not load";
  return new TransportError(false, found, {
    code: "ERR_DEPENDENCY_MISSING",
    message: `a package is missing: found ${found}, expected it for a proxy`,
    hint: "npm install undici@7; or go around the proxy with NO_PROXY; or give the credential a fetch of your own",
    cause,
  });
}
