// The call as services have it that were written for adal-node, with verbose logging: only the name of the package differs.
// Prints one JSON object a line, for `cargo xtask demo`.

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

const { authority, tenant, clientId, resource, pemFile } = JSON.parse(process.argv[2]);
const tell = (entry) => console.log(JSON.stringify(entry));

const loading = performance.now();
const { AuthenticationContext, Logging } = await import("certgrant/adal");
tell({ time: "library loaded", ms: performance.now() - loading });

const pem = readFileSync(pemFile, "utf8");
const thumbprint = new X509Certificate(pem).fingerprint;

Logging.setLoggingOptions({
  level: Logging.LOGGING_LEVEL.VERBOSE,
  log: (_level, line) => tell({ log: line }),
});

const context = new AuthenticationContext(`${authority}/${tenant}`, false);

function acquireToken() {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    context.acquireTokenWithClientCertificate(resource, clientId, pem, thumbprint, (error, response) => {
      if (error) reject(error);
      else resolve({ token: response.accessToken, ms: performance.now() - started });
    });
  });
}

const first = await acquireToken();
tell({ time: "token", ms: first.ms });
tell({ token: first.token });
Logging.setLoggingOptions();
const again = await acquireToken();
tell({ time: "from the cache", ms: again.ms });
