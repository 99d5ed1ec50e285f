//! Managed identities: what each kind of host is asked, and what its answers mean.

use crate::drive::*;
use certgrant_core::*;

const TOKEN: &str = r#"{"access_token":"identity-token","expires_in":"3599","expires_on":"1795608000","resource":"https://graph.microsoft.com","token_type":"Bearer"}"#;
pub(crate) const IMDS: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
const ARC: &str = "http://127.0.0.1:40342/metadata/identity/oauth2/token";

fn environment(variables: &[(&str, &str)]) -> IdentityOptions {
    let environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned().into())).collect();
    IdentityOptions { environment, ..IdentityOptions::default() }
}

fn client_options(identity: IdentityOptions) -> ClientOptions {
    ClientOptions { credential: CredentialOptions::ManagedIdentity(identity), ..ClientOptions::default() }
}

pub(crate) fn identity(options: IdentityOptions) -> Drive {
    let mut drive = drive(client_options(options));
    drive.documents = vec![("http", 200, TOKEN)];
    drive
}

/// URL, header names with values, and the secret header of the only request.
fn request_of(options: IdentityOptions) -> (String, Vec<String>) {
    let mut drive = identity(options);
    let token = drive.acquire(&request()).unwrap();
    assert_eq!((token.access_token.expose().as_str(), token.expires_in), ("identity-token", 3599));
    let [request] = &drive.requests[..] else { panic!("{:?}", drive.requests) };
    assert!(request.is_direct, "no proxy may come between");
    let mut headers: Vec<String> = request
        .headers
        .iter()
        .filter(|(name, _)| !["accept", "x-ms-client-request-id"].contains(name))
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    headers.extend(request.secret_header.as_ref().map(|(name, value)| format!("{name}: {}", value.expose())));
    (request.url.clone(), headers)
}

const RESOURCE: &str = "resource=https%3A%2F%2Fgraph.microsoft.com";

