/** Compiled, never run: what the entries give, and what they refuse. */
import type { Backend, BackendClient, BackendVault } from "../src/backend.ts";
import type { nativeBackend } from "../src/backends/native.ts";
import type { wasmBackend } from "../src/backends/wasm.ts";
import * as node from "../src/entry/node.ts";
import * as slim from "../src/entry/slim.ts";
import type * as everywhere from "../src/index.ts";

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

// Every entry has all that the package has; `slim` has more.
holds<Equals<keyof typeof node, keyof typeof everywhere>>();
holds<Equals<Exclude<keyof typeof slim, "provideWasm">, keyof typeof everywhere>>();
holds<Equals<ReturnType<typeof slim.provideWasm>, void>>();

// Both bindings are the one interface.
holds<Equals<Awaited<ReturnType<typeof wasmBackend>>, Backend>>();
holds<Equals<ReturnType<typeof nativeBackend>, Backend>>();
holds<Equals<Awaited<ReturnType<Backend["open"]>>, BackendClient>>();
holds<Equals<Awaited<ReturnType<Backend["openVault"]>>, BackendVault>>();

// A token's fields are those of @azure/core-auth.
type Token = Awaited<ReturnType<everywhere.ClientCertificateCredential["getToken"]>>;
holds<Equals<Token["token"], string>>();
holds<Equals<Token["expiresOnTimestamp"], number>>();
holds<Equals<Token["tokenType"], "Bearer">>();

slim.provideWasm({ certgrant: new Uint8Array() });
slim.provideWasm({
  certgrant: async () => new WebAssembly.Module(new Uint8Array()),
  certgrant_files: new ArrayBuffer(0),
});
// @ts-expect-error the main module is needed
slim.provideWasm({ certgrant_files: new Uint8Array() });
// @ts-expect-error an address is no module
slim.provideWasm({ certgrant: "certgrant.wasm" });

const { ClientCertificateCredential } = node;
new ClientCertificateCredential("tenant", "client", { certificate: new Uint8Array(), certificatePassword: "x" });
// @ts-expect-error a certificate is text, bytes or a function
new ClientCertificateCredential("tenant", "client", { certificate: 1 });
// @ts-expect-error an algorithm is one of two
new ClientCertificateCredential("tenant", "client", "app.pem", { algorithm: "HS256" });
// @ts-expect-error the client id is missing
new ClientCertificateCredential("tenant");
