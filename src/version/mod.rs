//! What a version is made of: generated files → JavaScript → digest → build ID.
//! Depends on `compile`'s output; pure, and must not know where a version is kept or runs.
#![deny(clippy::disallowed_methods)]

mod javascript;
mod queues;

pub use javascript::{Script, script};
pub use queues::{Queue, deployment_name, queues};

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What goes into a version. The same content has the same build ID on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content<'a> {
    /// The JavaScript of the workflows.
    pub script: &'a str,
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
    part(content.script);
    part(content.runtime);
    for (module, digest) in content.activities {
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
        let none = BTreeMap::new();
        let some = BTreeMap::from([("build".to_owned(), "1".to_owned())]);
        let content = |script, runtime, activities| build_id(&Content { script, runtime, activities });
        let ids = [content("a", "b", &none), content("ab", "", &none), content("a", "c", &none), content("a", "b", &some)];
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len());
        assert_eq!(content("a", "b", &some), content("a", "b", &some.clone()));
    }
}
