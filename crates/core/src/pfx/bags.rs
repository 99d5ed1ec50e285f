//! What a PFX contains: keys and certificates in bags, [RFC 7292 section 4.2](https://www.rfc-editor.org/rfc/rfc7292#section-4.2).
//!
//! Revocation lists, secrets and bags of unknown types are passed over, and of the attributes all but `localKeyID`: names
//! and what Windows says about its key stores decide nothing here.

use super::{DATA, ENCRYPTED_DATA, ENVELOPED_DATA, PKCS_7, content_info, invalid, layer, octets};
use crate::asn1::{AlgorithmIdentifier, CONTEXT_0, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SET};
use crate::error::Result;
use crate::pbe::{Budget, Password, decrypt, encrypted_private_key_info};
use crate::secret::{Secret, SecretBytes};
use alloc::vec::Vec;

/// How deep bags may nest in bags. No tool nests them.
const MAX_DEPTH: u8 = 4;

/// Contents of the object identifier `bagtypes`, 1.2.840.113549.1.12.10.1, which the number of a type follows.
const BAG_TYPES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
const KEY: u8 = 1;
const SHROUDED_KEY: u8 = 2;
const CERTIFICATE: u8 = 3;
const SAFE_CONTENTS: u8 = 6;
/// Contents of the object identifier `x509Certificate`, 1.2.840.113549.1.9.22.1.
const X509_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];
/// Contents of the object identifier `localKeyId`, 1.2.840.113549.1.9.21.
const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x15];
/// `[0] IMPLICIT` on a primitive.
const CONTEXT_0_PRIMITIVE: u8 = 0x80;

/// What a bag holds, with the id that its key and its certificate share.
pub(crate) struct Bag<T> {
    /// The content.
    pub(crate) content: T,
    /// The attribute `localKeyID`, empty where there is none.
    pub(crate) local_key_id: Vec<u8>,
}

/// The keys and the certificates of a PFX, in file order.
#[derive(Default)]
pub(crate) struct Bags {
    /// Each a `PrivateKeyInfo` of PKCS#8 in DER.
    pub(crate) keys: Vec<Bag<SecretBytes>>,
    /// Each an X.509 certificate.
    pub(crate) certificates: Vec<Bag<Vec<u8>>>,
}

/// Reads `AuthenticatedSafe ::= SEQUENCE OF ContentInfo`,
/// [RFC 7292 section 4.1](https://www.rfc-editor.org/rfc/rfc7292#section-4.1): data, or encrypted data.
///
/// # Errors
///
/// [`ErrorCode::PfxInvalid`](crate::error::ErrorCode::PfxInvalid), and those of [`decrypt`].
pub(super) fn open(contents: &[u8], password: &Password, budget: &mut Budget) -> Result<Bags> {
    let der = layer(contents)?;
    let mut infos = Reader::of_sequence(der.expose()).ok_or_else(|| invalid("no list of contents"))?;
    let mut opening = Opening { bags: Bags::default(), password, budget };
    // Interop: Heimdal's hxtool writes its bags where the contents belong that should hold them.
    if SafeBag::read(&mut infos.clone()).is_some_and(|bag| bag.kind.is_some()) {
        opening.read_contents(der.expose(), MAX_DEPTH)?;
        return Ok(opening.bags);
    }
    while !infos.is_at_end() {
        match content_info(&mut infos) {
            Some((DATA, content)) => {
                let data = octets(content).ok_or_else(|| invalid("data that can't be read"))?;
                opening.read_contents(layer(data)?.expose(), MAX_DEPTH)?;
            }
            Some((ENCRYPTED_DATA, content)) => {
                let data = EncryptedData::read(content);
                let data = data.ok_or_else(|| invalid("encrypted data that can't be read"))?;
                let plaintext = decrypt(data.algorithm, data.ciphertext.expose(), password, opening.budget)?;
                opening.read_contents(plaintext.expose(), MAX_DEPTH)?;
            }
            // The password, encrypted for an account of a Windows domain. The user's own opened the rest.
            Some((ENVELOPED_DATA, _)) => {}
            _ => return Err(invalid("contents of an unknown type")),
        }
    }
    Ok(opening.bags)
}

/// `EncryptedData ::= SEQUENCE { version INTEGER, SEQUENCE { contentType OBJECT IDENTIFIER, contentEncryptionAlgorithm
/// AlgorithmIdentifier, encryptedContent [0] IMPLICIT OCTET STRING OPTIONAL }, … }`,
/// [RFC 5652 section 8](https://www.rfc-editor.org/rfc/rfc5652#section-8).
struct EncryptedData<'a> {
    algorithm: AlgorithmIdentifier<'a>,
    ciphertext: SecretBytes,
}

