//! The endpoints of managed identities: headers, parameters, replies and errors of each kind of machine.

use certgrant_emulator::{Config, Emulator, FaultRule, IdentityHost, ManagedIdentity, Request, TokenService};
use serde_json::{Value, json};

use crate::people::members;
use crate::support::*;

const OWN: &str = "5e1f0000-0000-4000-8000-000000000001";
const OWN_PRINCIPAL: &str = "5e1f0000-0000-4000-8000-0000000000aa";
const ASSIGNED: &str = "a5500000-0000-4000-8000-000000000001";
const ASSIGNED_PRINCIPAL: &str = "a5500000-0000-4000-8000-0000000000aa";
const ASSIGNED_PATH: &str =
    "/subscriptions/1/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker";
const SECRET: &str = "machine~secret";
const GRAPH: &str = "https://graph.microsoft.com";

fn own() -> Value {
    json!({ "clientId": OWN, "principalId": OWN_PRINCIPAL, "tenantId": TENANT, "systemAssigned": true })
}

fn assigned() -> Value {
    json!({
        "clientId": ASSIGNED, "principalId": ASSIGNED_PRINCIPAL, "resourceId": ASSIGNED_PATH, "tenantId": TENANT,
        "roles": { GRAPH: ["User.Read.All"] },
    })
}

fn machine(identities: &[Value]) -> TokenService {
    machine_with(identities, |_| ())
}

fn machine_with(identities: &[Value], change: impl FnOnce(&mut Config)) -> TokenService {
    service_with(&json!([]), |config| {
        let read = |one: &Value| ManagedIdentity::parse(&one.to_string()).expect("an identity");
        config.managed_identities = identities.iter().map(read).collect();
        config.identity_host.secret = Some(SECRET.to_owned());
        config.control = true;
        change(config);
    })
}

/// One kind of endpoint, and a request to it that is right.
struct Kind {
    operation: &'static str,
    path: &'static str,
    version: Option<&'static str>,
    header: (&'static str, &'static str),
}

const IMDS: Kind = Kind {
    operation: "identity.imds",
    path: "/metadata/identity/oauth2/token",
    version: Some("2018-02-01"),
    header: ("Metadata", "true"),
};
const APP_SERVICE: Kind = Kind {
    operation: "identity.appservice",
    path: "/msi/token",
    version: Some("2019-08-01"),
    header: ("X-IDENTITY-HEADER", SECRET),
};
const SERVICE_FABRIC: Kind = Kind {
    operation: "identity.servicefabric",
    path: "/metadata/identity/oauth2/token",
    version: Some("2019-07-01-preview"),
    header: ("secret", SECRET),
};
const CLOUD_SHELL: Kind = Kind {
    operation: "identity.cloudshell",
    path: "/oauth2/token",
    version: None,
    header: ("Metadata", "true"),
};
const MACHINE_LEARNING: Kind = Kind {
    operation: "identity.machinelearning",
    path: "/msi/auth",
    version: Some("2017-09-01"),
    header: ("secret", SECRET),
};
const ARC: Kind = Kind {
    operation: "identity.arc",
    path: "/metadata/identity/oauth2/token",
    version: Some("2020-06-01"),
    header: ("Metadata", "true"),
};
const ALL_BUT_ARC: [&Kind; 5] = [&IMDS, &APP_SERVICE, &SERVICE_FABRIC, &CLOUD_SHELL, &MACHINE_LEARNING];

impl Kind {
    fn request(&self, more: &[(&str, &str)]) -> Request {
        let mut parameters = vec![("resource", GRAPH)];
        parameters.extend(self.version.map(|version| ("api-version", version)));
        parameters.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        parameters.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        let mut request = match self.version {
            None => Request::post("localhost", self.path, form(&parameters)),
            Some(_) => Request::get("localhost", &format!("{}?{}", self.path, form(&parameters))),
        };
        request.scheme = "http";
        request.headers.push((self.header.0.to_owned(), self.header.1.to_owned()));
        request
    }

