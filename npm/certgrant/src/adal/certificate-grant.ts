/**
 * The network half of `acquireTokenWithClientCertificate`: asks the core for an app-only token at the v1 endpoint and
 * turns its outcome into adal-node's token or error.
 *
 * The body is read here and not in the core, because adal-node accepts, names and refuses answers in its own way. Requests
 * are sent once: adal-node never repeated one.
 */
import type { CertificateInfo, ClientConfig } from "../backend.ts";
import { openClient } from "../certificate-file.ts";
import { Driver, type FlightEvent, type FlightHost, type Outcome } from "../driver.ts";
import { type CertgrantError, fromThrown } from "../errors.ts";
import { neutralText } from "../neutral-text.ts";
import { platform } from "../platform.ts";
import type { ResponseInput } from "../transport.ts";
import type { Authority } from "./authority.ts";
import { AdalError, asAdalError } from "./errors.ts";
import { Failure } from "./failure.ts";
import { logTrouble } from "./flight-log.ts";
import type { CallLog } from "./logging.ts";
import { sender } from "./sender.ts";
import { GET_TOKEN, TEXTS } from "./texts.ts";
import { readTokenResponse } from "./token-response.ts";
import type { AdalOptions, TokenResponse } from "./types.ts";
import { ADAL_ACCEPT, ADAL_SKU, ADAL_VERSION, echoedCorrelationId, parseBody, parseRefusal } from "./wire.ts";

/** How many clients a context keeps; a context rarely has more than one certificate. */
const MAX_CLIENTS = 16;

/** Whose token is asked for. */
export interface CertificateGrant {
  resource: string;
  clientId: string;
  certificate: string;
  thumbprint: string;
}

/** Asks for tokens of one authority, and keeps a client for each certificate. */
export class CertificateGrants {
  readonly #authority: Authority;
  /** Value of the query parameter `api-version`. */
  readonly apiVersion: string;
  readonly #drivers = new Map<string, Promise<Driver>>();
  /** What is being asked for; the core would join a second request for it and drop its correlation id. */
  readonly #underWay = new Set<string>();

  constructor(authority: Authority, apiVersion: string) {
    this.#authority = authority;
    this.apiVersion = apiVersion;
  }

  /** @throws Failure */
  async request(grant: CertificateGrant, options: AdalOptions, log: CallLog): Promise<TokenResponse> {
    const outcome = await this.#outcome(grant, options, log);
    return readOutcome(outcome, log);
  }

  async #outcome(grant: CertificateGrant, options: AdalOptions, log: CallLog): Promise<Outcome> {
    const name = JSON.stringify(grant);
    const first = !this.#underWay.has(name);
    this.#underWay.add(name);
    try {
      log.write("VERBOSE", "SelfSignedJwt", "Creating self signed JWT header");
      const driver = await (first ? this.#driver(grant) : this.#open(grant));
      const { thumbprint, thumbprintSha256, algorithm } = driver.certificate as CertificateInfo;
      const certificate = thumbprint ?? thumbprintSha256;
      log.write(
        "VERBOSE",
        "SelfSignedJwt",
        `Creating self signed JWT header.  ${algorithm}, thumbprint: ${certificate}`,
        true,
      );
      const request = { resource: grant.resource, correlationId: log.correlationId, enableCae: false, skipCache: true };
      return await driver.acquire(request, flightHost(options, log));
    } catch (thrown) {
      const cause = fromThrown(thrown);
      if (cause.code === "ERR_INTERNAL") this.#drivers.clear();
      return { error: cause };
    } finally {
      if (first) this.#underWay.delete(name);
    }
  }

  #driver(grant: CertificateGrant): Promise<Driver> {
    const { clientId, certificate, thumbprint } = grant;
    const key = JSON.stringify([clientId, certificate, thumbprint]);
    const known = this.#drivers.get(key);
    if (known) return known;
    const opening = this.#open(grant);
    this.#drivers.set(key, opening);
    opening.catch(() => this.#drivers.delete(key));
    for (const oldest of this.#drivers.keys()) {
      if (this.#drivers.size <= MAX_CLIENTS) break;
      this.#drivers.delete(oldest);
    }
    return opening;
  }

  async #open({ clientId, certificate, thumbprint }: CertificateGrant): Promise<Driver> {
    const { os, cpu } = platform();
    const backend = await platform().loadBackend();
    const config: Omit<ClientConfig, "certificate"> = {
      authority: `https://${this.#authority.host}`,
      tenant: this.#authority.tenant,
      clientId,
      endpoint: "v1",
      thumbprint,
      // PS256 goes with a SHA-256 thumbprint; all others are adal-node's, which signed with RS256.
      algorithm: isSha256(thumbprint) ? "PS256" : "RS256",
      sendCertificateChain: false,
      additionallyAllowedTenants: [],
      apiVersion: this.apiVersion,
      // adal-node builds its endpoints, and validates authorities in its own way.
      disableDiscovery: true,
      product: { sku: ADAL_SKU, version: ADAL_VERSION, os, cpu },
      maxRetries: 0,
    };
    return new Driver(await openClient(backend, config, { content: certificate }));
  }
}

