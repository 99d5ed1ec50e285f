//! What the finished WASM modules import from JavaScript.
//!
//! An import is a capability: a clock, random bytes, the network. The core has none, and the bindings have those on the
//! list. wasm-bindgen appends a hash to the names, which changes with its version and says nothing.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use wasmparser::{Parser, Payload};

use super::looked_at;
use super::pinned::Pinned;
use crate::build_wasm::{FILES, MAIN, Module, RSA, USER, VAULT, WIDE};
use crate::report::Outcome;
use crate::workspace::Workspace;

const HASH_LENGTH: usize = 16;

/// The lists, with the modules they are about.
pub(crate) fn pinned(workspace: &Workspace) -> [(Pinned, Module); 6] {
    let list = |path, about, module| (Pinned::new(workspace, path, about), module);
    [
        list("bindings/wasm/imports.txt", "What the module that signs with WebCrypto imports.", MAIN),
        list("bindings/wasm/imports-wide.txt", "What the module with all its features imports.", WIDE),
        list("bindings/wasm/imports-rsa.txt", "What the module that signs by itself imports.", RSA),
        list("bindings/wasm/imports-files.txt", "What the module that opens encrypted files imports.", FILES),
        list("bindings/wasm/imports-vault.txt", "What the module that speaks with Key Vault imports.", VAULT),
        list("bindings/wasm/imports-user.txt", "What the module with ADAL's other flows imports.", USER),
    ]
}

/// Compares the imports of both modules with the lists.
///
/// # Errors
///
/// They differ, or the modules are not built.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let mut count = 0;
    for (pinned, module) in pinned(workspace) {
        let found = of_module(workspace, module)?;
        pinned.check(&found)?;
        count += found.len();
    }
    Ok(looked_at(count, "import"))
}

/// The imports of a finished module.
///
/// # Errors
///
/// The module is not built, or it is no WASM module.
pub(crate) fn of_module(workspace: &Workspace, module: Module) -> Result<BTreeSet<String>> {
    let path = module.wasm_path(workspace);
    let wasm = fs::read(&path)
        .with_context(|| format!("reading {}, which `cargo xtask build` makes", path.display()))?;
    imports(&wasm).with_context(|| format!("reading the imports of {}", path.display()))
}

fn imports(wasm: &[u8]) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                names.insert(without_hash(import?.name).to_owned());
            }
        }
    }
    if wasm.is_empty() {
        bail!("the file is empty");
    }
    Ok(names)
}

fn without_hash(name: &str) -> &str {
    let is_hash = |end: &str| end.len() == HASH_LENGTH && end.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name.rsplit_once('_') {
        Some((start, end)) if is_hash(end) => start,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_cut_from_names() {
        assert_eq!(without_hash("__wbg_getRandomValues_1c61fac11405ffdc"), "__wbg_getRandomValues");
        assert_eq!(without_hash("__wbindgen_init_externref_table"), "__wbindgen_init_externref_table");
    }

    #[test]
    fn imports_are_read_from_a_module() {
        // (module (import "m" "now_0123456789abcdef" (func)))
        let mut wasm =
            b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x1a\x01\x01m\x14now_0123456789abcdef\0\0".to_vec();
        assert_eq!(imports(&wasm).expect("a module"), BTreeSet::from(["now".to_owned()]));
        wasm.truncate(20);
        assert!(imports(&wasm).is_err());
        assert!(imports(b"").is_err());
    }
}