    fn ask(&self, service: &TokenService, more: &[(&str, &str)]) -> Answer {
        Answer::of(service, &self.request(more))
    }
}

/// The error's code and text, wherever this kind of endpoint has them.
fn fault(answer: &Answer) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let body = &answer.body;
    match (&body["error"], body.get("statusCode")) {
        (Value::Object(error), _) => (text(&error["code"]), text(&error["message"])),
        (_, Some(status)) => (status.to_string(), text(&body["message"])),
        (code, None) => (text(code), text(&body["error_description"])),
    }
}

#[test]
fn every_kind_gives_a_token_of_the_machines_identity() {
    let service = machine(&[own(), assigned()]);
    for kind in ALL_BUT_ARC {
        let answer = kind.ask(&service, &[]);
        assert_eq!(answer.assert_issued().token_part(1)["oid"], OWN_PRINCIPAL, "{}", kind.operation);
        let token = answer.token_part(1);
        for (name, value) in [
            ("appid", json!(OWN)),
            ("sub", json!(OWN_PRINCIPAL)),
            ("appidacr", json!("2")),
            ("aud", json!(GRAPH)),
            ("idtyp", json!("app")),
            ("tid", json!(TENANT)),
            ("exp", json!(NOW + 86_400)),
        ] {
            assert_eq!(token[name], value, "{} {name}", kind.operation);
        }
        assert_eq!(service.count(kind.operation), 1);
        assert_eq!(answer.entry.client.as_deref(), Some(OWN));
    }
    assert_eq!(service.count("identity"), 5);
}

#[test]
fn replies_have_the_members_of_their_kind() {
    let service = machine(&[own()]);
    for kind in [&IMDS, &CLOUD_SHELL] {
        let answer = kind.ask(&service, &[]);
        let expected = [
            "access_token",
            "client_id",
            "expires_in",
            "expires_on",
            "ext_expires_in",
            "not_before",
            "refresh_token",
            "resource",
            "token_type",
        ];
        assert_eq!(members(&answer.body), expected);
        assert_eq!(
            (&answer.body["expires_in"], &answer.body["refresh_token"]),
            (&json!("86399"), &json!(""))
        );
        assert_eq!(answer.body["expires_on"], json!((NOW + 86_400).to_string()));
    }
    for kind in [&APP_SERVICE, &MACHINE_LEARNING] {
        let answer = kind.ask(&service, &[]);
        assert_eq!(
            members(&answer.body),
            ["access_token", "client_id", "expires_on", "resource", "token_type"]
        );
        assert_eq!(answer.body["expires_on"], json!((NOW + 86_400).to_string()));
    }
    let fabric = SERVICE_FABRIC.ask(&service, &[]);
    assert_eq!(members(&fabric.body), ["access_token", "expires_on", "resource", "token_type"]);
    assert_eq!(fabric.body["expires_on"], json!(NOW + 86_400));
}

