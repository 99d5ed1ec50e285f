//! Exclusive XML canonicalisation, without comments ([W3C](https://www.w3.org/TR/xml-exc-c14n/)): the one spelling of an
//! element over which its signature is made, whatever namespaces its surroundings declare.
//!
//! For SAML assertions: no processing instructions, no `InclusiveNamespaces`, no DTD.

use alloc::collections::BTreeMap;

use roxmltree::{Attribute, Node};

/// Namespaces that an ancestor has declared in the output: prefix ("" for the default) and address.
type Rendered<'a> = BTreeMap<&'a str, &'a str>;

/// The canonical form of an element, without the child `left_out` if there is one (the enveloped signature).
pub(crate) fn canonical(element: Node<'_, '_>, left_out: Option<Node<'_, '_>>) -> String {
    let mut out = String::new();
    write(element, left_out, &Rendered::new(), &mut out);
    out
}

fn write<'a>(element: Node<'a, '_>, left_out: Option<Node<'_, '_>>, above: &Rendered<'a>, out: &mut String) {
    let name = source_name(element);
    let mut rendered = above.clone();
    let mut declared: Vec<(&str, &str)> = Vec::new();
    let mut declare = |prefix: &'a str, namespace: &'a str| {
        let known = rendered.get(prefix).copied();
        // The absence of a default namespace needs no words unless there is one above.
        if known == Some(namespace) || known.is_none() && prefix.is_empty() && namespace.is_empty() {
            return;
        }
        rendered.insert(prefix, namespace);
        declared.push((prefix, namespace));
    };
    declare(prefix_of(name), element.tag_name().namespace().unwrap_or_default());
    let mut attributes: Vec<(&str, Attribute<'a, '_>)> = named_attributes(element).collect();
    for (name, attribute) in &attributes {
        if !prefix_of(name).is_empty() && prefix_of(name) != "xml" {
            declare(prefix_of(name), attribute.namespace().unwrap_or_default());
        }
    }
    declared.sort_unstable();
    attributes.sort_by_key(|(_, attribute)| (attribute.namespace().unwrap_or_default(), attribute.name()));
    out.push_str(&format!("<{name}"));
    for (prefix, namespace) in declared {
        let colon = if prefix.is_empty() { "" } else { ":" };
        out.push_str(&format!(" xmlns{colon}{prefix}=\"{}\"", escaped_value(namespace)));
    }
    for (name, attribute) in attributes {
        out.push_str(&format!(" {name}=\"{}\"", escaped_value(attribute.value())));
    }
    out.push('>');
    for child in element.children().filter(|child| Some(*child) != left_out) {
        if child.is_element() {
            write(child, left_out, &rendered, out);
        } else if child.is_text() {
            out.push_str(&escaped_text(child.text().unwrap_or_default()));
        }
    }
    out.push_str(&format!("</{name}>"));
}

/// The name as it is written, with its prefix.
fn source_name<'a>(element: Node<'a, '_>) -> &'a str {
    let text = element.document().input_text().get(element.range()).unwrap_or_default();
    let text = text.strip_prefix('<').unwrap_or(text);
    text.split(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').next().unwrap_or_default()
}

/// The attributes with their names as they are written.
fn named_attributes<'a, 'b>(element: Node<'a, 'b>) -> impl Iterator<Item = (&'a str, Attribute<'a, 'b>)> {
    let text = element.document().input_text();
    element.attributes().map(|attribute| (text.get(attribute.range_qname()).unwrap_or_default(), attribute))
}

fn prefix_of(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

/// Text of an element ([Canonical XML section 2.3](https://www.w3.org/TR/2001/REC-xml-c14n-20010315#ProcessingModel)).
pub(crate) fn escaped_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;")
}

/// Value of an attribute, by the same section.
pub(crate) fn escaped_value(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    text.replace('\t', "&#x9;").replace('\n', "&#xA;").replace('\r', "&#xD;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_child(xml: &str, name: &str) -> String {
        let document = roxmltree::Document::parse(xml).expect("XML");
        let child = document.descendants().find(|node| node.tag_name().name() == name).expect("the element");
        canonical(child, None)
    }

    /// After the example of [Exclusive XML Canonicalization section
    /// 2.2](https://www.w3.org/TR/xml-exc-c14n/#sec-Enveloping): the same element in two surroundings.
    #[test]
    fn surroundings_make_no_difference() {
        let one = "<n0:local xmlns:n0=\"foo:bar\" xmlns:n3=\"ftp://example.org\"><n1:elem2 xmlns:n1=\"http://example.net\" \
                   xml:lang=\"en\"><n3:stuff xmlns:n3=\"ftp://example.org\"/></n1:elem2></n0:local>";
        let other = "<n2:pdu xmlns:n1=\"http://example.com\" xmlns:n2=\"http://foo.example\" xml:lang=\"fr\" \
                     xml:space=\"retain\"><n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\"><n3:stuff \
                     xmlns:n3=\"ftp://example.org\"/></n1:elem2></n2:pdu>";
        let expected = "<n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\"><n3:stuff \
                        xmlns:n3=\"ftp://example.org\"></n3:stuff></n1:elem2>";
        assert_eq!(of_child(one, "elem2"), expected);
        assert_eq!(of_child(other, "elem2"), expected);
    }

    /// Results of lxml's `etree.tostring(element, method="c14n", exclusive=True)`.
    #[test]
    fn spelling_is_that_of_another_implementation() {
        let xml = "<r xmlns='urn:d' xmlns:p='urn:p' xmlns:q=\"urn:q\"><e  q:b='2' a='x&#10;\"&amp;&lt;' p:z=''><!-- c \
                   --><p:f>a &gt; b&#13;<![CDATA[<&]]></p:f><g xmlns=''/></e></r>";
        let expected = "<e xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" a=\"x&#xA;&quot;&amp;&lt;\" p:z=\"\" \
                        q:b=\"2\"><p:f>a &gt; b&#xD;&lt;&amp;</p:f><g xmlns=\"\"></g></e>";
        assert_eq!(of_child(xml, "e"), expected);
    }
}
