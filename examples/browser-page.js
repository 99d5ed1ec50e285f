// A page that gets tokens with a private key which the browser made and never gives out: not even this script can read it. The
// certificate for the public key is issued elsewhere, from the signing request that the page sends away. Token services answer
// no foreign origin, so requests go through the page's own (`relay`).
import { ClientCertificateCredential } from "certgrant";

const ALGORITHM = { name: "RSA-PSS", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };

/** A key pair whose private half stays in the browser; keep it in IndexedDB, which stores keys without showing them. */
export function makeKey() {
  return crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
}

/** A credential for the key, with the certificate that was issued for it. */
export function credentialOf({ tenantId, clientId, authorityHost, certificate, privateKey, relay }) {
  const fetchThroughRelay = (url, init) => fetch(url.replace(authorityHost, relay), init);
  const configuration = { certificate, privateKey };
  return new ClientCertificateCredential(tenantId, clientId, configuration, {
    authorityHost,
    fetch: fetchThroughRelay,
  });
}
