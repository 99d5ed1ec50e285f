//! The endpoints from which code on an Azure machine gets tokens of its managed identity.
//!
//! Instance metadata (IMDS), App Service, Azure Arc, Service Fabric, Cloud Shell, Machine Learning: each has its own
//! path, header, names of parameters, replies and errors. `source` knows these, `arc` the keys of Arc's agent,
//! `instance` what else a machine's metadata say.

mod arc;
mod instance;
mod reply;
mod source;

use serde_json::Value;
use time::OffsetDateTime;

pub(crate) use arc::ArcKeys;
pub(crate) use instance::metadata;
pub(crate) use reply::refuse;
pub(crate) use source::{METADATA_PATH, Source};

use crate::access_token::{AccessToken, Holder};
use crate::client_authentication::Client;
use crate::form::Form;
use crate::identity::reply::{Fault, respond_with, token_reply};
use crate::keys::SigningKey;
use crate::log::{Decision, Trail};
use crate::managed_identity::ManagedIdentity;
use crate::message::{Request, Response};
use crate::registration::Application;
use crate::resource::find_named;
use crate::token_endpoint::{Lifetimes, RequestedClaims, read_form};

/// The tokens of a managed identity are good for a day.
const LIFETIME_SECONDS: u64 = 86_400;

/// What the endpoints work with.
pub(crate) struct IdentityCall<'a> {
    pub(crate) source: Source,
    pub(crate) request: &'a Request,
    pub(crate) identities: &'a [ManagedIdentity],
    pub(crate) applications: &'a [Application],
    pub(crate) vault_resources: &'a [String],
    pub(crate) secret: &'a str,
    pub(crate) arc: &'a ArcKeys,
    pub(crate) key: &'a SigningKey,
    /// Where tenants get their tokens: the issuer of v2 tokens.
    pub(crate) authority: &'a str,
    pub(crate) now: OffsetDateTime,
    pub(crate) lifetimes: Lifetimes,
}

/// A token, and what the log says about it.
struct Granted {
    body: Value,
    version: u8,
    resource: String,
}

/// Answers a request for a token.
pub(crate) fn respond(call: &IdentityCall<'_>, trail: &mut Trail) -> (Response, Decision) {
    match answer(call, trail) {
        Ok(Granted { body, version, resource }) => {
            (respond_with(200, &body, call.now), Decision::Issued { version, resource })
        }
        Err(fault) => fault.respond(call.source, call.now),
    }
}

fn answer(call: &IdentityCall<'_>, trail: &mut Trail) -> Result<Granted, Fault> {
    let source = call.source;
    source.check_method(call.request)?;
    source.check_headers(call.request, call.secret)?;
    trail.passed("headers");
    let parameters = match source {
        Source::CloudShell => {
            read_form(call.request).map_err(|_| Fault::invalid("the body is not form-encoded"))
        }
        _ => Form::parse(call.request.query.as_bytes())
            .map_err(|_| Fault::invalid("the query is not form-encoded")),
    }?;
    source.check_version(parameters.get("api-version"))?;
    if source == Source::Arc {
        call.arc.check(call.request)?;
        trail.passed("key file");
    }
    let requested = parameters.get("resource").ok_or_else(|| Fault::missing("resource"))?;
    let identity = chosen(source, &parameters, call.identities)?;
    trail.client = Some(identity.application.app_id.clone());
    trail.passed("identity");
    granted(call, identity, requested, trail)
}

fn granted(
    call: &IdentityCall<'_>,
    identity: &ManagedIdentity,
    requested: &str,
    trail: &mut Trail,
) -> Result<Granted, Fault> {
    let (tenant, application) = (&identity.tenant, &identity.application);
    let found = find_named(call.applications, call.vault_resources, Some(tenant), &tenant.id, requested);
    let resource = found.map_err(|error| Fault::of_service(&error))?;
    trail.passed("resource");
    let roles = resource.roles(application);
    resource.check_assignment(application, &roles, trail).map_err(|error| Fault::of_service(&error))?;
    let client = Client { application, method: "2" };
    let lifetime = call.lifetimes.lifetime.unwrap_or(LIFETIME_SECONDS);
    let token = AccessToken {
        client: &client,
        resource: &resource,
        holder: Holder::Application { roles: &roles, managed_by: identity.resource_id.as_deref() },
        tenant,
        base: call.authority,
        now: call.now,
        lifetime: i64::try_from(lifetime).unwrap_or(i64::MAX),
        requested: RequestedClaims::default(),
    };
    let signed = token.sign(call.key).map_err(|_| Fault::internal("the token could not be signed"))?;
    let body = token_reply(call.source, &token, signed, call.lifetimes.refresh_in);
    Ok(Granted { body, version: resource.token_version, resource: resource.requested })
}

/// The identity that is meant: the one that is named or, if none is, the machine's own or its only one.
fn chosen<'a>(
    source: Source,
    parameters: &Form,
    identities: &'a [ManagedIdentity],
) -> Result<&'a ManagedIdentity, Fault> {
    let names = source.identity_parameters();
    let named: Vec<(&str, &str)> =
        names.iter().filter_map(|name| Some((*name, parameters.get(name)?))).collect();
    if let Some(other) = Source::ALL_IDENTITY_PARAMETERS
        .iter()
        .find(|name| !names.contains(name) && parameters.get(name).is_some())
    {
        return Err(Fault::invalid(&format!("{other} is no parameter of this endpoint")));
    }
    match named[..] {
        [] => assigned(identities),
        [(name, value)] => {
            let is_it = |one: &&ManagedIdentity| match name {
                "client_id" | "clientid" => one.is_client(value),
                "msi_res_id" | "mi_res_id" => {
                    one.resource_id.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(value))
                }
                _ => one.principal_id.eq_ignore_ascii_case(value),
            };
            identities.iter().find(is_it).ok_or_else(Fault::identity_not_found)
        }
        _ => Err(Fault::invalid("more than one parameter names an identity")),
    }
}

fn assigned(identities: &[ManagedIdentity]) -> Result<&ManagedIdentity, Fault> {
    match (identities.iter().find(|one| one.is_system_assigned), identities) {
        (Some(own), _) => Ok(own),
        (None, [only]) => Ok(only),
        (None, []) => Err(Fault::identity_not_found()),
        (None, _) => Err(Fault::invalid(
            "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the \
             token request",
        )),
    }
}