#[test]
fn identity_is_named_by_the_parameters_of_each_kind() {
    let service = machine(&[own(), assigned()]);
    for (kind, name, value) in [
        (&IMDS, "client_id", ASSIGNED),
        (&IMDS, "object_id", ASSIGNED_PRINCIPAL),
        (&IMDS, "msi_res_id", ASSIGNED_PATH),
        (&APP_SERVICE, "client_id", ASSIGNED),
        (&APP_SERVICE, "object_id", ASSIGNED_PRINCIPAL),
        (&APP_SERVICE, "principal_id", ASSIGNED_PRINCIPAL),
        (&APP_SERVICE, "mi_res_id", ASSIGNED_PATH),
        (&SERVICE_FABRIC, "principalId", ASSIGNED_PRINCIPAL),
        (&MACHINE_LEARNING, "clientid", ASSIGNED),
    ] {
        let token = kind.ask(&service, &[(name, value)]).assert_issued().token_part(1);
        assert_eq!(token["oid"], ASSIGNED_PRINCIPAL, "{} {name}", kind.operation);
        assert_eq!(
            (&token["xms_mirid"], &token["roles"]),
            (&json!(ASSIGNED_PATH), &json!(["User.Read.All"]))
        );
    }
    for (kind, name, value) in [
        (&IMDS, "mi_res_id", ASSIGNED_PATH),
        (&IMDS, "clientid", ASSIGNED),
        (&APP_SERVICE, "msi_res_id", ASSIGNED_PATH),
        (&SERVICE_FABRIC, "client_id", ASSIGNED),
        (&CLOUD_SHELL, "client_id", ASSIGNED),
        (&MACHINE_LEARNING, "client_id", ASSIGNED),
    ] {
        let answer = kind.ask(&service, &[(name, value)]);
        assert_eq!(answer.response.status, 400, "{} {name}", kind.operation);
        assert!(fault(&answer).1.contains(name), "{}", answer.body);
    }
    let two = IMDS.ask(&service, &[("client_id", ASSIGNED), ("object_id", ASSIGNED_PRINCIPAL)]);
    assert!(fault(&two).1.contains("more than one"), "{}", two.body);
}

#[test]
fn without_an_identity_of_its_own_the_machine_takes_its_only_one() {
    assert_eq!(IMDS.ask(&machine(&[assigned()]), &[]).token_part(1)["appid"], ASSIGNED);
    let mut other = own();
    other["systemAssigned"] = json!(false);
    let several = IMDS.ask(&machine(&[assigned(), other]), &[]);
    assert_eq!(several.response.status, 400);
    assert!(fault(&several).1.starts_with("Multiple user assigned identities exist"), "{}", several.body);
}

#[test]
fn identity_that_is_not_assigned_is_refused_in_the_words_of_each_kind() {
    let service = machine(&[]);
    for (kind, status, code, telling) in [
        (&IMDS, 400, "invalid_request", "Identity not found"),
        (&MACHINE_LEARNING, 400, "invalid_request", "Identity not found"),
        (&APP_SERVICE, 400, "400", "No User Assigned or Delegated Managed Identity found"),
        (&SERVICE_FABRIC, 404, "ManagedIdentityNotFound", "Identity not found"),
        (&CLOUD_SHELL, 400, "invalid_request", "Identity not found"),
    ] {
        let answer = kind.ask(&service, &[]);
        let (found, text) = fault(&answer);
        assert_eq!((answer.response.status, found.as_str()), (status, code), "{}", answer.body);
        assert!(text.starts_with(telling), "{}", answer.body);
    }
    let unknown = IMDS.ask(&machine(&[own()]), &[("client_id", ASSIGNED)]);
    assert_eq!((unknown.response.status, fault(&unknown).1.as_str()), (400, "Identity not found"));
}

#[test]
fn header_that_no_page_would_send_is_asked_for() {
    let service = machine(&[own()]);
    for (kind, status, telling) in [
        (&IMDS, 400, "Required metadata header not specified"),
        (&CLOUD_SHELL, 400, "Required metadata header not specified"),
        (&APP_SERVICE, 401, "x-identity-header"),
        (&MACHINE_LEARNING, 401, "secret"),
        (&SERVICE_FABRIC, 400, "Secret is not found"),
    ] {
        let mut bare = kind.request(&[]);
        bare.headers.retain(|(name, _)| name != kind.header.0);
        let mut wrong = kind.request(&[]);
        wrong.headers.retain(|(name, _)| name != kind.header.0);
        wrong.headers.push((kind.header.0.to_owned(), "wrong".to_owned()));
        for request in [bare, wrong] {
            let answer = Answer::of(&service, &request);
            assert_eq!(answer.response.status, status, "{}", answer.body);
            assert!(fault(&answer).1.contains(telling), "{}", answer.body);
        }
    }
    let mut forwarded = IMDS.request(&[]);
    forwarded.headers.push(("X-Forwarded-For".to_owned(), "10.0.0.1".to_owned()));
    assert_eq!(Answer::of(&service, &forwarded).response.status, 400);
}

