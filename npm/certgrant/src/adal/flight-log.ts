/** The lines that adal-node writes about the requests of a call, and those that certgrant adds. */
import type { UserPurpose } from "../backend.ts";
import { members } from "./errors.ts";
import type { CallLog, Component } from "./logging.ts";
import { GET_DEVICE_CODE, GET_TOKEN, INSTANCE_DISCOVERY, MEX, USER_REALM, WS_TRUST } from "./texts.ts";

/** What adal-node calls a request, and who speaks of it in the log. */
export const REQUESTS: Record<UserPurpose, readonly [string, Component]> = {
  token: [GET_TOKEN, "OAuth2Client"],
  userCode: [GET_DEVICE_CODE, "OAuth2Client"],
  realm: [USER_REALM, "UserRealm"],
  metadata: [MEX, "MEX"],
  assertion: [WS_TRUST, "WSTrustRequest"],
  discovery: [INSTANCE_DISCOVERY, "Authority"],
};

/** A request that is about to be sent, and the one before it. */
export interface NextRequest {
  readonly purpose: UserPurpose;
  readonly isFallback: boolean;
  readonly before: UserPurpose | undefined;
  readonly method: string;
  readonly url: string;
}

/** Before a request is sent: what led to it, and where it goes. */
export function logRequest(log: CallLog, { purpose, isFallback, before, method, url }: NextRequest): void {
  if (before === "realm") {
    const kind = purpose === "token" ? "managed" : "federated";
    log.write("VERBOSE", "TokenRequest", `Acquiring token with username password for ${kind} user`);
  }
  if (isFallback) log.write("WARN", "TokenRequest", before === "metadata" ? METADATA_FAILED : METADATA_MISSING);
  if (before === "assertion") log.write("VERBOSE", "TokenRequest", "Performing OAuth assertion grant type exchange.");
  const [what, component] = REQUESTS[purpose];
  switch (purpose) {
    case "realm":
      return log.write("VERBOSE", component, `Performing user realm discovery at: ${url}`, true);
    case "metadata":
      log.write("VERBOSE", "TokenRequest", "Attempting mex");
      return log.write("VERBOSE", "TokenRequest", `Attempting mex at: ${url}`, true);
    case "assertion":
      return log.write("VERBOSE", component, `Sending RST to: ${url}`, true);
    case "discovery":
      return log.write("VERBOSE", component, `Attempting instance discover at: ${url}`, true);
    default:
      log.write("VERBOSE", component, `${what}: sending ${method}`);
      log.write("VERBOSE", component, `${what}: sending ${method} ${url}`, true);
  }
}

const METADATA_FAILED = "MEX exchange failed.  Attempting fallback to AAD supplied endpoint.";
const METADATA_MISSING =
  "Unable to retrieve federationMetadataUrl from AAD.  Attempting fallback to AAD supplied endpoint.";

/** A request that was answered with an error, or not answered. */
export function logTrouble(log: CallLog, purpose: UserPurpose, wasAnswered: boolean): void {
  const [what, component] = REQUESTS[purpose];
  const trouble = wasAnswered ? "request failed with" : "request was made but no response was received";
  log.write("ERROR", component, `${what} ${trouble}`, true);
}

/** What the token service said of a user's account. */
export function logRealm(log: CallLog, body: unknown): void {
  const { account_type: type, federation_protocol: protocol, ...urls } = members(body);
  const isFederated = typeof type === "string" && type.toLowerCase() === "federated";
  const of = (value: unknown) => (isFederated ? value : null);
  const lower = (value: unknown) => (typeof value === "string" ? value.toLowerCase() : value);
  log.write("VERBOSE", "UserRealm", "UserRealm response:");
  log.write("VERBOSE", "UserRealm", ` AccountType:             ${lower(type)}`);
  log.write("VERBOSE", "UserRealm", ` FederationProtocol:      ${of(lower(protocol))}`);
  const { federation_metadata_url: metadata, federation_active_auth_url: active } = urls as Record<string, unknown>;
  log.write("VERBOSE", "UserRealm", ` FederationMetatdataUrl:  ${of(metadata)}`, true);
  log.write("VERBOSE", "UserRealm", ` FederationActiveAuthUrl: ${of(active)}`, true);
}
