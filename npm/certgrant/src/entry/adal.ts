/**
 * adal-node's calls, callbacks, results and errors over certgrant, on Node.
 *
 * @module
 */
import { installPlatform } from "../platform.ts";
import { nodePlatform } from "./platform.ts";

installPlatform(nodePlatform);

export * from "../adal/index.ts";
