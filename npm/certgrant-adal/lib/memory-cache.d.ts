import { MemoryCache } from "certgrant/adal";

export = MemoryCache;
