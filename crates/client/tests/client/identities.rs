//! Managed identities of every kind of machine, and applications that act on behalf of users.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use certgrant::{
    AccessToken, CertificateSource, ChainedTokenCredential, ClientAssertionCredential,
    ClientCertificateCredential, ClientSecretCredential, ManagedIdentityCredential, ManagedIdentityId,
};
use certgrant_emulator::{Application, Config, ManagedIdentity, Running, User};
use certgrant_testkit::jwt::{decode, form_value};
use certgrant_testkit::serde_json::{self, Value, json};
use certgrant_testkit::vectors::assertion_rs256 as vector;

use crate::emulator::{self, SECRET};
use crate::proxy::{Policy, Proxy};
use crate::support::*;

const SYSTEM: &str = "eeeeeeee-0000-4000-8000-000000000001";
const USER_ASSIGNED: &str = "eeeeeeee-0000-4000-8000-000000000002";
const PRINCIPAL: &str = "eeeeeeee-0000-4000-8000-000000000003";
const ADA: &str = "ada@contoso.com";
const ADA_ID: &str = "ada0ada0-0000-4000-8000-000000000001";

/// A machine with an identity of its own and another.
fn machine(config: &mut Config) {
    let identities = [
        json!({ "clientId": SYSTEM, "tenantId": TENANT, "systemAssigned": true }),
        json!({ "clientId": USER_ASSIGNED, "tenantId": TENANT, "principalId": PRINCIPAL }),
    ];
    let parse = |identity: &Value| ManagedIdentity::parse(&identity.to_string()).expect("an identity");
    config.managed_identities = identities.iter().map(parse).collect();
    config.http_listen = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
}

fn control(emulator: &Running, method: &str, path: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = emulator.service().control(method, path, &body).expect("done");
    serde_json::from_str(&answer).expect("JSON")
}

/// The credential of a kind of machine, by the environment that the emulator shows. Its HTTP client has a proxy that leads nowhere.
async fn identity(emulator: &Running, kind: &str, id: ManagedIdentityId) -> ManagedIdentityCredential {
    let environment = control(emulator, "GET", "identities", &Value::Null)["environment"][kind].clone();
    assert!(environment.is_object(), "{kind}");
    let variable = move |name: &str| environment[name].as_str().map(str::to_owned);
    let nowhere = Proxy::start(Policy::Closed, emulator.https_addr()).await;
    let options = emulator::options_with(emulator, emulator::trusting(emulator).proxy(nowhere.url()));
    ManagedIdentityCredential::of_variables(variable, id, options).expect("a credential")
}

