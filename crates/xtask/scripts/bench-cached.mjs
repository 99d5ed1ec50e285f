// Measures cached tokens of one library and prints the medians in nanoseconds as JSON: a call alone, among other tokens, and
// going round all of them. Run with `--input-type=module -e` in tests/interop, so that the peers are those that are installed
// there; the arguments are the library, how many other tokens there are, certgrant's entry, and the folder of the certificate.
//
// Nothing is sent: each library is given a transport that answers at once.
import { readFileSync } from "node:fs";

const [library, others, entry, folder] = process.argv.slice(1);
const TENANT = "11111111-2222-3333-4444-555555555555";
const CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const ROUNDS = 15;
const key = readFileSync(`${folder}/key.pem`, "utf8");
const certificate = readFileSync(`${folder}/cert.pem`, "utf8");
let granted = 0;

/** A token as long as Entra's. */
function answer() {
  granted += 1;
  return {
    token_type: "Bearer",
    expires_in: 3599,
    ext_expires_in: 3599,
    access_token: `${"t".repeat(1500)}${granted}`,
  };
}

const libraries = {
  async certgrant() {
    const { ClientCertificateCredential } = await import(entry);
    const credential = new ClientCertificateCredential(
      TENANT,
      CLIENT,
      { certificate: key + certificate },
      { fetch: async () => Response.json(answer()), tokenCacheLimits: { tokens: 2_000_000, bytes: 2 ** 40 } },
    );
    return (scope) => credential.getToken(scope);
  },
  async "msal-node"() {
    const { ConfidentialClientApplication } = await import("@azure/msal-node");
    const respond = async () => ({ status: 200, headers: {}, body: answer() });
    const application = new ConfidentialClientApplication({
      auth: {
        clientId: CLIENT,
        authority: `https://login.microsoftonline.com/${TENANT}`,
        authorityMetadata: JSON.stringify(metadata()),
        clientCertificate: { thumbprint: "05ECDE798D258B5441F1DE2BE7BEF15E632172F8", privateKey: key },
      },
      system: { networkClient: { sendGetRequestAsync: respond, sendPostRequestAsync: respond } },
    });
    return (scope) => application.acquireTokenByClientCredential({ scopes: [scope] });
  },
};

function metadata() {
  const base = `https://login.microsoftonline.com/${TENANT}`;
  return {
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    issuer: `${base}/v2.0`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
  };
}

async function median(calls, call) {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = process.hrtime.bigint();
    for (let index = 0; index < calls; index++) await call(index);
    times.push(Number(process.hrtime.bigint() - started) / calls);
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
}

const getToken = await libraries[library]();
const scope = "https://graph.microsoft.com/.default";
const scopes = Array.from({ length: Number(others) }, (_, index) => `https://r${index}.example/.default`);
await getToken(scope);
for (const other of scopes) await getToken(other);
// What takes milliseconds is called less often.
const calls = library === "certgrant" ? 100_000 : 100;
const one = await median(calls, () => getToken(scope));
const round = scopes.length === 0 ? one : await median(calls, (index) => getToken(scopes[(index * 7919) % scopes.length]));
process.stdout.write(JSON.stringify({ one, round, granted }));
