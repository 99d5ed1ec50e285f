/**
 * Drives the core: asks it for a token, carries out the steps of a flight, and lets the callers of the same token share
 * one flight.
 *
 * Each caller may give up alone, by its signal or after its time; the flight ends early only when nobody waits for it any
 * more. What is asked, retried and cached is decided in the core; this module has the clock, the timers and the network,
 * and passes the platform's random bytes on. A flight leaves no timer and no listener behind.
 */
import type { BackendClient, ErrorData, HttpRequest, Notice, Step, StepInput, TokenRequest } from "./backend.ts";
import { abortError, CertgrantError, faultName, fromErrorData, fromThrown, isErrorData } from "./errors.ts";
import { aside, type LastRequest, type Patience, patienceError, reasonOf, sleep, withPatience } from "./patience.ts";
import { platform } from "./platform.ts";
import type { Sign } from "./signer.ts";
import { type KeptToken, requestKey, type TokenCache, timesOf } from "./token-cache.ts";
import type { FailureInput, ResponseInput } from "./transport.ts";

/** What the core says of a refusal that it knows nothing more precise of. */
const GENERAL_HINT = "read the service's own error and error_description";

/** How long a caller waits for the renewal of a token that is in its last seconds, before it gets that one. */
const LONGEST_RENEWAL = 2_000;

/** What happens during a flight, for logs. */
export type FlightEvent =
  | { kind: "hit"; token: KeptToken }
  | { kind: "joined" }
  | { kind: "started" }
  | { kind: "signing"; algorithm: string }
  | { kind: "asserting" }
  | { kind: "sending"; request: HttpRequest }
  | { kind: "answered"; response: ResponseInput; milliseconds: number }
  | { kind: "unanswered"; failure: FailureInput; milliseconds: number }
  | { kind: "waiting"; milliseconds: number }
  | { kind: "noticed"; notice: Notice }
  | { kind: "renewed"; certificate: BackendClient["certificate"] }
  | { kind: "notRenewed"; error: CertgrantError }
  /** `isRefresh`: in the place of a token that lives. */
  | { kind: "granted"; token: KeptToken; isRefresh: boolean }
  /** There is no new token, and the old one still serves. */
  | { kind: "notRefreshed"; error: CertgrantError }
  | { kind: "failed"; error: CertgrantError };

/** What a flight is carried out with. */
export interface FlightHost {
  send(request: HttpRequest, aborted: AbortSignal): Promise<ResponseInput | FailureInput>;
  observe(event: FlightEvent): void;
}

/** What the flights of a client need of its credential. */
export interface CredentialHost {
  /** Signs in the place of the client, whose key is elsewhere. */
  readonly sign?: Sign | undefined;
  /** Gives a client assertion, for a client that has no credential of its own. */
  readonly assert?: ((audience: string) => Promise<string>) | undefined;
  /**
   * Looks for a renewed certificate and hands it to the client. Whether there is one; rejects if it is not usable.
   *
   * @param afterRefusal the service refused the one in use
   */
  renew?(client: BackendClient, afterRefusal: boolean): Promise<boolean | undefined>;
}

/** Where the tokens are, and the tenant of requests that name none. */
export interface TokenStore {
  readonly cache: TokenCache;
  readonly tenant: string;
}

/** How a flight ended, and the last answer of the service if there was one. */
export interface Outcome {
  token?: KeptToken | undefined;
  error?: CertgrantError | undefined;
  response?: ResponseInput | undefined;
  /** Whether the token is one that was held already. */
  isHeld?: boolean;
}

interface Flight {
  readonly outcome: Promise<Outcome>;
  readonly abandoned: AbortController;
  readonly last: LastRequest;
  callers: number;
}

/** Drives the flights of one client. */
export class Driver {
  readonly #client: BackendClient;
  readonly #credential: CredentialHost;
  readonly #store: TokenStore | undefined;
  readonly #flights = new Map<number, Flight>();
  /** Signatures in the making: flights that ask for the same one share it. */
  readonly #signatures = new Map<string, Promise<Uint8Array>>();
  #certificate: BackendClient["certificate"];

