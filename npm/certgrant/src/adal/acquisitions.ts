/** How the calls of a context come to their tokens: the check of the authority, the cache, then the network. */
import { platform } from "../platform.ts";
import { findAppToken, keepAppToken } from "./app-tokens.ts";
import { lenientText } from "./arguments.ts";
import { type Authority, discoverAuthority, isAdfs, isKnownAuthority } from "./authority.ts";
import { type CertificateGrant, CertificateGrants } from "./certificate-grant.ts";
import { type Finish, finishWith, fromPromise } from "./completion.ts";
import { DeviceCodes } from "./device-codes.ts";
import type { Proof, TokenKey } from "./entries.ts";
import { AdalError, argumentError, asAdalError } from "./errors.ts";
import { Failure } from "./failure.ts";
import { CallLog } from "./logging.ts";
import { shareRequest } from "./shared-requests.ts";
import { TEXTS } from "./texts.ts";
import type { AdalOptions, CacheEntry, TokenCache, TokenResponse, UserCodeInfo } from "./types.ts";
import { UserCache } from "./user-cache.ts";
import { milliseconds } from "./user-code.ts";
import { type Call, type FlightTask, UserFlights } from "./user-flights.ts";

/** What a context's user may change between calls. */
export interface Settings {
  readonly correlationId: unknown;
  readonly options: AdalOptions | null | undefined;
}

/** A token that is asked for without a user: by what the application proves itself with, and how. */
interface AppRequest {
  readonly what: string;
  readonly key: TokenKey;
  readonly proof: Proof;
  token(call: Call): Promise<TokenResponse>;
}

/** A user's name and password, and what the token is for. */
export interface PasswordGrant {
  resource: string;
  username: string;
  password: string;
  clientId: string;
}

/** Gets tokens from one authority. */
export class Acquisitions {
  readonly #authority: Authority;
  readonly #cache: TokenCache;
  readonly #settings: Settings;
  readonly #certificates: CertificateGrants;
  readonly #flights: UserFlights;
  readonly #users: UserCache;
  readonly #deviceCodes = new DeviceCodes();
  #validated: boolean;

  constructor(authority: Authority, validate: boolean, cache: TokenCache, apiVersion: string, settings: Settings) {
    this.#authority = authority;
    this.#validated = !validate;
    this.#cache = cache;
    this.#settings = settings;
    this.#certificates = new CertificateGrants(authority, apiVersion);
    this.#flights = new UserFlights(authority, apiVersion);
    this.#users = new UserCache(cache, this.#flights);
  }

