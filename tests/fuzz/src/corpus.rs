//! The inputs that everything starts from: the files of `tests/vectors`, the seeds beside this crate, and what is found
//! inside them.

use crate::targets::choice_of;
use certgrant_core::{Label, sections};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Starts of DER: what a target for DER can read.
const SEQUENCE: u8 = 0x30;

/// What is beside the files but is none of them.
const NO_FILES: [&str; 6] = ["sh", "py", "json", "mjs", "md", "gitattributes"];

/// The inputs of each target in `TARGETS`, each once, in the order of the files' names.
///
/// # Errors
///
/// A file can't be read.
pub fn inputs(target: &str) -> io::Result<Vec<Vec<u8>>> {
    let files = files()?;
    let mut inputs = BTreeSet::new();
    for file in &files {
        match target {
            "pem" => inputs.extend((!is_der(&file.bytes)).then(|| file.bytes.clone())),
            "der" => inputs.extend(ders(&file.bytes).into_iter().map(|(_, der)| der)),
            "pfx" if file.is_pfx() => inputs.extend(with_passwords(file, &file.spellings_of_pfx())),
            "keys" if !file.is_pfx() => inputs.extend(with_passwords(file, &file.spellings_of_keys())),
            _ => {}
        }
    }
    Ok(inputs.into_iter().collect())
}

/// A file, and the passwords that its manifest names for it.
struct File {
    bytes: Vec<u8>,
    path: PathBuf,
    passwords: Vec<Option<String>>,
}

impl File {
    fn is_pfx(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "pfx")
    }

    /// The file, and the same without its MAC, which refuses everything that is changed.
    fn spellings_of_pfx(&self) -> Vec<Vec<u8>> {
        [Some(self.bytes.clone()), without_mac(&self.bytes)].into_iter().flatten().collect()
    }

    /// The file, and the keys in it as DER.
    fn spellings_of_keys(&self) -> Vec<Vec<u8>> {
        let keys = ders(&self.bytes).into_iter().filter_map(|(is_key, der)| is_key.then_some(der));
        core::iter::once(self.bytes.clone()).chain(keys).collect()
    }
}

fn with_passwords<'a>(file: &'a File, spellings: &'a [Vec<u8>]) -> impl Iterator<Item = Vec<u8>> + 'a {
    let choices: Vec<u8> =
        file.passwords.iter().filter_map(|password| choice_of(password.as_deref())).collect();
    spellings.iter().flat_map(move |bytes| {
        choices.clone().into_iter().map(move |choice| [&[choice], &bytes[..]].concat())
    })
}

/// The files of every folder.
fn files() -> io::Result<Vec<File>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let vectors = here.join("../vectors");
    let mut files = Vec::new();
    for folder in ["assertion-rs256", "bundles", "keys", "pem", "pfx"].map(|name| vectors.join(name)) {
        read_folder(&folder, &mut files)?;
    }
    read_folder(&here.join("seeds"), &mut files)?;
    Ok(files)
}

fn read_folder(folder: &Path, files: &mut Vec<File>) -> io::Result<()> {
    let manifest = match fs::read(folder.join("manifest.json")) {
        Ok(text) => serde_json::from_slice(&text)?,
        Err(_) => Value::Null,
    };
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    paths.retain(|path| path.is_file() && !is_no_file(path));
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let passwords = passwords(&manifest, name);
        files.push(File { bytes: fs::read(&path)?, passwords, path });
    }
    Ok(())
}

fn is_no_file(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_none_or(|extension| NO_FILES.contains(&extension))
}

/// What the manifest has for a file; else the password of everything that has no manifest.
fn passwords(manifest: &Value, name: &str) -> Vec<Option<String>> {
    let entries = manifest.as_array().into_iter().flatten().filter(|entry| entry["file"] == name);
    let passwords: BTreeSet<Option<String>> =
        entries.map(|entry| entry["password"].as_str().map(str::to_owned)).collect();
    if passwords.is_empty() { vec![Some("certgrant".into())] } else { passwords.into_iter().collect() }
}

fn is_der(file: &[u8]) -> bool {
    file.first() == Some(&SEQUENCE)
}

/// The file if it is DER, or what its sections hold; with each, whether it is a private key.
fn ders(file: &[u8]) -> Vec<(bool, Vec<u8>)> {
    if is_der(file) {
        return vec![(true, file.to_vec())];
    }
    let is_key =
        |label| matches!(label, Label::PrivateKey | Label::RsaPrivateKey | Label::EncryptedPrivateKey);
    let sections = sections(file).unwrap_or_default().into_iter();
    let sections = sections.map(|section| (is_key(section.label), section.der.expose().clone()));
    sections.filter(|(_, der)| !der.is_empty()).collect()
}

/// A PFX in DER without the third of its members, `PFX ::= SEQUENCE { version, authSafe, macData OPTIONAL }`.
fn without_mac(pfx: &[u8]) -> Option<Vec<u8>> {
    let (members, _) = contents(pfx)?;
    let (_, behind_version) = contents(members)?;
    let (_, mac) = contents(behind_version)?;
    let rest = &members[..members.len() - mac.len()];
    if mac.is_empty() {
        return None;
    }
    let mut file = vec![SEQUENCE, 0x82];
    file.extend(u16::try_from(rest.len()).ok()?.to_be_bytes());
    file.extend(rest);
    Some(file)
}

/// The contents of the first element, and what stands behind it; none if its length is indefinite.
fn contents(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.get(1..)?.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TARGETS;

    #[test]
    fn every_target_has_inputs_and_the_first_byte_chooses_the_password_of_the_file() {
        for target in TARGETS {
            assert!(inputs(target.name).unwrap().len() > 100, "{}", target.name);
        }
        let opened = |target: &str| {
            let open = |input: &Vec<u8>| crate::targets::opens(input);
            inputs(target).unwrap().iter().filter(|input| open(input)).count()
        };
        assert!(opened("pfx") > 50 && opened("keys") > 50);
    }

    #[test]
    fn mac_is_cut_out_of_a_pfx() {
        let pfx = [0x30, 0x81, 9, 2, 1, 3, 0x30, 0, 0x30, 2, 5, 0];
        assert_eq!(without_mac(&pfx).unwrap(), [0x30, 0x82, 0, 5, 2, 1, 3, 0x30, 0]);
        assert_eq!(without_mac(&[0x30, 5, 2, 1, 3, 0x30, 0]), None);
    }
}
