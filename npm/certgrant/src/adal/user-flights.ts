/**
 * The network half of all calls but the certificate's: has the core make the requests and judge the answers, and turns its
 * outcome into adal-node's results and errors.
 */
import type { BackendUserFlows, UserFault, UserGrant, UserInput, UserPurpose, UserStep, UserTask } from "../backend.ts";
import type { ErrorCode } from "../codes.ts";
import { fromErrorData, fromThrown } from "../errors.ts";
import { sleep } from "../patience.ts";
import { platform } from "../platform.ts";
import { type ResponseInput, TransportError } from "../transport.ts";
import type { Authority } from "./authority.ts";
import { AdalError, asAdalError } from "./errors.ts";
import { Failure } from "./failure.ts";
import { logRealm, logRequest, logTrouble, REQUESTS } from "./flight-log.ts";
import type { CallLog } from "./logging.ts";
import { sender } from "./sender.ts";
import { TEXTS } from "./texts.ts";
import { readTokenResponse } from "./token-response.ts";
import type { AdalOptions, TokenResponse, UserCodeInfo } from "./types.ts";
import { readUserCode } from "./user-code.ts";
import { ADAL_SKU, ADAL_VERSION, echoedCorrelationId, parseBody, parseRefusal } from "./wire.ts";

/** A call under way: whose ids and options its requests have. */
export interface Call {
  readonly log: CallLog;
  readonly options: AdalOptions;
}

/** What a task is about; the ids are the call's. */
export type FlightTask = UserGrant & Pick<UserTask, "clientId" | "resource">;

type Done = Extract<UserStep, { kind: "done" }>;

/** A task under way, and its last request. */
interface Flight {
  readonly call: Call;
  purpose?: UserPurpose | undefined;
  response?: ResponseInput | undefined;
  /** What `fetch` gave in the place of a response, and in words. */
  cause?: unknown;
  trouble?: string | undefined;
}

/** Carries out tasks at one authority. */
export class UserFlights {
  readonly #authority: Authority;
  readonly #apiVersion: string;
  #flows: Promise<BackendUserFlows> | undefined;

  constructor(authority: Authority, apiVersion: string) {
    this.#authority = authority;
    this.#apiVersion = apiVersion;
  }

  /**
   * A token.
   *
   * @throws Failure
   */
  async token(task: FlightTask, call: Call, aborted?: AbortSignal): Promise<TokenResponse> {
    const { body, received } = await this.#answer(task, call, aborted);
    return reading(call.log, "token", () => readTokenResponse(body, received, call.log));
  }

  /**
   * A code for the user.
   *
   * @throws Failure
   */
  async userCode(task: FlightTask, call: Call): Promise<UserCodeInfo> {
    const { body } = await this.#answer(task, call);
    return reading(call.log, "userCode", () => readUserCode(body));
  }

  /**
   * What the world-wide service says about the authority's host.
   *
   * @throws Failure
   */
  async discovery(call: Call): Promise<unknown> {
    const { body } = await this.#answer({ grant: "discovery", clientId: "" }, call);
    return body;
  }

  async #answer(task: FlightTask, call: Call, aborted = new AbortController().signal) {
    const flight: Flight = { call };
    try {
      const done = await this.#drive(task, flight, aborted);
      if (aborted.aborted) throw new Failure(cancelled());
      if (done.fault) throw failureOf(done.fault, done, flight);
      if (!flight.response) throw fromThrown(new Error("a flight ended without an answer"));
      return { body: parseBody(flight.response.body), received: Date.now() };
    } catch (thrown) {
      if (thrown instanceof Failure) throw thrown;
      const error = asAdalError(thrown);
      // A module that has trapped is of no further use.
      if (error.code === "ERR_INTERNAL") this.#flows = undefined;
      throw new Failure(call.log.failure("TokenRequest", error));
    }
  }

  async #drive(task: FlightTask, flight: Flight, aborted: AbortSignal): Promise<Done> {
    const flows = await this.#open();
    const id = flows.begin({ ...task, correlationId: flight.call.log.correlationId });
    let input: UserInput = { kind: "begin", entropy: platform().randomBytes(32) };
    try {
      while (!aborted.aborted) {
        const step = flows.step(id, input, Date.now());
        if (step.kind === "done") return step;
        if (step.kind === "send") input = await exchange(step, flight, aborted);
        else {
          await sleep(Math.max(0, step.until - Date.now()), aborted);
          input = { kind: "woken" };
        }
      }
      return { kind: "done" };
    } finally {
      // Of a flight that has ended nothing is left to forget.
      flows.abandon(id);
    }
  }

  #open(): Promise<BackendUserFlows> {
    this.#flows ??= this.#load().catch((error: unknown) => {
      this.#flows = undefined;
      throw error;
    });
    return this.#flows;
  }

  async #load(): Promise<BackendUserFlows> {
    const { host, tenant } = this.#authority;
    const { os, cpu } = platform();
    const backend = await platform().loadBackend();
    return backend.openUserFlows({
      authority: `https://${host}`,
      tenant,
      apiVersion: this.#apiVersion,
      product: { sku: ADAL_SKU, version: ADAL_VERSION, os, cpu },
    });
  }
}

