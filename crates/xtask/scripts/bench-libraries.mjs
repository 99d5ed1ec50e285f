// The libraries that the benchmarks measure, each opened for the same client and certificate. `open` gives a call that gets a
// token for a scope; what a library needs beyond the address of the token service is said beside it.
//
// The peers are those that are installed in tests/interop: run in that folder.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

export const TENANT = "11111111-2222-3333-4444-555555555555";
export const CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const ENTRA = "https://login.microsoftonline.com";
/** Thumbprints of the certificate; what they are is of no interest to a service that checks nothing. */
const THUMBPRINT_SHA256 = "EA831635B6E00379A3F340872B50EB40271E4DE3FFEF2CDCEC051C87AF687142";

/** A peer, by the way of an `import` in the working directory. */
function installed(name) {
  return import(pathToFileURL(createRequire(`${process.cwd()}/`).resolve(name)));
}

function identity(folder) {
  const key = readFileSync(`${folder}/key.pem`, "utf8");
  return { key, pem: key + readFileSync(`${folder}/cert.pem`, "utf8") };
}

/** What a discovery document says of a token service. */
export function metadata(authority) {
  const base = `${authority}/${TENANT}`;
  return {
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
  };
}

/**
 * Opens clients of a library.
 *
 * @param entry certgrant's own entry
 * @param answer gives a token response, for a library that is to send nothing; without it the library sends
 * @returns a function that makes a client and gives its call
 */
export async function open(library, { entry, folder, authority = ENTRA, answer }) {
  return LIBRARIES[library]({ entry, authority, answer, ...identity(folder) });
}

/** What of a response certgrant reads; a `Response` takes its time. */
function response(body) {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  const headers = { get: (name) => (name === "content-type" ? "application/json" : null) };
  return { status: 200, headers, arrayBuffer: async () => bytes.buffer };
}

const LIBRARIES = {
  async certgrant({ entry, authority, answer, pem }) {
    const { ClientCertificateCredential } = await import(pathToFileURL(entry));
    const options = {
      authorityHost: authority,
      tokenCacheLimits: { tokens: 2_000_000, bytes: 2 ** 40 },
      ...(answer ? { fetch: async () => response(answer()) } : {}),
    };
    return () => {
      const credential = new ClientCertificateCredential(TENANT, CLIENT, { certificate: pem }, options);
      return (scope) => credential.getToken(scope);
    };
  },

  /** What a cache takes at least. */
  async "a bare Map"({ answer }) {
    return () => {
      const answers = new Map();
      return (scope) => {
        const known = answers.get(scope);
        if (known) return known;
        // As a client has it: text that was parsed.
        const { access_token } = JSON.parse(JSON.stringify(answer()));
        const made = Promise.resolve({ token: access_token });
        answers.set(scope, made);
        return made;
      };
    };
  },

  async "@azure/msal-node"({ authority, answer, key }) {
    const { ConfidentialClientApplication } = await installed("@azure/msal-node");
    const respond = async () => ({ status: 200, headers: {}, body: answer() });
    const system = answer ? { networkClient: { sendGetRequestAsync: respond, sendPostRequestAsync: respond } } : {};
    const auth = {
      clientId: CLIENT,
      authority: `${authority}/${TENANT}`,
      knownAuthorities: [new URL(authority).host],
      // Given, so that it is not asked for: it knows Entra's by heart.
      authorityMetadata: JSON.stringify(metadata(authority)),
      clientCertificate: { thumbprintSha256: THUMBPRINT_SHA256, privateKey: key },
    };
    return () => {
      const application = new ConfidentialClientApplication({ auth, system });
      return (scope) => application.acquireTokenByClientCredential({ scopes: [scope] });
    };
  },

  async "@azure/identity"({ authority, answer, pem }) {
    const { ClientCertificateCredential } = await installed("@azure/identity");
    const { createHttpHeaders } = await installed("@azure/core-rest-pipeline");
    const httpClient = {
      async sendRequest(request) {
        const body = request.method === "GET" ? metadata(authority) : answer();
        return { request, status: 200, headers: createHttpHeaders(), bodyAsText: JSON.stringify(body) };
      },
    };
    const options = {
      authorityHost: authority,
      disableInstanceDiscovery: true,
      ...(answer ? { httpClient } : {}),
    };
    return () => {
      const credential = new ClientCertificateCredential(TENANT, CLIENT, { certificate: pem }, options);
      return (scope) => credential.getToken(scope);
    };
  },

  /** It has no cache. Its key is imported once, as its documentation has it, by jose. */
  async "openid-client"({ authority, key }) {
    const client = await installed("openid-client");
    const { importPKCS8 } = await installed("jose");
    const signer = await importPKCS8(key, "PS256");
    return () => {
      const proof = client.PrivateKeyJwt(signer, {
        [client.modifyAssertion]: (header) => {
          header["x5t#S256"] = Buffer.from(THUMBPRINT_SHA256, "hex").toString("base64url");
        },
      });
      const configuration = new client.Configuration(metadata(authority), CLIENT, {}, proof);
      return (scope) => client.clientCredentialsGrant(configuration, { scope });
    };
  },
};