#[test]
fn method_version_and_resource_are_checked() {
    let service = machine(&[own()]);
    for kind in ALL_BUT_ARC {
        let mut other = kind.request(&[]);
        other.method = if kind.version.is_none() { "GET" } else { "POST" }.to_owned();
        assert_eq!(Answer::of(&service, &other).response.status, 405, "{}", kind.operation);
        let lacking = kind.ask(&service, &[("resource", "")]);
        assert_eq!(lacking.response.status, 400);
        assert!(fault(&lacking).1.contains("'resource'"), "{}", lacking.body);
        let unknown = kind.ask(&service, &[("resource", "https://graph.microsoft.com/.default")]);
        assert_eq!(unknown.response.status, 400);
        assert!(fault(&unknown).1.contains("AADSTS500011"), "{}", unknown.body);
    }
    for (kind, version, telling) in [
        (&IMDS, "", "'api-version'"),
        (&IMDS, "2017-12-01", "api-version"),
        (&APP_SERVICE, "2017-09-01", "api-version"),
        (&MACHINE_LEARNING, "2019-08-01", "api-version"),
    ] {
        let answer = kind.ask(&service, &[("api-version", version)]);
        assert_eq!(answer.response.status, 400);
        assert!(fault(&answer).1.contains(telling), "{}", answer.body);
    }
}

/// A folder of this test's own, gone with it.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("certgrant-emulator-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn files(&self) -> usize {
        std::fs::read_dir(&self.0).expect("a folder").count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn arc_asks_for_the_content_of_a_key_file_that_is_good_once() {
    let folder = Folder::new("arc");
    let service =
        machine_with(&[own()], |config| config.identity_host.arc_key_folder = Some(folder.0.clone()));
    let challenge = || {
        let answer = ARC.ask(&service, &[]);
        assert_eq!(answer.response.status, 401);
        let header = answer.response.header("www-authenticate").expect("a challenge").to_owned();
        let path = header.strip_prefix("Basic realm=").expect("a realm").to_owned();
        assert!(path.starts_with(folder.0.to_str().expect("a path")) && path.ends_with(".key"), "{path}");
        std::fs::read_to_string(path).expect("a key file")
    };
    let show = |key: &str| {
        let mut request = ARC.request(&[]);
        request.headers.push(("Authorization".to_owned(), format!("Basic {key}")));
        Answer::of(&service, &request)
    };
    let (first, second) = (challenge(), challenge());
    assert!(first != second && first.len() <= 4096);
    let answer = show(&first);
    assert_eq!(answer.assert_issued().token_part(1)["oid"], OWN_PRINCIPAL);
    assert!(!answer.entry.to_string().contains(&first));
    assert_eq!(show(&first).response.status, 401);
    show(&second).assert_issued();
    assert_eq!(folder.files(), 0);
    challenge();
    drop(service);
    assert_eq!(folder.files(), 0, "what nobody has shown goes with the service");
}

#[test]
fn machine_without_a_key_folder_is_not_one_of_arcs() {
    assert_eq!(ARC.ask(&machine(&[own()]), &[]).response.status, 404);
}

