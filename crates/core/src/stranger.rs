//! Texts that people give in the place of a certificate file, told by how they begin: what is something else is named as
//! what it is.

use crate::error::{Error, ErrorCode};
use crate::pem::text_of;

/// How long a text may be that is taken for the path of a file.
const MAX_PATH: usize = 260;

/// Names the text of a file, if it is one of the known kinds. Nothing of the text is repeated: it may hold a key.
pub(crate) fn named(file: &[u8]) -> Option<Error> {
    let text = text_of(file).ok()?;
    let text =
        text.expose().trim_start_matches(|character: char| character.is_whitespace() || character == '"');
    let begins = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    let (found, hint) = if begins(&["---- BEGIN SSH2 PUBLIC KEY", "ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-"])
    {
        ("an SSH public key", "give the certificate and its private key; Entra ID knows no SSH keys")
    } else if begins(&["PuTTY-User-Key-File-"]) {
        ("a PuTTY key", "export it with PuTTYgen as an OpenSSH key, then: ssh-keygen -p -m PKCS8 -f FILE")
    } else if begins(&["<RSAKeyValue"]) {
        ("an RSA key in XML", "export the certificate with its private key as PFX or PEM")
    } else if begins(&["<!", "<html", "<HTML", "<?xml"]) {
        ("an HTML or XML page", "download the file itself; a page came in its place, perhaps one to sign in")
    } else if begins(&["{"]) && text.contains("\"kty\"") {
        ("a JSON Web Key", "give the certificate and its private key as PFX or PEM")
    } else if is_path(text) {
        ("the path of a file", "give it as certificatePath, or the file's content as certificate")
    } else {
        return None;
    };
    Some(Error::new(ErrorCode::PemNotFound, found, "a certificate file's content").with_hint(hint))
}

/// One line that ends like the name of a certificate file.
fn is_path(text: &str) -> bool {
    const ENDINGS: [&str; 9] = [".pem", ".pfx", ".p12", ".cer", ".crt", ".key", ".der", ".p7b", ".txt"];
    let text = text.trim_end_matches(|character: char| character.is_whitespace() || character == '"');
    let is_line = text.len() <= MAX_PATH && !text.contains(['\r', '\n']);
    let lower = text.to_ascii_lowercase();
    is_line && ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_kinds_are_named_and_nothing_is_repeated() {
        for (text, found) in [
            ("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n", "an SSH public key"),
            ("ssh-rsa AAAAB3 me@here\n", "an SSH public key"),
            ("PuTTY-User-Key-File-3: ssh-rsa\n", "a PuTTY key"),
            ("\u{feff}<RSAKeyValue><Modulus>", "an RSA key in XML"),
            ("\n <!DOCTYPE html>", "an HTML or XML page"),
            ("{ \"kty\": \"RSA\" }", "a JSON Web Key"),
            ("\"C:\\certs\\app.PFX\"\r\n", "the path of a file"),
            ("/run/secrets/app.pem", "the path of a file"),
        ] {
            let error = named(text.as_bytes()).unwrap();
            assert_eq!((error.code(), error.found()), (ErrorCode::PemNotFound, found), "{text}");
            assert_ne!(error.hint(), ErrorCode::PemNotFound.hint());
        }
    }

    #[test]
    fn other_texts_have_no_name() {
        for text in ["", "hello", "hello.pem\nagain", "{}", "a.exe"] {
            assert!(named(text.as_bytes()).is_none(), "{text}");
        }
        assert!(named(&[b'a'; 1000]).is_none());
    }
}
