//! Where a device starts to sign in ([RFC 8628 section 3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.1)).
//!
//! v1 takes the parameters in the body or in the query and writes numbers as strings; v2 takes a body and writes numbers.

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::client_authentication::find_application;
use crate::device_codes::{DeviceCodes, INTERVAL_SECONDS, LIFETIME_SECONDS};
use crate::form::Form;
use crate::log::Trail;
use crate::registration::Application;
use crate::resource;
use crate::scope::Asked;
use crate::service_error::ServiceError;
use crate::tenant::Tenant;
use crate::token_endpoint::{Version, missing, target};

/// Where the service sends the user. Nothing is served there by the emulator: its control interface approves.
const VERIFICATION_URL: &str = "https://microsoft.com/devicelogin";

/// What the endpoint works with.
pub(crate) struct DeviceStart<'a> {
    pub(crate) version: Version,
    pub(crate) applications: &'a [Application],
    pub(crate) vault_resources: &'a [String],
    /// None at `/common` and its like.
    pub(crate) tenant: Option<&'a Tenant>,
    pub(crate) segment: &'a str,
    pub(crate) devices: &'a DeviceCodes,
    pub(crate) now: OffsetDateTime,
}

/// Starts a sign-in and says how to finish it.
pub(crate) fn start(at: &DeviceStart<'_>, form: &Form, trail: &mut Trail) -> Result<Value, ServiceError> {
    let client = form.get("client_id").ok_or_else(|| missing("client_id"))?;
    trail.client = Some(client.to_owned());
    let target = target(at.version, form)?.ok_or_else(|| missing(at.version.target_name()))?;
    let application = find_application(at.applications, client, at.tenant, at.segment)?;
    trail.passed("application");
    let asked = match at.version {
        Version::V1 => Asked::of_resource(&target),
        Version::V2 => Asked::of_scope(&target)?,
    };
    resource::find_named(at.applications, at.vault_resources, at.tenant, at.segment, &asked.resource)?;
    trail.passed("resource");
    let (device_code, user_code) = at.devices.start(&application.app_id, asked, at.now);
    let message = format!(
        "To sign in, use a web browser to open the page {VERIFICATION_URL} and enter the code {user_code} to \
         authenticate."
    );
    Ok(match at.version {
        Version::V1 => json!({
            "user_code": user_code,
            "device_code": device_code,
            "verification_url": VERIFICATION_URL,
            "expires_in": LIFETIME_SECONDS.to_string(),
            "interval": INTERVAL_SECONDS.to_string(),
            "message": message,
        }),
        Version::V2 => json!({
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": VERIFICATION_URL,
            "expires_in": LIFETIME_SECONDS,
            "interval": INTERVAL_SECONDS,
            "message": message,
        }),
    })
}
