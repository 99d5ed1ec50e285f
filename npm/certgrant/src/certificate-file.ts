/**
 * Opens a client with whatever certificate file the caller has. Plain PEM goes to the backend as it is; anything else is
 * opened first, off the event loop where the backend can, with parts of the WASM module that load only then.
 */
import type { Backend, BackendClient, ClientConfig, ErrorData } from "./backend.ts";
import type { ErrorCode } from "./codes.ts";

/** What a backend says of a file that is not plain PEM: it may be one of the other kinds, or damage that can be undone. */
const NOT_PLAIN: readonly ErrorCode[] = [
  "ERR_KEY_ENCRYPTED",
  "ERR_PASSWORD_MISSING",
  "ERR_PEM_INVALID",
  "ERR_PEM_NOT_FOUND",
];

/** A certificate file as it was read. */
export interface LoadedFile {
  content: string | Uint8Array;
  password?: string | undefined;
  /** Called when a client has taken the certificate. */
  onUse?(): void;
}

/** What a client is opened with, but for its certificate. */
export type ConfigOfCertificate = Omit<ClientConfig, "certificate">;

/** A client of `backend`; throws what {@link Backend.open} throws. */
export function openClient(backend: Backend, config: ConfigOfCertificate, file: LoadedFile): Promise<BackendClient> {
  return withPlainPem(backend, config, file, (certificate) => backend.open({ ...config, certificate }));
}

/** Uses the file as it is, and once more as what it opens to if it is not plain PEM; `undefined` from `use` is a file that is not used. */
export async function withPlainPem<T>(
  backend: Backend,
  { keyElsewhere = false }: ConfigOfCertificate,
  { content, password, onUse }: LoadedFile,
  use: (pem: string | Uint8Array) => Promise<T>,
): Promise<T> {
  try {
    const used = await use(content);
    if (used !== undefined) onUse?.();
    return used;
  } catch (thrown) {
    if (!NOT_PLAIN.includes((thrown as Partial<ErrorData>).code as ErrorCode)) throw thrown;
  }
  const file = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const pem = await backend.openFile(file, password, keyElsewhere);
  try {
    const used = await use(pem);
    if (used !== undefined) onUse?.();
    return used;
  } finally {
    pem.fill(0);
  }
}
