/** A certificate as what proves an application's identity: its private key signs assertions, here or elsewhere. */
import type { Algorithm } from "./backend.ts";
import { openClient } from "./certificate-file.ts";
import type { Look } from "./certificate-renewal.ts";
import type { CertificateSource } from "./certificate-source.ts";
import type { Proof } from "./proof.ts";

/** How its assertions are to look. */
export interface CertificateTerms {
  sendCertificateChain?: boolean | undefined;
  algorithm?: Algorithm | undefined;
}

/** The certificate of `source`, and those that come after it. */
export function certificateProof(source: CertificateSource, terms: CertificateTerms): Proof {
  const { sign, algorithm, isRenewable } = source;
  return {
    async open(host, given) {
      const stamp = await source.stamp?.();
      const config = {
        ...given,
        keyElsewhere: sign !== undefined,
        renewable: isRenewable,
        algorithm: algorithm ?? terms.algorithm,
        sendCertificateChain: terms.sendCertificateChain ?? false,
      };
      const client = await openClient(host.backend, config, await source.read(host));
      let look: Look | undefined;
      return {
        client,
        host: {
          sign,
          async renew(...given) {
            const { renewal } = await import("./certificate-renewal.ts");
            look ??= renewal(host, source, config, stamp);
            return look(...given);
          },
        },
        description: "certificate",
      };
    },
  };
}
