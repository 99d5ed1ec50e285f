// An app-only token with a certificate, by the call of code that was written for adal-node, with its verbose log. Only the name
// of the package differs; with certgrant-adal as an alias for adal-node not even that.
//
//   TENANT=contoso.onmicrosoft.com CLIENT_ID=… CERTIFICATE=app.pem THUMBPRINT=… node examples/adal.cjs
"use strict";

const fs = require("node:fs");
const { AuthenticationContext, Logging } = require("certgrant/adal"); // was: require("adal-node")

const {
  AUTHORITY = "https://login.microsoftonline.com",
  TENANT = "",
  CLIENT_ID = "",
  CERTIFICATE = "",
  THUMBPRINT = "",
  RESOURCE = "https://graph.microsoft.com",
} = process.env;

Logging.setLoggingOptions({
  level: Logging.LOGGING_LEVEL.VERBOSE,
  log: (level, message, error) => console.log(error ? `${message}\n${error.hint}` : message),
});

// A host that is not Microsoft's is asked about at login.windows.net, unless the second argument is false.
const isMicrosofts = AUTHORITY.startsWith("https://login.microsoftonline.");
const context = new AuthenticationContext(`${AUTHORITY}/${TENANT}`, isMicrosofts);
const pem = fs.readFileSync(CERTIFICATE, "utf8");

context.acquireTokenWithClientCertificate(RESOURCE, CLIENT_ID, pem, THUMBPRINT, (error, response) => {
  if (error) {
    console.error(error.message);
    process.exitCode = 1;
    return;
  }
  console.log(`${response.tokenType} token until ${response.expiresOn.toISOString()}`);
});
