// An Azure Function of the v4 programming model. Settings: CERTIFICATE (a PEM with the private key and its certificate, as a Key
// Vault reference), TENANT_ID, CLIENT_ID.
import { app } from "@azure/functions";
import { ClientCertificateCredential } from "certgrant";

const { TENANT_ID, CLIENT_ID, CERTIFICATE, AUTHORITY_HOST } = process.env;
const credential = new ClientCertificateCredential(
  TENANT_ID,
  CLIENT_ID,
  { certificate: CERTIFICATE },
  { authorityHost: AUTHORITY_HOST },
);

export async function token(_request, context) {
  const { token, expiresOnTimestamp } = await credential.getToken("https://graph.microsoft.com/.default");
  context.log(`token until ${new Date(expiresOnTimestamp).toISOString()}`);
  return { jsonBody: { parts: token.split(".").length } };
}

app.http("token", { methods: ["GET"], handler: token });
