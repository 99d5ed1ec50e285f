/**
 * Every text of adal-node 0.2.4 that callers match, in one place. The words are its own, spelling and full stops
 * included; what certgrant has to add goes into `hint` and `cause`, or after the text where callers match a beginning.
 */
export const TEXTS = {
  callbackRequired: "acquireToken requires a function callback parameter.",
  required: (name: string) => `The ${name} parameter is required.`,
  notString: (name: string) => `The ${name} parameter must be of type String.`,
  authorityNotHttps: "The authority url must be an https endpoint.",
  authorityHasQuery: "The authority url must not have a query string.",
  authorityWithoutTenant: "Could not determine tenant.",
  authorityNotString: (found: string) => `The "url" argument must be of type string. Received ${found}`,
  thumbprintFormat: "The thumbprint does not match a known format",
  signingFailed: "Failed to sign JWT.",
  discoveryUnparseable: "Failed to parse instance discovery response",
  noResponse: "No response from the server",
  httpError: (what: string, status: number, body: unknown) =>
    `${what} request returned http error: ${status} and server response: ${JSON.stringify(body)}`,
  notInteger: (key: string) => `${key} could not be parsed as an int.`,
  tokenTypeMissing: "wireResponse is missing token_type",
  accessTokenMissing: "wireResponse missing access_token",
  idTokenNotParseable: "The returned id_token is not parseable.",
  idTokenNotDecodable: "the returned id_token could not be decoded",
  logNotFunction: "setLogOptions expects the log key in the options parameter to be a function",
  logLevelRange: "setLogOptions expects the level key to be in the range 0 to 3 inclusive",
} as const;

/** Names of requests in {@link TEXTS.httpError}. */
export const GET_TOKEN = "Get Token";
export const INSTANCE_DISCOVERY = "Instance Discovery";