#[test]
fn fault_rules_answer_in_the_shape_of_the_endpoint() {
    for (kind, status) in [
        (&IMDS, 410),
        (&IMDS, 404),
        (&IMDS, 429),
        (&APP_SERVICE, 503),
        (&CLOUD_SHELL, 500),
        (&SERVICE_FABRIC, 500),
    ] {
        let rule = json!({ "match": { "operation": kind.operation, "count": 1 }, "action": { "status": status, "retryAfter": 7 } });
        let service = machine_with(&[own()], |config| {
            config.faults = FaultRule::parse(&rule.to_string()).expect("a rule");
        });
        let answer = kind.ask(&service, &[]);
        assert_eq!((answer.response.status, answer.response.header("retry-after")), (status, Some("7")));
        assert!(!fault(&answer).1.is_empty(), "{}", answer.body);
        kind.ask(&service, &[]).assert_issued();
    }
    let lifetime = json!({ "match": { "operation": "identity" }, "action": { "lifetimeSeconds": 60 } });
    let service = machine_with(&[own()], |config| {
        config.faults = FaultRule::parse(&lifetime.to_string()).expect("a rule");
    });
    assert_eq!(IMDS.ask(&service, &[]).body["expires_in"], "59");
}

#[test]
fn metadata_say_where_the_machine_is() {
    let service = machine_with(&[], |config| config.identity_host.region = Some("usgovvirginia".to_owned()));
    let ask = |path: &str, header: bool| {
        let mut request = Request::get("localhost", path);
        if header {
            request.headers.push(("Metadata".to_owned(), "true".to_owned()));
        }
        Answer::of(&service, &request)
    };
    let compute = "/metadata/instance/compute";
    assert_eq!(ask(&format!("{compute}?api-version=2021-02-01"), true).body["location"], "usgovvirginia");
    let text = ask(&format!("{compute}/location?api-version=2021-02-01&format=text"), true);
    assert_eq!(text.response.body, b"usgovvirginia");
    assert_eq!(ask(&format!("{compute}?api-version=2021-02-01"), false).response.status, 400);
    let unversioned = ask(&format!("{compute}?format=json"), true);
    assert_eq!(
        (unversioned.response.status, &unversioned.body["newest-versions"][0]),
        (400, &json!("2021-02-01"))
    );
    assert_eq!(service.count("identity.instance"), 4);
}

#[test]
fn secret_of_the_machine_is_in_no_debug_output() {
    let service = machine(&[own()]);
    assert!(!format!("{service:?}").contains(SECRET));
}

#[test]
fn control_interface_adds_identities_and_removes_them() {
    let service = machine(&[]);
    control(&service, "POST", "identities", own());
    IMDS.ask(&service, &[]).assert_issued();
    let shown = control(&service, "GET", "identities", Value::Null);
    assert_eq!(shown["identities"][0]["principalId"], OWN_PRINCIPAL);
    assert_eq!(shown["environment"]["appService"]["IDENTITY_HEADER"], SECRET);
    control(&service, "DELETE", &format!("identities/{OWN}"), Value::Null);
    assert_eq!(IMDS.ask(&service, &[]).response.status, 400);
    let wrong = Answer::of(
        &service,
        &control_request("POST", "identities", &json!({ "clientId": "x", "tenantId": TENANT })),
    );
    assert_eq!(wrong.response.status, 400);
}

#[tokio::test]
async fn environment_names_the_ports_and_the_certificate() {
    let mut config = Config::default();
    config.http_listen = Some(core::net::SocketAddr::from(([127, 0, 0, 1], 0)));
    config.identity_host = IdentityHost::default();
    let running = Emulator::start(config).await.expect("an emulator");
    let shown = running.service().control("GET", "identities", "").expect("an answer");
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    let http = format!("http://localhost:{}", running.http_addr().expect("a port").port());
    let environment = &shown["environment"];
    assert_eq!(environment["imds"]["AZURE_POD_IDENTITY_AUTHORITY_HOST"], http);
    assert_eq!(environment["cloudShell"]["MSI_ENDPOINT"], format!("{http}/oauth2/token"));
    let fabric = &environment["serviceFabric"];
    assert_eq!(
        fabric["IDENTITY_ENDPOINT"],
        format!("{}/metadata/identity/oauth2/token", running.authority())
    );
    assert_eq!(fabric["IDENTITY_SERVER_THUMBPRINT"].as_str().map(str::len), Some(40));
    running.shutdown().await;
}
