/** Signatures of signers outside of certgrant. Loaded when there is such a signer, which few Workers have. */
import type { BackendClient } from "./backend.ts";
import { CertgrantError } from "./errors.ts";
import type { Sign, SigningRequest } from "./signer.ts";

/** Asks `sign`, and answers with what it made once that is known to be right. */
export async function signElsewhere(
  sign: Sign,
  { algorithm, digest, signingInput }: SigningRequest,
  client: BackendClient,
): Promise<Uint8Array> {
  const given: unknown = await sign({ algorithm, digest, signingInput });
  if (!(given instanceof Uint8Array)) {
    throw new CertgrantError({
      code: "ERR_SIGNATURE_INVALID",
      message: `the signature does not fit the key: found ${typeof given}, expected a Uint8Array from the signer`,
      hint: "return its bytes as a Uint8Array; a Buffer is one",
    });
  }
  await client.verify(algorithm, signingInput, given);
  return given;
}
