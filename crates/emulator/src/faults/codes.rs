//! AADSTS codes that a script may have the token service answer with: their OAuth error and their text.
//!
//! The codes that a daemon may meet, and those of its users, with texts of the service's shape. Which OAuth error goes with a code is not
//! documented for all of them; a script can say another. `{client}`, `{tenant}` and `{resource}` stand for those of
//! the request.

/// Code, OAuth error, text.
type Row = (u32, &'static str, &'static str);

// A row is one line, as long as it is.
#[rustfmt::skip]
const CODES: &[Row] = &[
    (28002, "invalid_scope", "Provided value for the input parameter scope '{resource}' is not valid when requesting an access token. Please specify a valid scope."),
    (28003, "invalid_scope", "Provided value for the input parameter scope cannot be empty when requesting an access token using the provided authorization code. Please specify a valid scope."),
    (40008, "server_error", "There was an unexpected, non-retryable error from the WS-Federation message that came from the identity provider."),
    (40010, "temporarily_unavailable", "There was a retryable error from the identity provider."),
    (50000, "server_error", "There was an error issuing a token or an issue with our sign-in service."),
    (50001, "invalid_resource", "The resource named {resource} is disabled or was not found in the tenant."),
    (50003, "invalid_request", "No signing key is configured."),
    (50006, "invalid_request", "Signature verification failed because of an invalid signature."),
    (50012, "invalid_client", "Client assertion contains an invalid signature."),
    (50013, "invalid_grant", "Assertion failed signature validation. [Reason - The key was not found.]"),
    (50020, "invalid_grant", "User account from identity provider does not exist in tenant '{tenant}' and cannot access the application '{client}' in that tenant."),
    (50027, "invalid_request", "JWT token is invalid or malformed."),
    (50032, "invalid_request", "Weak RSA key."),
    (50033, "temporarily_unavailable", "A transient error has occurred. Please try again."),
    (50034, "invalid_grant", "The user account does not exist in the {tenant} directory. To sign into this application, the account must be added to the directory."),
    (50048, "invalid_client", "Subject must match Issuer claim in the client assertion."),
    (50053, "invalid_grant", "The account is locked, you've tried to sign in too many times with an incorrect user ID or password."),
    (50055, "invalid_grant", "The password is expired."),
    (50057, "invalid_grant", "The user account is disabled."),
    (50058, "login_required", "A silent sign-in request was sent but no user is signed in."),
    (50059, "invalid_request", "No tenant-identifying information found in either the request or implied by any provided credentials."),
    (50072, "interaction_required", "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access '{resource}'."),
    (50074, "interaction_required", "Strong Authentication is required."),
    (50076, "interaction_required", "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '{resource}'."),
    (50078, "interaction_required", "Presented multi-factor authentication has expired due to policies configured by your administrator, you must refresh your multi-factor authentication to access '{resource}'."),
    (50079, "interaction_required", "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access '{resource}'."),
    (50087, "temporarily_unavailable", "A transient error has occurred during strong authentication. Please try again."),
    (50105, "interaction_required", "Your administrator has configured the application '{client}' to block users unless they are specifically granted access to the application."),
    (50126, "invalid_grant", "Error validating credentials due to invalid username or password."),
    (50128, "invalid_request", "Invalid domain name - No tenant-identifying information found in either the request or implied by any provided credentials."),
    (50131, "invalid_grant", "Device is not in required device state, or the request was blocked due to suspicious activity, access policy, or security policy decisions."),
    (50146, "invalid_request", "This application is required to be configured with an application-specific signing key. It is either not configured with one, or the key has expired or is not yet valid."),
    (50171, "invalid_client", "The given audience can only be used in Mutual-TLS token calls."),
    (50173, "invalid_grant", "The provided grant has expired due to it being revoked, a fresh auth token is needed."),
    (50194, "unauthorized_client", "Application '{client}' is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the application to be multi-tenant."),
    (50196, "invalid_grant", "The server terminated an operation because it encountered a client request loop. Please contact your app vendor."),
    (51000, "invalid_request", "Required feature(s) MtlsClientAuth is/are disabled."),
    (53000, "interaction_required", "Device is not in required device state: compliant. Conditional Access policy requires a compliant device, and the device is not compliant."),
    (53001, "interaction_required", "Device is not in required device state: domain_joined."),
    (53002, "interaction_required", "The app needs to be an approved app."),
    (53003, "access_denied", "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."),
    (53011, "interaction_required", "User blocked due to risk on home tenant."),
    (54005, "invalid_grant", "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."),
    (65001, "invalid_grant", "The user or administrator has not consented to use the application with ID '{client}'. Send an interactive authorization request for this user and resource."),
    (65004, "authorization_declined", "User declined to consent to access the app."),
    (65005, "invalid_resource", "The application '{client}' asked for permissions to access a resource that has been removed or is no longer available."),
    (70000, "invalid_grant", "Provided grant is invalid or malformed."),
    (70001, "unauthorized_client", "Application with identifier '{client}' is disabled."),
    (70002, "invalid_client", "Error validating credentials."),
    (70008, "invalid_grant", "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."),
    (70011, "invalid_scope", "The provided value for the input parameter 'scope' is not valid. The scope {resource} is not valid."),
    (70016, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."),
    (70018, "bad_verification_code", "Invalid verification code due to User typing in wrong user code for device code flow."),
    (70019, "code_expired", "Verification code expired."),
    (70020, "expired_token", "The provided value for the input parameter 'device_code' is not valid. This device code has expired."),
    (70021, "invalid_request", "No matching federated identity record found for presented assertion."),
    (70043, "invalid_grant", "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access."),
    (80005, "server_error", "An unpredictable web exception has occurred at the Authentication Agent while processing the response. Please retry the request."),
    (90002, "invalid_request", "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. This may happen if there are no active subscriptions for the tenant."),
    (90006, "temporarily_unavailable", "The service is temporarily unavailable. Please retry later."),
    (90010, "invalid_request", "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint."),
    (90012, "temporarily_unavailable", "The request timed out. Please retry the request."),
    (90014, "invalid_request", "The required field is missing from the credential. Ensure that you have all the necessary parameters for the login request."),
    (90019, "invalid_request", "No tenant-identifying information found in either the request or implied by any provided credentials."),
    (90023, "invalid_request", "The authentication service request is not valid."),
    (90024, "temporarily_unavailable", "The request budget was exceeded. A transient error has occurred. Please try again."),
    (90033, "temporarily_unavailable", "A transient error has occurred. Please try again."),
    (90036, "server_error", "An unexpected, non-retryable error stemming from the directory service has occurred."),
    (90038, "invalid_request", "The tenant '{tenant}' belongs to a different national cloud than the current cloud instance. The confidential client is not supported in cross cloud requests."),
    (90055, "temporarily_unavailable", "The tenant is throttled because of too many incoming requests."),
    (90090, "temporarily_unavailable", "A transient error has occurred at the directory service. Please try again."),
    (90092, "server_error", "Non-retryable error has occurred."),
    (90094, "invalid_grant", "An administrator of {tenant} has set a policy that prevents you from granting {client} the permissions it is requesting. Contact an administrator of {tenant} who can grant permissions to this application on your behalf."),
    (90095, "invalid_grant", "Admin consent is required for the permissions requested by this application."),
    (90124, "invalid_request", "Resource '{resource}' is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint."),
    (90130, "invalid_request", "Application '{client}' is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint."),
    (90133, "invalid_request", "Device Code flow is not supported under /common or /consumers endpoint."),
    (100007, "invalid_request", "AAD Regional only supports auth either for MSIs or for requests from MSAL using SN+I for 1P apps or 3P apps in Microsoft infrastructure tenants."),
    (392189, "invalid_client", "The mTLS endpoint supports only subject name and issuer or federated identity for this flow."),
    (392196, "invalid_resource", "The resource application does not support certificate-bound tokens."),
    (392200, "invalid_request", "A client certificate is missing on the TLS connection."),
    (392204, "invalid_client", "The client certificate of the TLS connection is expired."),
    (500011, "invalid_resource", "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant."),
    (500021, "access_denied", "Access to '{tenant}' tenant is denied."),
    (500022, "access_denied", "Access to '{tenant}' tenant is denied by the tenant restrictions policy."),
    (500112, "invalid_client", "The reply address does not match the reply address provided when requesting Authorization code."),
    (500131, "invalid_grant", "Assertion audience does not match the Client app presenting the assertion."),
    (500133, "invalid_grant", "Assertion is not within its valid time range. Ensure that the access token is not expired before using it for user assertion, or request a new token."),
    (500181, "invalid_request", "The TLS certificate provided does not match the certificate in the assertion."),
    (500341, "invalid_grant", "The user account has been deleted from the {tenant} directory."),
    (501051, "invalid_grant", "Application '{client}' is not assigned to a role for the application '{resource}'."),
    (501461, "invalid_request", "AcceptMappedClaims is only supported for a token audience matching the application GUID or an audience within the tenant's verified domains."),
    (501481, "invalid_grant", "The Code_Verifier does not match the code_challenge supplied in the authorization request."),
    (530032, "access_denied", "The tenant admin has configured a security policy that blocks this request."),
    (530034, "access_denied", "A delegated administrator was blocked from accessing the tenant due to account risk in their home tenant."),
    (530035, "access_denied", "Access has been blocked by security defaults. This is due to the request using legacy auth or being deemed unsafe by security defaults policies."),
    (650052, "invalid_client", "The app is trying to access a service '{resource}' that your organization '{tenant}' lacks a service principal for. Contact your IT Admin to review the configuration of your service subscriptions or consent to the application in order to create the required service principal."),
    (650057, "invalid_resource", "Invalid resource. The client has requested access to a resource which is not listed in the requested permissions in the client's application registration. Client app ID: {client}. Resource value from request: {resource}."),
    (700011, "unauthorized_client", "Application with identifier '{client}' was not found in the directory '{tenant}'."),
    (700016, "unauthorized_client", "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."),
    (700021, "invalid_client", "Client assertion application identifier doesn't match 'client_id' parameter."),
    (700022, "invalid_scope", "The provided value for the input parameter scope is not valid because it contains more than one resource."),
    (700023, "invalid_client", "Client assertion audience claim does not match Realm issuer."),
    (700024, "invalid_client", "Client assertion is not within its valid time range."),
    (700025, "invalid_client", "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."),
    (700027, "invalid_client", "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found.]"),
    (700030, "invalid_client", "Invalid certificate - subject name in certificate is not authorized."),
    (700082, "invalid_grant", "The refresh token has expired due to inactivity."),
    (700084, "invalid_grant", "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime, which can't be extended."),
    (700211, "invalid_client", "No matching federated identity record found for presented assertion issuer. Check your federated identity credential Subject, Audience and Issuer against the presented assertion."),
    (700212, "invalid_client", "No matching federated identity record found for presented assertion audience. Check your federated identity credential Subject, Audience and Issuer against the presented assertion."),
    (700213, "invalid_client", "No matching federated identity record found for presented assertion subject. Check your federated identity credential Subject, Audience and Issuer against the presented assertion."),
    (700222, "invalid_request", "AAD-issued tokens may not be used for federated identity flows."),
    (700226, "invalid_request", "Only managed identity tokens may be used as federated identity credentials for an issuer of this directory."),
    (700227, "invalid_request", "The audience of the presented assertion is not allowed for an issuer of this directory."),
    (700229, "invalid_request", "Only app-only tokens can be used as Federated Identity Credentials for an AAD issuer."),
    (900023, "invalid_request", "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."),
    (900144, "invalid_request", "The request body must contain the following parameter: 'scope'."),
    (900382, "invalid_request", "Confidential Client is not supported in Cross Cloud request."),
    (900384, "invalid_request", "JWT token failed signature validation."),
    (900432, "invalid_request", "Confidential Client is not supported in Cross Cloud request."),
    (901002, "invalid_request", "The 'resource' request parameter is not supported."),
    (1000610, "invalid_client", "The attestation token is missing or malformed."),
    (1000611, "invalid_client", "The attestation token is expired."),
    (1000612, "invalid_client", "The attestation token is not signed by a trusted authority."),
    (1000613, "invalid_client", "The attestation token does not match the request."),
    (1000614, "invalid_client", "The attestation token is not acceptable."),
    (1002012, "invalid_scope", "The provided value for scope {resource} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."),
    (5002723, "invalid_client", "Invalid JWT token. No certificate thumbprint, certificate SHA-256 thumbprint or key id specified in token header."),
    (5002727, "invalid_request", "Invalid JWT header type specified. Allowed types: 'JWT','http://openid.net/specs/jwt/1.0'."),
    (5002738, "invalid_client", "Invalid JWT token. The signature algorithm is not supported. Supported signing algorithms are: 'RS256, RS384, RS512'."),
    (7000112, "unauthorized_client", "Application '{client}' is disabled."),
    (7000113, "invalid_grant", "Application '{client}' is not authorized to make application on-behalf-of calls."),
    (7000114, "invalid_grant", "Application '{client}' is not allowed to make application on-behalf-of calls."),
    (7000215, "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'."),
    (7000218, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
    (7000222, "invalid_client", "The provided client secret keys for app '{client}' are expired. Create new keys for the app, or consider certificate credentials for added security."),
    (7000229, "invalid_client", "The client application {client} is missing service principal in the tenant {tenant}."),
    (7000232, "invalid_client", "The application '{client}' is a managed identity and cannot authenticate with a client secret."),
    (7002131, "invalid_client", "No matching federated identity record found for presented assertion claims. The claims matching expression did not match."),
    (9001023, "invalid_request", "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint."),
    (9002313, "invalid_request", "Invalid request. Request is malformed or invalid."),
];

/// Statuses that are not 401 for `invalid_client` and 400 for the rest.
const STATUSES: &[(u32, u16)] = &[
    (40008, 500),
    (40010, 503),
    (50000, 500),
    (50033, 503),
    (50087, 503),
    (51000, 412),
    (80005, 500),
    (90006, 503),
    (90012, 504),
    (90024, 503),
    (90033, 503),
    (90036, 500),
    (90055, 429),
    (90090, 503),
    (90092, 500),
];

/// OAuth error and text of a code.
pub(super) fn known(code: u32) -> Option<(&'static str, &'static str)> {
    CODES.iter().find(|(known, _, _)| *known == code).map(|(_, error, text)| (*error, *text))
}

/// The status of a code, if it is not the one that its OAuth error has.
pub(super) fn unusual_status(code: u32) -> Option<u16> {
    STATUSES.iter().find(|(known, _)| *known == code).map(|(_, status)| *status)
}

/// The code that the service answers with at a status, if a script names only the status.
pub(super) fn of_status(status: u16) -> u32 {
    match status {
        429 => 90055,
        401 => 70002,
        408 | 504 => 90012,
        500 => 50000,
        501..=599 => 90033,
        _ => 90023,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service_error::known_oauth_error;

    #[test]
    fn codes_are_in_order_and_agree_with_those_of_the_service_itself() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
        for (code, error, _) in CODES {
            assert!(known_oauth_error(*code).is_none_or(|own| own == *error), "{code}");
        }
        for (code, _) in STATUSES {
            assert!(known(*code).is_some(), "{code}");
        }
    }

    #[test]
    fn every_grant_error_of_the_service_can_be_scripted() {
        for code in
            [50013, 50034, 50076, 50126, 54005, 65001, 70008, 70016, 70020, 500131, 500133, 700082, 700213]
        {
            assert!(known(code).is_some() && known_oauth_error(code).is_some(), "{code}");
        }
    }

    #[test]
    fn every_status_has_a_code_that_is_known() {
        for status in 400..=599 {
            assert!(known(of_status(status)).is_some(), "{status}");
        }
    }
}
