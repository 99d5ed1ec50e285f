// A Cloudflare Worker that calls Microsoft Graph as itself. Secrets: `wrangler secret put CERTIFICATE` (a PEM with the private key
// and its certificate); variables: TENANT_ID, CLIENT_ID. Nothing is asked of compatibility flags.
import { ClientCertificateCredential } from "certgrant";

let credential;

export default {
  async fetch(_request, env) {
    // Once for an isolate: its tokens are then cached, and renewed behind the requests.
    credential ??= new ClientCertificateCredential(
      env.TENANT_ID,
      env.CLIENT_ID,
      { certificate: env.CERTIFICATE },
      { authorityHost: env.AUTHORITY_HOST },
    );
    const { token, expiresOnTimestamp } = await credential.getToken("https://graph.microsoft.com/.default");
    // const users = await fetch("https://graph.microsoft.com/v1.0/users", { headers: { authorization: `Bearer ${token}` } });
    return Response.json({ parts: token.split(".").length, expires: new Date(expiresOnTimestamp) });
  },
};
