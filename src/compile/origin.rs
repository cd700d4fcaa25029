//! Where generated code comes from: every string of the definition that was parsed, and spans into it.
//! Depends on `diagnostic` only; knows nothing of what the strings mean.

use crate::diagnostic::{Diagnostic, JsonPath};

/// Identifies a string of the definition in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(u32);

/// A span in a string of the definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The string.
    pub source: SourceId,
    /// The span's beginning, in bytes of the string.
    pub start: u32,
    /// The span's end, in bytes of the string.
    pub end: u32,
}

/// A string of the definition that code is generated from, or a value that has none (then `text` is empty).
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it stands in the object.
    pub path: JsonPath,
    /// The node that it belongs to.
    pub node: Option<String>,
    /// The string as written.
    pub text: String,
}

/// All strings that a workflow's code is generated from.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a string and gives its identity.
    ///
    /// # Panics
    /// If more than `u32::MAX` strings are added, which no object of the API can hold.
    pub fn add(&mut self, path: &JsonPath, node: Option<&str>, text: &str) -> SourceId {
        let id = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.push(Source { path: path.clone(), node: node.map(Into::into), text: text.into() });
        SourceId(id)
    }

    /// The string `id`, if it is one of this table's.
    #[must_use]
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.0.get(id.0 as usize)
    }

    /// `diagnostic` with the node, path and excerpt of `origin` filled in.
    #[must_use]
    pub fn locate(&self, mut diagnostic: Diagnostic, origin: Origin) -> Diagnostic {
        if let Some(source) = self.get(origin.source) {
            diagnostic.path = source.path.clone();
            diagnostic.node.clone_from(&source.node);
            if !source.text.is_empty() {
                let end = (origin.end as usize).min(source.text.len());
                diagnostic = diagnostic.excerpt(source.text.clone(), (origin.start as usize).min(end)..end);
            }
        }
        diagnostic
    }
}

impl SourceId {
    /// The span `start..end` of this string.
    #[must_use]
    pub fn span(self, start: u32, end: u32) -> Origin {
        Origin { source: self, start, end }
    }

    /// The whole string (to be cut to its length by [`Sources::locate`]).
    #[must_use]
    pub fn whole(self) -> Origin {
        self.span(0, u32::MAX)
    }
}
