//! What a version is made of: generated files → JavaScript → digest → build ID.
//! Depends on `compile`'s output; pure, and must not know where a version is kept or runs.
#![deny(clippy::disallowed_methods)]

mod javascript;
mod queues;
mod told;
mod volumes;

pub use javascript::{Script, script, source_map, source_map_text};
pub use queues::{Queue, deployment_name, queues};
pub use volumes::{files, volumes};

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What goes into a version. The same content has the same build ID on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content<'a> {
    /// The JavaScript of the workflows, by type.
    pub scripts: &'a BTreeMap<String, String>,
    /// The digest of the worker's runtime: the SDK and the program that hosts versions.
    pub runtime: &'a str,
    /// The digests of the activities' code, by the names of the modules.
    pub activities: &'a BTreeMap<String, String>,
}

/// The build ID: 16 hexadecimal digits of the SHA-256 of the content in canonical form (each part with its length before it, so that no two
/// contents are written alike).
#[must_use]
pub fn build_id(content: &Content) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text.as_bytes());
    };
    part("warpline/version/1");
    part(content.runtime);
    for (workflow_type, script) in content.scripts {
        part("workflow");
        part(workflow_type);
        part(script);
    }
    for (module, digest) in content.activities {
        part("activities");
        part(module);
        part(digest);
    }
    hex(&hash.finalize()[..8])
}

/// The digest of files, by their paths: each path and content with its length before it.
pub fn digest<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> String {
    let mut hash = Sha256::new();
    for (path, content) in files {
        for part in [path.as_bytes(), content] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_id_depends_on_every_part_and_on_nothing_else() {
        let map = |entries: &[(&str, &str)]| {
            entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let content = |scripts: &[(&str, &str)], runtime, activities: &[(&str, &str)]| {
            build_id(&Content { scripts: &map(scripts), runtime, activities: &map(activities) })
        };
        let ids = [
            content(&[("A", "a")], "b", &[]),
            content(&[("A", "ab")], "", &[]),
            content(&[("A", "a")], "c", &[]),
            content(&[("B", "a")], "b", &[]),
            content(&[], "b", &[("A", "a")]),
            content(&[("A", "a")], "b", &[("build", "1")]),
        ];
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len());
        assert_eq!(content(&[("A", "a")], "b", &[("build", "1")]), ids[5]);
    }
}
