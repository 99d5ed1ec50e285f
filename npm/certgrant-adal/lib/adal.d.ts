export * from "../dist/adal.cjs";
