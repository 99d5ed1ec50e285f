// The same token by the new call. The thumbprint is computed; a PFX does as well, with its password.
//
//   TENANT=contoso.onmicrosoft.com CLIENT_ID=… CERTIFICATE=app.pem node examples/credential.mjs
import { CertgrantError, ClientCertificateCredential } from "certgrant";

const {
  AUTHORITY = "https://login.microsoftonline.com",
  TENANT = "",
  CLIENT_ID = "",
  CERTIFICATE = "",
  CERTIFICATE_PASSWORD,
  RESOURCE = "https://graph.microsoft.com",
} = process.env;

const certificate = CERTIFICATE_PASSWORD
  ? { certificatePath: CERTIFICATE, certificatePassword: CERTIFICATE_PASSWORD }
  : CERTIFICATE;
const credential = new ClientCertificateCredential(TENANT, CLIENT_ID, certificate, { authorityHost: AUTHORITY });

try {
  const { tokenType, expiresOnTimestamp } = await credential.getToken(`${RESOURCE}/.default`);
  console.log(`${tokenType} token until ${new Date(expiresOnTimestamp).toISOString()}`);
} catch (error) {
  if (!(error instanceof CertgrantError)) throw error;
  console.error(`${error.code}: ${error.message}; ${error.hint}`);
  process.exitCode = 1;
}
