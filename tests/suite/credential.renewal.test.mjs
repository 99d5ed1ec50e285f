// Certificates that change while a credential is in use: files that are replaced, and functions that give them.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readAssertion } from "./support/assertion.mjs";
import { expectError, expectNoSecret } from "./support/credential.mjs";
import { CERTIFICATE, CLIENT, KEY, PEM, TENANT, vector } from "./support/fixtures.mjs";
import { ClientCertificateCredential } from "./support/package.mjs";
import { granted, refused, scriptedFetch } from "./support/service.mjs";
import { unsoundKey } from "./support/unsound-key.mjs";

const SUCCESSOR_CERTIFICATE = vector("bundles/leaf.pem");
const SUCCESSOR_KEY = vector("bundles/leaf.pkcs1.key");
const SUCCESSOR = SUCCESSOR_KEY + SUCCESSOR_CERTIFICATE;
/** The successor as a PFX with the password "certgrant". */
const ENCRYPTED = "legacy.pfx";

const FOLDER = mkdtempSync(join(tmpdir(), "certgrant-renewal-"));
after(() => rmSync(FOLDER, { recursive: true, force: true }));
let files = 0;

/** A file with `content`, of a name that no other test has. */
function file(content = PEM) {
  const path = join(FOLDER, `app-${++files}.pem`);
  writeFileSync(path, content);
  return path;
}

/** A credential whose every request needs a new assertion, because ten minutes pass in between. */
function make(t, configuration, answers = [granted()]) {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const fetch = scriptedFetch(...answers);
  const told = [];
  const one = new ClientCertificateCredential(TENANT, CLIENT, configuration, {
    fetch,
    retryOptions: { maxRetries: 0 },
    logger: ({ level, message }) => told.push(`${level} ${message}`),
  });
  let requests = 0;
  const next = async () => {
    t.mock.timers.tick(600_000);
    await one.getToken(`https://r${++requests}.example/.default`);
    return fetch.requests.at(-1).form.get("client_assertion");
  };
  return { next, told, fetch };
}

const isOfFirst = (assertion) => readAssertion(assertion, CERTIFICATE);
const isOfSuccessor = (assertion) => readAssertion(assertion, SUCCESSOR_CERTIFICATE);

test("a file that is written anew in its place signs the next assertion", async (t) => {
  const certificatePath = file();
  const { next, told } = make(t, { certificatePath });
  isOfFirst(await next());
  writeFileSync(certificatePath, SUCCESSOR);
  isOfSuccessor(await next());
  const thumbprint = new X509Certificate(SUCCESSOR_CERTIFICATE).fingerprint256.replaceAll(":", "");
  assert.ok(
    told.some((line) => line.startsWith(`info renewed certificate: ${thumbprint}, valid until 2126-`)),
    told.join("\n"),
  );
});

test("a file that another takes the place of signs the next assertion", async (t) => {
  const certificatePath = file();
  const { next } = make(t, { certificatePath });
  isOfFirst(await next());
  renameSync(file(SUCCESSOR), certificatePath);
  isOfSuccessor(await next());
});

test("a link that is turned to another folder, as mounted secrets do it, signs the next assertion", async (t) => {
  // As Kubernetes lays a secret out: app.pem -> ..data/app.pem, ..data -> a folder for each version, which goes with the next.
  const mount = mkdtempSync(join(FOLDER, "mount-"));
  const version = (name, content) => {
    mkdirSync(join(mount, name));
    writeFileSync(join(mount, name, "app.pem"), content);
  };
  const data = join(mount, "..data");
  const certificatePath = join(mount, "app.pem");
  version("..2026_01", PEM);
  symlinkSync("..2026_01", data);
  symlinkSync(join("..data", "app.pem"), certificatePath);
  const { next } = make(t, { certificatePath });
  isOfFirst(await next());
  version("..2026_02", SUCCESSOR);
  symlinkSync("..2026_02", `${data}_tmp`);
  renameSync(`${data}_tmp`, data);
  rmSync(join(mount, "..2026_01"), { recursive: true });
  isOfSuccessor(await next());
});

