//! PFX files, PKCS#12: [RFC 7292](https://www.rfc-editor.org/rfc/rfc7292), with the MACs of
//! [RFC 9579](https://www.rfc-editor.org/rfc/rfc9579).
//!
//! Only what a password opens is read: a file that is protected for a Windows account, or signed in place of a MAC, is
//! refused by name. Where there is a MAC it is checked first; nothing is decrypted, and no more is read than where the
//! MAC stands, before it fits. Keys and certificates come out as they stand there; `bundle` pairs them.

mod bags;
mod mac;

pub(crate) use bags::Bags;

use crate::asn1::{CONTEXT_0, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader};
use crate::ber;
use crate::error::{Error, ErrorCode, Result};
use crate::pbe::{Budget, password_wrong, try_forms};
use crate::secret::{SecretBytes, SecretString};
use crate::text::text;

/// Contents of the object identifier `pkcs-7`, 1.2.840.113549.1.7, which the number of a content type follows.
const PKCS_7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];
const DATA: u8 = 1;
const SIGNED_DATA: u8 = 2;
const ENVELOPED_DATA: u8 = 3;
const ENCRYPTED_DATA: u8 = 6;

/// Opens a file with a password; without one, it has to be protected with the empty one or not at all.
///
/// # Errors
///
/// [`ErrorCode::PfxInvalid`], [`ErrorCode::PfxDomainProtected`], [`ErrorCode::PasswordWrong`],
/// [`ErrorCode::PasswordMissing`], [`ErrorCode::EncryptionUnsupported`], [`ErrorCode::EncryptionCost`].
pub(crate) fn open(file: &[u8], password: Option<&SecretString>, budget: &mut Budget) -> Result<Bags> {
    let der = ber::file_to_der(file).ok_or_else(|| {
        let found = text![file.len(), " bytes that are cut off or damaged"];
        Error::new(ErrorCode::PfxInvalid, found, "a whole PFX file")
    })?;
    let pfx = Pfx::read(der.expose())?;
    let bags = try_forms(password, |form| match &pfx.mac {
        Some(mac) if !mac.fits(pfx.contents, form, budget)? => Err(password_wrong()),
        _ => bags::open(pfx.contents, form, budget),
    });
    let needs_another_key = match &bags {
        Ok(bags) => bags.keys.is_empty(),
        Err(error) => matches!(error.code(), ErrorCode::PasswordWrong | ErrorCode::PasswordMissing),
    };
    if needs_another_key && pfx.has_enveloped_data() {
        let found = "a PFX that is encrypted for an account or a certificate (envelopedData)";
        return Err(Error::new(ErrorCode::PfxDomainProtected, found, "a PFX that its password opens"));
    }
    bags
}

/// `PFX ::= SEQUENCE { version INTEGER, authSafe ContentInfo, macData MacData OPTIONAL }`,
/// [RFC 7292 section 4](https://www.rfc-editor.org/rfc/rfc7292#section-4).
struct Pfx<'a> {
    /// What the MAC covers: an `AuthenticatedSafe` in BER.
    contents: &'a [u8],
    mac: Option<mac::MacData<'a>>,
}

impl<'a> Pfx<'a> {
    fn read(der: &'a [u8]) -> Result<Self> {
        let mut pfx = Reader::of_sequence(der).ok_or_else(|| invalid("no sequence"))?;
        if pfx.contents(INTEGER) != Some(&[3]) {
            return Err(invalid("another version than 3"));
        }
        let (kind, content) = content_info(&mut pfx).ok_or_else(|| invalid("no authSafe"))?;
        match kind {
            DATA => {}
            SIGNED_DATA => return Err(invalid("a signature in place of a MAC (public-key integrity mode)")),
            _ => return Err(invalid("an authSafe that is not data")),
        }
        let contents = octets(content).ok_or_else(|| invalid("an authSafe that is not data"))?;
        let mac = if pfx.is_at_end() { None } else { Some(mac::MacData::read(&mut pfx)?) };
        pfx.end(Self { contents, mac }).ok_or_else(|| invalid("more behind its MAC"))
    }

    /// Whether one of the contents is encrypted for somebody's key: Windows puts the file's password there, encrypted for
    /// an account of the domain. A file that also has a password of the user's opens with that.
    fn has_enveloped_data(&self) -> bool {
        let Some(der) = ber::to_der(self.contents) else { return false };
        let Some(mut contents) = Reader::of_sequence(der.expose()) else { return false };
        core::iter::from_fn(|| content_info(&mut contents)).any(|(kind, _)| kind == ENVELOPED_DATA)
    }
}

/// `ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT ANY }`,
/// [RFC 5652 section 3](https://www.rfc-editor.org/rfc/rfc5652#section-3): the last number of a type of PKCS#7, and the
/// content.
fn content_info<'a>(reader: &mut Reader<'a>) -> Option<(u8, Reader<'a>)> {
    let mut info = reader.sequence()?;
    let (number, arc) = info.contents(OBJECT_IDENTIFIER)?.split_last()?;
    let content = Reader::new(info.contents(CONTEXT_0)?);
    if arc != PKCS_7 {
        return None;
    }
    info.end((*number, content))
}

/// The one OCTET STRING that a content is.
fn octets(mut content: Reader<'_>) -> Option<&[u8]> {
    let octets = content.contents(OCTET_STRING)?;
    content.end(octets)
}

/// The contents of an element in BER, which came out of an OCTET STRING, in DER.
fn layer(ber: &[u8]) -> Result<SecretBytes> {
    ber::to_der(ber).ok_or_else(|| invalid("contents that are not ASN.1"))
}

fn invalid(found: &'static str) -> Error {
    Error::new(ErrorCode::PfxInvalid, found, "a PFX of version 3 with a password")
}

#[cfg(test)]
mod tests;
