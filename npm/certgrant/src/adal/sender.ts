/** How requests of this entry are sent: by `fetch`, with the settings of `options.http`, which is read and never written. */
import type { HttpRequest } from "../backend.ts";
import { platform } from "../platform.ts";
import { type Fetch, send } from "../transport.ts";
import type { AdalOptions } from "./types.ts";

/** Sends a request. */
export type Sender = (request: HttpRequest, aborted?: AbortSignal) => ReturnType<typeof send>;

/** A sender with a context's options. */
export function sender(options: AdalOptions): Sender {
  const { fetch, timeout, headers } = options.http ?? {};
  const transport = fetch ?? ownFetch();
  return (request, aborted = new AbortController().signal) =>
    send(
      transport,
      {
        ...request,
        headers: mergeHeaders(headers, { "accept-charset": "utf-8", ...request.headers }),
        timeout: typeof timeout === "number" && timeout > 0 ? timeout : request.timeout,
      },
      aborted,
    );
}

/** One for the process: it has the connections to the proxies of the environment, which adal-node went through too. */
let own: Fetch | undefined;

function ownFetch(): Fetch {
  own ??= platform().fetch?.("certgrant/adal", {}) ?? ((...request) => (globalThis.fetch as Fetch)(...request));
  return own;
}

/** One spelling for each name, so that a caller's header can't stand beside a standard one. */
function mergeHeaders(
  own: Record<string, string> | undefined,
  standard: Record<string, string>,
): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const [name, value] of [...Object.entries(own ?? {}), ...Object.entries(standard)]) {
    merged[name.toLowerCase()] = value;
  }
  return merged;
}