test("a file that is half written, missing or broken leaves the old certificate in use, and is told of", async (t) => {
  const certificatePath = file();
  const { next, told } = make(t, { certificatePath });
  isOfFirst(await next());
  const warnings = () => told.filter((line) => line.startsWith("warning the certificate in use stays"));
  const halves = [1, 100, 900, 1700, SUCCESSOR.length - 30].map((length) => SUCCESSOR.slice(0, length));
  for (const [index, content] of ["", ...halves, "garbage", CERTIFICATE, KEY + SUCCESSOR_CERTIFICATE].entries()) {
    writeFileSync(certificatePath, content);
    isOfFirst(await next());
    assert.equal(warnings().length, index + 1, `${content.length} characters`);
  }
  unlinkSync(certificatePath);
  isOfFirst(await next());
  assert.match(warnings().at(-1), /ERR_FILE_UNREADABLE/);
  writeFileSync(certificatePath, SUCCESSOR);
  isOfSuccessor(await next());
  expectNoSecret(told.join("\n"));
});

test("a file whose key does not sign leaves the old certificate in use, and is told of", async (t) => {
  const certificatePath = file();
  const { next, told } = make(t, { certificatePath });
  isOfFirst(await next());
  writeFileSync(certificatePath, unsoundKey(SUCCESSOR_KEY) + SUCCESSOR_CERTIFICATE);
  isOfFirst(await next());
  assert.match(told.join("\n"), /warning the certificate in use stays.*ERR_KEY_INVALID/);
  isOfFirst(await next());
  writeFileSync(certificatePath, SUCCESSOR);
  isOfSuccessor(await next());
  expectNoSecret(told.join("\n"));
});

test("a file with the certificate of another key leaves the old one in use where a CryptoKey signs", async (t) => {
  const pkcs8 = createPrivateKey(KEY).export({ type: "pkcs8", format: "der" });
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "RSA-PSS", hash: "SHA-256" }, false, [
    "sign",
  ]);
  const certificatePath = file(CERTIFICATE);
  const { next, told } = make(t, { certificatePath, privateKey });
  isOfFirst(await next());
  writeFileSync(certificatePath, SUCCESSOR_CERTIFICATE);
  isOfFirst(await next());
  assert.match(told.join("\n"), /warning the certificate in use stays.*ERR_SIGNATURE_INVALID/);
});

test("a file that stays as it is is not read again", async (t) => {
  const certificatePath = file();
  const { next, told } = make(t, { certificatePath });
  await next();
  await next();
  assert.ok(!told.some((line) => line.includes("renewed")));
});

test("a certificate that the service no longer knows is looked for at once", async (t) => {
  const certificatePath = file();
  const answers = [granted(), refused(), granted("token-2")];
  const { next, fetch } = make(t, { certificatePath }, answers);
  isOfFirst(await next());
  // The service refuses what is signed for the second time; by then the file is another one.
  fetch.requests.push = function (request) {
    if (this.length === 1) writeFileSync(certificatePath, SUCCESSOR);
    return Array.prototype.push.call(this, request);
  };
  isOfSuccessor(await next());
  assert.equal(fetch.requests.length, 3);
});

test("a refusal stands where the file is still the same", async (t) => {
  const certificatePath = file();
  const { next, fetch } = make(t, { certificatePath }, [granted(), refused()]);
  await next();
  const error = expectError(await next().catch((thrown) => thrown), "ERR_SERVICE_REFUSED");
  assert.deepEqual(error.errorResponse.errorCodes, [700027]);
  assert.equal(fetch.requests.length, 2);
});

for (const kind of ["at once", "with a promise"]) {
  test(`a function gives the certificate ${kind}`, async (t) => {
    let content = PEM;
    const certificate = () => (kind === "at once" ? content : Promise.resolve({ certificate: content }));
    const { next } = make(t, { certificate });
    isOfFirst(await next());
    content = SUCCESSOR;
    isOfSuccessor(await next());
  });
}

test("a function that fails, or gives nothing, leaves the old certificate in use", async (t) => {
  let answer = () => PEM;
  const { next, told } = make(t, { certificate: () => answer() });
  isOfFirst(await next());
  for (const fault of [() => Promise.reject(new Error("the store is closed")), () => undefined, () => 7]) {
    answer = fault;
    isOfFirst(await next());
  }
  assert.equal(told.filter((line) => line.includes("stays")).length, 3);
});

test("a function that fails at first is asked again by the next call", async (t) => {
  let calls = 0;
  const certificate = () => {
    calls += 1;
    if (calls === 1) throw new Error("the store is closed");
    return PEM;
  };
  const { next } = make(t, { certificate });
  await assert.rejects(next());
  isOfFirst(await next());
});

