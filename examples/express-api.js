// An Express API that calls another one on behalf of nobody but itself: node express-api.js
// Environment: CERTIFICATE_PATH (PFX or PEM), CERTIFICATE_PASSWORD, TENANT_ID, CLIENT_ID, PORT.
import { CertgrantError, ClientCertificateCredential } from "certgrant";
import express from "express";

const { TENANT_ID, CLIENT_ID, CERTIFICATE_PATH, CERTIFICATE_PASSWORD, AUTHORITY_HOST, PORT } = process.env;
const credential = new ClientCertificateCredential(
  TENANT_ID,
  CLIENT_ID,
  { certificatePath: CERTIFICATE_PATH, certificatePassword: CERTIFICATE_PASSWORD },
  { authorityHost: AUTHORITY_HOST },
);

const app = express();

app.get("/", async (_request, response) => {
  const { token } = await credential.getToken("https://graph.microsoft.com/.default");
  response.json({ parts: token.split(".").length });
});

// What went wrong is for the log, with its hint; the caller of the API is told that it was not him.
app.use((error, _request, response, _next) => {
  if (error instanceof CertgrantError) console.error(error.code, error.message, error.hint);
  response.status(502).json({ error: "there is no token for the API behind this one" });
});

const server = app.listen(Number(PORT ?? 8000), "127.0.0.1", () =>
  console.log(`listening on ${server.address().port}`),
);
