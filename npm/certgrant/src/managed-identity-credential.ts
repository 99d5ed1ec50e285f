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
import type { BareConfig, Proof } from "./proof.ts";
import type { TokenCredentialLike } from "./token-provider.ts";
import { workloadProof } from "./workload-token.ts";

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

/**
 * What says nothing of the identity: the caller gave up, an argument or option of its is wrong, or certgrant is broken. Behind
 * anything else a chain goes on, as behind that of `@azure/identity`.
 */
const NOT_OF_IDENTITY: readonly ErrorCode[] = [
  "ERR_ABORTED",
  "ERR_AUTHORITY_INSECURE",
  "ERR_AUTHORITY_INVALID",
  "ERR_BACKEND_UNAVAILABLE",
  "ERR_CLAIMS_INVALID",
  "ERR_INTERNAL",
  "ERR_REGION_INVALID",
  "ERR_RESOURCE_INVALID",
  "ERR_SCOPE_INVALID",
  "ERR_STEP_UNEXPECTED",
];

const IDS = ["clientId", "resourceId", "objectId"] as const;

/**
 * Gets tokens of a managed identity: on virtual machines and in Kubernetes, App Service, Functions and Container Apps, Service
 * Fabric, Azure Arc, Cloud Shell and Machine Learning.
 *
 * Where `AZURE_FEDERATED_TOKEN_FILE`, `AZURE_TENANT_ID` and a client id (the option, or `AZURE_CLIENT_ID`) are there, as Azure
 * Workload Identity sets them, it exchanges that file's token and asks no endpoint, as `@azure/identity` does. That identity is
 * named by its client id alone: `resourceId` and `objectId` are not heard.
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

  /**
   * Gets an access token, as {@link ClientCertificateCredential.getToken} does; an identity has one tenant, so `tenantId` is not
   * heard.
   *
   * @param scopes - One scope: these endpoints know resources, and give a token for one of them.
   * @throws CredentialUnavailableError if there is no managed identity here, not this one, or no token of it
   * @throws TypeError with the code `ERR_INVALID_ARG_VALUE` for several scopes
   */
  override async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    expectOneResource(scopes);
    try {
      return await super.getToken(scopes, withoutTenant(options));
    } catch (error) {
      throw unavailable(error, options);
    }
  }

  /** Forgets the cached token of a request, as {@link ClientCertificateCredential.removeToken} does. */
  override removeToken(scopes: string | string[], options?: Pick<GetTokenOptions, "tenantId" | "enableCae">): boolean {
    return super.removeToken(scopes, withoutTenant(options));
  }
}

/** A text of several scopes is several too; what is no text is refused with the other arguments. */
function expectOneResource(scopes: string | string[]): void {
  if (typeof scopes === "string" && !scopes.includes(" ")) return;
  const given = [scopes].flat().flatMap((scope) => (typeof scope === "string" ? scope.split(" ") : []));
  const { size } = new Set(given.filter((scope) => scope !== ""));
  if (size <= 1) return;
  throw argumentValueError(`${NAME}.getToken: a managed identity takes one resource, found ${size} scopes`);
}

/** What a chain gets to see of `error`. */
function unavailable(error: unknown, options: GetTokenOptions | undefined): unknown {
  if (!(error instanceof CertgrantError) || error instanceof CredentialUnavailableError) return error;
  const { code, message, hint, statusCode, errorResponse, correlationId } = error;
  // Whose time was up can't be told: that of a caller who has a limit, which is mostly the shorter one.
  const isCallers = code === "ERR_REQUEST_TIMEOUT" && options?.requestOptions?.timeout;
  if (isCallers || NOT_OF_IDENTITY.includes(code)) return error;
  const told = new CredentialUnavailableError(message, { code, hint, cause: error });
  Object.assign(told, correlationId !== undefined && { correlationId });
  return Object.assign(told, errorResponse && { statusCode, errorResponse });
}

/** Azure's own clients name the tenant that a resource is of, whatever the credential. */
function withoutTenant<Options extends { tenantId?: string }>(options: Options | undefined): Options | undefined {
  return typeof options?.tenantId === "string" ? { ...options, tenantId: undefined } : options;
}

function identityProof({ clientId, resourceId, objectId }: ManagedIdentityCredentialOptions): Proof {
  return {
    async open(host, config) {
      const workload = workloadOf(clientId);
      if (workload) return workloadProof(NAME, workload.path).open(host, { ...config, ...workload.config });
      const { backend } = host;
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

/** The workload that the environment describes, if it does: `@azure/identity` lets it go before every endpoint. */
function workloadOf(id: string | undefined): { path: string; config: Partial<BareConfig> } | undefined {
  const clientId = id || platform().variable("AZURE_CLIENT_ID");
  const tenant = platform().variable("AZURE_TENANT_ID");
  const path = platform().variable("AZURE_FEDERATED_TOKEN_FILE");
  if (!clientId || !tenant || !path) return undefined;
  // Who sets the file sets the authority too, and @azure/identity asks nobody about it.
  return { path, config: { tenant, clientId, disableDiscovery: true } };
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
