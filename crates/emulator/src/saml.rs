//! SAML assertions of the federated identity provider that the emulator plays, 1.1 and 2.0: issued and read back.
//!
//! They carry an enveloped signature ([XML Signature](https://www.w3.org/TR/xmldsig-core1/)), RSA with SHA-256 over exclusive
//! canonical XML, by the key that signs tokens. What is read back is checked by that signature, so that a client that
//! changes one byte of meaning is found out and one that only declares more namespaces is not.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use roxmltree::{Document, Node};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::canonical_xml::{canonical, escaped_text};
use crate::certificate::sha256;
use crate::keys::SigningKey;
use crate::random;
use crate::user::User;

/// Whom the assertions are for: Entra.
pub(crate) const AUDIENCE: &str = "urn:federation:MicrosoftOnline";
/// Who issues them.
pub(crate) const ISSUER: &str = "http://federation.certgrant.example/adfs/services/trust";
const LIFETIME: Duration = Duration::hours(1);
/// No assertion has more elements within each other, and what reads them goes as deep as they go.
const DEEPEST: usize = 64;
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Which SAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SamlVersion {
    V1,
    V2,
}

impl SamlVersion {
    /// The namespace, which is also the token type of WS-Trust.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::V1 => "urn:oasis:names:tc:SAML:1.0:assertion",
            Self::V2 => "urn:oasis:names:tc:SAML:2.0:assertion",
        }
    }

    /// The version of a token type: these namespaces, and the profile's newer names.
    pub(crate) fn of_token_type(name: &str) -> Option<Self> {
        const PROFILE: &str = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV";
        match name.strip_prefix(PROFILE).unwrap_or(name) {
            "1.1" | "urn:oasis:names:tc:SAML:1.0:assertion" => Some(Self::V1),
            "2.0" | "urn:oasis:names:tc:SAML:2.0:assertion" => Some(Self::V2),
            _ => None,
        }
    }
}

/// Why an assertion can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Not base64 of an assertion.
    Malformed,
    /// Not signed by this provider, or changed since.
    Foreign,
    Audience,
    Time,
}

fn instant(at: OffsetDateTime) -> String {
    let whole = at.replace_nanosecond(at.nanosecond() / 1_000_000 * 1_000_000).unwrap_or(at);
    // RFC 3339 can write down every year from 0 to 9999, and the clock has no others.
    whole.format(&Rfc3339).unwrap_or_default()
}

/// A signed assertion that this user has given his password.
pub(crate) fn issue(
    version: SamlVersion,
    user: &User,
    now: OffsetDateTime,
    key: &SigningKey,
) -> Option<String> {
    let id = format!("_{}", random::guid());
    let placed = |signature: &str| match version {
        SamlVersion::V1 => version_1(&id, user, now, signature),
        SamlVersion::V2 => version_2(&id, user, now, signature),
    };
    let bare = placed("");
    let document = Document::parse(&bare).ok()?;
    let digest = STANDARD.encode(sha256(canonical(document.root_element(), None).as_bytes()));
    // Written in canonical form, and checked in it below, so nothing can differ.
    let signed_info = format!(
        "<ds:SignedInfo xmlns:ds=\"{SIGNATURE}\"><ds:CanonicalizationMethod \
         Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod><ds:SignatureMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod><ds:Reference \
         URI=\"#{id}\"><ds:Transforms><ds:Transform \
         Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform><ds:Transform \
         Algorithm=\"{EXCLUSIVE}\"></ds:Transform></ds:Transforms><ds:DigestMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue>\
         </ds:Reference></ds:SignedInfo>"
    );
    let value = STANDARD.encode(key.sign(signed_info.as_bytes()).ok()?);
    let certificate = key.certificate_base64();
    Some(placed(&format!(
        "<ds:Signature xmlns:ds=\"{SIGNATURE}\">{signed_info}<ds:SignatureValue>{value}</ds:SignatureValue>\
         <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
         </ds:Signature>"
    )))
}

/// SAML 1.1 as AD FS writes it: the signature stands last.
fn version_1(id: &str, user: &User, now: OffsetDateTime, signature: &str) -> String {
    let (from, until) = (instant(now), instant(now.saturating_add(LIFETIME)));
    let name = escaped_text(&user.principal_name);
    let immutable = immutable_id(user);
    let subject = format!(
        "<saml:Subject><saml:NameIdentifier \
         Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\">{immutable}</saml:NameIdentifier>\
         <saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer\
         </saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject>"
    );
    format!(
        "<saml:Assertion MajorVersion=\"1\" MinorVersion=\"1\" AssertionID=\"{id}\" Issuer=\"{ISSUER}\" \
         IssueInstant=\"{from}\" xmlns:saml=\"{}\"><saml:Conditions NotBefore=\"{from}\" NotOnOrAfter=\"{until}\">\
         <saml:AudienceRestrictionCondition><saml:Audience>{AUDIENCE}</saml:Audience>\
         </saml:AudienceRestrictionCondition></saml:Conditions><saml:AttributeStatement>{subject}<saml:Attribute \
         AttributeName=\"UPN\" AttributeNamespace=\"http://schemas.xmlsoap.org/claims\"><saml:AttributeValue>{name}\
         </saml:AttributeValue></saml:Attribute><saml:Attribute AttributeName=\"ImmutableID\" \
         AttributeNamespace=\"http://schemas.microsoft.com/LiveID/Federation/2008/05\"><saml:AttributeValue>{immutable}\
         </saml:AttributeValue></saml:Attribute></saml:AttributeStatement><saml:AuthenticationStatement \
         AuthenticationMethod=\"urn:oasis:names:tc:SAML:1.0:am:password\" AuthenticationInstant=\"{from}\">{subject}\
         </saml:AuthenticationStatement>{signature}</saml:Assertion>",
        SamlVersion::V1.namespace()
    )
}

