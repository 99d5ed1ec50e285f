// A Bun service: bun run bun-service.js
// Environment: CERTIFICATE_PATH (PFX or PEM), CERTIFICATE_PASSWORD, TENANT_ID, CLIENT_ID, PORT.
import { ClientCertificateCredential } from "certgrant";

const { TENANT_ID, CLIENT_ID, CERTIFICATE_PATH, CERTIFICATE_PASSWORD, AUTHORITY_HOST, PORT } = process.env;
const credential = new ClientCertificateCredential(
  TENANT_ID,
  CLIENT_ID,
  { certificatePath: CERTIFICATE_PATH, certificatePassword: CERTIFICATE_PASSWORD },
  { authorityHost: AUTHORITY_HOST },
);

const server = Bun.serve({
  port: Number(PORT ?? 8000),
  hostname: "127.0.0.1",
  async fetch() {
    const { token } = await credential.getToken("https://graph.microsoft.com/.default");
    return Response.json({ parts: token.split(".").length });
  },
});
console.log(`listening on ${server.url}`);
