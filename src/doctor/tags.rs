//! Reads the tags of the XML that FreeSWITCH prints of its own configuration:
//! no entities of our interest, no mixed content.

use std::collections::BTreeMap;

/// One start tag, with its attributes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag<'x> {
    pub(super) name: &'x str,
    attributes: BTreeMap<&'x str, &'x str>,
}

impl<'x> Tag<'x> {
    pub(super) fn get(&self, attribute: &str) -> Option<&'x str> {
        self.attributes.get(attribute).copied()
    }

    /// The value when this is `<param name="{name}" value="…">`.
    pub(super) fn param(&self, name: &str) -> Option<&'x str> {
        self.get("value")
            .filter(|_| self.name == "param" && self.get("name") == Some(name))
    }
}

/// The start tags of `xml` in their order; comments and end tags are left out.
pub(super) fn tags(xml: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut rest = xml;
    std::iter::from_fn(move || {
        loop {
            rest = &rest[rest.find('<')? + 1..];
            if let Some(comment) = rest.strip_prefix("!--") {
                rest = &comment[comment.find("-->")?..];
                continue;
            }
            let end = rest.find('>')?;
            let inside = &rest[..end];
            rest = &rest[end..];
            if !inside.starts_with(['/', '?', '!']) {
                return Some(tag(inside));
            }
        }
    })
}

fn tag(inside: &str) -> Tag<'_> {
    let inside = inside.trim_end_matches('/');
    let (name, mut rest) = inside
        .split_once(char::is_whitespace)
        .unwrap_or((inside, ""));
    let mut attributes = BTreeMap::new();
    while let Some((attribute, after)) = rest.split_once("=\"") {
        let Some((value, after)) = after.split_once('"') else {
            break;
        };
        attributes.insert(attribute.trim(), value);
        rest = after;
    }
    Tag { name, attributes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_tags_are_read_in_order_without_comments() {
        let xml = r#"<?xml version="1.0"?><a b="1" c="x y"><!-- <d/> --><param name="n" value="v"></param></a>"#;
        let found: Vec<Tag<'_>> = tags(xml).collect();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].name, found[0].get("c")), ("a", Some("x y")));
        assert_eq!(found[1].param("n"), Some("v"));
    }

    #[test]
    fn broken_xml_ends_the_list() {
        assert_eq!(tags("<a b=\"1").count(), 0);
        assert_eq!(tags("<!-- never closed <a>").count(), 0);
    }
}
