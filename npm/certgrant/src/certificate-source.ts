/**
 * Where a credential's certificate comes from, and how a renewed one is noticed: a file that is written anew, or a function of
 * the caller's.
 */
import type { Algorithm } from "./backend.ts";
import { type ConfigOfCertificate, type LoadedFile, renewClient } from "./certificate-file.ts";
import type { CredentialHost } from "./driver.ts";
import { argumentTypeError, argumentValueError } from "./errors.ts";
import type { KeyVaultSource } from "./key-vault.ts";
import type {
  CertificateContent,
  CertificateFile,
  CertificateSupplier,
  KeyVaultCertificate,
  KeyVaultOptions,
} from "./options.ts";
import { platform } from "./platform.ts";
import type { ProofHost } from "./proof.ts";
import { cryptoKeySigner, type Sign } from "./signer.ts";

/** Longer than any system takes. */
const MAX_PATH_LENGTH = 4096;
/** The sentences of `@azure/identity`, which callers match. */
const TROUBLESHOOTING =
  "To troubleshoot, visit https://aka.ms/azsdk/js/identity/serviceprincipalauthentication/troubleshoot.";

/** A certificate, and what signs for it. */
export interface CertificateSource {
  read(host: ProofHost): Promise<LoadedFile>;
  /** Something that is another thing when there may be another certificate; absent where every look has to read. */
  stamp?(): Promise<string>;
  /** Whether there may be another certificate later. */
  readonly isRenewable: boolean;
  /** Signs in the place of a key beside the certificate. */
  readonly sign?: Sign | undefined;
  /** The only algorithm that the signer has. */
  readonly algorithm?: Algorithm | undefined;
}

/**
 * Hands renewed certificates of `source` to a client: looks, reads what is new, and hands it on. A fault of the new one leaves the old
 * one in use; the next look tries again.
 *
 * @param config what the client was opened with
 * @param stamp that of the certificate in use, taken before it was read
 */
export function renewal(
  host: ProofHost,
  source: CertificateSource,
  config: ConfigOfCertificate,
  stamp: string | undefined,
): NonNullable<CredentialHost["renew"]> {
  let known = stamp;
  return async (client, afterRefusal) => {
    // Before the content: what is written in between is seen by the next look.
    const found = await source.stamp?.();
    if (!afterRefusal && found !== undefined && found === known) return false;
    const isAnother = await renewClient(host.backend, config, await source.read(host), client);
    known = found;
    return isAnother;
  };
}

/** The source of what a credential's constructor was given; throws what is wrong with it, in the name of `credential`. */
export function certificateSource(
  credential: string,
  certificate: string | CertificateFile | CertificateContent | KeyVaultCertificate,
): CertificateSource {
  const given: Partial<CertificateFile & CertificateContent & KeyVaultCertificate> =
    typeof certificate === "string" ? { certificatePath: certificate } : (certificate ?? {});
  const { certificatePath: path, certificate: content, certificatePassword: password, keyVault } = given;
  if (keyVault !== undefined && !content && !path) return vaultSource(credential, keyVault);
  if (!content && !path) {
    throw argumentValueError(
      `${credential}: Provide either a PEM certificate in string form, or the path to that certificate in the filesystem. ${TROUBLESHOOTING}`,
    );
  }
  if (content && path) {
    throw argumentValueError(
      `${credential}: To avoid unexpected behaviors, providing both the contents of a PEM certificate and the path to a PEM certificate is forbidden. ${TROUBLESHOOTING}`,
    );
  }
  if (password !== undefined && typeof password !== "string") {
    throw argumentTypeError(`${credential}: certificatePassword must be a string, found ${typeof password}`);
  }
  const signer = signerOf(credential, given);
  if (path) return { ...pathSource(credential, path, password), ...signer };
  if (typeof content === "function") return { ...suppliedSource(credential, content, password), ...signer };
  return { ...contentSource(credential, content, password), ...signer };
}

function signerOf(
  credential: string,
  { privateKey, sign }: Partial<CertificateFile>,
): Pick<CertificateSource, "sign" | "algorithm"> {
  if (sign !== undefined && privateKey !== undefined) {
    throw argumentValueError(`${credential}: give either privateKey or sign, found both`);
  }
  if (sign !== undefined && typeof sign !== "function") {
    throw argumentTypeError(`${credential}: sign must be a function, found ${typeof sign}`);
  }
  return privateKey === undefined ? { sign } : cryptoKeySigner(privateKey);
}

function pathSource(credential: string, path: string, password: string | undefined): CertificateSource {
  expectPath(credential, path);
  return {
    read: async () => ({ content: await platform().readFile(path), password }),
    stamp: () => platform().fileStamp(path),
    isRenewable: true,
  };
}

function suppliedSource(
  credential: string,
  supply: CertificateSupplier,
  password: string | undefined,
): CertificateSource {
  return {
    async read() {
      const supplied = await supply();
      const file =
        typeof supplied === "string" || supplied instanceof Uint8Array ? { certificate: supplied } : supplied;
      expectContent(credential, file?.certificate);
      return { content: file.certificate, password: file.certificatePassword ?? password };
    },
    isRenewable: true,
  };
}

/** What speaks with vaults is loaded when it is first needed. */
function vaultSource(credential: string, options: KeyVaultOptions): CertificateSource {
  if (typeof options?.credential?.getToken !== "function") {
    throw argumentTypeError(`${credential}: keyVault.credential must have a function getToken`);
  }
  for (const name of ["vaultUrl", "certificateName", "certificateVersion"] as const) {
    if (name === "certificateVersion" && options[name] === undefined) continue;
    if (typeof options[name] !== "string") {
      throw argumentTypeError(`${credential}: keyVault.${name} must be a string, found ${typeof options[name]}`);
    }
  }
  let loaded: KeyVaultSource | undefined;
  const source = async () => {
    const { KeyVaultSource } = await import("./key-vault.ts");
    loaded ??= new KeyVaultSource({ ...options });
    return loaded;
  };
  return {
    read: async (host) => (await source()).read(host),
    stamp: async () => (await source()).stamp(),
    sign: async (request) => (await source()).sign(request),
    isRenewable: options.certificateVersion === undefined,
  };
}

function contentSource(credential: string, content: unknown, password: string | undefined): CertificateSource {
  expectContent(credential, content);
  // A copy: the caller may wipe its bytes.
  const own = typeof content === "string" ? content : content.slice();
  return { read: async () => ({ content: own, password }), isRenewable: false };
}

function expectContent(credential: string, content: unknown): asserts content is string | Uint8Array {
  if (typeof content === "string" || content instanceof Uint8Array) return;
  throw argumentTypeError(`${credential}: certificate must be a string or a Uint8Array, found ${typeof content}`);
}

/** A PEM in the place of its path is a likely slip, and errors name paths: so it ends here, without its text. */
function expectPath(credential: string, path: unknown): asserts path is string {
  if (typeof path !== "string") {
    throw argumentTypeError(`${credential}: certificatePath must be a string, found ${typeof path}`);
  }
  const pem = path.includes("-----BEGIN");
  if (!pem && !/[\r\n]/.test(path) && path.length <= MAX_PATH_LENGTH) return;
  const found = pem ? "a PEM" : `text of ${path.length} characters that no path has`;
  throw argumentValueError(
    `${credential}: certificatePath must be a path, found ${found}; pass a PEM as { certificate }`,
  );
}
