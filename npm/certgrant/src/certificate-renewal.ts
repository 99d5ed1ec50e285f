/**
 * A renewed certificate takes the place of the one in use. Loaded when a client is first to look for one, which few Workers are.
 */
import type { Algorithm, Backend, BackendClient } from "./backend.ts";
import { type ConfigOfCertificate, type LoadedFile, withPlainPem } from "./certificate-file.ts";
import type { CertificateSource } from "./certificate-source.ts";
import type { ProofHost } from "./proof.ts";
import type { Sign, SigningRequest } from "./signer.ts";

/** Looks for a renewed certificate and hands it to the client; whether there is one. `afterRefusal`: the one in use was refused. */
export type Look = (client: BackendClient, afterRefusal: boolean) => Promise<boolean | undefined>;

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
): Look {
  let known = stamp;
  let looks = 0;
  let successful = 0;
  return async (client, afterRefusal) => {
    const look = ++looks;
    // Before the content: what is written in between is seen by the next look.
    const found = await source.stamp?.();
    if (!afterRefusal && found !== undefined && found === known) return false;
    return renewClient(host.backend, config, source, await source.read(host), (pem) => {
      // One that began later has found what is newer.
      if (look < successful) return undefined;
      const isAnother = client.renew(pem);
      successful = look;
      known = found;
      return isAnother;
    });
  };
}

/**
 * Gives a renewed certificate to `take`, in the place of the one that a client was opened with by `config`. Throws what `take` and
 * {@link Backend.open} throw, and what is wrong with a key that does not sign or is another's: a second client tries it, so that what is
 * no good does not take the place of what is. (A signer of the caller's is not asked: it may cost, and may be renewed a moment later.)
 */
function renewClient(
  backend: Backend,
  config: ConfigOfCertificate,
  { sign, algorithm }: { sign?: Sign | undefined; algorithm?: Algorithm | undefined },
  file: LoadedFile,
  take: (pem: string | Uint8Array) => boolean | undefined,
): Promise<boolean | undefined> {
  return withPlainPem(backend, config, file, async (certificate) => {
    if (!sign || algorithm) {
      const client = await backend.open({ ...config, certificate });
      // A key of WebCrypto makes its own digest.
      if (sign && algorithm)
        await client.verify(algorithm, "", await sign({ algorithm, signingInput: "" } as SigningRequest));
      else await client.sign("RS256", "");
    }
    return take(certificate);
  });
}
