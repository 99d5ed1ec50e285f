//! Proxies that refuse, told from other failures.

/// What a proxy did, if it was one. The type of these errors is not public, so their texts tell; the tests over a real proxy
/// fail if these change.
pub(super) fn of_proxy(texts: &[String]) -> Option<(&'static str, &'static str)> {
    let tunnel = texts.iter().find_map(|text| text.strip_prefix("tunnel error: "))?;
    Some(match tunnel {
        "proxy authorization required" => (
            "a proxy that wants a user name and a password (status 407)",
            "put them into the proxy's address: http://user:password@host:port",
        ),
        "failed to create underlying connection" => (
            "a proxy that can't be reached",
            "check HTTPS_PROXY or the option proxy, and that the proxy runs",
        ),
        _ => (
            "a proxy that refused to connect to the token service",
            "have the proxy allow CONNECT to the token service, or add its host to NO_PROXY",
        ),
    })
}
