/**
 * Requests to a server on this machine whose TLS certificate no authority has signed, and which is known by its thumbprint: the
 * managed identity endpoint of Service Fabric. Nothing is sent before the certificate is seen to be the one.
 */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import type { Fetch, FetchInit } from "../transport.ts";

/** A `fetch` for the server whose certificate has this SHA-1 thumbprint (hexadecimal). */
export function pinnedFetch(thumbprint: string): Fetch {
  return async (url, init) => {
    const { hostname, port, pathname, search } = new URL(url);
    const socket = await trusted(hostname, Number(port || 443), thumbprint, init.signal);
    const answer = await exchange(socket, `${pathname}${search}`, init);
    // As a stream: whoever reads it reads as much as it wants.
    const body = answer.statusCode === 204 ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>);
    return new Response(body, { status: answer.statusCode ?? 500, headers: headersOf(answer) });
  };
}

/** A connection to the server that is the one; the thumbprint is compared before anything is written. */
function trusted(host: string, port: number, thumbprint: string, signal: AbortSignal): Promise<TLSSocket> {
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

function exchange(socket: TLSSocket, path: string, { method, headers, body, signal }: FetchInit) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest({ createConnection: () => socket, method, path, headers, signal });
    request.once("response", resolve);
    request.once("error", reject);
    request.end(body);
  });
}

function headersOf({ headers }: IncomingMessage): [string, string][] {
  return Object.entries(headers).map(([name, value]) => [name, String(value)]);
}
