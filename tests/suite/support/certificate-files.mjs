// The certificate files of tests/vectors, opened by the package as its users do.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CLIENT, SCOPE, TENANT } from "./fixtures.mjs";
import { ClientCertificateCredential } from "./package.mjs";
import { granted, scriptedFetch } from "./service.mjs";

/** A folder of tests/vectors that has a manifest: its path, and the manifest's entries. */
export function makersFolder(name) {
  const path = fileURLToPath(new URL(`../../vectors/${name}/`, import.meta.url));
  return { path, entries: JSON.parse(readFileSync(`${path}manifest.json`, "utf8")) };
}

/** Gets a token with a file: the assertion that was sent, or the error. */
export async function openFile(certificatePath, password, options = {}) {
  const fetch = scriptedFetch(granted());
  const configuration = { certificatePath, certificatePassword: password ?? undefined };
  const credential = new ClientCertificateCredential(TENANT, CLIENT, configuration, {
    fetch,
    sendCertificateChain: true,
    ...options,
  });
  try {
    await credential.getToken(SCOPE);
    return { assertion: fetch.requests[0].form.get("client_assertion") };
  } catch (error) {
    return { error };
  }
}

/** Object identifiers in DER, of what may protect a file; an algorithm stands in the clear wherever it is used. */
const ALGORITHMS = {
  AES: ["608648016503040102", "608648016503040116", "60864801650304012a"],
  "3DES": ["2a864886f70d0307", "2a864886f70d010c0103", "2a864886f70d010c0104"],
  RC2: ["2a864886f70d0302", "2a864886f70d010c0105", "2a864886f70d010c0106"],
  RC4: ["2a864886f70d010c0101", "2a864886f70d010c0102"],
  DES: ["2b0e030207", "2a864886f70d010503", "2a864886f70d01050a"],
  "ARIA, Camellia, SM4": ["2a831a8c9a6e01010c", "2a83088c9a4b3d01010104", "2a811ccf55016802"],
};
const DIGESTS = {
  "SHA-1": ["2b0e03021a"],
  "SHA-2": [1, 2, 3, 4, 5, 6].map((number) => `60864801650304020${number}`),
  "MD5, SHA-3": ["2a864886f70d0205", "608648016503040208"],
};
const PBMAC1 = "2a864886f70d01050e";
const SCRYPT = "2b06010401da47040b";
/** Where the MAC stands in a PFX, from its end, in bytes. */
const MAC_LENGTH = 300;

const identifierHex = (contents) => `06${(contents.length / 2).toString(16).padStart(2, "0")}${contents}`;
const holds = (hex, identifiers) => identifiers.some((identifier) => hex.includes(identifierHex(identifier)));

/** What protects a PFX: names of ciphers and of its MAC. */
export function formatsOfPfx(bytes) {
  const hex = bytes.toString("hex");
  const ciphers = Object.keys(ALGORITHMS).filter((name) => holds(hex, ALGORITHMS[name]));
  const mac = bytes.subarray(-MAC_LENGTH).toString("hex");
  const macs = holds(mac, [PBMAC1]) ? ["PBMAC1"] : Object.keys(DIGESTS).filter((name) => holds(mac, DIGESTS[name]));
  return [
    ...(ciphers.length ? ciphers : ["not encrypted"]),
    ...(macs.length ? macs.map((name) => `MAC ${name}`) : ["no MAC"]),
  ];
}

/** What a file of text or DER is, by how its key is written. */
export function formatsOfPem(bytes) {
  const text = bytes.toString("latin1").replaceAll("\0", "");
  if (text.includes("DEK-Info:")) return ["DEK-Info"];
  const body = /-----BEGIN ENCRYPTED PRIVATE KEY-----([^-]*)/.exec(text)?.[1];
  const hex = body ? Buffer.from(body, "base64").toString("hex") : bytes.toString("hex");
  if (holds(hex, [SCRYPT])) return ["scrypt"];
  const names = Object.keys(ALGORITHMS).filter((name) => holds(hex, ALGORITHMS[name]));
  if (names.length) return [`encrypted with ${names.join(", ")}`];
  return text.startsWith("0\x82") ? ["DER"] : ["unencrypted PEM"];
}

/** A table of Markdown with aligned columns. */
export function table(header, rows) {
  const all = [header, ...rows].map((row) => row.map((cell) => String(cell).replaceAll("|", "\\|")));
  const widths = header.map((_, column) => Math.max(...all.map((row) => [...row[column]].length)));
  const line = (row) =>
    `| ${row.map((cell, column) => cell + " ".repeat(widths[column] - [...cell].length)).join(" | ")} |\n`;
  const [first, ...rest] = all;
  return line(first) + line(widths.map((width) => "-".repeat(width))) + rest.map(line).join("");
}

/** The rows of the first table of a Markdown text whose header begins with `column`; each an object by column. */
export function rowsOf(markdown, column) {
  const lines = markdown.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${column} `));
  const cells = (line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("\\|", "|"));
  const header = cells(lines[start]);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  const body = lines.slice(start + 2, end < 0 ? undefined : end);
  return body.map((line) => Object.fromEntries(cells(line).map((cell, index) => [header[index], cell])));
}
