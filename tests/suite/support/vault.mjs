// An Azure Key Vault that answers a `fetch`: it signs with a real key by Node's own crypto and checks its requests as the
// service does. Independent of certgrant.
import assert from "node:assert/strict";
import { constants, createHash, createPublicKey, privateEncrypt, randomBytes, X509Certificate } from "node:crypto";
import { json } from "./service.mjs";

export const VAULT_URL = "https://contoso.vault.azure.net";
export const VAULT_TOKEN = "vault-token-that-nobody-may-see";

/** DER of the DigestInfo of SHA-256 before the digest, RFC 8017 section 9.2. */
const DIGEST_INFO = Buffer.from("3031300d060960864801650304020105000420", "hex");

/**
 * A vault with one certificate in several versions, each `{ version, certificate, key }` in PEM; the last is the newest.
 * `answer(request)` may answer in the vault's place.
 */
export function keyVault(versions, { name = "app", answer } = {}) {
  const vault = { versions, requests: [], signed: 0, answer };
  vault.fetch = async (url, init) => {
    const request = { url: new URL(url), ...init };
    vault.requests.push(request);
    const given = vault.answer?.(request);
    if (given) return given;
    return route(vault, name, request);
  };
  return vault;
}

function route(vault, name, { url, method, headers, body, redirect }) {
  assert.equal(redirect, "manual", "a token goes nowhere else");
  assert.equal(url.searchParams.get("api-version"), "7.4");
  if (headers.authorization !== `Bearer ${VAULT_TOKEN}`) return challenged();
  const [, kind, found, version, operation] = url.pathname.split("/");
  const known = vault.versions.find((one) => one.version === version) ?? (version === "" && vault.versions.at(-1));
  if (found !== name || !known) return refused(404, kind === "keys" ? "KeyNotFound" : "CertificateNotFound");
  if (kind === "certificates" && method === "GET") return json(bundle(name, known));
  assert.deepEqual([kind, operation, method], ["keys", "sign", "POST"]);
  assert.equal(headers["content-type"], "application/json");
  const { alg, value, ...rest } = JSON.parse(body);
  assert.deepEqual(rest, {});
  assert.match(value, /^[A-Za-z0-9_-]{43}$/, "the digest itself, base64url");
  vault.signed += 1;
  const signature = signDigest(known.key, alg, Buffer.from(value, "base64url"));
  return json({ kid: `${VAULT_URL}/keys/${name}/${known.version}`, value: signature.toString("base64url") });
}

function bundle(name, { version, certificate }) {
  const parsed = new X509Certificate(certificate);
  const x5t = Buffer.from(parsed.fingerprint.replaceAll(":", ""), "hex").toString("base64url");
  const id = (kind) => `${VAULT_URL}/${kind}/${name}/${version}`;
  const cer = parsed.raw.toString("base64");
  return { id: id("certificates"), kid: id("keys"), sid: id("secrets"), x5t, cer, attributes: { enabled: true } };
}

/** The raw RSA operation over an encoded digest: a vault never sees what was hashed. */
function signDigest(key, algorithm, digest) {
  if (algorithm === "RS256") {
    return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([DIGEST_INFO, digest]));
  }
  assert.equal(algorithm, "PS256");
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, pssEncode(digest, modulusBits(key)));
}

function modulusBits(key) {
  return createPublicKey(key).asymmetricKeyDetails.modulusLength;
}

/** EMSA-PSS-ENCODE with SHA-256, MGF1 and a salt of 32 bytes, RFC 8017 section 9.1.1. */
function pssEncode(digest, bits) {
  const length = Math.ceil((bits - 1) / 8);
  const salt = randomBytes(32);
  const hash = sha256(Buffer.concat([Buffer.alloc(8), digest, salt]));
  const block = Buffer.concat([Buffer.alloc(length - 66), Buffer.from([1]), salt]);
  const mask = mgf1(hash, block.length);
  const masked = block.map((byte, index) => byte ^ mask[index]);
  masked[0] &= 0xff >> (8 * length - (bits - 1));
  return Buffer.concat([masked, hash, Buffer.from([0xbc])]);
}

function mgf1(seed, length) {
  const blocks = [];
  for (let counter = 0; counter * 32 < length; counter++) {
    const octets = Buffer.alloc(4);
    octets.writeUInt32BE(counter);
    blocks.push(sha256(Buffer.concat([seed, octets])));
  }
  return Buffer.concat(blocks).subarray(0, length);
}

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest();
}

/** The vault's question whom to ask for a token. */
export function challenged(resource = "https://vault.azure.net") {
  return json(
    { error: { code: "Unauthorized", message: "AKV10000: Request is missing a Bearer or PoP token." } },
    {
      status: 401,
      headers: {
        "www-authenticate": `Bearer authorization="https://login.windows.net/11111111-2222-3333-4444-555555555555", resource="${resource}"`,
      },
    },
  );
}

/** A refusal as the vault words it. */
export function refused(status, code, headers = {}) {
  const error = { code: status === 403 ? "Forbidden" : code, message: `refused: ${code}`, innererror: { code } };
  return json({ error }, { status, headers });
}
