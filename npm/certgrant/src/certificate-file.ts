/**
 * Opens a client with whatever certificate file the caller has. Plain PEM goes to the backend as it is; anything else is
 * opened first, off the event loop where the backend can, with parts of the WASM module that load only then.
 */
import type { Backend, BackendClient, ClientConfig, ErrorData } from "./backend.ts";
import type { ErrorCode } from "./codes.ts";

/** What a backend says of a file that is not plain PEM: it may be one of the other kinds. */
const NOT_PLAIN: readonly ErrorCode[] = ["ERR_KEY_ENCRYPTED", "ERR_PASSWORD_MISSING", "ERR_PEM_NOT_FOUND"];

/** A client of `backend`; throws what {@link Backend.open} throws. */
export async function openClient(
  backend: Backend,
  config: ClientConfig,
  password: string | undefined,
): Promise<BackendClient> {
  try {
    return await backend.open(config);
  } catch (thrown) {
    if (!NOT_PLAIN.includes((thrown as Partial<ErrorData>).code as ErrorCode)) throw thrown;
  }
  const { certificate } = config;
  const file = typeof certificate === "string" ? new TextEncoder().encode(certificate) : certificate;
  const pem = await backend.openFile(file, password);
  try {
    return await backend.open({ ...config, certificate: pem });
  } finally {
    pem.fill(0);
  }
}