fn claim(token: &AccessToken, name: &str) -> String {
    decode(token.secret()).1[name].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn machines_of_every_kind_give_tokens_of_their_identity() {
    let emulator = emulator::start(machine).await;
    for kind in ["imds", "appService", "serviceFabric", "cloudShell", "machineLearning"] {
        let credential = identity(&emulator, kind, ManagedIdentityId::SystemAssigned).await;
        let token = credential.get_token(GRAPH, &plain()).await;
        let token = token.unwrap_or_else(|error| panic!("{kind}: {error:?}"));
        assert_eq!(claim(&token, "appid"), SYSTEM, "{kind}");
        let again = credential.get_token(GRAPH, &plain()).await.expect("a token");
        assert_eq!(again.secret(), token.secret(), "{kind}: from the cache");
    }
    assert_eq!(emulator.service().count("identity"), 5);
}

#[tokio::test]
async fn identities_are_told_by_their_ids() {
    let emulator = emulator::start(machine).await;
    for (kind, id) in [
        ("imds", ManagedIdentityId::ClientId(USER_ASSIGNED.to_owned())),
        ("imds", ManagedIdentityId::ObjectId(PRINCIPAL.to_owned())),
        ("appService", ManagedIdentityId::ObjectId(PRINCIPAL.to_owned())),
        ("serviceFabric", ManagedIdentityId::ObjectId(PRINCIPAL.to_owned())),
        ("machineLearning", ManagedIdentityId::ClientId(USER_ASSIGNED.to_owned())),
    ] {
        let credential = identity(&emulator, kind, id).await;
        let token = credential.get_token(GRAPH, &plain()).await.expect("a token");
        assert_eq!(claim(&token, "appid"), USER_ASSIGNED, "{kind}");
    }
    let options = emulator::options(&emulator);
    let cloud_shell =
        |name: &str| (name == "MSI_ENDPOINT").then(|| "http://localhost/oauth2/token".to_owned());
    let id = ManagedIdentityId::ClientId(USER_ASSIGNED.to_owned());
    let error =
        ManagedIdentityCredential::of_variables(cloud_shell, id, options).expect_err("it can't be told");
    assert_eq!((error.code(), error.is_unavailable()), ("ERR_IDENTITY_UNSUPPORTED", true));
}

#[tokio::test]
async fn server_that_has_another_certificate_than_service_fabric_names_is_told_nothing() {
    let emulator = emulator::start(machine).await;
    let environment =
        control(&emulator, "GET", "identities", &Value::Null)["environment"]["serviceFabric"].clone();
    let variable = move |name: &str| match name {
        "IDENTITY_SERVER_THUMBPRINT" => Some("00".repeat(20)),
        _ => environment[name].as_str().map(str::to_owned),
    };
    let options = emulator::options(&emulator).max_retries(0);
    let credential =
        ManagedIdentityCredential::of_variables(variable, ManagedIdentityId::SystemAssigned, options);
    let error =
        credential.expect("a credential").get_token(GRAPH, &plain()).await.expect_err("another server");
    assert_eq!((error.code(), emulator.service().count("identity")), ("ERR_NETWORK_FAILED", 0), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn azure_arc_is_answered_with_the_key_file_that_it_names() {
    let service = Service::default();
    // The agent's folder below ProgramData: here the name of a file with backslashes in it.
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("arc");
    fs::create_dir_all(&folder).expect("a folder");
    let data = folder.to_str().expect("text").to_owned();
    let key = format!("{data}\\AzureConnectedMachineAgent\\Tokens\\one.key");
    fs::write(&key, "the-key-of-the-agent").expect("written");
    let challenge = vec![("www-authenticate", format!("Basic realm={key}"))];
    service.next([Does::Answer(401, challenge, String::new())]);
    let variable = move |name: &str| match name {
        "IDENTITY_ENDPOINT" => Some("http://127.0.0.1:40342/metadata/identity/oauth2/token".to_owned()),
        "IMDS_ENDPOINT" => Some("http://127.0.0.1:40342".to_owned()),
        "ProgramData" => Some(data.clone()),
        _ => None,
    };
    let id = ManagedIdentityId::SystemAssigned;
    let credential =
        ManagedIdentityCredential::of_variables(variable, id, service.options()).expect("a credential");
    let token = credential.get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!((token.secret(), service.count()), (Service::token(2).as_str(), 2));
    let [first, second] = &service.requests()[..] else { panic!("two requests") };
    assert_eq!(first.secret_header, None);
    assert_eq!(second.secret_header.as_deref(), Some("Basic the-key-of-the-agent"));
}

#[tokio::test(start_paused = true)]
async fn machine_without_an_identity_is_unavailable_to_a_chain() {
    let service = Service::default();
    service.next([Does::Hang]);
    let nowhere = ManagedIdentityCredential::of_variables(
        |_| None,
        ManagedIdentityId::SystemAssigned,
        service.options(),
    );
    let chain = ChainedTokenCredential::new().or_try(nowhere).or(service.secret_credential());
    let asked = tokio::time::Instant::now();
    let token = chain.get_token(GRAPH, &plain()).await.expect("a token of the next");
    assert_eq!(token.secret(), Service::token(2));
    assert!(asked.elapsed() <= std::time::Duration::from_secs(3), "{:?}", asked.elapsed());
    assert!(service.requests()[0].url.starts_with("http://169.254.169.254/"));
}

/// A managed identity of App Service, which is known to have an endpoint.
fn app_service(service: &Service) -> ManagedIdentityCredential {
    let variable = |name: &str| match name {
        "IDENTITY_ENDPOINT" => Some("http://127.0.0.1:41741/msi/token".to_owned()),
        "IDENTITY_HEADER" => Some("header-of-the-tests".to_owned()),
        _ => None,
    };
    ManagedIdentityCredential::of_variables(variable, ManagedIdentityId::SystemAssigned, service.options())
        .expect("a credential")
}

#[tokio::test(start_paused = true)]
async fn chain_goes_on_behind_a_managed_identity_that_fails() {
    for trouble in [
        Does::status(400),
        Does::status(403),
        Does::status(404),
        Does::retry_after(429, 60),
        Does::status(500),
        Does::status(503),
        Does::Answer(200, vec![], "<html>".to_owned()),
        Does::Break,
        Does::Hang,
    ] {
        let (identity, next) = (Service::default(), Service::default());
        identity.always(trouble.clone());
        let error = app_service(&identity).get_token(GRAPH, &plain()).await.expect_err("it fails");
        assert!(error.is_unavailable(), "{trouble:?}: {error}");
        let chain = ChainedTokenCredential::new().or(app_service(&identity)).or(next.secret_credential());
        let token = chain.get_token(GRAPH, &plain()).await;
        let token = token.unwrap_or_else(|error| panic!("{trouble:?}: {error}"));
        assert_eq!(token.secret(), Service::token(1), "{trouble:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn chain_ends_at_a_managed_identity_where_its_caller_or_certgrant_is_to_blame() {
    let identity = Service::default();
    identity.always(Does::Hang);
    let in_a_hurry = plain().timeout(std::time::Duration::from_secs(1));
    let error = app_service(&identity).get_token(GRAPH, &in_a_hurry).await.expect_err("its time was up");
    assert_eq!((error.code(), error.is_unavailable()), ("ERR_REQUEST_TIMEOUT", false));
    let error = app_service(&identity).get_token(&["a\nb"], &plain()).await.expect_err("no scope");
    assert_eq!((error.code(), error.is_unavailable()), ("ERR_SCOPE_INVALID", false));
    identity.always(Does::Panic);
    let error = app_service(&identity).get_token(GRAPH, &plain()).await.expect_err("a panic");
    assert_eq!((error.code(), error.is_unavailable()), ("ERR_INTERNAL", false));
}

#[tokio::test(start_paused = true)]
async fn failures_of_the_token_service_do_not_count_as_those_of_a_managed_identity() {
    for trouble in [Does::status(403), Does::retry_after(429, 60), Does::status(503), Does::Break, Does::Hang]
    {
        let service = Service::default();
        service.always(trouble.clone());
        let error = service.secret_credential().get_token(GRAPH, &plain()).await.expect_err("it fails");
        assert!(!error.is_unavailable(), "{trouble:?}: {error}");
    }
}

#[tokio::test]
async fn managed_identity_stands_for_an_application_that_trusts_it() {
    let emulator = emulator::start(|config| {
        machine(config);
        let trusting = json!({
            "appId": CLIENT_ID,
            "federatedIdentityCredentials": [{
                "issuer": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
                "subject": PRINCIPAL,
                "audiences": ["api://AzureADTokenExchange"],
            }],
        });
        config.applications = Application::parse(&trusting.to_string()).expect("an application");
    })
    .await;
    let machine = identity(&emulator, "imds", ManagedIdentityId::ClientId(USER_ASSIGNED.to_owned())).await;
    let assertion = move |_audience| {
        let machine = machine.clone();
        async move {
            let token = machine.get_token(&["api://AzureADTokenExchange/.default"], &plain()).await?;
            Ok(token.secret().to_owned())
        }
    };
    let options = emulator::options(&emulator);
    let credential =
        ClientAssertionCredential::new(TENANT, CLIENT_ID, assertion, options).expect("a credential");
    let token = credential.get_token(GRAPH, &plain()).await;
    assert_eq!(claim(&token.unwrap_or_else(|error| panic!("{error:?}")), "appid"), CLIENT_ID);
}

/// An emulator whose application is an API that Ada uses.
async fn api_of_ada() -> (Running, String) {
    let emulator = emulator::start(|config| {
        let api = json!({
            "appId": CLIENT_ID,
            "identifierUris": ["api://orders"],
            "keyCredentials": [{
                "type": "AsymmetricX509Cert", "usage": "Verify", "key": emulator::base64(vector::CERTIFICATE_PEM),
            }],
            "passwordCredentials": [{ "secretText": SECRET }],
            "api": { "oauth2PermissionScopes": [{ "id": "5c0be000-0000-4000-8000-000000000001", "value": "read" }] },
        });
        let ada = json!({ "id": ADA_ID, "userPrincipalName": ADA, "passwordProfile": { "password": "x" } });
        config.applications = Application::parse(&api.to_string()).expect("an application");
        config.users = vec![User::parse(&ada.to_string()).expect("a user")];
    })
    .await;
    let order = json!({ "audience": "api://orders", "tenant": TENANT });
    let minted = control(&emulator, "POST", &format!("users/{ADA}/tokens"), &order);
    let token = minted["accessToken"].as_str().expect("a token").to_owned();
    (emulator, token)
}

#[tokio::test]
async fn application_gets_tokens_on_behalf_of_a_user_beside_its_own() {
    let (emulator, of_ada) = api_of_ada().await;
    let source = CertificateSource::bytes(vector::pem());
    let options = || emulator::options(&emulator);
    let certificate =
        ClientCertificateCredential::new(TENANT, CLIENT_ID, source, options()).expect("a credential");
    let secret = ClientSecretCredential::new(TENANT, CLIENT_ID, SECRET, options()).expect("a credential");
    let own = certificate.get_token(GRAPH, &plain()).await.expect("a token");
    assert_ne!(claim(&own, "oid"), ADA_ID);
    for user in [certificate.on_behalf_of(&of_ada), secret.on_behalf_of(&of_ada)] {
        let token = user.get_token(&["https://graph.microsoft.com/User.Read"], &plain()).await;
        let token = token.unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!((claim(&token, "oid").as_str(), claim(&token, "scp").as_str()), (ADA_ID, "User.Read"));
        assert!(!format!("{user:?}").contains(&of_ada));
    }
}

#[tokio::test]
async fn users_get_no_tokens_of_each_other_and_one_request_each() {
    let service = Service::default();
    let app = service.secret_credential();
    let scopes = &["https://graph.microsoft.com/User.Read"];
    let (ada, bob) = (app.on_behalf_of("token-of-ada"), app.on_behalf_of("token-of-bob"));
    for _ in 0..2 {
        for (user, number) in [(&ada, 1), (&bob, 2), (&app.on_behalf_of("token-of-ada"), 1)] {
            let token = user.get_token(scopes, &plain()).await.expect("a token");
            assert_eq!(token.secret(), Service::token(number));
        }
        let own = app.get_token(scopes, &plain()).await.expect("a token");
        assert_eq!(own.secret(), Service::token(3));
    }
    assert_eq!(form_value(&service.requests()[1].body, "assertion").as_deref(), Some("token-of-bob"));
    assert!(ada.remove_token(scopes, &plain()).expect("usable scopes"));
    assert_eq!(bob.get_token(scopes, &plain()).await.expect("a token").secret(), Service::token(2));
    assert_eq!(ada.get_token(scopes, &plain()).await.expect("a token").secret(), Service::token(4));
}

#[tokio::test]
async fn user_who_has_to_be_asked_is_an_error_with_the_claims_for_it() {
    let service = Service::default();
    let refusal =
        r#"{"error":"interaction_required","error_codes":[50076],"claims":"{\"access_token\":{}}"}"#;
    service.next([Does::Answer(400, vec![], refusal.to_owned())]);
    let user = service.secret_credential().on_behalf_of("token-of-ada");
    let error = user.get_token(&["api://b/read"], &plain()).await.expect_err("interaction");
    assert_eq!(error.service().and_then(|service| service.claims.as_deref()), Some(r#"{"access_token":{}}"#));
}
