/** The types of adal-node's declarations, under adal-node's names. */
import type { Fetch } from "../transport.ts";

/** Tokens and what is known of them; the object is the one that the cache holds. */
export interface TokenResponse {
  /** The type of the token, `Bearer`. */
  tokenType: string;
  /** The access token: a secret. */
  accessToken: string;
  /** A refresh token, which app-only answers do not have. */
  refreshToken?: string | undefined;
  createdOn?: Date | string;
  /** When the access token expires. */
  expiresOn: Date | string;
  /** For how many seconds the token is valid. */
  expiresIn: number;
  resource: string;
  userId?: string | undefined;
  isUserIdDisplayable?: boolean | undefined;
  tenantId?: string | undefined;
  oid?: string | undefined;
  givenName?: string | undefined;
  familyName?: string | undefined;
  identityProvider?: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: as adal-node's types have it
  error?: any;
  // biome-ignore lint/suspicious/noExplicitAny: as adal-node's types have it
  errorDescription?: any;
  // biome-ignore lint/suspicious/noExplicitAny: callers read and write members of their own, as adal-node's types allow
  [key: string]: any;
}

/** What the token service answered instead of a token, with the names of the wire (`error`, `error_description`, …). */
export interface ErrorResponse {
  error: string;
  errorDescription: string;
  // biome-ignore lint/suspicious/noExplicitAny: the members are the service's
  [key: string]: any;
}

/** A code for the user, and what it takes to ask whether it was typed in. */
export interface UserCodeInfo {
  /** Asked about by `acquireTokenWithDeviceCode`: a secret. */
  deviceCode: string;
  /** Seconds after which the codes are of no use. */
  expiresIn: number;
  /** Seconds between two questions. */
  interval: number;
  /** What to tell the user. */
  message: string;
  /** What the user types in. */
  userCode: string;
  /** Where the user types it in. */
  verificationUrl: string;
  // biome-ignore lint/suspicious/noExplicitAny: as adal-node's types have it
  error?: any;
  // biome-ignore lint/suspicious/noExplicitAny: as adal-node's types have it
  errorDescription?: any;
  // biome-ignore lint/suspicious/noExplicitAny: callers read and write members of their own, as adal-node's types allow
  [key: string]: any;
}

/** Receives a code for the user, or an `AdalError` and the service's answer. */
export type AcquireUserCodeCallback = (error: Error, response: UserCodeInfo) => void;

/**
 * Receives a token, or an error and, where the service answered, the parsed body of its answer. The error is an `AdalError`;
 * the type is adal-node's, because callers make and call such functions themselves.
 */
export type AcquireTokenCallback = (error: Error, response: TokenResponse | ErrorResponse) => void;

/** A cache of tokens; callbacks may be called before or after the method returns. */
export interface TokenCache {
  // biome-ignore lint/suspicious/noExplicitAny: entries are plain objects
  remove(entries: any[], callback: (error: any, result?: any) => void): void;
  // biome-ignore lint/suspicious/noExplicitAny: entries are plain objects
  add(entries: any[], callback: (error: any, result?: any) => void): void;
  // biome-ignore lint/suspicious/noExplicitAny: entries are plain objects
  find(query: any, callback: (error: any, results: any[]) => void): void;
}

/** Options of the requests of a context, or of all contexts. */
export interface AdalOptions {
  http?: {
    /** Replaces the global `fetch`. */
    fetch?: Fetch;
    /** A pool of `undici`. */
    dispatcher?: unknown;
    /** A proxy, `{ host, port, auth }` or its address; on Node, with the package `undici`. `HTTPS_PROXY` is obeyed without. */
    proxy?: unknown;
    /** Certificate authorities in place of the built-in ones, PEM; on Node, with the package `undici`. */
    ca?: string | undefined;
    /** An agent of Node's, as far as it names a proxy or authorities. */
    httpsAgent?: unknown;
    /** Milliseconds to wait for an answer. */
    timeout?: number;
    /** Further request headers; adal-node's own win. */
    headers?: Record<string, string>;
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

/** An entry of a cache, as far as lookups read it. */
export interface CacheEntry extends TokenResponse {
  _clientId: string;
  _authority: string;
}