  constructor(client: BackendClient, credential: CredentialHost = {}, store?: TokenStore) {
    this.#client = client;
    this.#credential = credential;
    this.#store = store;
    this.#certificate = client.certificate;
  }

  /** The certificate in use, if there is one; asked for once, because the way into the backend is long. */
  get certificate(): BackendClient["certificate"] {
    return this.#certificate;
  }

  /**
   * A token from the cache, from a flight under way, or from a new one. Never waits for anything if it is cached.
   *
   * @throws CertgrantError if the request is not usable, or the caller gave up
   */
  async acquire(request: TokenRequest, given: FlightHost, patience: Patience = {}): Promise<Outcome> {
    const host = unobstructed(given);
    if (patience.signal?.aborted) throw abortError(reasonOf(patience.signal));
    const key = this.#store && requestKey(request, this.#store.tenant);
    const held = key === undefined ? undefined : this.#store?.cache.alive(key);
    const acquired = this.#ask(() => this.#client.acquire(request, held && timesOf(held), Date.now()));
    if (held && (acquired.kind === "serve" || acquired.kind === "serveAndRenew")) {
      host.observe({ kind: "hit", token: held });
      if (acquired.kind === "serveAndRenew") this.#renewBehind(acquired.flight, host, key);
      return { token: held };
    }
    if (acquired.kind === "serve") throw fromThrown(new Error("there is no token to be served"));
    const flight = this.#flight(acquired, host, key);
    if (held === undefined || request.claims !== undefined) return this.#wait(acquired.flight, flight, patience);
    return this.#wait(acquired.flight, flight, patience, () => {
      const token = this.#present(key);
      if (token) host.observe({ kind: "hit", token });
      return token;
    });
  }

  /** The token that lives; it may have been replaced for a claims challenge, or removed because it was rejected. */
  #present(key: string | undefined): KeptToken | undefined {
    const token = key === undefined ? undefined : this.#store?.cache.alive(key);
    return token !== undefined && Date.now() < token.expiresOn ? token : undefined;
  }

  #flight({ kind, flight: id }: { kind: string; flight: number }, host: FlightHost, key: string | undefined): Flight {
    const underWay = this.#flights.get(id);
    if (underWay && kind === "join") {
      host.observe({ kind: "joined" });
      return underWay;
    }
    const abandoned = new AbortController();
    const last: LastRequest = {};
    // Begun when it can be found: an observer may ask for the same token.
    const outcome = Promise.resolve()
      .then(() => this.#drive(id, host, last, () => this.#present(key), abandoned.signal))
      .then((ended) => {
        if (ended.token && !ended.isHeld && key !== undefined) this.#store?.cache.insert(key, ended.token);
        return ended;
      })
      .finally(() => {
        if (this.#flights.get(id) === flight) this.#flights.delete(id);
      });
    const flight: Flight = { outcome, abandoned, last, callers: 0 };
    this.#flights.set(id, flight);
    host.observe({ kind: "started" });
    platform().keepAlive?.(outcome.catch(() => undefined));
    return flight;
  }

  /**
   * A flight that nobody waits for, unless a caller comes when the token's time is up; then it is that caller's to give up. Its
   * failure is told already.
   */
  #renewBehind(id: number, host: FlightHost, key: string | undefined): void {
    const flight = this.#flight({ kind: "start", flight: id }, host, key);
    flight.outcome.catch(() => undefined);
  }

  /** Waits for a flight; where `spare` gives a token, not for long, and then the flight goes on behind the caller. */
  async #wait(id: number, flight: Flight, patience: Patience, spare?: () => KeptToken | undefined): Promise<Outcome> {
    flight.callers += 1;
    let goesOn = false;
    const outcome = flight.outcome.finally(() => {
      goesOn = true;
    });
    const late = () => Promise.reject(patienceError(patience.timeout as number, flight.last));
    const lateWithSpare = () => {
      const token = spare?.();
      if (!token) return withPatience(outcome, patience, late);
      goesOn = true;
      return { token };
    };
    const { timeout = LONGEST_RENEWAL } = patience;
    const brief = { ...patience, timeout: Math.min(timeout, LONGEST_RENEWAL) };
    try {
      return await (spare ? withPatience(outcome, brief, lateWithSpare) : withPatience(outcome, patience, late));
    } finally {
      flight.callers -= 1;
      if (!goesOn && flight.callers === 0) this.#abandon(id, flight);
    }
  }

  #abandon(id: number, flight: Flight): void {
    this.#flights.delete(id);
    this.#release(id);
    // Whoever asks for a signature from now on is not to wait for one that may never come.
    this.#signatures.clear();
    flight.abandoned.abort();
  }

  #release(id: number): void {
    try {
      this.#client.abandon(id);
    } catch {
      // A backend that can't even forget a flight is broken; what broke it is being reported already.
    }
  }

  /** A flight whose steps throw is ended in the core too, so that nobody joins it. */
  async #drive(
    id: number,
    host: FlightHost,
    last: LastRequest,
    held: () => KeptToken | undefined,
    abandoned: AbortSignal,
  ): Promise<Outcome> {
    try {
      return await this.#takeSteps(id, host, last, held, abandoned);
    } catch (thrown) {
      const error = fromThrown(thrown);
      host.observe({ kind: "failed", error });
      this.#release(id);
      throw error;
    }
  }

  async #takeSteps(
    id: number,
    host: FlightHost,
    last: LastRequest,
    held: () => KeptToken | undefined,
    abandoned: AbortSignal,
  ): Promise<Outcome> {
    let input: StepInput = { kind: "begin", entropy: platform().randomBytes(32) };
    for (;;) {
      const step = this.#ask(() => this.#client.step(id, input, Date.now()));
      if (step.kind === "done") {
        for (const notice of this.#client.takeNotices()) host.observe({ kind: "noticed", notice });
        const hinted = { ...step, error: await withHint(step.error) };
        return conclude(hinted, last, host, held());
      }
      if (step.kind === "send") last.correlationId = step.request.headers["client-request-id"];
      const next = await this.#carryOut(step, host, abandoned);
      if (abandoned.aborted) return { error: abortError(undefined) };
      ({ input, cause: last.cause } = next);
      if (input.kind === "response") last.response = input;
      if (input.kind === "failure") last.response = undefined;
    }
  }

  async #carryOut(
    step: Exclude<Step, { kind: "done" }>,
    host: FlightHost,
    abandoned: AbortSignal,
  ): Promise<{ input: StepInput; cause?: unknown }> {
    switch (step.kind) {
      case "sign":
        host.observe({ kind: "signing", algorithm: step.algorithm });
        return this.#sign(step);
      case "renew":
        await this.#renew(step.afterRefusal, host);
        return { input: { kind: "renewed" } };
      case "send":
        return exchange(step.request, host, abandoned);
      case "wait": {
        const milliseconds = Math.max(0, step.until - Date.now());
        host.observe({ kind: "waiting", milliseconds });
        await sleep(milliseconds, abandoned);
        return { input: { kind: "woken" } };
      }
      case "readKey":
        return readKey(step.path);
      case "assert":
        host.observe({ kind: "asserting" });
        return this.#assert(step.audience);
    }
  }

  async #assert(audience: string): Promise<{ input: StepInput; cause?: unknown }> {
    try {
      const assertion: unknown = await aside(this.#credential.assert?.(audience));
      if (typeof assertion === "string" && assertion !== "") return { input: { kind: "assertion", assertion } };
      const found = typeof assertion === "string" ? "an empty text" : typeof assertion;
      return { input: { kind: "signingFailed", message: `${found} from its source` } };
    } catch (cause) {
      return { input: { kind: "signingFailed", message: `${faultName(cause)} from its source` }, cause };
    }
  }

  async #sign(step: Extract<Step, { kind: "sign" }>): Promise<{ input: StepInput; cause?: unknown }> {
    try {
      return { input: { kind: "signature", signature: await this.#signature(step) } };
    } catch (thrown) {
      // An error that is one already keeps what the vault said.
      const cause = isErrorData(thrown) ? fromThrown(thrown) : thrown;
      return { input: { kind: "signingFailed", message: `${faultName(cause)} from the signer` }, cause };
    }
  }

  #signature(step: Extract<Step, { kind: "sign" }>): Promise<Uint8Array> {
    const underWay = this.#signatures.get(step.signingInput);
    if (underWay) return underWay;
    const { sign } = this.#credential;
    const signature = aside(
      sign ? this.#signElsewhere(sign, step) : this.#client.sign(step.algorithm, step.signingInput),
    ).finally(() => this.#signatures.delete(step.signingInput));
    this.#signatures.set(step.signingInput, signature);
    return signature;
  }

  async #signElsewhere(sign: Sign, step: Extract<Step, { kind: "sign" }>): Promise<Uint8Array> {
    const { signElsewhere } = await import("./foreign-signature.ts");
    return signElsewhere(sign, step, this.#client);
  }

  /** Has the credential look for a renewed certificate; what is wrong with it is told, not thrown. */
  async #renew(afterRefusal: boolean, host: FlightHost): Promise<void> {
    try {
      if (!(await aside(this.#credential.renew?.(this.#client, afterRefusal)))) return;
      this.#certificate = this.#client.certificate;
      host.observe({ kind: "renewed", certificate: this.#certificate });
    } catch (thrown) {
      host.observe({ kind: "notRenewed", error: fromThrown(thrown) });
    }
  }

  #ask<T>(question: () => T): T {
    try {
      return question();
    } catch (thrown) {
      throw fromThrown(thrown);
    }
  }
}

/** The host, with an observer that can't end a flight. */
function unobstructed(host: FlightHost): FlightHost {
  return {
    send: (request, aborted) => host.send(request, aborted),
    observe(event) {
      try {
        host.observe(event);
      } catch {
        // An observer's own fault must not cost the caller its token.
      }
    },
  };
}

async function readKey(path: string): Promise<{ input: StepInput; cause?: unknown }> {
  try {
    return { input: { kind: "key", key: await platform().readFile(path) } };
  } catch (cause) {
    return { input: { kind: "keyUnreadable", message: (cause as CertgrantError).message }, cause };
  }
}

async function exchange(
  request: HttpRequest,
  host: FlightHost,
  abandoned: AbortSignal,
): Promise<{ input: StepInput; cause?: unknown }> {
  host.observe({ kind: "sending", request });
  const sent = performance.now();
  const answer = await host.send(request, abandoned);
  const milliseconds = Math.round(performance.now() - sent);
  if (answer.kind === "response") {
    host.observe({ kind: "answered", response: answer, milliseconds });
    return { input: answer };
  }
  if (!abandoned.aborted) host.observe({ kind: "unanswered", failure: answer, milliseconds });
  const { cause, ...input } = answer;
  return { input, cause };
}

/** A refusal with the hint of its AADSTS numbers, where the core's is the general one: the WASM module has no table of them. */
async function withHint(error: ErrorData | undefined): Promise<ErrorData | undefined> {
  const isGeneral = error?.code === "ERR_SERVICE_UNAVAILABLE" || error?.hint === GENERAL_HINT;
  if (!isGeneral || !error?.service?.errorCodes) return error;
  try {
    const { aadstsHint } = await import("./aadsts.ts");
    return { ...error, hint: aadstsHint(error.service.errorCodes) ?? error.hint };
  } catch {
    // A chunk that is missing must not take the refusal's place.
    return error;
  }
}

function conclude(
  { token, isHeld, error: data }: Extract<Step, { kind: "done" }>,
  last: LastRequest,
  host: FlightHost,
  held: KeptToken | undefined,
): Outcome {
  const { response, correlationId } = last;
  if (token) {
    const granted = { ...token, correlationId };
    host.observe({ kind: "granted", token: granted, isRefresh: held !== undefined });
    return { token: granted, response };
  }
  const error = errorOf(data, last);
  if (isHeld && held) {
    host.observe({ kind: "notRefreshed", error });
    return { token: held, response, isHeld: true };
  }
  host.observe({ kind: "failed", error });
  return { error, response };
}

/** The core's error; or what it came from, if that is one of certgrant's own, which says all. */
function errorOf(data: ErrorData | undefined, { cause, correlationId }: LastRequest): CertgrantError {
  if (cause instanceof CertgrantError) return cause;
  return data ? fromErrorData(data, cause, correlationId) : fromThrown(new Error("a flight ended without a result"));
}
