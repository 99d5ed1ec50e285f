//! What a user's token is asked for: a resource and permissions there, in the spelling of v1 or of v2.
//!
//! v1 names a resource and gets everything that is granted. v2 lists scopes: `openid` and its like, permissions with
//! the resource in front, permissions of Microsoft Graph without, or `{resource}/.default` for everything that is
//! granted ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).

use serde::{Deserialize, Serialize};

use crate::registration::Application;
use crate::resource::{Resource, invalid_scope};
use crate::service_error::{ErrorDetails, ServiceError};

/// The resource of scopes that name none.
const GRAPH: &str = "https://graph.microsoft.com";

/// A resource and what is wanted of it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) resource: String,
    /// Permissions by name; none means all that is granted.
    names: Vec<String>,
    /// `openid`, `profile` and `email`, as far as they were asked for.
    open_id: Vec<String>,
    /// A refresh token is wanted.
    pub(crate) is_offline: bool,
    /// The scopes had the resource in front.
    is_prefixed: bool,
}

impl Asked {
    /// What v1 asks for: always an id token and a refresh token as well.
    pub(crate) fn of_resource(resource: &str) -> Self {
        Self {
            resource: resource.to_owned(),
            names: Vec::new(),
            open_id: vec!["openid".to_owned()],
            is_offline: true,
            is_prefixed: false,
        }
    }

    /// What a v2 `scope` asks for.
    pub(crate) fn of_scope(scope: &str) -> Result<Self, ServiceError> {
        let mut asked = Self { open_id: Vec::new(), is_offline: false, ..Self::of_resource("") };
        let mut is_default = false;
        for one in scope.split_ascii_whitespace() {
            match one {
                "openid" | "profile" | "email" => asked.open_id.push(one.to_owned()),
                "offline_access" => asked.is_offline = true,
                _ => {
                    let (resource, name) = one.rsplit_once('/').unwrap_or((GRAPH, one));
                    if resource.is_empty() || name.is_empty() {
                        return Err(invalid_scope(one).because("a scope has no resource or no name"));
                    }
                    asked.add(resource, name)?;
                    asked.is_prefixed |= one.contains('/');
                    is_default |= name == ".default";
                }
            }
        }
        if is_default && asked.names.len() > 1 {
            let text = ".default scope can't be combined with resource-specific scopes.";
            return Err(ServiceError::new(70011, text).because("more than .default is asked for"));
        }
        if is_default {
            asked.names.clear();
        }
        if asked.resource.is_empty() {
            GRAPH.clone_into(&mut asked.resource);
        }
        Ok(asked)
    }

    fn add(&mut self, resource: &str, name: &str) -> Result<(), ServiceError> {
        if !self.resource.is_empty() && self.resource != resource {
            let text = "The provided value for the input parameter scope is not valid because it contains more than \
                        one resource.";
            return Err(ServiceError::new(700022, text).because(format!("{} and {resource}", self.resource)));
        }
        resource.clone_into(&mut self.resource);
        self.names.push(name.to_owned());
        Ok(())
    }

    pub(crate) fn wants_id_token(&self) -> bool {
        self.open_id.iter().any(|scope| scope == "openid")
    }

    /// The permissions that the token will have.
    pub(crate) fn consented(
        &self,
        resource: &Resource<'_>,
        client: &Application,
    ) -> Result<Vec<String>, ServiceError> {
        let granted = resource.scopes(client);
        if self.names.is_empty() && !granted.is_empty() {
            return Ok(granted);
        }
        let is_restricted = client.emulator.scopes.is_some();
        let lacks =
            |name: &&String| is_restricted && !granted.iter().any(|one| one.eq_ignore_ascii_case(name));
        if granted.is_empty() || self.names.iter().any(|name| lacks(&name)) {
            let text = format!(
                "The user or administrator has not consented to use the application with ID '{}' named '{}'. Send an \
                 interactive authorization request for this user and resource.",
                client.app_id, client.display_name
            );
            let suberror = Some("consent_required".to_owned());
            let details = ErrorDetails { suberror, ..ErrorDetails::default() };
            return Err(ServiceError::new(65001, text).with(details).because("a permission is not granted"));
        }
        Ok(self.names.clone())
    }

    /// `scope` of a v2 reply: what was granted, spelled as it was asked for.
    pub(crate) fn spelled(&self, granted: &[String]) -> String {
        let granted = granted.iter().map(|name| match self.is_prefixed {
            true => format!("{}/{name}", self.resource),
            false => name.clone(),
        });
        self.open_id.iter().cloned().chain(granted).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(scope: &str) -> Result<(String, Vec<String>, bool, bool), u32> {
        let asked = Asked::of_scope(scope).map_err(|error| error.code)?;
        Ok((asked.resource.clone(), asked.names.clone(), asked.wants_id_token(), asked.is_offline))
    }

    #[test]
    fn scopes_name_a_resource_and_permissions() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let graph = || GRAPH.to_owned();
        for (scope, expected) in [
            ("User.Read", (graph(), names(&["User.Read"]), false, false)),
            ("openid profile offline_access", (graph(), names(&[]), true, true)),
            ("https://graph.microsoft.com/.default openid", (graph(), names(&[]), true, false)),
            (
                "api://orders/read api://orders/write",
                ("api://orders".to_owned(), names(&["read", "write"]), false, false),
            ),
            (
                "https://storage.azure.com//user_impersonation",
                ("https://storage.azure.com/".to_owned(), names(&["user_impersonation"]), false, false),
            ),
        ] {
            assert_eq!(read(scope), Ok(expected), "{scope}");
        }
    }

    #[test]
    fn scopes_that_do_not_go_together_are_refused() {
        assert_eq!(read("api://orders/read User.Read"), Err(700022));
        assert_eq!(read("api://orders/.default api://orders/read"), Err(70011));
        assert_eq!(read("/read"), Err(70011));
        assert_eq!(read("api://orders/"), Err(70011));
    }
}