test("an encrypted successor opens with the password of the path, and not with another", async (t) => {
  const folder = fileURLToPath(new URL("../vectors/keys/", import.meta.url));
  const certificatePath = file();
  const { next, told } = make(t, { certificatePath, certificatePassword: "certgrant" });
  isOfFirst(await next());
  writeFileSync(certificatePath, readFileSync(join(folder, ENCRYPTED)));
  isOfSuccessor(await next());
  expectNoSecret(told.join("\n"));
});

test("an encrypted successor that another password opens leaves the old certificate in use", async (t) => {
  const folder = fileURLToPath(new URL("../vectors/keys/", import.meta.url));
  const certificatePath = file();
  const { next, told } = make(t, { certificatePath, certificatePassword: "another" });
  isOfFirst(await next());
  writeFileSync(certificatePath, readFileSync(join(folder, ENCRYPTED)));
  isOfFirst(await next());
  assert.match(
    told.find((line) => line.includes("stays")),
    /ERR_PASSWORD_WRONG/,
  );
});

test("a certificate that expires within 30 days is told of, one that has expired is not sent", async (t) => {
  const { next, told, fetch } = make(t, { certificate: PEM });
  await next();
  assert.ok(!told.some((line) => line.includes("WARN_")));
  const end = Date.parse(new X509Certificate(CERTIFICATE).validTo);
  t.mock.timers.setTime(end - 29 * 86_400_000);
  await next();
  assert.ok(
    told.some((line) => /^warning WARN_CERTIFICATE_EXPIRES: .*\(2126-10-30\)$/.test(line)),
    told.join("\n"),
  );
  t.mock.timers.setTime(end + 1000);
  const error = expectError(await next().catch((thrown) => thrown), "ERR_CERTIFICATE_EXPIRED");
  assert.match(error.message, /valid until 2126-10-30, expected one valid today, 2126-10-30/);
  assert.equal(fetch.requests.length, 2);
  t.mock.timers.setTime(Date.parse(new X509Certificate(CERTIFICATE).validFrom) - 700_000);
  expectError(await next().catch((thrown) => thrown), "ERR_CERTIFICATE_NOT_YET_VALID");
});

test("a clock that is 12 minutes off gets a token on the second try, and says so", async (t) => {
  for (const minutes of [-12, 12]) {
    await t.test(`${minutes} minutes`, async (t) => {
      const now = Date.now();
      const outside = refused({ error_codes: [700024] });
      outside.headers.set("date", new Date(now + 600_000 - minutes * 60_000).toUTCString());
      const { next, told, fetch } = make(t, { certificate: PEM }, [outside, granted()]);
      await next();
      assert.equal(fetch.requests.length, 2);
      assert.ok(
        told.some((line) => /WARN_CLOCK_OFF: .*\((7[12]\d) s (ahead|behind)\)/.test(line)),
        told.join("\n"),
      );
    });
  }
});

test("a file that another process writes again and again is read whole or not at all, by several processes", async () => {
  const certificatePath = file();
  const job = new URL("./support/renewal-reader.mjs", import.meta.url);
  const start = (mode) => {
    let began;
    const begun = new Promise((resolve) => {
      began = resolve;
    });
    const child = fork(job, [mode, certificatePath], { env: process.env });
    const ended = new Promise((resolve, reject) => {
      const said = [];
      child.on("message", (message) => {
        said.push(message);
        began();
      });
      child.on("error", reject);
      child.on("exit", (code) => (code === 0 ? resolve(said.at(-1)) : reject(new Error(`${mode} ended with ${code}`))));
    });
    return { child, begun, ended };
  };
  const writer = start("write");
  await Promise.race([writer.begun, writer.ended]);
  const readers = await Promise.all(["read", "read"].map((mode) => start(mode).ended));
  writer.child.send("enough");
  const { written } = await writer.ended;
  assert.ok(written > 0, "the file was written meanwhile");
  for (const { assertions, warnings } of readers) {
    assert.ok(assertions.length >= 60);
    const signers = assertions.map((assertion) =>
      [CERTIFICATE, SUCCESSOR_CERTIFICATE].findIndex((certificate) => isSignedFor(assertion, certificate)),
    );
    assert.ok(!signers.includes(-1), "each assertion is of one of the two certificates, and its key signed it");
    assert.ok(signers.includes(0) && signers.includes(1), "both were seen");
    assert.ok(
      warnings.every((line) => /^the certificate in use stays/.test(line)),
      warnings.join("\n"),
    );
  }
});

function isSignedFor(assertion, certificate) {
  try {
    readAssertion(assertion, certificate);
    return true;
  } catch {
    return false;
  }
}
