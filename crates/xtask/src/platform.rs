//! The platforms that a release has a native addon for, in npm's words and in rustc's.

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// A platform as npm names it, `process.platform` and `process.arch`, and the C library where there are several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Platform {
    pub(crate) os: &'static str,
    pub(crate) cpu: &'static str,
    pub(crate) libc: Option<Libc>,
    /// rustc's target by which it is built on another platform.
    pub(crate) target: &'static str,
}

/// A C library of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Libc {
    Glibc,
    Musl,
}

/// All of them.
pub(crate) const ALL: [Platform; 7] = [
    Platform { os: "linux", cpu: "x64", libc: Some(Libc::Glibc), target: "x86_64-unknown-linux-gnu" },
    Platform { os: "linux", cpu: "arm64", libc: Some(Libc::Glibc), target: "aarch64-unknown-linux-gnu" },
    Platform { os: "linux", cpu: "x64", libc: Some(Libc::Musl), target: "x86_64-unknown-linux-musl" },
    Platform { os: "linux", cpu: "arm64", libc: Some(Libc::Musl), target: "aarch64-unknown-linux-musl" },
    // Not msvc: that needs Microsoft's SDK, and an addon of either is loaded by the same interface of Node.js.
    Platform { os: "win32", cpu: "x64", libc: None, target: "x86_64-pc-windows-gnu" },
    Platform { os: "darwin", cpu: "x64", libc: None, target: "x86_64-apple-darwin" },
    Platform { os: "darwin", cpu: "arm64", libc: None, target: "aarch64-apple-darwin" },
];

impl Platform {
    /// The platform that this program was built for.
    ///
    /// # Errors
    ///
    /// There is no addon for it.
    pub(crate) fn of_this_machine() -> Result<Self> {
        let libc = cfg!(target_env = "musl").then_some(Libc::Musl).unwrap_or(Libc::Glibc);
        Self::from_rust(std::env::consts::OS, std::env::consts::ARCH, libc)
    }

    /// Translates rustc's names into npm's.
    fn from_rust(os: &str, arch: &str, libc: Libc) -> Result<Self> {
        let os = match os {
            "macos" => "darwin",
            "windows" => "win32",
            other => other,
        };
        let cpu = match arch {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            other => other,
        };
        let is_it = |platform: &&Self| {
            platform.os == os && platform.cpu == cpu && platform.libc.is_none_or(|its| its == libc)
        };
        let found = ALL.iter().find(is_it).copied();
        found.with_context(|| format!("there is no native addon for {os}-{cpu}; the WASM module runs there"))
    }

    /// The platforms that are asked for by name; `all` is all of them.
    ///
    /// # Errors
    ///
    /// There is no platform of such a name.
    pub(crate) fn named(names: &[String]) -> Result<Vec<Self>> {
        if names.iter().any(|name| name == "all") {
            return Ok(ALL.to_vec());
        }
        let of_name = |name: &String| {
            let found = ALL.into_iter().find(|platform| platform.name() == *name);
            found.with_context(|| {
                let known: Vec<String> = ALL.into_iter().map(Self::name).collect();
                format!("there is no platform \"{name}\"; there are {}, and all", known.join(", "))
            })
        };
        names.iter().map(of_name).collect()
    }

    /// Its name, such as `linux-x64-gnu`.
    pub(crate) fn name(self) -> String {
        let abi = match self.libc {
            Some(Libc::Glibc) => "-gnu",
            Some(Libc::Musl) => "-musl",
            None => "",
        };
        format!("{}-{}{abi}", self.os, self.cpu)
    }

    /// The manifest of its npm package.
    pub(crate) fn manifest(self, version: &str) -> Value {
        let name = self.name();
        let mut manifest = json!({
            "name": format!("@certgrant/native-{name}"),
            "version": version,
            "description": format!("The native addon of certgrant for {name}"),
            "license": env!("CARGO_PKG_LICENSE"),
            "repository": {
                "type": "git",
                "url": "git+https://github.com/certgrant/certgrant.git",
                "directory": "bindings/node",
            },
            "type": "commonjs",
            "main": "certgrant.node",
            "files": ["certgrant.node"],
            "os": [self.os],
            "cpu": [self.cpu],
            "engines": { "node": ">=20" },
        });
        match self.libc {
            Some(Libc::Glibc) => manifest["libc"] = json!(["glibc"]),
            Some(Libc::Musl) => manifest["libc"] = json!(["musl"]),
            None => {}
        }
        manifest
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn platforms_are_named_as_npm_packages_are() {
        let name = |os, arch, libc| Platform::from_rust(os, arch, libc).map(Platform::name).ok();
        assert_eq!(name("linux", "x86_64", Libc::Glibc).as_deref(), Some("linux-x64-gnu"));
        assert_eq!(name("linux", "aarch64", Libc::Glibc).as_deref(), Some("linux-arm64-gnu"));
        assert_eq!(name("linux", "x86_64", Libc::Musl).as_deref(), Some("linux-x64-musl"));
        assert_eq!(name("macos", "aarch64", Libc::Glibc).as_deref(), Some("darwin-arm64"));
        assert_eq!(name("macos", "x86_64", Libc::Glibc).as_deref(), Some("darwin-x64"));
        assert_eq!(name("windows", "x86_64", Libc::Glibc).as_deref(), Some("win32-x64"));
    }

    #[test]
    fn platform_without_an_addon_is_refused_with_the_way_out() {
        let error = Platform::from_rust("linux", "riscv64", Libc::Glibc).expect_err("no addon");
        assert_eq!(
            error.to_string(),
            "there is no native addon for linux-riscv64; the WASM module runs there"
        );
    }

    #[test]
    fn platforms_are_asked_for_by_name_or_all_at_once() {
        let names = |asked: &[&str]| {
            let asked: Vec<String> = asked.iter().map(|&name| name.to_owned()).collect();
            Platform::named(&asked).map(|found| found.into_iter().map(Platform::name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["win32-x64", "linux-x64-musl"]).expect("known"), ["win32-x64", "linux-x64-musl"]);
        let all: BTreeSet<String> = names(&["all"]).expect("known").into_iter().collect();
        assert_eq!(all.len(), ALL.len());
        let error = names(&["linux-x64"]).expect_err("unknown").to_string();
        assert!(
            error.starts_with("there is no platform \"linux-x64\"; there are linux-x64-gnu, "),
            "{error}"
        );
    }

    #[test]
    fn manifest_keeps_npm_from_installing_the_addon_elsewhere() {
        let manifest = Platform::from_rust("linux", "x86_64", Libc::Musl).expect("known").manifest("1.2.3");
        assert_eq!(manifest["name"], "@certgrant/native-linux-x64-musl");
        assert_eq!(manifest["version"], "1.2.3");
        assert_eq!(manifest["os"], json!(["linux"]));
        assert_eq!(manifest["cpu"], json!(["x64"]));
        assert_eq!(manifest["libc"], json!(["musl"]));
    }
}
