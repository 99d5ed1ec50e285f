/**
 * App-only access tokens from Microsoft Entra ID with a certificate, on Cloudflare's workerd, with or without
 * `nodejs_compat`. What bundles Workers makes a compiled module of an imported `.wasm`; workerd compiles no other.
 *
 * @module
 */
import { waitUntil } from "cloudflare:workers";
import { modules } from "wasm:modules";
import { installPlatform } from "../platform.ts";
import { webPlatform } from "./web.ts";

installPlatform(
  webPlatform({
    name: "workerd",
    compile: async (name) => (await modules[name]()).default,
    // Whatever a request has begun ends with it, and other requests may wait for its flight.
    keepAlive: waitUntil,
  }),
);

export * from "../index.ts";