/// SAML 2.0 as AD FS writes it: the signature follows the issuer.
fn version_2(id: &str, user: &User, now: OffsetDateTime, signature: &str) -> String {
    let (from, until) = (instant(now), instant(now.saturating_add(LIFETIME)));
    let name = escaped_text(&user.principal_name);
    let immutable = immutable_id(user);
    format!(
        "<Assertion ID=\"{id}\" IssueInstant=\"{from}\" Version=\"2.0\" xmlns=\"{}\"><Issuer>{ISSUER}</Issuer>{signature}\
         <Subject><NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{immutable}</NameID>\
         <SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><SubjectConfirmationData \
         NotOnOrAfter=\"{until}\"></SubjectConfirmationData></SubjectConfirmation></Subject><Conditions \
         NotBefore=\"{from}\" NotOnOrAfter=\"{until}\"><AudienceRestriction><Audience>{AUDIENCE}</Audience>\
         </AudienceRestriction></Conditions><AttributeStatement><Attribute Name=\"IDPEmail\"><AttributeValue>{name}\
         </AttributeValue></Attribute></AttributeStatement><AuthnStatement AuthnInstant=\"{from}\"><AuthnContext>\
         <AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</AuthnContextClassRef>\
         </AuthnContext></AuthnStatement></Assertion>",
        SamlVersion::V2.namespace()
    )
}

/// How the provider names a user to Entra.
fn immutable_id(user: &User) -> String {
    STANDARD.encode(user.id.as_bytes())
}

/// base64url, as [RFC 7522 section 2.1](https://www.rfc-editor.org/rfc/rfc7522#section-2.1) has it.
///
/// Interop: ADAL's clients write standard base64 with padding.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    URL_SAFE_NO_PAD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()
}

/// The user whom a presented assertion is about: the object id. `encoded` is base64url of its XML.
pub(crate) fn read(
    version: SamlVersion,
    encoded: &str,
    now: OffsetDateTime,
    skew: Duration,
    key: &SigningKey,
) -> Result<String, Unusable> {
    let bytes = decoded(encoded).ok_or(Unusable::Malformed)?;
    let text = String::from_utf8(bytes).map_err(|_| Unusable::Malformed)?;
    let document = Document::parse(&text).map_err(|_| Unusable::Malformed)?;
    if document.descendants().any(|node| node.ancestors().take(DEEPEST + 1).count() > DEEPEST) {
        return Err(Unusable::Malformed);
    }
    let assertion = document.root_element();
    let namespace = version.namespace();
    if !assertion.has_tag_name((namespace, "Assertion")) {
        return Err(Unusable::Malformed);
    }
    check_signature(assertion, version, key)?;
    let conditions = child(assertion, namespace, "Conditions").ok_or(Unusable::Malformed)?;
    let limit = |name: &str| {
        let text = conditions.attribute(name).ok_or(Unusable::Malformed)?;
        OffsetDateTime::parse(text, &Rfc3339).map_err(|_| Unusable::Malformed)
    };
    if now.saturating_add(skew) < limit("NotBefore")? || now.saturating_sub(skew) >= limit("NotOnOrAfter")? {
        return Err(Unusable::Time);
    }
    let audiences = conditions.descendants().filter(|node| node.has_tag_name((namespace, "Audience")));
    if !audiences.filter_map(|node| node.text()).any(|audience| audience == AUDIENCE) {
        return Err(Unusable::Audience);
    }
    let name = if version == SamlVersion::V1 { "NameIdentifier" } else { "NameID" };
    let named = assertion.descendants().find(|node| node.has_tag_name((namespace, name)));
    let immutable = named.and_then(|node| node.text()).ok_or(Unusable::Malformed)?;
    let id = STANDARD.decode(immutable).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    id.ok_or(Unusable::Malformed)
}

fn child<'a, 'b>(of: Node<'a, 'b>, namespace: &str, name: &str) -> Option<Node<'a, 'b>> {
    of.children().find(|node| node.has_tag_name((namespace, name)))
}

/// The signature is one by this key, over this assertion and nothing else.
fn check_signature(assertion: Node<'_, '_>, version: SamlVersion, key: &SigningKey) -> Result<(), Unusable> {
    let signature = child(assertion, SIGNATURE, "Signature").ok_or(Unusable::Foreign)?;
    let signed_info = child(signature, SIGNATURE, "SignedInfo").ok_or(Unusable::Foreign)?;
    let reference = child(signed_info, SIGNATURE, "Reference").ok_or(Unusable::Foreign)?;
    let id = assertion.attribute(if version == SamlVersion::V1 { "AssertionID" } else { "ID" });
    let is_whole = reference.attribute("URI").and_then(|uri| uri.strip_prefix('#')) == id && id.is_some();
    let text = |of: Node<'_, '_>, name: &str| {
        let found = child(of, SIGNATURE, name).and_then(|node| node.text());
        let compact: String = found.unwrap_or_default().split_ascii_whitespace().collect();
        STANDARD.decode(compact).unwrap_or_default()
    };
    let digest = sha256(canonical(assertion, Some(signature)).as_bytes());
    let is_digest = text(reference, "DigestValue") == digest;
    let is_signed =
        key.has_signed(canonical(signed_info, None).as_bytes(), &text(signature, "SignatureValue"));
    if is_whole && is_digest && is_signed { Ok(()) } else { Err(Unusable::Foreign) }
}
