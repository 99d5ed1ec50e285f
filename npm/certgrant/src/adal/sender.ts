/** How requests of this entry are sent: with the settings of `options.http`, which is read and never written. */
import type { HttpRequest } from "../backend.ts";
import { send } from "../transport.ts";
import { fetchFor } from "./http-options.ts";
import type { AdalOptions } from "./types.ts";

/** Sends a request. */
export type Sender = (request: HttpRequest, aborted?: AbortSignal) => ReturnType<typeof send>;

/**
 * A sender with a context's options.
 *
 * @throws AdalError if they ask for what can't be done
 */
export function sender(options: AdalOptions): Sender {
  const { timeout, headers } = options.http ?? {};
  const transport = fetchFor(options.http);
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