impl<'a> EncryptedData<'a> {
    fn read(mut content: Reader<'a>) -> Option<Self> {
        let mut data = content.sequence()?;
        data.contents(INTEGER)?;
        let mut info = data.sequence()?;
        if info.contents(OBJECT_IDENTIFIER)?.split_last()? != (&DATA, PKCS_7) {
            return None;
        }
        let algorithm = info.algorithm()?;
        let ciphertext = match info.peek()? {
            CONTEXT_0_PRIMITIVE => info.contents(CONTEXT_0_PRIMITIVE)?.to_vec(),
            // In segments: their tag was replaced, so that reading DER could not join them.
            _ => {
                let mut segments = Reader::new(info.contents(CONTEXT_0)?);
                let mut ciphertext = Vec::new();
                while !segments.is_at_end() {
                    ciphertext.extend_from_slice(segments.contents(OCTET_STRING)?);
                }
                ciphertext
            }
        };
        info.end(()).and(content.end(Self { algorithm, ciphertext: Secret::new(ciphertext) }))
    }
}

/// A file that is being read.
struct Opening<'a> {
    bags: Bags,
    password: &'a Password,
    budget: &'a mut Budget,
}

impl Opening<'_> {
    /// Reads `SafeContents ::= SEQUENCE OF SafeBag`.
    fn read_contents(&mut self, der: &[u8], depth: u8) -> Result<()> {
        let depth = depth.checked_sub(1).ok_or_else(|| invalid("bags that nest too deep"))?;
        let mut contents = Reader::of_sequence(der).ok_or_else(|| invalid("no list of bags"))?;
        while !contents.is_at_end() {
            let bag = SafeBag::read(&mut contents).ok_or_else(|| invalid("a bag that can't be read"))?;
            self.read_bag(bag, depth)?;
        }
        Ok(())
    }

    fn read_bag(&mut self, bag: SafeBag<'_>, depth: u8) -> Result<()> {
        let local_key_id = bag.local_key_id().unwrap_or_default().to_vec();
        match bag.kind {
            Some(KEY) => {
                self.bags.keys.push(Bag { content: bag.value.to_vec().into(), local_key_id });
            }
            Some(SHROUDED_KEY) => {
                let (algorithm, ciphertext) = encrypted_private_key_info(bag.value)
                    .ok_or_else(|| invalid("an encrypted key that can't be read"))?;
                let content = decrypt(algorithm, ciphertext, self.password, self.budget)?;
                self.bags.keys.push(Bag { content, local_key_id });
            }
            Some(CERTIFICATE) => {
                let certificate = certificate(bag.value);
                let certificate = certificate.ok_or_else(|| invalid("a certificate that can't be read"))?;
                let bags = certificate.map(|content| Bag { content: content.to_vec(), local_key_id });
                self.bags.certificates.extend(bags);
            }
            Some(SAFE_CONTENTS) => self.read_contents(bag.value, depth)?,
            _ => {}
        }
        Ok(())
    }
}

/// `SafeBag ::= SEQUENCE { bagId OBJECT IDENTIFIER, bagValue [0] EXPLICIT ANY, bagAttributes SET OF PKCS12Attribute
/// OPTIONAL }`.
struct SafeBag<'a> {
    /// The last number of a type of PKCS#12.
    kind: Option<u8>,
    value: &'a [u8],
    attributes: Reader<'a>,
}

impl<'a> SafeBag<'a> {
    fn read(contents: &mut Reader<'a>) -> Option<Self> {
        let mut bag = contents.sequence()?;
        let (number, arc) = bag.contents(OBJECT_IDENTIFIER)?.split_last()?;
        let value = bag.contents(CONTEXT_0)?;
        let attributes = Reader::new(if bag.is_at_end() { &[] } else { bag.contents(SET)? });
        bag.end(Self { kind: (arc == BAG_TYPES).then_some(*number), value, attributes })
    }

    /// `PKCS12Attribute ::= SEQUENCE { attrId OBJECT IDENTIFIER, attrValues SET }`, of which the `localKeyID` has an OCTET
    /// STRING.
    fn local_key_id(&self) -> Option<&'a [u8]> {
        let mut attributes = self.attributes;
        loop {
            let mut attribute = attributes.sequence()?;
            if attribute.contents(OBJECT_IDENTIFIER)? == LOCAL_KEY_ID {
                return Reader::new(attribute.contents(SET)?).contents(OCTET_STRING);
            }
        }
    }
}

/// The certificate of `CertBag ::= SEQUENCE { certId OBJECT IDENTIFIER, certValue [0] EXPLICIT ANY }`,
/// [RFC 7292 section 4.2.3](https://www.rfc-editor.org/rfc/rfc7292#section-4.2.3): an OCTET STRING for X.509. A certificate
/// of another kind is passed over.
fn certificate(value: &[u8]) -> Option<Option<&[u8]>> {
    let mut bag = Reader::of_sequence(value)?;
    let is_x509 = bag.contents(OBJECT_IDENTIFIER)? == X509_CERTIFICATE;
    let mut content = Reader::new(bag.contents(CONTEXT_0)?);
    bag.end(())?;
    if !is_x509 {
        return Some(None);
    }
    let der = content.contents(OCTET_STRING)?;
    content.end(Some(der))
}
