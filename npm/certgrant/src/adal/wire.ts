/** What adal-node's requests and answers have in common: the standard headers, lenient bodies, the echoed id. */
import { withoutJwts } from "../errors.ts";
import { platform } from "../platform.ts";
import type { ResponseInput } from "../transport.ts";
import type { CallLog, Component } from "./logging.ts";

/** What the token service is told; mocks match versions that begin with `0.`. */
export const ADAL_SKU = "Node";
export const ADAL_VERSION = "0.2.4";

/** What adal-node's HTTP library took by default. */
export const ADAL_ACCEPT = "application/json, text/plain, */*";

/** The headers of a request that the core does not make. */
export function standardHeaders(correlationId: string): Record<string, string> {
  const { os, cpu } = platform();
  return {
    "accept-charset": "utf-8",
    "client-request-id": correlationId,
    "return-client-request-id": "true",
    "x-client-SKU": ADAL_SKU,
    "x-client-Ver": ADAL_VERSION,
    "x-client-OS": os,
    "x-client-CPU": cpu,
  };
}

/** The body as JSON if it is JSON, whatever its content type says, else as text. */
export function parseBody(body: Uint8Array): unknown {
  const text = new TextDecoder().decode(body);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * The body of a refusal. adal-node's error texts repeat it, and a gateway's may in turn repeat the request: then the
 * assertion would stand in the error.
 */
export function parseRefusal(body: Uint8Array): unknown {
  const text = withoutJwts(new TextDecoder().decode(body));
  return parseBody(new TextEncoder().encode(text));
}

/** Logs the correlation id that the service echoed. */
export function echoedCorrelationId(response: ResponseInput, what: string, component: Component, log: CallLog): void {
  const echoed = response.headers["client-request-id"];
  if (echoed === undefined) return;
  log.write("INFO", component, `${what} Server returned this correlationId: ${echoed}`, true);
  if (echoed !== log.correlationId) {
    log.write("WARN", component, `${what} Server returned another correlationId than the one that was sent.`);
  }
}
