// What certgrant does on every runtime, in web standards alone: each runtime's runner calls `runCases` and passes on what it
// returns. The token service is scripted by a `fetch`, and real where a case asks for `world.authority`: the emulator.
import { gate, granted, refused, scriptedFetch } from "../support/service.mjs";
import { bytes, check, equal, match, readAssertion, rejection, webCrypto } from "./checks.mjs";

const SCOPE = "https://graph.microsoft.com/.default";

/**
 * Runs all cases; their names, and what failed.
 *
 * @param certgrant the package's exports
 * @param world keys, certificates and ids; `authority` of the emulator; `fetch` where it can't be reached directly;
 * `runtime`, its name; `hasFiles`, whether it has any
 */
export async function runCases(certgrant, world) {
  const results = [];
  for (const [name, run] of Object.entries(CASES)) {
    try {
      await run(maker(certgrant, world), world, certgrant);
      results.push({ name });
    } catch (error) {
      results.push({ name, error: `${error?.stack ?? error}\n${error?.cause?.stack ?? ""}` });
    }
  }
  return results;
}

/** Makes credentials of the world's application over a scripted `fetch`, or over the real one. */
function maker({ ClientCertificateCredential }, world) {
  return (configuration, fetch, options = {}) =>
    new ClientCertificateCredential(world.tenant, world.client, configuration ?? { certificate: world.pem }, {
      retryOptions: { maxRetries: 0 },
      ...(fetch && { fetch }),
      ...options,
    });
}

/** The assertion that a credential sent, verified and read. */
async function sentAssertion(credential, fetch, spki) {
  equal((await credential.getToken(SCOPE)).token, "token-1", "the token");
  return readAssertion(fetch.requests[0].form.get("client_assertion"), spki);
}

/** Gets a token from the emulator, which checks the assertion. */
async function realToken(credential) {
  const { token, expiresOnTimestamp, tokenType } = await credential.getToken(SCOPE);
  equal(token.split(".").length, 3, "the parts of a token");
  equal(tokenType, "Bearer");
  check(expiresOnTimestamp > Date.now(), "it lives");
}

const atEmulator = ({ authority }) => ({ authorityHost: authority });

async function webCryptoKey({ pkcs8 }, algorithm) {
  const key = await crypto.subtle.importKey("pkcs8", bytes(pkcs8), webCrypto(algorithm), false, ["sign"]);
  equal(key.extractable, false, "the key is extractable");
  return key;
}

