/**
 * What callers hand to a credential, checked by type and range: a slip in JavaScript is a `TypeError` that names the argument,
 * not a request that the token service refuses.
 */
import type { TokenRequest } from "./backend.ts";
import { argumentTypeError, argumentValueError } from "./errors.ts";
import type { AppCredentialOptions, GetTokenOptions } from "./options.ts";
import type { AbortSignalLike } from "./patience.ts";

/** The types of the options that every credential has. */
const OPTION_TYPES = [
  ["authorityHost", "string"],
  ["azureRegion", "string"],
  ["disableInstanceDiscovery", "boolean"],
  ["retryOptions", "object"],
  ["loggingOptions", "object"],
  ["proxyOptions", "object"],
  ["tlsOptions", "object"],
  ["fetch", "function"],
  ["logger", "function"],
] as const;

/** Checks the options that every credential has; `credential` is who is named in the error. */
export function expectAppOptions(credential: string, options: AppCredentialOptions): void {
  expectType(credential, "options", options, "object");
  const { additionallyAllowedTenants: tenants, retryOptions, tokenCacheLimits } = options;
  for (const [name, type] of OPTION_TYPES) {
    if (options[name] !== undefined) expectType(credential, `options.${name}`, options[name], type);
  }
  if (tenants !== undefined && !(Array.isArray(tenants) && tenants.every((tenant) => typeof tenant === "string"))) {
    throw argumentTypeError(`${credential}: options.additionallyAllowedTenants must be an array of strings`);
  }
  expectLimits(credential, tokenCacheLimits);
  const retries = retryOptions?.maxRetries;
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0 && retries <= 100)) {
    throw argumentValueError(`${credential}: options.retryOptions.maxRetries must be an integer from 0 to 100`);
  }
}

function expectLimits(credential: string, limits: unknown): void {
  if (limits === undefined) return;
  expectType(credential, "options.tokenCacheLimits", limits, "object");
  for (const [name, limit] of Object.entries(limits as object)) {
    if (limit === undefined || (Number.isSafeInteger(limit) && limit >= 1)) continue;
    throw argumentValueError(`${credential}: options.tokenCacheLimits.${name} must be a positive integer`);
  }
}

/** The request that a `getToken` asks for. */
export function tokenRequest(credential: string, scopes: string | string[], options: GetTokenOptions): TokenRequest {
  const list = Array.isArray(scopes) ? [...scopes] : [scopes];
  if (!list.every((scope) => typeof scope === "string")) {
    throw argumentTypeError(`${credential}.getToken: scopes must be a string or an array of strings`);
  }
  expectType(credential, "options", options, "object");
  const { claims, tenantId, enableCae, requestOptions, abortSignal, correlationId } = options;
  if (claims !== undefined) expectType(credential, "options.claims", claims, "string");
  if (tenantId !== undefined) expectType(credential, "options.tenantId", tenantId, "string");
  if (enableCae !== undefined) expectType(credential, "options.enableCae", enableCae, "boolean");
  if (requestOptions !== undefined) expectType(credential, "options.requestOptions", requestOptions, "object");
  if (abortSignal !== undefined) expectSignal(credential, abortSignal);
  const timeout = requestOptions?.timeout;
  if (timeout !== undefined && !(typeof timeout === "number" && timeout >= 0)) {
    throw argumentTypeError(`${credential}.getToken: options.requestOptions.timeout must be a number of milliseconds`);
  }
  if (correlationId !== undefined) expectCorrelationId(credential, correlationId);
  return { scopes: list, claims, tenant: tenantId, enableCae: enableCae === true, skipCache: false, correlationId };
}

/** Whether nothing but the scope is asked for. */
export function isPlain(options: GetTokenOptions): boolean {
  return (
    options !== null &&
    typeof options === "object" &&
    options.claims === undefined &&
    options.tenantId === undefined &&
    options.enableCae === undefined &&
    options.abortSignal === undefined &&
    options.requestOptions === undefined &&
    options.tracingOptions === undefined &&
    options.correlationId === undefined
  );
}

/** Throws a `TypeError` in the name of `credential` unless `value` is of that type; `null` is of none. */
export function expectType(
  credential: string,
  name: string,
  value: unknown,
  type: "string" | "boolean" | "function" | "object",
): void {
  const found = kindOf(value);
  if (found === type) return;
  throw argumentTypeError(`${credential}: ${name} must be ${type === "object" ? "an" : "a"} ${type}, found ${found}`);
}

/** It becomes a header: visible ASCII (RFC 9110 section 5.5), and no longer than services take. */
function expectCorrelationId(credential: string, correlationId: unknown): void {
  expectType(credential, "options.correlationId", correlationId, "string");
  if (/^[\x21-\x7e]{1,128}$/.test(correlationId as string)) return;
  throw argumentValueError(`${credential}.getToken: options.correlationId must be 1 to 128 visible ASCII characters`);
}

/** Other signals than the platform's are taken by their shape. */
function expectSignal(credential: string, signal: Partial<AbortSignalLike>): void {
  const { addEventListener: add, removeEventListener: remove } = kindOf(signal) === "object" ? signal : {};
  if (typeof add === "function" && typeof remove === "function") return;
  throw argumentTypeError(`${credential}: options.abortSignal must be an AbortSignal, found ${kindOf(signal)}`);
}

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
