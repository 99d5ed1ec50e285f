/** The token of a workload, as Kubernetes projects it into a file, and the proof that an application makes of it. */
import { CredentialUnavailableError, fromThrown } from "./errors.ts";
import { platform } from "./platform.ts";
import { assertionProof, type Proof } from "./proof.ts";

/** Proves an application by the token in a file, which is read for each assertion; `credential` is who is named in errors. */
export function workloadProof(credential: string, path: string): Proof {
  return assertionProof(() => readToken(credential, path), "token of a workload");
}

async function readToken(credential: string, path: string): Promise<string> {
  const text = new TextDecoder().decode(await readFile(path)).trim();
  if (text !== "") return text;
  throw new CredentialUnavailableError(
    `${credential} is unavailable: found an empty file, expected the workload's token`,
    { hint: "check what writes the file; the next call reads it again" },
  );
}

/** A file that is not there is one more way of not being in a pod, so a chain goes on. */
async function readFile(path: string): Promise<Uint8Array> {
  try {
    return await platform().readFile(path);
  } catch (thrown) {
    const { code, message, hint, cause } = fromThrown(thrown);
    throw new CredentialUnavailableError(message, { code, hint, cause });
  }
}
