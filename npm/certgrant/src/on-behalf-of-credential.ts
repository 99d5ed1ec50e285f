/**
 * `OnBehalfOfCredential`: tokens for another API in the name of the user who called this one, by the user's token (RFC 7523 as
 * Entra has it). The constructor is that of `@azure/identity`.
 */
import { AppCredential, type AppInit, expectIds } from "./app-credential.ts";
import { expectType } from "./arguments.ts";
import { certificateProof } from "./certificate-proof.ts";
import { certificateSource } from "./certificate-source.ts";
import type { AssertionRequest } from "./client-assertion-credential.ts";
import { AuthenticationError, argumentTypeError, argumentValueError, CertgrantError, setName } from "./errors.ts";
import type {
  AccessToken,
  AppCredentialOptions,
  GetTokenOptions,
  OnBehalfOfApplication,
  OnBehalfOfCredentialOptions,
  OnBehalfOfUser,
} from "./options.ts";
import { assertionProof, type Proof, secretProof } from "./proof.ts";
import { warnOfSecret } from "./secret-warning.ts";

const NAME = "OnBehalfOfCredential";

/** What a refusal says if only the user can help: its `error`, or its `suberror`. */
const USER_NEEDED: readonly unknown[] = [
  "interaction_required",
  "consent_required",
  "login_required",
  "basic_action",
  "additional_action",
];

/**
 * The user has to act: to consent, or to sign in with more than a password. Hand `errorResponse.claims` to the client that has the
 * user. Name and members are those of `@azure/identity`.
 */
export class AuthenticationRequiredError extends CertgrantError {
  /** What was asked for. */
  readonly scopes: string[];
  /** With which options. */
  readonly getTokenOptions: GetTokenOptions;

  constructor(refusal: AuthenticationError, scopes: string | string[], options: GetTokenOptions) {
    const { code, message, hint, correlationId } = refusal;
    super({ code, message, hint, correlationId, cause: refusal });
    setName(this, "AuthenticationRequiredError");
    Object.assign(this, { statusCode: refusal.statusCode, errorResponse: refusal.errorResponse });
    this.scopes = Array.isArray(scopes) ? [...scopes] : [scopes];
    this.getTokenOptions = options;
  }
}

/**
 * Gets tokens on behalf of one user; made anew for each user's token.
 *
 * With an `application` it has that one's client and cache: `clearTokens` then forgets the tokens of the application and of all its
 * users, `removeToken` one of this user's alone.
 *
 * @example
 * ```ts
 * import { OnBehalfOfCredential } from "certgrant";
 *
 * const credential = new OnBehalfOfCredential({ tenantId, clientId, certificatePath: "app.pem", userAssertionToken });
 * const { token } = await credential.getToken("https://graph.microsoft.com/.default");
 * ```
 */
export class OnBehalfOfCredential extends AppCredential {
  /** @throws TypeError with the code `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE` */
  constructor(options: OnBehalfOfCredentialOptions) {
    expectType(NAME, "options", options, "object");
    const { userAssertionToken: userAssertion } = options;
    if (!userAssertion) throw argumentValueError(`${NAME}: userAssertionToken is a required parameter.`);
    expectType(NAME, "options.userAssertionToken", userAssertion, "string");
    super({ name: NAME, userAssertion, ...applicationOf(options) });
  }

  /** @throws AuthenticationRequiredError if the user has to act */
  override async getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
    try {
      return await super.getToken(scopes, options);
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
      const { error: code, subError } = error.errorResponse;
      if (!USER_NEEDED.includes(code) && !USER_NEEDED.includes(subError)) throw error;
      throw new AuthenticationRequiredError(error, scopes, options);
    }
  }
}

/** Everything that a way of proof needs, of which there may be one. */
type AnyOptions = OnBehalfOfUser &
  OnBehalfOfApplication &
  AppCredentialOptions & {
    clientSecret?: string;
    getAssertion?: (request: AssertionRequest) => Promise<string>;
    certificatePath?: string;
    certificate?: unknown;
    keyVault?: unknown;
    silenceSecretWarning?: boolean;
    algorithm?: "RS256" | "PS256";
    sendCertificateChain?: boolean;
  };

/** The application that acts: a credential that is there already, or one of its own. */
function applicationOf(options: OnBehalfOfCredentialOptions): AppInit | { application: AppCredential } {
  if ("application" in options && options.application !== undefined) {
    const { application } = options;
    if (!(application instanceof AppCredential)) {
      throw argumentTypeError(`${NAME}: options.application must be a credential of certgrant's for an application`);
    }
    return { application };
  }
  const own = options as AnyOptions;
  expectIds(NAME, own.tenantId, own.clientId);
  return { tenantId: own.tenantId, clientId: own.clientId, proof: proofOf(own), options: own };
}

function proofOf(options: AnyOptions): Proof {
  const { clientSecret, getAssertion, certificatePath, certificate, keyVault } = options;
  const hasCertificate = Boolean(certificatePath || certificate || keyVault);
  const given = [hasCertificate, Boolean(clientSecret), Boolean(getAssertion)].filter(Boolean);
  if (given.length !== 1) {
    throw argumentValueError(
      `${NAME}: provide one of a certificate, clientSecret and a getAssertion callback, found ${given.length || "none"}`,
    );
  }
  if (getAssertion) {
    expectType(NAME, "options.getAssertion", getAssertion, "function");
    return assertionProof((audience) => getAssertion({ audience }), "assertions of the caller's");
  }
  if (clientSecret) {
    expectType(NAME, "options.clientSecret", clientSecret, "string");
    if (!options.silenceSecretWarning) warnOfSecret(options);
    return secretProof(clientSecret);
  }
  return certificateProof(certificateSource(NAME, options as Parameters<typeof certificateSource>[1]), options);
}