/** The poll of a device code was given up. */
export function cancelled(): AdalError {
  const hint = "nothing is wrong: cancelRequestToGetTokenWithDeviceCode was called for this code";
  return new AdalError(TEXTS.cancelled, { code: "ERR_ABORTED", hint });
}

async function exchange(
  { purpose, isFallback, request }: Extract<UserStep, { kind: "send" }>,
  flight: Flight,
  aborted: AbortSignal,
): Promise<UserInput> {
  const { log, options } = flight.call;
  const { method, url } = request;
  logRequest(log, { purpose, isFallback, before: flight.purpose, method, url });
  flight.purpose = purpose;
  const answer = await sender(options)(request, aborted);
  if (answer.kind === "response") {
    flight.response = answer;
    flight.cause = undefined;
    echoedCorrelationId(answer, ...REQUESTS[purpose], log);
    if (purpose === "realm" && answer.status < 300) logRealm(log, parseBody(answer.body));
    return answer;
  }
  const { cause, ...input } = answer;
  flight.response = undefined;
  flight.cause = cause;
  flight.trouble = input.message;
  return input;
}

/** Reads an answer; what is wrong with it ends the call. */
function reading<T>(log: CallLog, purpose: UserPurpose, read: () => T): T {
  try {
    const result = read();
    log.write("VERBOSE", "TokenRequest", "Successfully retrieved token from authority");
    return result;
  } catch (thrown) {
    const [, component] = REQUESTS[purpose];
    const error = log.failure(component, asAdalError(thrown));
    const what = purpose === "token" ? "get token" : "get user code";
    log.write("ERROR", component, `Error validating ${what} response`, true, error);
    throw new Failure(error);
  }
}

function failureOf(fault: UserFault, done: Done, flight: Flight): Failure {
  const { purpose = "token", response, cause, call } = flight;
  const [, component] = REQUESTS[purpose];
  // A proxy that refused says more about it than the core can.
  const found = cause instanceof TransportError ? cause : done.error;
  const { code, hint: advice } = found ?? { code: "ERR_INTERNAL", hint: "report this as a bug" };
  const hint = fault === "unanswered" ? `${advice} (${flight.trouble})` : advice;
  const isUnknownHost = purpose === "discovery" && fault === "refused";
  const about = {
    ...(isUnknownHost ? UNKNOWN_HOST : { code: code as ErrorCode, hint }),
    cause: cause ?? (done.error && fromErrorData(done.error)),
  };
  const body = response && fault !== "trustMalformed" ? parseRefusal(response.body) : undefined;
  const error = new AdalError(textOf(fault, done, flight, body), {
    ...about,
    ...(isAnswer(fault) && response ? { status: response.status, body } : {}),
  });
  // Polls that were not answered in time had the wire's own names.
  if (fault === "codeExpired") Object.assign(error, { error_description: error.errorDescription });
  if (fault === "unanswered" || (response && response.status >= 300)) logTrouble(call.log, purpose, Boolean(response));
  call.log.failure(component, error, isAnswer(fault));
  const hasBody = fault === "refused" && (purpose === "token" || purpose === "userCode");
  return new Failure(error, hasBody ? body : undefined);
}

const UNKNOWN_HOST = {
  code: "ERR_AUTHORITY_INVALID" as const,
  hint: "check the authority's host; pass false for validateAuthority only for a host that you trust",
};

/** Whether a fault is what the other side answered. */
function isAnswer(fault: UserFault): boolean {
  return fault === "refused" || fault === "codeExpired" || fault === "trustRefused";
}

function textOf(fault: UserFault, { found = "NONE", reason = "NONE", error }: Done, flight: Flight, body: unknown) {
  const status = flight.response?.status ?? 0;
  const [what] = REQUESTS[flight.purpose ?? "token"];
  switch (fault) {
    case "refused":
    case "codeExpired":
      return TEXTS.httpError(what, status, body);
    case "unanswered":
      return TEXTS.noResponse;
    case "accountType":
      return TEXTS.accountType(found);
    case "accountUnknown":
      return TEXTS.accountUnknown(found);
    case "federationProtocol":
      return TEXTS.federationProtocol(found);
    case "noTrustEndpoint":
      return TEXTS.noTrustEndpoint;
    case "trustVersionUnknown":
      return TEXTS.trustVersion;
    case "trustRefused":
      // adal-node did not read faults with an error status: callers know its text for them.
      return status < 300 ? TEXTS.trustRefused(found, reason) : TEXTS.httpError(what, status, body);
    case "trustEmpty":
      return TEXTS.trustEmpty;
    case "trustMalformed":
      return TEXTS.trustMalformed;
    case "trustWithoutToken":
      return TEXTS.trustWithoutToken;
    case "trustTokenType":
      return TEXTS.trustTokenType(found);
    case "trustEndpointInsecure":
      return error?.message ?? TEXTS.noTrustEndpoint;
  }
}
