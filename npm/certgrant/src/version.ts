/** The version of this package, as the token service is told it; a test compares it with package.json. */
export const PACKAGE_VERSION = "0.1.0";
