/**
 * What a resource says about its authority when it is asked without a token: the challenge of
 * [RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3), as adal-node read it.
 */
import { platform } from "../platform.ts";
import { expectStrings } from "./arguments.ts";
import { complete, finishWith } from "./completion.ts";
import { AdalError, argumentError, members } from "./errors.ts";
import { Failure } from "./failure.ts";
import { CallLog } from "./logging.ts";
import { sender } from "./sender.ts";
import { CHALLENGE_TEXTS, TEXTS } from "./texts.ts";
import { ADAL_ACCEPT, echoedCorrelationId, standardHeaders } from "./wire.ts";

const PAIR = '([^,\\s="]+?)="([^"]*?)"\\s*';
const CHALLENGE = new RegExp(`^\\s*Bearer\\s+${PAIR}(?:,\\s*${PAIR})*$`);
const PAIRS = new RegExp(PAIR, "g");

/** How long a resource has to answer, in milliseconds. */
const TIMEOUT = 30_000;

/** Where to get a token for a resource, and under which name. */
export class AuthenticationParameters {
  /** As adal-node names them: they show where the object is printed. */
  readonly _authorizationUri: string;
  readonly _resource: string;

  constructor(authorizationUri: string, resource: string) {
    this._authorizationUri = authorizationUri;
    this._resource = resource;
  }

  /** The authority. */
  get authorizationUri(): string {
    return this._authorizationUri;
  }

  /** The resource, `undefined` if it was not named. */
  get resource(): string {
    return this._resource;
  }
}

/** Receives what a resource says, or an error. */
export type AuthenticationParametersCallback = (error: AdalError, parameters: AuthenticationParameters) => void;

/** A response as it may be given: of Node, of `fetch`, of axios. */
export interface ChallengeResponse {
  status?: number | undefined;
  statusCode?: number | undefined;
  headers: unknown;
}

/**
 * Reads the value of a `WWW-Authenticate` header.
 *
 * @throws AdalError if it is not a challenge with an `authorization_uri`
 */
export function createAuthenticationParametersFromHeader(challenge: string): AuthenticationParameters {
  expectStrings({ challenge });
  if (!CHALLENGE.test(challenge)) throw invalid(CHALLENGE_TEXTS.unparseable);
  const found = new Map<string, string>();
  for (const [, name = "", value = ""] of challenge.replace(/^\s*Bearer\s+/, "").matchAll(PAIRS)) {
    found.set(name, value);
  }
  const authorizationUri = found.get("authorization_uri");
  if (!authorizationUri) throw invalid(CHALLENGE_TEXTS.authorizationUriMissing);
  return new AuthenticationParameters(authorizationUri, found.get("resource") as string);
}

/**
 * Reads a response with the status 401.
 *
 * @throws AdalError if it is another, or has no challenge
 */
export function createAuthenticationParametersFromResponse(response: ChallengeResponse): AuthenticationParameters {
  if (!response) throw argumentError(CHALLENGE_TEXTS.responseMissing, "ERR_INVALID_ARG_VALUE");
  const status = response.status || response.statusCode;
  if (!status) throw argumentError(CHALLENGE_TEXTS.statusMissing, "ERR_INVALID_ARG_VALUE");
  if (status !== 401) throw invalid(CHALLENGE_TEXTS.statusOther(status));
  const { headers } = response;
  if (!headers) throw invalid(CHALLENGE_TEXTS.headersMissing);
  const challenge =
    typeof members(headers).get === "function"
      ? (headers as Headers).get("www-authenticate")
      : members(headers)["www-authenticate"];
  if (!challenge) throw invalid(CHALLENGE_TEXTS.headerMissing);
  return createAuthenticationParametersFromHeader(challenge as string);
}

/**
 * Asks a resource without a token.
 *
 * @param url - The resource's address: a text, or an object with `href`.
 * @param callback - Receives what the resource says. Without it a promise is returned.
 * @param correlationId - Sent as `client-request-id`; by default one is made.
 */
export function createAuthenticationParametersFromUrl(
  url: string | { href: string },
  callback: AuthenticationParametersCallback,
  correlationId?: string,
): void;
export function createAuthenticationParametersFromUrl(
  url: string | { href: string },
): Promise<AuthenticationParameters>;
export function createAuthenticationParametersFromUrl(
  url: string | { href: string },
  ...rest: [AuthenticationParametersCallback?, string?]
): Promise<AuthenticationParameters> | undefined {
  const [, correlationId] = rest;
  return complete([url], rest.slice(0, 1), (finish) => {
    if (!url) return finish(argumentError(CHALLENGE_TEXTS.urlMissing, "ERR_INVALID_ARG_VALUE"));
    const address = typeof url === "string" ? url : members(url).href;
    if (!address || typeof address !== "string") {
      return finish(argumentError(CHALLENGE_TEXTS.urlType, "ERR_INVALID_ARG_TYPE"));
    }
    finishWith(ask(address, new CallLog(correlationId || platform().randomUUID())), finish);
  });
}

async function ask(url: string, log: CallLog): Promise<AuthenticationParameters> {
  log.write("VERBOSE", COMPONENT, "Attempting to retrieve authentication parameters");
  log.write("VERBOSE", COMPONENT, `Attempting to retrieve authentication parameters from: ${url}`, true);
  const headers = { accept: ADAL_ACCEPT, ...standardHeaders(log.correlationId) };
  const answer = await sender({})({ method: "GET", url, headers, body: "", timeout: TIMEOUT });
  if (answer.kind === "failure") {
    const hint = `check the resource's address and the connection to it (${answer.message})`;
    const code = answer.reason === "timeout" ? "ERR_REQUEST_TIMEOUT" : "ERR_NETWORK_FAILED";
    const error = new AdalError(TEXTS.noResponse, { code, hint, cause: answer.cause });
    throw new Failure(log.failure(COMPONENT, error));
  }
  echoedCorrelationId(answer, "Authentication Parameters", COMPONENT, log);
  try {
    return createAuthenticationParametersFromResponse(answer);
  } catch (error) {
    log.write("ERROR", COMPONENT, "Unable to parse response in to authentication parameters.", true, error as Error);
    throw error;
  }
}

const COMPONENT = "AuthenticationParameters";

function invalid(message: string): AdalError {
  const hint = "this resource does not say in its challenge where to get a token: name the authority yourself";
  return new AdalError(message, { code: "ERR_RESPONSE_INVALID", hint });
}
