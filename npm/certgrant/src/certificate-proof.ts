/** A certificate as what proves an application's identity: its private key signs assertions, here or elsewhere. */
import type { Algorithm } from "./backend.ts";
import { openClient } from "./certificate-file.ts";
import { type CertificateSource, Renewal } from "./certificate-source.ts";
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
    async open(host, config) {
      const stamp = await source.stamp?.();
      const certificate = {
        keyElsewhere: sign !== undefined,
        renewable: isRenewable,
        algorithm: algorithm ?? terms.algorithm,
        sendCertificateChain: terms.sendCertificateChain ?? false,
      };
      const client = await openClient(host.backend, { ...config, ...certificate }, await source.read(host));
      const renewal = new Renewal(host, source, stamp);
      return {
        client,
        host: { sign, renew: (...look) => renewal.look(...look) },
        description: "certificate",
      };
    },
  };
}