function flightHost(options: AdalOptions, log: CallLog): FlightHost {
  const send = sender(options);
  return {
    send: (request, aborted) => send({ ...request, headers: { ...request.headers, accept: ADAL_ACCEPT } }, aborted),
    observe: (event) => logFlight(event, log),
  };
}

function logFlight(event: FlightEvent, log: CallLog): void {
  switch (event.kind) {
    case "joined":
      log.write("VERBOSE", "TokenRequest", "Waiting for the same request of another call.");
      break;
    case "signing":
      log.write("VERBOSE", "SelfSignedJwt", `Signing self signed JWT with ${event.algorithm}`);
      break;
    case "sending":
      log.write("VERBOSE", "OAuth2Client", `${GET_TOKEN}: sending ${event.request.method}`);
      log.write("VERBOSE", "OAuth2Client", `${GET_TOKEN}: sending ${event.request.method} ${event.request.url}`, true);
      break;
    case "answered":
      log.write("INFO", "OAuth2Client", `${GET_TOKEN}: status ${event.response.status} after ${event.milliseconds} ms`);
      echoedCorrelationId(event.response, GET_TOKEN, "OAuth2Client", log);
      break;
    case "unanswered":
      log.write(
        "WARN",
        "OAuth2Client",
        `${GET_TOKEN}: no answer after ${event.milliseconds} ms: ${neutralText(event.failure)}`,
      );
      break;
  }
}

function readOutcome({ error, response }: Outcome, log: CallLog): TokenResponse {
  if (!response) {
    const failure = withoutResponse(error);
    if (failure.message === TEXTS.noResponse) logTrouble(log, "token", false);
    throw new Failure(log.failure(isAboutKey(failure.code) ? "SelfSignedJwt" : "OAuth2Client", failure));
  }
  if (response.status < 200 || response.status > 299) {
    const body = parseRefusal(response.body);
    log.write("ERROR", "OAuth2Client", `${GET_TOKEN}: refused with status ${response.status} (${error?.code})`);
    logTrouble(log, "token", true);
    throw new Failure(log.failure("OAuth2Client", refused(response, body, error), true), body);
  }
  try {
    const token = readTokenResponse(parseBody(response.body), Date.now(), log);
    log.write("VERBOSE", "TokenRequest", "Successfully retrieved token from authority");
    return token;
  } catch (failure) {
    const refused = log.failure("OAuth2Client", asAdalError(failure));
    log.write("ERROR", "OAuth2Client", "Error validating get token response", true, refused);
    throw new Failure(refused);
  }
}

/** The service answered with an error status. */
function refused({ status }: ResponseInput, body: unknown, error: CertgrantError | undefined): AdalError {
  return new AdalError(TEXTS.httpError(GET_TOKEN, status, body), {
    code: error?.code ?? "ERR_SERVICE_REFUSED",
    hint: error?.hint ?? "read the service's own error and error_description",
    status,
    body,
    cause: error,
  });
}

/** There was no answer: nothing was sent, or nothing came back. */
function withoutResponse(error: CertgrantError | undefined): AdalError {
  const { code, hint, message, cause } = error ?? fromThrown(new Error("a flight ended without a result"));
  switch (code) {
    case "ERR_THUMBPRINT_INVALID":
      return new AdalError(TEXTS.thumbprintFormat, { code, hint, cause: error });
    case "ERR_NETWORK_FAILED":
    case "ERR_PROXY_REFUSED":
    case "ERR_REQUEST_TIMEOUT":
      return new AdalError(TEXTS.noResponse, { code, hint, cause: cause ?? error });
    default:
      return new AdalError(isAboutKey(code) ? `${TEXTS.signingFailed} ${message}` : message, {
        code,
        hint,
        cause: cause ?? error,
      });
  }
}

function isSha256(thumbprint: string): boolean {
  return thumbprint.replace(/[^0-9a-f]/gi, "").length === 64;
}

/** Whether an error is about certificate, key or thumbprint: what adal-node called a failure to sign. */
function isAboutKey(code: string): boolean {
  return /^ERR_(CERTIFICATE|ENCRYPTION|KEY|PASSWORD|PEM|PFX|SIGNATURE|SIGNING|THUMBPRINT)_/.test(code);
}