#[test]
fn virtual_machine_is_asked_as_documented() {
    let (url, headers) = request_of(IdentityOptions::default());
    assert_eq!(url, format!("{IMDS}?api-version=2018-02-01&{RESOURCE}"));
    assert_eq!(headers, ["Metadata: true"]);
    let (url, _) =
        request_of(environment(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:2579/")]));
    assert!(url.starts_with("http://127.0.0.1:2579/metadata/identity/oauth2/token?"), "{url}");
}

#[test]
fn identity_is_named_by_the_parameter_of_its_host() {
    let ids = |id: &str| IdentityOptions {
        client_id: (id == "client").then(|| "c i".into()),
        object_id: (id == "object").then(|| "o".into()),
        resource_id: (id == "resource").then(|| "/subscriptions/s".into()),
        ..IdentityOptions::default()
    };
    let end = |id, variables: &[(&str, &str)]| {
        let options = IdentityOptions { environment: environment(variables).environment, ..ids(id) };
        request_of(options).0.rsplit('&').next().unwrap().to_owned()
    };
    let app_service = [("IDENTITY_ENDPOINT", "http://localhost:4141/token"), ("IDENTITY_HEADER", "h")];
    assert_eq!(end("client", &[]), "client_id=c%20i");
    assert_eq!(end("object", &[]), "object_id=o");
    assert_eq!(end("resource", &[]), "msi_res_id=%2Fsubscriptions%2Fs");
    assert_eq!(end("client", &app_service), "client_id=c%20i");
    assert_eq!(end("resource", &app_service), "mi_res_id=%2Fsubscriptions%2Fs");
    let machine_learning = [("MSI_ENDPOINT", "http://localhost:1/t"), ("MSI_SECRET", "s")];
    assert_eq!(end("client", &machine_learning), "clientid=c%20i");
    let default =
        [("MSI_ENDPOINT", "http://localhost:1/t"), ("MSI_SECRET", "s"), ("DEFAULT_IDENTITY_CLIENT_ID", "d")];
    assert_eq!(end("none", &default), "clientid=d");
}

#[test]
fn app_service_is_asked_with_its_header() {
    let variables =
        [("IDENTITY_ENDPOINT", "http://localhost:4141/token"), ("IDENTITY_HEADER", "header secret")];
    let (url, headers) = request_of(environment(&variables));
    assert_eq!(url, format!("http://localhost:4141/token?api-version=2019-08-01&{RESOURCE}"));
    assert_eq!(headers, ["X-IDENTITY-HEADER: header secret"]);
}

#[test]
fn service_fabric_is_pinned_to_its_certificate() {
    let variables = [
        ("IDENTITY_ENDPOINT", "https://localhost:2377/metadata/identity/oauth2/token"),
        ("IDENTITY_HEADER", "header secret"),
        ("IDENTITY_SERVER_THUMBPRINT", "AB12"),
    ];
    let mut drive = identity(environment(&variables));
    drive.acquire(&request()).unwrap();
    let request = &drive.requests[0];
    assert_eq!(request.server_thumbprint.as_deref(), Some("AB12"));
    assert!(request.url.ends_with(&format!("?api-version=2020-05-01&{RESOURCE}")));
    let (name, value) = request.secret_header.as_ref().unwrap();
    assert_eq!((*name, value.expose().as_str()), ("secret", "header secret"));
}

#[test]
fn cloud_shell_is_asked_by_post() {
    let mut drive = identity(environment(&[("MSI_ENDPOINT", "http://localhost:50342/oauth2/token")]));
    drive.script(200, TOKEN);
    drive.acquire(&request()).unwrap();
    let request = &drive.requests[0];
    assert_eq!((request.method, request.url.as_str()), (Method::Post, "http://localhost:50342/oauth2/token"));
    assert_eq!(request.body.expose(), RESOURCE);
    assert!(request.headers.contains(&("Metadata", "true".into())));
}

#[test]
fn machine_learning_is_asked_with_its_secret() {
    let variables = [("MSI_ENDPOINT", "http://localhost:46808/MSI/auth"), ("MSI_SECRET", "s")];
    let (url, headers) = request_of(environment(&variables));
    assert_eq!(url, format!("http://localhost:46808/MSI/auth?api-version=2017-09-01&{RESOURCE}"));
    assert_eq!(headers, ["Metadata: true", "secret: s"]);
}

fn arc() -> Drive {
    let mut drive =
        drive(client_options(IdentityOptions { has_arc_agent: true, ..IdentityOptions::default() }));
    drive.documents = vec![(ARC, 401, "")];
    drive.document_headers =
        vec![("WWW-Authenticate".into(), "Basic realm=/var/opt/azcmagent/tokens/1.key".into())];
    drive
}

#[test]
fn arc_is_answered_with_the_key_of_its_challenge() {
    let mut drive = arc();
    drive.key = Some("key content\n".into());
    let flight = drive.start(&request());
    let begin = drive.begin();
    let Ok(Step::Send(first)) = drive.step(flight, begin) else { panic!() };
    assert_eq!(first.url, format!("{ARC}?api-version=2020-06-01&{RESOURCE}"));
    let challenge =
        HttpResponse { status: 401, headers: drive.document_headers.clone(), body: vec![].into() };
    let Ok(Step::ReadKey { path }) = drive.step(flight, Input::Response(challenge)) else { panic!() };
    assert_eq!(path, "/var/opt/azcmagent/tokens/1.key");
    let Ok(Step::Send(second)) = drive.step(flight, Input::Key(b"key content\n".to_vec().into())) else {
        panic!()
    };
    let (name, value) = second.secret_header.as_ref().unwrap();
    assert_eq!((*name, value.expose().as_str()), ("Authorization", "Basic key content"));
    assert!(!format!("{second:?}").contains("key content"));
}

#[test]
fn arc_reads_no_other_file() {
    for realm in [
        "/etc/shadow",
        "/var/opt/azcmagent/tokens/../../../../etc/x.key",
        "/var/opt/azcmagent/tokens/sub/1.key",
        "/var/opt/azcmagent/tokens/1.txt",
        "/var/opt/azcmagent/tokens/.key",
        "",
    ] {
        let mut drive = arc();
        drive.document_headers = vec![("www-authenticate".into(), format!("Basic realm={realm}"))];
        let error = drive.acquire(&request()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdentityChallengeInvalid, "{realm}");
        assert!(drive.keys_read.is_empty());
    }
}

#[test]
fn arc_on_windows_has_its_keys_elsewhere() {
    let mut options = environment(&[("ProgramData", "C:\\ProgramData")]);
    options.has_arc_agent = true;
    let mut drive = drive(client_options(options));
    drive.documents = vec![(ARC, 401, "")];
    let path = "C:\\ProgramData\\AzureConnectedMachineAgent\\Tokens\\a.key";
    drive.document_headers = vec![("www-authenticate".into(), format!("Basic realm={path}"))];
    drive.key = Some("k".repeat(4097));
    assert_eq!(drive.acquire(&request()).unwrap_err().code(), ErrorCode::IdentityChallengeInvalid);
    assert_eq!(drive.keys_read, [path]);
}

#[test]
fn arc_that_is_not_content_with_its_key_is_not_answered_again() {
    let mut drive = arc();
    drive.key = Some("key".into());
    let error = drive.acquire(&request()).unwrap_err();
    assert_eq!((error.code(), drive.keys_read.len()), (ErrorCode::ServiceRefused, 1));
    drive.key = None;
    assert_eq!(drive.acquire(&request()).unwrap_err().found(), "EACCES");
}

#[test]
fn machine_without_a_metadata_service_is_known_after_one_short_try() {
    let mut drive = identity(IdentityOptions::default());
    drive.documents.clear();
    let error = drive.acquire(&request()).unwrap_err();
    assert_eq!((error.code(), drive.requests.len()), (ErrorCode::IdentityUnavailable, 1));
    assert_eq!(drive.requests[0].timeout_millis, 3_000);
    // Once it has answered, it is there, and a failure passes.
    drive.documents = vec![(IMDS, 200, TOKEN)];
    drive.acquire(&request()).unwrap();
    drive.documents.clear();
    let error = drive.acquire(&TokenRequest { skip_cache: true, ..request() }).unwrap_err();
    assert_eq!((error.code(), drive.requests.len()), (ErrorCode::NetworkFailed, 8));
    assert_eq!(drive.requests[7].timeout_millis, DEFAULT_TIMEOUT_MILLIS);
}

#[test]
fn machine_that_is_being_updated_is_waited_for() {
    let mut drive = identity(IdentityOptions::default());
    drive.documents = vec![(IMDS, 410, "")];
    let began = drive.now;
    let error = drive.acquire(&request()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ServiceUnavailable);
    assert_eq!(drive.waits[0], began.plus_secs(10));
    assert_eq!(drive.requests.len(), 6, "five times again");
}

#[test]
fn refusals_are_read_in_the_form_of_each_host() {
    let refused = |status, body| {
        let mut drive = identity(IdentityOptions::default());
        drive.documents = vec![(IMDS, status, body)];
        drive.acquire(&request()).unwrap_err()
    };
    let error = refused(400, r#"{"error":"invalid_request","error_description":"Identity not found"}"#);
    assert_eq!(error.code(), ErrorCode::IdentityUnavailable);
    assert_eq!(error.found(), "invalid_request: Identity not found");
    let error = refused(401, r#"{"error":{"code":"Unauthorized","message":"no","correlationId":"c"}}"#);
    assert_eq!(error.code(), ErrorCode::ServiceRefused);
    assert_eq!(error.service().unwrap().correlation_id.as_deref(), Some("c"));
    assert_eq!(error.found(), "Unauthorized: no");
    let error = refused(403, r#"{"statusCode":403,"message":"forbidden","correlationId":"c"}"#);
    assert_eq!(error.found(), "forbidden");
    assert_eq!(refused(403, "<html>").found(), "HTTP status 403");
}

#[test]
fn lifetime_may_be_given_by_its_end_alone() {
    for (end, expected) in [
        (format!("\"{}\"", START + 7_000), 7_000),
        (format!("{}", START + 7_000), 7_000),
        ("\"11/25/2026 01:00:00 AM +00:00\"".into(), 1_795_568_400 - START),
    ] {
        let mut drive = identity(IdentityOptions::default());
        let body = format!(r#"{{"access_token":"t","token_type":"Bearer","expires_on":{end}}}"#);
        drive.documents = vec![(IMDS, 200, body.leak())];
        assert_eq!(drive.acquire(&request()).unwrap().expires_in, expected, "{end}");
    }
}

#[test]
fn end_alone_is_one_of_the_answers_own_clock() {
    for ahead in [-720, 720] {
        let mut drive = identity(IdentityOptions::default());
        let end = START.strict_add_signed(ahead) + 3_600;
        let body = format!(r#"{{"access_token":"t","token_type":"Bearer","expires_on":{end}}}"#);
        drive.documents = vec![(IMDS, 200, body.leak())];
        let date = if ahead < 0 { "Tue, 24 Nov 2026 15:58:41 GMT" } else { "Tue, 24 Nov 2026 16:22:41 GMT" };
        drive.document_headers = vec![("date".into(), date.into())];
        assert_eq!(drive.acquire(&request()).unwrap().expires_in, 3_600, "{ahead}");
    }
}

#[test]
fn region_of_the_environment_is_of_no_interest() {
    let options = ClientOptions { region: Some("no region".into()), ..client_options(environment(&[])) };
    assert!(options.into_config().is_ok());
}

#[test]
fn host_that_can_not_tell_identities_by_an_id_says_so() {
    for (variables, has_arc_agent) in
        [(&[][..], true), (&[("MSI_ENDPOINT", "http://localhost:1")][..], false)]
    {
        let options =
            IdentityOptions { client_id: Some("c".into()), has_arc_agent, ..environment(variables) };
        let error = client_options(options).into_config().unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdentityUnsupported);
    }
    let two =
        IdentityOptions { client_id: Some("c".into()), object_id: Some("o".into()), ..environment(&[]) };
    assert_eq!(client_options(two).into_config().unwrap_err().code(), ErrorCode::IdentityUnsupported);
}

#[test]
fn tenant_of_a_request_does_not_matter() {
    let mut drive = identity(IdentityOptions::default());
    let elsewhere = TokenRequest { tenant: Some(Tenant::parse("contoso.com").unwrap()), ..request() };
    drive.acquire(&elsewhere).unwrap();
    drive.acquire(&request()).unwrap();
    assert_eq!(drive.requests.len(), 1);
}

#[test]
fn secrets_of_the_environment_are_not_shown() {
    let options = environment(&[("IDENTITY_ENDPOINT", "http://localhost:1"), ("IDENTITY_HEADER", "hunter2")]);
    assert!(!format!("{options:?}").contains("hunter2"));
    let client = drive(client_options(options)).client;
    assert!(!format!("{client:?}").contains("hunter2"));
}

#[test]
fn machine_does_not_act_for_a_user() {
    let mut drive = identity(IdentityOptions::default());
    let user =
        TokenRequest { user_assertion: Some(std::sync::Arc::new("user".to_owned().into())), ..request() };
    assert_eq!(drive.acquire(&user).unwrap_err().code(), ErrorCode::IdentityUnsupported);
    drive.acquire(&request()).unwrap();
    assert_eq!(drive.acquire(&user).unwrap_err().code(), ErrorCode::IdentityUnsupported);
    assert_eq!(drive.requests.len(), 1);
}
