// An AWS Lambda handler. Environment: CERTIFICATE (a PEM with the private key and its certificate; or fetch it from Secrets
// Manager in a function: `{ certificate: async () => … }`), TENANT_ID, CLIENT_ID.
import { ClientCertificateCredential } from "certgrant";

const { TENANT_ID, CLIENT_ID, CERTIFICATE, AUTHORITY_HOST } = process.env;
// Outside of the handler: a warm function has its token already.
const credential = new ClientCertificateCredential(
  TENANT_ID,
  CLIENT_ID,
  { certificate: CERTIFICATE },
  { authorityHost: AUTHORITY_HOST },
);

export async function handler(_event, context) {
  // Gives up before Lambda does, with an error that says what was waited for.
  const timeout = Math.max(1, context.getRemainingTimeInMillis() - 500);
  const { token } = await credential.getToken("https://graph.microsoft.com/.default", { requestOptions: { timeout } });
  return { statusCode: 200, body: JSON.stringify({ parts: token.split(".").length }) };
}
