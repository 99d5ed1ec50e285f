/**
 * What helps against Entra's refusals, by their AADSTS numbers; loaded with the first refusal.
 *
 * Made by `cargo xtask gen` from `crates/core/src/aadsts.rs`.
 */

const ROWS = `7000218 send a credential: neither an assertion nor a secret arrived; the app is confidential, or the body is not form-encoded
7000215 copy the secret's value, not its id, into the configuration; better use a certificate
7000222 make a new client secret, all of this app's have expired; better use a certificate
7000232 this client id is a managed identity's: use ManagedIdentityCredential
50013 get a fresh user token for this very API; the one that was handed on is malformed or for somebody else
500133 get a fresh user token: the one that was handed on is outside its time of validity; check this machine's clock
500131 hand on a token whose audience is this app: the caller has to ask for a token for this API
50027 the assertion is malformed: if it is made elsewhere, check that maker
5002723 5002738 set the algorithm to RS256 (which names the certificate by x5t): this token service does not take PS256
5002727 the assertion's typ has to be JWT: if it is made elsewhere, check that maker
90014 the assertion lacks a claim that the service needs: if it is made elsewhere, check that maker
50048 700021 issuer, subject and client id have to be the same: if the assertion is made elsewhere, check that maker
700023 use the authority and tenant that the app is registered in
700024 set this machine's clock: the service found the assertion outside its time of validity
700025 the app is registered as a public client: turn off 'Allow public client flows', or add a web platform
700027 register this certificate (its public part) on the app, or configure the one that is registered; right after an upload, wait some minutes
700030 the certificate's subject and issuer are not trusted for this app: check sendCertificateChain and the chain's order, or register the certificate
50003 the resource has no signing key configured: its owner has to add one
50006 900384 a signature could not be verified: check that the key belongs to the certificate
50032 make a new certificate with an RSA key of at least 2048 bits
50146 501461 the resource needs a signing key of its own, or must not accept mapped claims: ask its owner
700016 700011 70001 7000229 check client id and tenant: the app is not known there; a multi-tenant app needs admin consent in the tenant
7000112 the app is disabled: enable it, or its service principal in this tenant
7000114 this app may not make on-behalf-of calls
7000113 hand on a user's token: an app's own token can't be exchanged on behalf of anybody; use client credentials
90002 900023 check the tenant id, and that the authority is of the tenant's cloud
90023 900144 9002313 the request is malformed: read the service's text, and report it as a bug if nothing replaced the fetch
50034 50020 500341 the user is not in this tenant: check account and tenant
50058 the user has to sign in
50059 50128 90019 50194 90010 9001023 90124 90130 90133 name the tenant: common, organizations and consumers are for users
50196 the same request was made too often: keep the token, and wait before the next try
500011 50001 check the resource: no service principal of that name is in the tenant
650052 650057 65005 add the resource's permission to the app, and check that the tenant has the service
65001 90094 90095 an administrator has to consent to the app's permissions in this tenant
501051 50105 assign an app role of the resource to this app, or lift its assignment requirement
1002012 70011 700022 28002 28003 use exactly one scope, the resource's App ID URI followed by /.default
901002 ask the v2 endpoint for scopes, and the v1 endpoint for a resource
90038 900432 900382 the tenant is in another cloud: set authorityHost to that cloud's address
100007 leave the region out: regional endpoints are for Microsoft's own apps and managed identities
500021 500022 the network's tenant restrictions forbid this tenant: ask who runs the proxy
53003 530032 530034 530035 53000 53001 53002 53011 50131 a policy of the tenant blocks this sign-in: ask its administrator for the sign-in log's entry
50076 50079 50072 50074 50078 the user has to act (multi-factor authentication): pass the error's claims on to the client that has the user
50055 50057 50126 50053 check the user's name, password and account
70008 700082 700084 70043 50173 54005 the user has to sign in again: code or refresh token no longer count
70021 check issuer, subject and audience of the federated credential; right after it was made, wait some minutes
700211 the federated credential's issuer has to equal the token's iss, to the final slash
700212 the token's audience has to be api://AzureADTokenExchange, or that of the cloud
700213 7002131 the federated credential's subject has to equal the token's sub, in upper and lower case
700222 700226 700227 700229 of Entra's own tokens only a managed identity's for api://AzureADTokenExchange serves as a federated credential
392196 the resource does not take certificate-bound tokens: ask for a bearer token
392200 392204 500181 392189 50171 51000 certificate-bound tokens need the certificate on the TLS connection, and a tenant that allows them
1000610 1000611 1000612 1000613 1000614 the machine's proof of its managed identity was refused: restart the machine; if that does not help, open a support ticket
90055 the tenant makes too many requests: keep tokens, and spread the requests
50000 90036 90092 40008 this does not pass by itself: open a support ticket with the error's trace id
50049 50050 check the authority's host: Entra does not know it
50012 register this certificate on the app, and check that it is valid and belongs to the key in use
70002 read the service's text: it names what is wrong with the credential
`;

/** The hint for a refusal with these numbers: that of the first row that has one of them. */
export function aadstsHint(codes: readonly number[]): string | undefined {
  const names = (row: string, code: number) => /^(?:\d+ )+/.exec(row)?.[0].split(" ").includes(`${code}`);
  const row = ROWS.split("\n").find((row) => codes.some((code) => names(row, code)));
  return row?.replace(/^[\d ]+/, "");
}
