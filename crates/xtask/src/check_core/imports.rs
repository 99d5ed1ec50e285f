//! What the finished WASM modules import from JavaScript: nothing.
//!
//! An import is a capability: a clock, random bytes, the network. The core has none, and neither have the bindings: what they
//! need of that kind comes with a message.

use std::fs;

use anyhow::{Context, Result, bail};
use wasmparser::{Parser, Payload};

use super::looked_at;
use crate::build_wasm::ALL;
use crate::report::Outcome;
use crate::workspace::Workspace;

/// Refuses modules that import something.
///
/// # Errors
///
/// One does, or is not built.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    for module in ALL {
        let path = module.wasm_path(workspace);
        let wasm = fs::read(&path)
            .with_context(|| format!("reading {}, which `cargo xtask build` makes", path.display()))?;
        let imports = imports(&wasm).with_context(|| format!("reading the imports of {}", path.display()))?;
        if !imports.is_empty() {
            bail!("{}.wasm imports {}, and a module has nothing to import", module.name, imports.join(", "));
        }
    }
    Ok(looked_at(ALL.len(), "module"))
}

fn imports(wasm: &[u8]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                names.push(import?.name.to_owned());
            }
        }
    }
    if wasm.is_empty() {
        bail!("the file is empty");
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_read_from_a_module() {
        // (module (import "m" "now_0123456789abcdef" (func)))
        let mut wasm =
            b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x1a\x01\x01m\x14now_0123456789abcdef\0\0".to_vec();
        assert_eq!(imports(&wasm).expect("a module"), ["now_0123456789abcdef"]);
        wasm.truncate(20);
        assert!(imports(&wasm).is_err());
        assert!(imports(b"").is_err());
    }
}
