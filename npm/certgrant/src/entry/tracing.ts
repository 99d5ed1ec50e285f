/**
 * Spans of OpenTelemetry for the calls of Azure SDK clients, which hand the span that they are in along (`tracingOptions`). The
 * spans are made by `@azure/core-tracing`, which such clients bring with them; it is loaded with the first of these calls.
 */
import type { Trace } from "../events.ts";
import { PACKAGE_VERSION } from "../version.ts";

type TracingClient = import("@azure/core-tracing").TracingClient;

let loading: Promise<TracingClient | undefined> | undefined;

/** Runs a call in a span of its own; without one where there is nothing that makes spans. */
export const trace: Trace = async (name, options, run) => {
  loading ??= load();
  const client = await loading;
  if (!client) return run();
  return (await client.withSpan(name, options, async (_, span) => {
    try {
      const result = await run();
      span.setAttribute("az.client_request_id", result.correlationId);
      return result;
    } catch (error) {
      span.setAttribute("az.client_request_id", (error as { correlationId?: string }).correlationId);
      span.setAttribute("error.type", (error as { code?: string }).code);
      throw error;
    }
  })) as Awaited<ReturnType<typeof run>>;
};

/** The namespace is that of `@azure/identity`. */
async function load(): Promise<TracingClient | undefined> {
  try {
    const { createTracingClient } = await import("@azure/core-tracing");
    return createTracingClient({
      namespace: "Microsoft.AAD",
      packageName: "certgrant",
      packageVersion: PACKAGE_VERSION,
    });
  } catch {
    // Not installed: then nobody collects its spans.
    return undefined;
  }
}