  /** An app-only token with a certificate. */
  withCertificate(grant: CertificateGrant, finish: Finish): void {
    const { certificate, thumbprint } = grant;
    this.#appToken(finish, {
      what: "Getting a token via certificate.",
      key: this.#key(grant),
      proof: ["certificate", certificate, thumbprint],
      token: ({ options, log }) => this.#certificates.request(grant, options, log),
    });
  }

  /** An app-only token with a secret. */
  withSecret(resource: string, clientId: string, clientSecret: string, finish: Finish): void {
    this.#appToken(finish, {
      what: "Getting token with client credentials.",
      key: this.#key({ resource, clientId }),
      proof: ["secret", clientSecret],
      token: (call) => this.#flights.token({ grant: "clientSecret", clientSecret, resource, clientId }, call),
    });
  }

  /** A token that is cached, or got for a refresh token that is. */
  fromCache(resource: string, userId: string | undefined, clientId: string, finish: Finish): void {
    this.#begin(finish, (call) => {
      call.log.write("INFO", "TokenRequest", "Getting token from cache with refresh if necessary.");
      this.#users.find({ ...this.#key({ resource, clientId }), userId }, call, (entry, refused) => {
        if (entry) return finish(null, entry);
        const hint = refused
          ? "the cached token could not be refreshed, see the cause: sign the user in again"
          : "get a token in another way first; this call only looks into the cache";
        const error = new AdalError(TEXTS.notInCache, { code: "ERR_TOKEN_NOT_CACHED", hint, cause: refused });
        telling(call, finish)(call.log.failure("TokenRequest", error));
      });
    });
  }

  /** A user's token with a password. */
  withPassword({ resource, username, password, clientId }: PasswordGrant, finish: Finish): void {
    const key = { ...this.#key({ resource, clientId }), userId: username, proof: ["password", password] };
    this.#begin(finish, (call) => {
      call.log.write("INFO", "TokenRequest", "Acquiring token with username password");
      this.#users.find(key, call, (cached) => {
        if (cached) return finish(null, cached);
        if (isAdfs(this.#authority)) {
          call.log.write("INFO", "TokenRequest", "Skipping user realm discovery for ADFS authority");
          call.log.write("VERBOSE", "TokenRequest", "Acquiring token with username password for managed user");
        }
        const name = this.#nameOf(key, [...key.proof, username]);
        const send = async () => {
          const token = await this.#flights.token({ grant: "password", username, password, resource, clientId }, call);
          const [entry] = await this.#users.keep(token, key, call, username);
          return entry;
        };
        finishWith(shareRequest(this.#cache, name, call, send), telling(call, finish));
      });
    });
  }

  /** A token that neither comes from the cache nor goes into it. */
  withoutCache(what: string, task: FlightTask, finish: Finish): void {
    this.#begin(finish, (call) => {
      call.log.write("INFO", "TokenRequest", what);
      finishWith(this.#flights.token(task, call), finish);
    });
  }

  /** A code for a user to type in. */
  userCode(resource: string, clientId: string, language: string | undefined, finish: Finish): void {
    this.#begin(finish, (call) => {
      call.log.write("INFO", "DeviceCodeRequest", "Getting user code info.");
      finishWith(this.#flights.userCode({ grant: "userCode", language, resource, clientId }, call), finish);
    });
  }

  /** The token of a user who types in a code; it goes into the cache. */
  withDeviceCode(resource: string | undefined, clientId: string, info: UserCodeInfo, finish: Finish): void {
    const code = lenientText(info.deviceCode);
    const poll = this.#deviceCodes.begin(code);
    const ended: Finish = (error, result) => {
      poll.end();
      finish(error, result);
    };
    this.#begin(ended, (call) => {
      call.log.write("INFO", "TokenRequest", "Getting a token via device code");
      // As adal-node did: whatever is not above nothing, or no number at all.
      if (info.interval <= 0) return ended(argumentError(TEXTS.intervalInvalid, "ERR_INVALID_ARG_VALUE"));
      const [interval, expiresIn] = [milliseconds(info.interval), milliseconds(info.expiresIn)];
      const task: FlightTask = { grant: "deviceCode", code, interval, expiresIn, resource, clientId };
      finishWith(this.#deviceToken(task, call, poll.signal), ended);
    });
  }

  /** @throws AdalError if nobody asks about the code */
  cancelDeviceCode(info: UserCodeInfo): void {
    this.#deviceCodes.cancel(lenientText(info.deviceCode));
  }

  async #deviceToken(task: FlightTask, call: Call, signal: AbortSignal): Promise<CacheEntry> {
    const token = await this.#flights.token(task, call, signal);
    call.log.write("VERBOSE", "TokenRequest", "Storing retrieved token into cache");
    const key = this.#key({ resource: task.resource ?? "", clientId: task.clientId });
    const [entry, error] = await this.#users.keep(token, key, call);
    if (error) throw new Failure(cacheError(error), entry);
    return entry;
  }

  #appToken(finish: Finish, { what, key, proof, token }: AppRequest): void {
    this.#begin(finish, (call) => {
      call.log.write("INFO", "TokenRequest", what);
      findAppToken(this.#cache, key, proof, Date.now(), call.log, (cached) => {
        if (cached) return finish(null, cached);
        const send = async () => {
          const granted = await token(call);
          return new Promise<CacheEntry>((resolve) =>
            keepAppToken(this.#cache, key, proof, granted, call.log, resolve),
          );
        };
        finishWith(shareRequest(this.#cache, this.#nameOf(key, proof), call, send), telling(call, finish));
      });
    });
  }

  /** Everything that tells the request for a token from another one over the same cache. */
  #nameOf({ clientId, authority, resource }: TokenKey, proof: Proof): string {
    const { apiVersion } = this.#certificates;
    const correlationId = lenientText(this.#settings.correlationId);
    return JSON.stringify([clientId, authority, resource, proof, apiVersion, correlationId]);
  }

  #key({ resource, clientId }: { resource: string; clientId: string }): TokenKey {
    return { resource, clientId, authority: this.#authority.url };
  }

  /** Begins a call, whose ids and options do not change any more, with the check of the authority. */
  #begin(finish: Finish, run: (call: Call) => void): void {
    const log = new CallLog(lenientText(this.#settings.correlationId) || platform().randomUUID());
    const call: Call = { log, options: this.#settings.options ?? {} };
    const { url } = this.#authority;
    if (this.#validated) {
      const text = "Instance discovery/validation has either already been completed or is turned off";
      log.write("VERBOSE", "Authority", text);
      log.write("VERBOSE", "Authority", () => `${text}: ${url}`, true);
      return run(call);
    }
    log.write("VERBOSE", "Authority", "Performing instance discovery");
    log.write("VERBOSE", "Authority", () => `Performing instance discovery: ${url}`, true);
    log.write("VERBOSE", "Authority", "Performing static instance discovery");
    if (isKnownAuthority(this.#authority)) {
      log.write("VERBOSE", "Authority", "Authority validated via static instance discovery.");
      this.#validated = true;
      return run(call);
    }
    fromPromise(discoverAuthority(this.#flights, call), (failure) => {
      if (failure) return finish(failure instanceof Failure ? failure.error : asAdalError(failure));
      this.#validated = true;
      run(call);
    });
  }
}

/** Tells the log of a cached call that its request failed. */
function telling({ log }: Call, finish: Finish): Finish {
  return (error, result) => {
    if (error) log.write("VERBOSE", "TokenRequest", "getTokenFunc returned with err");
    finish(error, result);
  };
}

/** The caller's cache failed: its own words. */
function cacheError(cause: unknown): AdalError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new AdalError(message, {
    code: "ERR_CACHE_FAILED",
    hint: "the token is there all the same; mend the cache",
    cause,
  });
}
