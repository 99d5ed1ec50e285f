// A function of Vercel's edge runtime, as app/api/token/route.js of a Next.js project. Environment: CERTIFICATE (a PEM with the
// private key and its certificate), TENANT_ID, CLIENT_ID.
import { ClientCertificateCredential } from "certgrant";

export const runtime = "edge";

const { TENANT_ID, CLIENT_ID, CERTIFICATE, AUTHORITY_HOST } = process.env;
const credential = new ClientCertificateCredential(
  TENANT_ID,
  CLIENT_ID,
  { certificate: CERTIFICATE },
  { authorityHost: AUTHORITY_HOST },
);

export async function GET() {
  const { token } = await credential.getToken("https://graph.microsoft.com/.default");
  return Response.json({ parts: token.split(".").length });
}
