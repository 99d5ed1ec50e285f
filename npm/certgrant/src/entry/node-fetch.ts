/**
 * Requests by `node:http` and `node:https`. Node's own `fetch` takes several times their memory, and longer for its first request
 * and each other; it carries those of programs that have it anyway.
 */
import type { Agent, IncomingMessage, RequestOptions } from "node:http";
import { type Fetch, type FetchInit, type FetchResponse, MAX_RESPONSE_BYTES } from "../transport.ts";
import { PACKAGE_VERSION } from "../version.ts";

/** How often a GET is sent on to another address. */
const MAX_REDIRECTIONS = 5;

/** What only the source text of Node's `fetch` has, which loads itself with the first call. */
const NODES_OWN = "internal/deps/undici";

/** Where undici, Node's or another, keeps what all of its requests go by. */
const DISPATCHER = Symbol.for("undici.globalDispatcher.1");

/**
 * A request that goes by nothing but itself: by the global `fetch` if the program has replaced or used it, with whatever the
 * program set for it, and else by Node's clients.
 */
export const directFetch: Fetch = (url, init) =>
  isUntouched() ? nodeFetch(url, init) : (globalThis.fetch as Fetch)(url, init);

function isUntouched(): boolean {
  return !(DISPATCHER in globalThis) && Function.prototype.toString.call(globalThis.fetch).includes(NODES_OWN);
}

/** A `fetch` by Node's clients and the agent, the global ones without; what it answers is read already. */
export async function nodeFetch(url: string, init: FetchInit, agent?: Agent): Promise<FetchResponse> {
  const options = agent ? { agent } : {};
  for (let at = new URL(url), redirections = 0; ; redirections++) {
    const { message, bytes } = await exchange(at, init, options);
    const next = init.redirect === "follow" && redirections < MAX_REDIRECTIONS ? redirection(at, message) : undefined;
    if (!next) return responseOf(message, bytes);
    at = next;
  }
}

/** Where an answer to a GET sends on to (RFC 9110 section 15.4); never out of TLS. */
function redirection(from: URL, { statusCode = 0, headers }: IncomingMessage): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode) || !URL.canParse(headers.location ?? "", from)) return undefined;
  const to = new URL(headers.location as string, from);
  return to.protocol === from.protocol || to.protocol === "https:" ? to : undefined;
}

interface Answer {
  readonly message: IncomingMessage;
  /** As much of the body as is of use. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Sends a request and reads the answer. */
export async function exchange(
  url: URL,
  { method, headers, body, signal }: FetchInit,
  options: RequestOptions,
): Promise<Answer> {
  // The module itself: what replaces its functions, as mocks and instrumentation do, replaces no named export.
  const { default: client } = await (url.protocol === "https:" ? import("node:https") : import("node:http"));
  const standard = { "accept-encoding": "identity", "user-agent": `certgrant/${PACKAGE_VERSION}` };
  return new Promise((resolve, reject) => {
    const request = client.request(url, { method, headers: { ...standard, ...headers }, signal, ...options });
    request.on("error", reject);
    request.once("response", (message) => {
      const chunks: Uint8Array[] = [];
      let length = 0;
      const end = () => resolve({ message, bytes: new Uint8Array(Buffer.concat(chunks)) });
      message.on("error", reject);
      message.once("end", end);
      message.on("data", (chunk: Uint8Array) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length < MAX_RESPONSE_BYTES) return;
        end();
        message.destroy();
      });
    });
    request.end(body);
  });
}

/** An answer as `fetch` gives it. */
export function responseOf(
  { statusCode = 0, headers }: IncomingMessage,
  bytes: Uint8Array<ArrayBuffer>,
): FetchResponse {
  return {
    status: statusCode,
    headers: {
      get(name) {
        const value = headers[name.toLowerCase()];
        return value === undefined ? null : String(value);
      },
    },
    arrayBuffer: async () => bytes.buffer,
  };
}
