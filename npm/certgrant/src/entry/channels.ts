/**
 * What happens to tokens, on the channels of `node:diagnostics_channel`. The messages are those of `src/events.ts`; none holds a
 * token, an assertion or a key.
 */
import { channel } from "node:diagnostics_channel";
import { CertgrantError } from "../errors.ts";
import type { Watcher } from "../events.ts";

const requested = channel("certgrant:token:requested");
const served = channel("certgrant:token:served");
const refreshed = channel("certgrant:token:refreshed");
const failed = channel("certgrant:token:failed");

/** Publishes what has subscribers. */
export const channels: Watcher = {
  get isWatching() {
    return served.hasSubscribers || failed.hasSubscribers || refreshed.hasSubscribers || requested.hasSubscribers;
  },
  begin(call) {
    const began = performance.now();
    let source = "service";
    const told = (members: object) => Object.assign(call, members, { durationMs: performance.now() - began });
    requested.publish(call);
    return {
      observe(event) {
        // What happens behind a caller who has the token already is told apart from what the caller was told.
        const durationMs = performance.now() - began;
        if (event.kind === "hit") source = "cache";
        if (event.kind === "granted" && event.isRefresh) {
          const { correlationId, expiresOn: expiresOnTimestamp } = event.token;
          refreshed.publish({ ...origin(call), correlationId, durationMs, expiresOnTimestamp });
        }
        if (event.kind === "notRefreshed") {
          const { correlationId } = event.error;
          failed.publish({ ...origin(call), ...reasonOf(event.error), correlationId, durationMs, isServed: true });
        }
      },
      served({ correlationId, expiresOnTimestamp }) {
        served.publish(told({ source, expiresOnTimestamp, correlationId }));
      },
      failed(error) {
        const reason = error instanceof CertgrantError ? reasonOf(error) : { code: "ERR_INTERNAL" };
        const correlationId = (error instanceof CertgrantError && error.correlationId) || call.correlationId;
        failed.publish(told({ ...reason, correlationId, isServed: false }));
      },
    };
  },
};

function reasonOf({ code, statusCode, errorResponse }: CertgrantError) {
  if (!errorResponse) return { code };
  const { errorCodes, traceId } = errorResponse;
  return { code, statusCode, errorCodes, ...(traceId !== undefined && { traceId }) };
}

function origin({ credential, scopes, tenantId }: Parameters<Watcher["begin"]>[0]) {
  return { credential, scopes, ...(tenantId !== undefined && { tenantId }) };
}
