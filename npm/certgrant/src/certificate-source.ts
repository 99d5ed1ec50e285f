/**
 * Where a credential's certificate comes from, and how it is seen that there may be another: a file that is written anew, or a
 * function of the caller's.
 */
import type { Algorithm } from "./backend.ts";
import type { LoadedFile } from "./certificate-file.ts";
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
  /** Something that is another thing when there may be another certificate; absent where there never is. */
  stamp?(): Promise<string>;
  /** Whether there may be another certificate later. */
  readonly isRenewable: boolean;
  /** Signs in the place of a key beside the certificate. */
  readonly sign?: Sign | undefined;
  /** The only algorithm that the signer has. */
  readonly algorithm?: Algorithm | undefined;
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

/** The function is asked by `stamp`, which is before each reading. */
function suppliedSource(
  credential: string,
  supply: CertificateSupplier,
  password: string | undefined,
): CertificateSource {
  let file: LoadedFile = { content: "" };
  let changes = 0;
  return {
    async stamp() {
      const supplied = await supply();
      const given =
        typeof supplied === "string" || supplied instanceof Uint8Array ? { certificate: supplied } : supplied;
      const content = ownContent(credential, given?.certificate);
      const itsPassword = given.certificatePassword ?? password;
      if (!isSame(content, file.content) || itsPassword !== file.password) changes += 1;
      file = { content, password: itsPassword };
      return `${changes}`;
    },
    read: async () => file,
    isRenewable: true,
  };
}

function isSame(one: string | Uint8Array, other: string | Uint8Array): boolean {
  return one.length === other.length && [...one].every((unit, index) => unit === other[index]);
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

function contentSource(credential: string, given: unknown, password: string | undefined): CertificateSource {
  const content = ownContent(credential, given);
  return { read: async () => ({ content, password }), isRenewable: false };
}

/** A copy: the caller may wipe its bytes. */
function ownContent(credential: string, content: unknown): string | Uint8Array {
  if (typeof content === "string") return content;
  if (content instanceof Uint8Array) return content.slice();
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
