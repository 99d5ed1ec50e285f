export * from "certgrant/adal";
