//! What a request asks for, read from its path, query and headers.
//! Pure.

use super::kinds::Kind;
use std::collections::BTreeMap;

/// What a path names.
#[derive(Debug, PartialEq)]
pub enum Place<'p> {
    /// The objects of a kind (by its number), in a namespace or in all.
    All(usize, Option<&'p str>),
    /// One object: its namespace (empty where it has none), name, and whether only its status is meant.
    One(usize, &'p str, &'p str, bool),
    /// Events by the names of the first API group, in a namespace or in all.
    OlderEvents(Option<&'p str>),
    /// A list of what there is.
    Discovery(Vec<&'p str>),
    /// Nothing.
    Unknown,
}

/// What a path, without the secret before it, names.
pub fn place<'p>(path: &'p str, kinds: &[Kind]) -> Place<'p> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["version" | "api" | "apis"] | ["api" | "apis", _] | ["apis", _, _] => return Place::Discovery(parts),
        ["api", "v1", "events"] => return Place::OlderEvents(None),
        ["api", "v1", "namespaces", namespace, "events"] => return Place::OlderEvents(Some(namespace)),
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return Place::Unknown,
    };
    let kind = |plural: &str| kinds.iter().position(|kind| kind.group == group && kind.version == version && kind.plural == plural);
    let found = match rest {
        // Namespaces are in no namespace themselves.
        [plural] => kind(plural).map(|kind| Place::All(kind, None)),
        ["namespaces", name] => kind("namespaces").map(|kind| Place::One(kind, "", name, false)),
        ["namespaces", name, "status"] => kind("namespaces").map(|kind| Place::One(kind, "", name, true)),
        ["namespaces", namespace, plural] => kind(plural).map(|kind| Place::All(kind, Some(namespace))),
        ["namespaces", namespace, plural, name] => kind(plural).map(|kind| Place::One(kind, namespace, name, false)),
        ["namespaces", namespace, plural, name, "status"] => kind(plural).map(|kind| Place::One(kind, namespace, name, true)),
        _ => None,
    };
    found.unwrap_or(Place::Unknown)
}

/// The parameters of a query.
#[derive(Debug, Default)]
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads it.
    pub fn read(query: &str) -> Self {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(name, value)| (decoded(name), decoded(value))).collect())
    }

    /// A parameter; empty where it isn't there.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether a parameter is set.
    pub fn is(&self, name: &str) -> bool {
        matches!(self.get(name), "true" | "1")
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = after;
            }
            (other, _) => {
                bytes.push(other);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dev::api::kinds::kinds;

    #[test]
    fn paths_name_objects() {
        let kinds = kinds();
        let number = |plural: &str| kinds.iter().position(|kind| kind.plural == plural).unwrap();
        let cases = [
            ("/api/v1/namespaces", Place::All(number("namespaces"), None)),
            ("/api/v1/namespaces/default", Place::One(number("namespaces"), "", "default", false)),
            ("/api/v1/pods", Place::All(number("pods"), None)),
            ("/api/v1/namespaces/a/pods/b/status", Place::One(number("pods"), "a", "b", true)),
            ("/apis/warpline.dev/v1alpha1/namespaces/a/workflows", Place::All(number("workflows"), Some("a"))),
            ("/apis/warpline.dev/v1alpha1/namespaces/a/workflows/b", Place::One(number("workflows"), "a", "b", false)),
            ("/apis/warpline.dev/v1/workflows", Place::Unknown),
            ("/apis/apps/v1/namespaces/a/deployments/b/scale", Place::Unknown),
            ("/openapi/v3", Place::Unknown),
        ];
        for (path, expected) in cases {
            assert_eq!(place(path, &kinds), expected, "{path}");
        }
        assert_eq!(place("/apis/apps/v1", &kinds), Place::Discovery(vec!["apis", "apps", "v1"]));
    }

    #[test]
    fn queries_are_decoded() {
        let query = Query::read("labelSelector=a%3D1%2Cb+in+%28c%29&watch=true&empty=");
        assert_eq!((query.get("labelSelector"), query.is("watch"), query.get("empty"), query.get("none")), ("a=1,b in (c)", true, "", ""));
    }
}
