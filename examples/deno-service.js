// A Deno service: deno run --allow-net --allow-env --allow-read deno-service.js
// Environment: CERTIFICATE_PATH (PFX or PEM), CERTIFICATE_PASSWORD, TENANT_ID, CLIENT_ID, PORT.
import { ClientCertificateCredential } from "certgrant";

const variable = (name) => Deno.env.get(name);
const credential = new ClientCertificateCredential(
  variable("TENANT_ID"),
  variable("CLIENT_ID"),
  { certificatePath: variable("CERTIFICATE_PATH"), certificatePassword: variable("CERTIFICATE_PASSWORD") },
  { authorityHost: variable("AUTHORITY_HOST") },
);

Deno.serve({ port: Number(variable("PORT") ?? 8000), hostname: "127.0.0.1" }, async () => {
  const { token } = await credential.getToken("https://graph.microsoft.com/.default");
  return Response.json({ parts: token.split(".").length });
});