const CASES = {
  async "a PEM signs PS256 with the SHA-256 thumbprint"(make, world) {
    const fetch = scriptedFetch(granted());
    const { header, claims } = await sentAssertion(make(undefined, fetch), fetch, world.spki);
    equal(header, { alg: "PS256", typ: "JWT", "x5t#S256": world.x5tS256 });
    equal([claims.iss, claims.sub], [world.client, world.client]);
    equal(claims.aud, `https://login.microsoftonline.com/${world.tenant}/oauth2/v2.0/token`);
  },

  async "a PEM signs RS256 where that is asked for"(make, world) {
    const fetch = scriptedFetch(granted());
    const { header } = await sentAssertion(make(undefined, fetch, { algorithm: "RS256" }), fetch, world.spki);
    equal(header.alg, "RS256");
  },

  async "a PFX opens with its password and signs"(make, world) {
    const fetch = scriptedFetch(granted());
    const pfx = { certificate: bytes(world.pfx), certificatePassword: world.pfxPassword };
    const { header } = await sentAssertion(make(pfx, fetch), fetch, world.pfxSpki);
    equal(header["x5t#S256"], world.pfxX5tS256);
  },

  async "a wrong password of a PFX is an error of its own"(make, world, { CertgrantError }) {
    const pfx = { certificate: bytes(world.pfx), certificatePassword: "not it" };
    const error = await rejection(() => make(pfx, scriptedFetch(granted())).getToken(SCOPE));
    check(error instanceof CertgrantError, "a CertgrantError");
    equal(error.code, "ERR_PASSWORD_WRONG");
  },

  async "a key of WebCrypto that is not extractable signs, in both algorithms"(make, world) {
    for (const algorithm of ["PS256", "RS256"]) {
      const fetch = scriptedFetch(granted());
      const privateKey = await webCryptoKey(world, algorithm);
      const credential = make({ certificate: world.certificate, privateKey }, fetch);
      const { header } = await sentAssertion(credential, fetch, world.spki);
      equal(header.alg, algorithm);
    }
  },

  async "a signer of the caller's signs what it is asked to"(make, world) {
    const fetch = scriptedFetch(granted());
    const key = await webCryptoKey(world, "PS256");
    const sign = async ({ signingInput, digest }) => {
      equal(digest.length, 32, "the length of a digest");
      const input = new TextEncoder().encode(signingInput);
      return new Uint8Array(await crypto.subtle.sign(webCrypto("PS256"), key, input));
    };
    await sentAssertion(make({ certificate: world.certificate, sign }, fetch), fetch, world.spki);
  },

  async "a signer's wrong signature is not sent"(make, world) {
    const fetch = scriptedFetch(granted());
    const sign = async () => new Uint8Array(256);
    const error = await rejection(() => make({ certificate: world.certificate, sign }, fetch).getToken(SCOPE));
    equal([error.code, fetch.requests.length], ["ERR_SIGNATURE_INVALID", 0]);
  },

  async "errors have the names, and clouds the addresses, that are exported for them"(_make, _world, certgrant) {
    const service = { status: 401, error: "invalid_client", errorDescription: "", errorCodes: [] };
    const init = { code: "ERR_SERVICE_REFUSED", message: "m", hint: "h", service };
    equal(new certgrant.AuthenticationError(init).name, certgrant.AuthenticationErrorName);
    equal(new certgrant.CredentialUnavailableError("m").name, certgrant.CredentialUnavailableErrorName);
    equal(new certgrant.AggregateAuthenticationError([], "m").name, certgrant.AggregateAuthenticationErrorName);
    const { AzureChina, AzureGermany, AzureGovernment, AzurePublicCloud } = certgrant.AzureAuthorityHosts;
    equal(AzureChina, "https://login.chinacloudapi.cn");
    equal(AzureGermany, "https://login.microsoftonline.de");
    equal(AzureGovernment, "https://login.microsoftonline.us");
    equal(AzurePublicCloud, "https://login.microsoftonline.com");
  },

  async "the emulator gives a token for a PEM, PS256 and RS256"(make, world) {
    await realToken(make(undefined, world.fetch, atEmulator(world)));
    await realToken(make(undefined, world.fetch, { ...atEmulator(world), algorithm: "RS256" }));
  },

  async "the emulator gives a token for a PFX"(make, world) {
    const pfx = { certificate: bytes(world.pfx), certificatePassword: world.pfxPassword };
    await realToken(make(pfx, world.fetch, atEmulator(world)));
  },

  async "the emulator gives a token for a key of WebCrypto"(make, world) {
    const privateKey = await webCryptoKey(world, "PS256");
    await realToken(make({ certificate: world.certificate, privateKey }, world.fetch, atEmulator(world)));
  },

  async "the emulator's refusal is the service's own words"(_, world, { ClientCertificateCredential }) {
    const options = { ...atEmulator(world), ...(world.fetch && { fetch: world.fetch }) };
    const stranger = new ClientCertificateCredential(
      world.tenant,
      world.unknownClient,
      { certificate: world.pem },
      options,
    );
    const error = await rejection(() => stranger.getToken(SCOPE));
    equal([error.name, error.code], ["AuthenticationError", "ERR_SERVICE_REFUSED"]);
    check(error.errorResponse.errorCodes.includes(700016), "AADSTS700016");
  },

  async "a cached token asks nobody"(make) {
    const fetch = scriptedFetch(granted("token-1"), granted("token-2"));
    const credential = make(undefined, fetch);
    for (let call = 0; call < 3; call++) equal((await credential.getToken(SCOPE)).token, "token-1");
    equal(fetch.requests.length, 1, "requests");
    credential.clearTokens();
    equal((await credential.getToken(SCOPE)).token, "token-2");
  },

  async "callers of one token share one request"(make) {
    const { opened, open } = gate();
    const fetch = scriptedFetch(async () => {
      await opened;
      return granted();
    });
    const credential = make(undefined, fetch);
    const calls = Array.from({ length: 50 }, () => credential.getToken(SCOPE));
    await settled(() => fetch.requests.length > 0);
    open();
    const tokens = await Promise.all(calls);
    equal([tokens.length, fetch.requests.length], [50, 1], "callers and requests");
  },

  async "a caller that gives up gives up alone"(make) {
    const { opened, open } = gate();
    const fetch = scriptedFetch(async () => {
      await opened;
      return granted();
    });
    const credential = make(undefined, fetch);
    const controller = new AbortController();
    const leaving = rejection(() => credential.getToken(SCOPE, { abortSignal: controller.signal }));
    const staying = credential.getToken(SCOPE);
    await settled(() => fetch.requests.length > 0);
    controller.abort();
    const { name, code } = await leaving;
    equal([name, code], ["AbortError", "ERR_ABORTED"]);
    open();
    equal((await staying).token, "token-1");
  },

  async "the last caller that gives up ends the request"(make) {
    const fetch = scriptedFetch(
      ({ signal }) =>
        new Promise((_, fail) => {
          signal.addEventListener("abort", () => fail(signal.reason));
        }),
    );
    const controller = new AbortController();
    const call = rejection(() => make(undefined, fetch).getToken(SCOPE, { abortSignal: controller.signal }));
    await settled(() => fetch.requests.length > 0);
    controller.abort();
    await call;
    await settled(() => fetch.requests[0].signal.aborted);
  },

  async "a refusal has the service's fields, and a hint"(make, _, { CertgrantError }) {
    const error = await rejection(() => make(undefined, scriptedFetch(refused())).getToken(SCOPE));
    check(error instanceof CertgrantError && error instanceof Error, "a CertgrantError");
    equal([error.code, error.statusCode, error.errorResponse.error], ["ERR_SERVICE_REFUSED", 401, "invalid_client"]);
    match(error.hint, /register .*certificate/);
  },

  async "a network that fails is said, with its error as the cause"(make) {
    const error = await rejection(() => make(undefined, scriptedFetch(new TypeError("fetch failed"))).getToken(SCOPE));
    equal([error.code, error.cause.name], ["ERR_NETWORK_FAILED", "TypeError"]);
  },

  async "a key of another certificate is refused before anything is sent"(make, world) {
    const fetch = scriptedFetch(granted());
    const error = await rejection(() =>
      make({ certificate: world.key + world.otherCertificate }, fetch).getToken(SCOPE),
    );
    equal([error.code, fetch.requests.length], ["ERR_KEY_MISMATCH", 0]);
  },

  async "a path is read where there are files, and else refused with the way out"(make, world) {
    const credential = make({ certificatePath: "no-such-file.pem" }, scriptedFetch(granted()));
    const error = await rejection(() => credential.getToken(SCOPE));
    equal(error.code, "ERR_FILE_UNREADABLE");
    match(error.hint, world.hasFiles ? /path/ : /content/);
  },

  async "the log tells the way to a token and no secret"(make, world) {
    const entries = [];
    const fetch = scriptedFetch(granted("secret-access-token"));
    const credential = make(undefined, fetch, { logger: (entry) => entries.push(entry) });
    await credential.getToken(SCOPE);
    await credential.getToken(SCOPE);
    const text = JSON.stringify(entries);
    match(text, /(native|wasm) backend, certificate [0-9A-F]{64}/);
    match(text, /signing the client assertion, PS256/);
    match(text, /token served from the cache/);
    const secrets = ["secret-access-token", fetch.requests[0].form.get("client_assertion"), world.key.split("\n")[2]];
    for (const secret of secrets) check(!text.includes(secret), `a secret of ${secret.length} characters in the log`);
  },
};

/** The names of all cases, in their order. */
export const caseNames = Object.keys(CASES);

/** Waits for `condition` by the turns of a timer; fails after many instead of hanging. */
async function settled(condition) {
  for (let turn = 0; turn < 10_000; turn++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  throw new Error("what the case waits for did not come about");
}
