//! User realm: who checks a user's password, Entra or another provider.

use serde_json::{Value, json};

use crate::discovery::CLOUD_INSTANCE;
use crate::form::{Form, decode};
use crate::saml::AUDIENCE;
use crate::wstrust::FederationCall;

/// The document about the user whose name stands in the path.
pub(super) fn document(call: &FederationCall<'_>, segment: &str) -> Result<Value, &'static str> {
    let query = Form::parse(call.request.query.as_bytes()).map_err(|_| "the query is not form-encoded")?;
    if query.get("api-version").is_none_or(|version| version != "1.0") {
        return Err("api-version is not 1.0");
    }
    let name = decode(segment.replace('+', "%2B").as_bytes())
        .map_err(|_| "the name is not percent-encoded UTF-8")?;
    let user = call.users.iter().find(|user| user.is_named(&name));
    let mut document = json!({
        "ver": "1.0",
        "domain_name": name.split_once('@').map(|(_, domain)| domain),
        "cloud_instance_name": CLOUD_INSTANCE,
        "cloud_audience_urn": AUDIENCE,
    });
    let is_ours = user.is_some_and(|user| user.home(call.tenants).is_some());
    let kind = match user {
        Some(user) if user.is_federated() => {
            let authority = call.authority;
            document["federation_protocol"] = json!("WSTrust");
            if user.shows_metadata() {
                document["federation_metadata_url"] = json!(format!("{authority}/adfs/services/trust/mex"));
            }
            document["federation_active_auth_url"] =
                json!(format!("{authority}/adfs/services/trust/2005/usernamemixed"));
            "Federated"
        }
        Some(_) if is_ours => "Managed",
        _ => "Unknown",
    };
    document["account_type"] = json!(kind);
    Ok(document)
}
