//! What the README shows is what works.

use serde_json::json;

use crate::support::*;

const README: &str = include_str!("../../README.md");

#[test]
fn registration_example_is_accepted_and_its_client_gets_a_token() {
    let block = README.split_once("```json\n").and_then(|(_, rest)| rest.split_once("\n```"));
    let example = block.expect("a JSON example").0;
    let (before, after) = example.split_once("MIIC…").expect("the place of the certificate");
    let example = format!("{before}{}{after}", app_key().base64());
    let registrations: serde_json::Value = serde_json::from_str(&example).expect("JSON");
    let service = service_for(&registrations);
    let claims = present_with(&service, "scope", "api://orders/.default").token_part(1);
    assert_eq!((&claims["ver"], &claims["roles"]), (&json!("2.0"), &json!(["Orders.Read.All"])));
    let graph = present(&service, &Assertion::new()).token_part(1);
    assert_eq!(graph["roles"], json!(["User.Read.All"]));
}
