//! What the README shows is what works.

use certgrant_emulator::{Config, FaultRule, Registrations, Request, TokenService, Vault};
use serde_json::json;

use crate::support::*;

const README: &str = include_str!("../../README.md");

/// The example that begins with this fence.
fn example(fence: &str) -> &'static str {
    let block = README.split_once(fence).and_then(|(_, rest)| rest.split_once("\n```"));
    block.unwrap_or_else(|| panic!("no example {fence}")).0
}

#[test]
fn registration_example_is_accepted_and_its_client_gets_a_token() {
    let (before, after) = example("```json\n").split_once("MIIC…").expect("the place of the certificate");
    let example = format!("{before}{}{after}", app_key().base64());
    let registrations: serde_json::Value = serde_json::from_str(&example).expect("JSON");
    let service = service_for(&registrations);
    let claims = present_with(&service, "scope", "api://orders/.default").token_part(1);
    assert_eq!((&claims["ver"], &claims["roles"]), (&json!("2.0"), &json!(["Orders.Read.All"])));
    let graph = present(&service, &Assertion::new()).token_part(1);
    assert_eq!(graph["roles"], json!(["User.Read.All"]));
}

#[test]
fn example_with_users_and_identities_is_accepted_and_both_get_tokens() {
    let registrations = Registrations::parse(example("```json users\n")).expect("registrations");
    let mut config = Config::default();
    config.register(registrations);
    let service = TokenService::new(config).expect("a service");
    let parameters = [
        ("grant_type", "password"),
        ("client_id", "dddddddd-0000-4000-8000-000000000000"),
        ("scope", "User.Read"),
        ("username", "ada@contoso.com"),
        ("password", "not~a~real~password"),
    ];
    let request = Request::post(HOST, "/contoso.com/oauth2/v2.0/token", form(&parameters));
    assert_eq!(Answer::of(&service, &request).token_part(1)["given_name"], "Ada");
    let path = "/msi/token?api-version=2019-08-01&resource=https://vault.azure.net";
    let mut request = Request::get(HOST, path);
    request.headers.push(("X-IDENTITY-HEADER".to_owned(), "not~a~real~secret".to_owned()));
    assert_eq!(Answer::of(&service, &request).body["client_id"], "eeeeeeee-0000-4000-8000-000000000000");
}

#[test]
fn vault_example_is_accepted_and_is_served() {
    let vaults = Vault::parse(example("```json vault\n")).expect("a vault");
    let service = service_with(&registration(), |config| config.vaults = vaults);
    let answer = Answer::of(&service, &Request::get("contoso.vault.azure.net", "/certificates/daemon"));
    assert_eq!(answer.body["error"]["code"], "Unauthorized");
}

#[test]
fn fault_example_is_accepted_and_the_second_request_fails() {
    let rules = FaultRule::parse(example("```json faults\n")).expect("rules");
    let service = service_with(&registration(), |config| config.faults = rules);
    let mut statuses = (0..3).map(|_| present(&service, &Assertion::new()).response.status);
    assert_eq!([statuses.next(), statuses.next(), statuses.next()], [Some(200), Some(503), Some(200)]);
}
