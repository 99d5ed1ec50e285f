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
  userCodeInfoRequired: "The userCodeInfo parameter is required",
  userCodeInfoMissing: (member: string) => `The userCodeInfo is missing ${member}`,
  intervalInvalid: "invalid refresh interval",
  nothingToCancel: "No acquireTokenWithDeviceCodeRequest existed to be cancelled",
  cancelled: "Polling_Request_Cancelled",
  notInCache: "Entry not found in cache.",
  ambiguous: "More than one token matches the criteria.  The result is ambiguous.",
  accountType: (found: string) => `Cannot parse account_type: ${found}`,
  accountUnknown: (found: string) => `Server returned an unknown AccountType: ${found}`,
  federationProtocol: (found: string) => `Cannot parse federation protocol: ${found}`,
  noTrustEndpoint: "AAD did not return a WSTrust endpoint.  Unable to proceed.",
  trustVersion: "Unsupported wstrust endpoint version. Current support version is wstrust2005 or wstrust13.",
  trustRefused: (code: string, reason: string) =>
    `Server returned error in RSTR - ErrorCode: ${code} : FaultMessage: ${reason}`,
  trustEmpty: "Received empty RSTR response body.",
  trustMalformed: "Failed to parse RSTR in to DOM",
  trustWithoutToken: "Unable to find any tokens in RSTR.",
  trustTokenType: (found: string) => `RSTR returned unknown token type: ${found}`,
  expiresInMissing: "wireResponse is missing expires_in",
  deviceCodeMissing: "wireResponse is missing device code",
  userCodeMissing: "wireResponse is missing user code",
  thumbprintFormat: "The thumbprint does not match a known format",
  signingFailed: "Failed to sign JWT.This is most likely due to an invalid certificate.",
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

/** Texts of the helpers that read a resource's challenge; the spelling of the first is adal-node's. */
export const CHALLENGE_TEXTS = {
  responseMissing: "Mising required parameter: response",
  statusMissing: "The response parameter does not have the expected HTTP status field",
  statusOther: (found: unknown) =>
    `The response status code does not correspond to an OAuth challenge.  The status is expected to be 401 but is: ${found}`,
  headersMissing: "There were no headers found in the response.",
  headerMissing:
    "The response does not contain a WWW-Authenticate header that can be used to determine the authority_uri and resource.",
  unparseable: "The challenge is not parseable as an RFC6750 OAuth2 challenge",
  authorizationUriMissing: "Could not find 'authorization_uri' in challenge header.",
  urlMissing: "Missing required parameter: url",
  urlType: "Parameter is of wrong type: url",
} as const;

/** Names of requests in {@link TEXTS.httpError}. */
export const GET_TOKEN = "Get Token";
export const GET_DEVICE_CODE = "Get Device Code";
export const INSTANCE_DISCOVERY = "Instance Discovery";
export const USER_REALM = "User Realm Discovery";
export const MEX = "Mex Get";
export const WS_TRUST = "WS-Trust RST";
