import { MemoryCache } from "../dist/adal.cjs";

export = MemoryCache;
