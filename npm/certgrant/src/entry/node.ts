/**
 * App-only access tokens from Microsoft Entra ID with a certificate, on Node.
 *
 * @module
 */
import { installPlatform } from "../platform.ts";
import { nodePlatform } from "./platform.ts";

installPlatform(nodePlatform);

export * from "../index.ts";
