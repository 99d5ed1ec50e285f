//! XML as federation servers write it. Documents with a DTD are refused: nothing of WS-* has one, and entities are how
//! readers of XML are attacked.

use alloc::string::String;
use alloc::vec::Vec;
use roxmltree::{Document, Node, ParsingOptions};

/// A namespace and a local name.
pub(super) type Name = (&'static str, &'static str);

/// SOAP 1.2, [part 1, section 5](https://www.w3.org/TR/soap12-part1/#soapenv).
pub(super) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";

/// More nodes than a federation server's metadata have by far: they have some thousands.
const MAX_NODES: u32 = 200_000;

/// Reads a document; one that is not well-formed, or has a DTD, is none.
pub(super) fn parse(text: &[u8]) -> Option<Document<'_>> {
    let text = core::str::from_utf8(text).ok()?;
    // A byte order mark is no part of the document.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).ok()
}

/// The elements that a path of names leads to from `nodes`.
pub(super) fn select<'a, 'input>(nodes: &[Node<'a, 'input>], path: &[Name]) -> Vec<Node<'a, 'input>> {
    let mut found = nodes.to_vec();
    for name in path {
        found =
            found.iter().flat_map(|node| node.children().filter(|child| child.has_tag_name(*name))).collect();
    }
    found
}

/// The first element at the end of a path.
pub(super) fn first<'a, 'input>(node: Node<'a, 'input>, path: &[Name]) -> Option<Node<'a, 'input>> {
    select(&[node], path).into_iter().next()
}

/// The text of an element, without white space at its sides.
pub(super) fn text<'a>(node: Node<'a, '_>) -> &'a str {
    node.text().unwrap_or_default().trim_ascii()
}

/// The source of an element, byte for byte, because it is signed; with the namespaces that it takes from around it declared
/// at the end of its start tag.
pub(super) fn slice(node: Node<'_, '_>) -> Option<String> {
    let source = node.document().input_text();
    let slice = source.get(node.range())?;
    let tag = start_tag(slice)?;
    let tag = tag.strip_suffix('/').unwrap_or(tag);
    let missing: String =
        inherited(node, source).iter().map(|(prefix, uri)| declaration(*prefix, uri)).collect();
    Some([tag, &missing, slice.get(tag.len()..)?].concat())
}

/// The namespaces that are used inside an element and declared outside of it.
fn inherited<'a>(node: Node<'a, '_>, source: &str) -> Vec<(Option<&'a str>, &'a str)> {
    let Some(outside) = node.parent_element() else {
        return Vec::new();
    };
    let around = outside.namespaces().filter(|namespace| namespace.name() != Some("xml"));
    let start_tag = source.get(node.range()).and_then(start_tag).unwrap_or_default();
    around
        .map(|namespace| (namespace.name(), namespace.uri()))
        .filter(|(prefix, uri)| {
            node.lookup_namespace_uri(*prefix) == Some(uri) && !declares(start_tag, *prefix)
        })
        .filter(|(prefix, uri)| uses(node, *prefix, uri, source))
        .collect()
}

/// Whether an element or one below it is named with a prefix that stands for a namespace there.
fn uses(node: Node<'_, '_>, prefix: Option<&str>, uri: &str, source: &str) -> bool {
    let prefix_of = |name: &str| name.split_once(':').map(|(prefix, _)| prefix.len());
    let is_prefixed = |name: &str| match prefix {
        Some(prefix) => prefix_of(name) == Some(prefix.len()) && name.starts_with(prefix),
        None => prefix_of(name).is_none(),
    };
    node.descendants().filter(Node::is_element).any(|element| {
        let start = element.range().start.saturating_add(1);
        let of_element = source.get(start..).unwrap_or_default();
        let end =
            of_element.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').unwrap_or_default();
        let of_attributes = element.attributes().any(|attribute| {
            // Attributes without a prefix are in no namespace; values may be names, as those of xsi:type are.
            let value = source.get(attribute.range_value()).unwrap_or_default();
            prefix.is_some()
                && (source.get(attribute.range_qname()).is_some_and(is_prefixed) || is_prefixed(value))
        });
        element.lookup_namespace_uri(prefix) == Some(uri)
            && (of_attributes || of_element.get(..end).is_some_and(is_prefixed))
    })
}

