// The packed addons on a Node.js of their own platform, which `cargo xtask package --native all --try` provides: npm installs the
// right one, the loader picks it, it passes the cases of tests/suite/everywhere, and WASM is there in its absence.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startEmulator } from "../interop/fixtures/emulator.mjs";
import { packages } from "../packaging/fixtures/packages.mjs";
import { run } from "../packaging/fixtures/process.mjs";
import { newFolder, newProject, removeProjects } from "../packaging/fixtures/project.mjs";
import { runProgram } from "../packaging/fixtures/runtimes/programs.mjs";
import { worldOf } from "../packaging/fixtures/world.mjs";
import { caseNames } from "../suite/everywhere/cases.mjs";

const hosts = JSON.parse(readFileSync(process.env.CERTGRANT_HOSTS, "utf8"));

let emulator;
before(async () => {
  emulator = await startEmulator();
});
after(async () => {
  await emulator.stop();
  removeProjects();
});

const addons = packages().filter(({ manifest }) => manifest.name.startsWith("@certgrant/native-"));

/** Unpacks a package into `target`. */
async function unpack({ path }, target) {
  mkdirSync(target, { recursive: true });
  await run("tar", ["-xzf", path, "-C", target, "--strip-components=1"]);
}

/** For which system a library was built, by the headers of ELF, PE and Mach-O. */
function builtFor(library) {
  if (library.readUInt32BE(0) === 0x7f454c46) return `linux-${{ 62: "x64", 183: "arm64" }[library.readUInt16LE(18)]}`;
  if (library.toString("latin1", 0, 2) === "MZ") {
    return `win32-${{ 34404: "x64" }[library.readUInt16LE(library.readUInt32LE(60) + 4)]}`;
  }
  if (library.readUInt32LE(0) === 0xfeedfacf) {
    return `darwin-${{ 16777223: "x64", 16777228: "arm64" }[library.readUInt32LE(4)]}`;
  }
  return "nothing that is known here";
}

describe("each package of an addon", () => {
  for (const packed of addons) {
    const { name, os, cpu } = packed.manifest;
    it(`${name} holds a library of its system, with the entry that Node.js calls`, async () => {
      const folder = newFolder();
      await unpack(packed, folder);
      const library = readFileSync(join(folder, "certgrant.node"));
      assert.equal(builtFor(library), `${os}-${cpu}`);
      assert.ok(library.includes("napi_register_module_v1"));
    });
  }
});

/**
 * A program that says which backend makes a token, which addon is loaded, and for which platform Node.js was built. Its token
 * service looks at the signature of the assertion with Node's own OpenSSL.
 */
const program = () => {
  const { tenant, client, pem, certificate } = worldOf(emulator);
  return `
import { constants, verify, X509Certificate } from "node:crypto";
import { createRequire } from "node:module";
import { ClientCertificateCredential } from "certgrant";
const { publicKey } = new X509Certificate(${JSON.stringify(certificate)});
const key = { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
const service = async (_, { body }) => {
  const assertion = new URLSearchParams(String(body)).get("client_assertion");
  const [input, signature] = [assertion.slice(0, assertion.lastIndexOf(".")), assertion.split(".")[2]];
  const isSound = verify("sha256", Buffer.from(input), key, Buffer.from(signature, "base64url"));
  const answer = { token_type: "Bearer", expires_in: 3599, access_token: isSound ? "sound" : "forged" };
  return new Response(JSON.stringify(answer));
};
let backend;
const logger = ({ message }) => { backend ??= /^(\\w+) backend/.exec(message)?.[1]; };
const credential = new ClientCertificateCredential(
  ${JSON.stringify(tenant)}, ${JSON.stringify(client)}, { certificate: ${JSON.stringify(pem)} }, { fetch: service, logger },
);
const { token } = await credential.getToken("https://graph.microsoft.com/.default");
const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.endsWith(".node"));
const addon = loaded.map((path) => path.split(/[\\\\/]/).at(-2));
console.log(JSON.stringify({ backend, addon, token, platform: process.platform + "-" + process.arch }));
`;
};

for (const { name, os, cpu, libc, command, env, hasNetwork } of hosts) {
  const [executable, ...parameters] = command;
  const options = [`--os=${os}`, `--cpu=${cpu}`, ...(libc ? [`--libc=${libc}`] : [])];
  const told = async (folder) => {
    const output = await run(executable, [...parameters, "main.mjs"], { cwd: folder, env });
    return JSON.parse(output.trim().split("\n").at(-1));
  };
  const native = { backend: "native", addon: [`native-${name}`], token: "sound", platform: `${os}-${cpu}` };

  describe(name, () => {
    it("npm installs its addon and no other, and it makes a token", async () => {
      const folder = await newProject({ "main.mjs": program() }, { options });
      assert.deepEqual(readdirSync(join(folder, "node_modules/@certgrant")), [`native-${name}`]);
      assert.deepEqual(await told(folder), native);
    });

    it("its addon is picked where those of other platforms lie beside it", async () => {
      const folder = await newProject({ "main.mjs": program() }, { options });
      for (const packed of addons) await unpack(packed, join(folder, "node_modules", packed.manifest.name));
      assert.deepEqual(await told(folder), native);
    });

    it("without its addon WASM makes the token", async () => {
      const folder = await newProject({ "main.mjs": program() }, { native: false, options });
      assert.deepEqual(await told(folder), { ...native, backend: "wasm", addon: [] });
    });
  });

  describe(`${name}, the cases of every runtime`, () => {
    let results;
    before(async () => {
      results = await runProgram(executable, parameters, emulator, {
        options,
        env: { ...env, NODE_NO_WARNINGS: "1", CERTGRANT_BACKEND: "native" },
      });
    });
    for (const [index, expected] of caseNames.entries()) {
      if (!hasNetwork && expected.startsWith("the emulator")) continue;
      it(expected, () => {
        assert.equal(results[index]?.name, expected);
        assert.equal(results[index].error, undefined, results[index].error);
      });
    }
  });
}
