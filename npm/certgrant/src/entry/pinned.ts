/**
 * Requests to a server on this machine whose TLS certificate no authority has signed, and which is known by its thumbprint: the
 * managed identity endpoint of Service Fabric. Nothing is sent before the certificate is seen to be the one.
 */
import type { TLSSocket } from "node:tls";
import type { Fetch } from "../transport.ts";
import { exchange, responseOf } from "./node-fetch.ts";

/** A `fetch` for the server whose certificate has this SHA-1 thumbprint (hexadecimal). */
export function pinnedFetch(thumbprint: string): Fetch {
  return async (address, init) => {
    const url = new URL(address);
    const socket = await trusted(url.hostname, Number(url.port || 443), thumbprint, init.signal);
    // The connection is there: what is left to be done is HTTP alone.
    url.protocol = "http:";
    const { message, bytes } = await exchange(url, init, { createConnection: () => socket });
    return responseOf(message, bytes);
  };
}

/** A connection to the server that is the one; the thumbprint is compared before anything is written. */
async function trusted(host: string, port: number, thumbprint: string, signal: AbortSignal): Promise<TLSSocket> {
  const { connect } = await import("node:tls");
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ...(isName(host) && { servername: host }) });
    const fail = (error: unknown) => {
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      signal.removeEventListener("abort", abort);
      const found = socket.getPeerCertificate().fingerprint?.replaceAll(":", "");
      if (found?.toLowerCase() === thumbprint.replaceAll(":", "").toLowerCase()) return resolve(socket);
      fail(Object.assign(new Error("another certificate"), { code: "ERR_TLS_CERT_THUMBPRINT_MISMATCH" }));
    });
    if (signal.aborted) abort();
  });
}

function isName(host: string): boolean {
  return !/^[\d.]+$|:/.test(host);
}
