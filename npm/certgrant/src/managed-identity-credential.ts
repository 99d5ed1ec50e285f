/**
 * `ManagedIdentityCredential`: tokens that Azure gives to what runs on it, without any credential. The constructor is that of
 * `@azure/identity`. Which endpoint is asked, and how, is the core's business.
 */
import { AppCredential } from "./app-credential.ts";
import { expectType } from "./arguments.ts";
import type { ManagedIdentityConfig } from "./backend.ts";
import type { AssertionRequest } from "./client-assertion-credential.ts";
import type { ErrorCode } from "./codes.ts";
import { argumentTypeError, argumentValueError, CertgrantError, CredentialUnavailableError } from "./errors.ts";
import type { AccessToken, GetTokenOptions, ManagedIdentityCredentialOptions } from "./options.ts";
import { platform } from "./platform.ts";
import type { Proof } from "./proof.ts";
import type { TokenCredentialLike } from "./token-provider.ts";

const NAME = "ManagedIdentityCredential";

/** The core's `IDENTITY_VARIABLES`: what leads to the endpoint. */
const VARIABLES = [
  "AZURE_POD_IDENTITY_AUTHORITY_HOST",
  "DEFAULT_IDENTITY_CLIENT_ID",
  "IDENTITY_ENDPOINT",
  "IDENTITY_HEADER",
  "IDENTITY_SERVER_THUMBPRINT",
  "IMDS_ENDPOINT",
  "MSI_ENDPOINT",
  "MSI_SECRET",
  "ProgramData",
  "ProgramFiles",
] as const;

/** What a chain goes on behind: there is no identity here, or not this one. */
const UNAVAILABLE: readonly ErrorCode[] = [
  "ERR_IDENTITY_UNAVAILABLE",
  "ERR_IDENTITY_UNSUPPORTED",
  "ERR_NETWORK_FAILED",
  "ERR_SERVICE_REFUSED",
];

const IDS = ["clientId", "resourceId", "objectId"] as const;

/**
 * Gets tokens of a managed identity: on virtual machines and in Kubernetes, App Service, Functions and Container Apps, Service
 * Fabric, Azure Arc, Cloud Shell and Machine Learning.
 *
 * @example
 * ```ts
 * import { ManagedIdentityCredential } from "certgrant";
 *
 * const credential = new ManagedIdentityCredential(); // or { clientId } of a user-assigned identity
 * const { token } = await credential.getToken("https://storage.azure.com/.default");
 * ```
 */
export class ManagedIdentityCredential extends AppCredential {
  /**
   * @param clientId - Client id of a user-assigned identity.
   * @throws TypeError with the code `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`
   */
  constructor(clientId: string, options?: Omit<ManagedIdentityCredentialOptions, "clientId">);
  /**
   * @param options - One id of a user-assigned identity; the system-assigned one by default.
   * @throws TypeError with the code `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`
   */
  constructor(options?: ManagedIdentityCredentialOptions);
  constructor(
    first: string | ManagedIdentityCredentialOptions = {},
    second: Omit<ManagedIdentityCredentialOptions, "clientId"> = {},
  ) {
    const options = typeof first === "string" ? { ...second, clientId: first } : first;
    expectType(NAME, "options", options, "object");
    for (const name of IDS) {
      if (options[name] !== undefined) expectType(NAME, `options.${name}`, options[name], "string");
    }
    const given = IDS.filter((name) => options[name]);
    if (given.length > 1) {
      throw argumentValueError(
        `${NAME}: only one of 'clientId', 'resourceId', or 'objectId' can be provided, found ${given.join(" and ")}`,
      );
    }
    super({ name: NAME, tenantId: "", clientId: "", proof: identityProof(options), options });
  }

  /** @throws CredentialUnavailableError if there is no managed identity here, or not this one */
  override async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    try {
      return await super.getToken(scopes, options);
    } catch (error) {
      if (!(error instanceof CertgrantError) || !UNAVAILABLE.includes(error.code)) throw error;
      const { code, message, hint, statusCode, errorResponse } = error;
      const told = new CredentialUnavailableError(message, { code, hint, cause: error });
      throw errorResponse ? Object.assign(told, { statusCode, errorResponse }) : told;
    }
  }
}

function identityProof({ clientId, resourceId, objectId }: ManagedIdentityCredentialOptions): Proof {
  return {
    async open({ backend }, config) {
      const managedIdentity: ManagedIdentityConfig = {
        environment: environment(),
        hasArcAgent: await hasArcAgent(),
        clientId: clientId || undefined,
        resourceId: resourceId || undefined,
        objectId: objectId || undefined,
      };
      const client = await backend.open({ ...config, managedIdentity });
      return { client, host: {}, description: "managed identity" };
    },
  };
}

function environment(): Record<string, string> {
  const set = VARIABLES.map((name) => [name, platform().variable(name)] as const);
  return Object.fromEntries(
    set.filter((entry): entry is [(typeof VARIABLES)[number], string] => entry[1] !== undefined),
  );
}

/** Whether the file is there that Azure Arc's agent installs. */
async function hasArcAgent(): Promise<boolean> {
  const folder = platform().variable("ProgramFiles");
  const path = folder === undefined ? "/opt/azcmagent/bin/himds" : `${folder}\\AzureConnectedMachineAgent\\himds.exe`;
  return platform()
    .fileStamp(path)
    .then(
      () => true,
      () => false,
    );
}

/** What a managed identity's token has to be for, to prove an application's identity; by the host of the token service, of a region too. */
const EXCHANGES = [
  [/(?:^|\.)login\.(?:microsoftonline\.us|usgovcloudapi\.net)$/, "api://AzureADTokenExchangeUSGov"],
  [/(?:^|\.)login\.(?:partner\.microsoftonline|chinacloudapi)\.cn$/, "api://AzureADTokenExchangeChina"],
] as const;

/**
 * Client assertions of a managed identity, for an application that trusts it as a federated credential: what
 * {@link ClientAssertionCredential} takes in the place of a certificate.
 *
 * @example
 * ```ts
 * import { ClientAssertionCredential, ManagedIdentityCredential, managedIdentityAssertion } from "certgrant";
 *
 * const identity = new ManagedIdentityCredential(identityClientId);
 * const credential = new ClientAssertionCredential(tenantId, clientId, managedIdentityAssertion(identity));
 * ```
 *
 * @param identity - A user-assigned identity of the application's tenant.
 */
export function managedIdentityAssertion(
  identity: TokenCredentialLike,
): (request: AssertionRequest) => Promise<string> {
  if (typeof identity?.getToken !== "function") {
    throw argumentTypeError("managedIdentityAssertion: identity must have a function getToken");
  }
  return async ({ audience }) => {
    const { hostname } = new URL(audience);
    const [, exchange = "api://AzureADTokenExchange"] = EXCHANGES.find(([host]) => host.test(hostname)) ?? [];
    const token = await identity.getToken(`${exchange}/.default`);
    if (typeof token?.token === "string") return token.token;
    throw new CredentialUnavailableError("the identity gave no token: found nothing, expected an access token");
  };
}