/// The start tag of an element: up to the first `>` outside of quotes.
fn start_tag(element: &str) -> Option<&str> {
    let mut quote = None;
    let end = element.char_indices().find(|(_, c)| {
        match (quote, *c) {
            (None, '\'' | '"') => quote = Some(*c),
            (Some(open), c) if c == open => quote = None,
            (None, '>') => return true,
            _ => {}
        }
        false
    });
    element.get(..end?.0)
}

/// Whether a start tag declares a prefix itself.
fn declares(start_tag: &str, prefix: Option<&str>) -> bool {
    let attribute = match prefix {
        Some(prefix) => ["xmlns:", prefix].concat(),
        None => "xmlns".into(),
    };
    let mut rest = start_tag;
    while let Some(at) = rest.find(attribute.as_str()) {
        let before = rest.get(..at).and_then(|before| before.chars().next_back());
        rest = rest.get(at.saturating_add(attribute.len())..).unwrap_or_default();
        if before.is_some_and(|c| c.is_ascii_whitespace()) && rest.trim_ascii_start().starts_with('=') {
            return true;
        }
    }
    false
}

/// ` xmlns:prefix="uri"`.
fn declaration(prefix: Option<&str>, uri: &str) -> String {
    let mut text = String::from(" xmlns");
    if let Some(prefix) = prefix {
        text.push(':');
        text.push_str(prefix);
    }
    text.push_str("=\"");
    push_escaped(&mut text, uri);
    text.push('"');
    text
}

/// Appends text so that it stands for itself between tags and in attributes, XML 1.0 section 2.4.
pub(super) fn push_escaped(xml: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '"' => xml.push_str("&quot;"),
            '\'' => xml.push_str("&apos;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            other => xml.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn slice_of(document: &str, name: &str) -> String {
        let document = parse(document.as_bytes()).unwrap();
        let node = document.descendants().find(|node| node.tag_name().name() == name).unwrap();
        slice(node).unwrap()
    }

    #[test]
    fn slice_is_the_source_byte_for_byte() {
        let assertion = "<saml:Assertion  xmlns:saml='urn:s' A=\"1&#13;2\"\n>x&amp;y<!-- c --><saml:b/>&#13;\r\n</saml:Assertion >";
        let document = format!("<s:e xmlns:s='urn:soap' xmlns:u=\"urn:unused\"><s:b>{assertion}</s:b></s:e>");
        assert_eq!(slice_of(&document, "Assertion"), assertion);
    }

    #[test]
    fn namespaces_from_around_are_declared_and_no_others() {
        let document = "<e xmlns='urn:d' xmlns:a='urn:a' xmlns:b='urn:&amp;b' xmlns:c='urn:c' xmlns:x='urn:x'>\
            <a:r xmlns:c='urn:other' c:y='1'><c:z/><k t='x:string' b:q=''/></a:r></e>";
        let slice = slice_of(document, "r");
        let start = slice.split_once("><c:z/>").unwrap().0;
        for declared in
            [" xmlns:a=\"urn:a\"", " xmlns:b=\"urn:&amp;b\"", " xmlns=\"urn:d\"", " xmlns:x=\"urn:x\""]
        {
            assert!(start.contains(declared), "{declared} in {start}");
        }
        assert_eq!(slice.matches("xmlns:c").count(), 1, "{slice}");
        assert!(parse(slice.as_bytes()).is_some(), "it stands on its own: {slice}");
    }

    #[test]
    fn text_that_looks_like_a_declaration_is_not_one() {
        let document = "<e xmlns:a='urn:a'><a:r v=\" xmlns:b='1' > \"/></e>";
        assert_eq!(slice_of(document, "r"), "<a:r v=\" xmlns:b='1' > \" xmlns:a=\"urn:a\"/>");
    }

    #[test]
    fn documents_with_a_dtd_are_refused() {
        let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><r>&b;</r>";
        let outside = "<!DOCTYPE r [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><r>&f;</r>";
        for text in
            [bomb, outside, "<!DOCTYPE r><r/>", "<r>&undefined;</r>", "<r><a></r></a>", "<r/><r/>", "", "x"]
        {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
        assert!(parse(b"\xef\xbb\xbf<r/>").is_some());
        assert!(parse(b"<r>\xff</r>").is_none());
    }
}
