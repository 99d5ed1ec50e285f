// Keys and certificates from tests/vectors (made by OpenSSL), and the names that the tests use.
import { readFileSync } from "node:fs";

/** Text of a file of tests/vectors. */
export function vector(path) {
  return readFileSync(new URL(`../../vectors/${path}`, import.meta.url), "utf8");
}

export const TENANT = "11111111-2222-3333-4444-555555555555";
export const CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
export const SCOPE = "https://graph.microsoft.com/.default";
export const RESOURCE = "https://graph.microsoft.com";
export const AUTHORITY = `https://login.microsoftonline.com/${TENANT}`;

/** One key pair: as `openssl x509 -fingerprint` names it. */
export const KEY = vector("assertion-rs256/key.pem");
export const CERTIFICATE = vector("assertion-rs256/cert.pem");
export const PEM = KEY + CERTIFICATE;
export const THUMBPRINT = "05ECDE798D258B5441F1DE2BE7BEF15E632172F8";
export const THUMBPRINT_SHA256 = "EA831635B6E00379A3F340872B50EB40271E4DE3FFEF2CDCEC051C87AF687142";
/** The same thumbprints as the header of an assertion has them. */
export const X5T = "BezeeY0li1RB8d4r577xXmMhcvg";
export const X5T_S256 = "6oMWNbbgA3mj80CHK1DrQCceTeP_7yzc7AUch69ocUI";

/** Another certificate, to which KEY does not belong. */
export const OTHER_CERTIFICATE = vector("bundles/leaf.pem");
export const CERTIFICATE_PATH = new URL("../../vectors/assertion-rs256/cert.pem", import.meta.url).pathname;

/** Runs `action` with these environment variables and no others that begin with `AZURE_`; `undefined` is none. */
export async function withEnvironment(variables, action) {
  const kept = { ...process.env };
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("AZURE_")) delete process.env[name];
  }
  Object.assign(process.env, variables);
  try {
    return await action();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, kept);
  }
}
