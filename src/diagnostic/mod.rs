//! What is wrong with something a user wrote: code, level, path, node, span, suggestion.
//! Depends on nothing above it; rendering lives in [`render`], the only place that makes text of a diagnostic.
#![deny(clippy::disallowed_methods)]

mod codes;
mod path;
pub mod render;
mod report;

pub use codes::Code;
pub use path::{JsonPath, Segment};
pub use report::Report;

use std::ops::Range;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is made of a definition with an error.
    Error,
    /// Worth a look; the definition works.
    Warning,
}

/// A string in the document (an expression, say) and the part of it that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The whole string, as the user wrote it (after YAML or JSON decoding).
    pub text: String,
    /// The part that is meant, in bytes of `text`; may be empty (a place between two characters).
    pub span: Range<usize>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file's name as the user gave it.
    pub file: String,
    /// The part of the file that is meant, in bytes.
    pub span: Range<usize>,
    /// Line of the beginning, from 1.
    pub line: usize,
    /// Column of the beginning, in characters, from 1.
    pub column: usize,
}

/// One finding about a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The finding's stable identity.
    pub code: Code,
    /// Error or warning.
    pub level: Level,
    /// The object it is about, as `Workflow/package-build`; empty while no object is known.
    pub object: String,
    /// The place in the object.
    pub path: JsonPath,
    /// The id of the node (or edge) it is about.
    pub node: Option<String>,
    /// What is wrong, one sentence, no full stop.
    pub message: String,
    /// What the excerpt's mark points at, a few words.
    pub label: Option<String>,
    /// What to do next, one sentence.
    pub suggestion: Option<String>,
    /// The string at `path`, with the part that is meant.
    pub excerpt: Option<Excerpt>,
    /// The place in the file that it was read from; none for an object that came from the cluster.
    pub location: Option<Location>,
}

impl Diagnostic {
    /// An error at `path`.
    #[must_use]
    pub fn error(code: Code, path: &JsonPath, message: impl Into<String>) -> Self {
        Self::new(code, Level::Error, path, message)
    }

    /// A warning at `path`.
    #[must_use]
    pub fn warning(code: Code, path: &JsonPath, message: impl Into<String>) -> Self {
        Self::new(code, Level::Warning, path, message)
    }

    fn new(code: Code, level: Level, path: &JsonPath, message: impl Into<String>) -> Self {
        Self {
            code,
            level,
            object: String::new(),
            path: path.clone(),
            node: None,
            message: message.into(),
            label: None,
            suggestion: None,
            excerpt: None,
            location: None,
        }
    }

    /// The same, about the node or edge `id`.
    #[must_use]
    pub fn node(mut self, id: impl Into<String>) -> Self {
        self.node = Some(id.into());
        self
    }

    /// The same, with what to do next.
    #[must_use]
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// The same, with the nearest of `known` as the suggestion, if one is near.
    #[must_use]
    pub fn suggest_near<'a>(self, wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(wanted, known) {
            Some(near) => self.suggest_instead(near),
            None => self,
        }
    }

    /// The same, with the nearest of `known` as the suggestion, or else `otherwise`.
    #[must_use]
    pub fn suggest_near_or<'a, T: Into<String>>(
        self,
        wanted: &str,
        known: impl IntoIterator<Item = &'a str>,
        otherwise: impl FnOnce() -> T,
    ) -> Self {
        match nearest(wanted, known) {
            Some(near) => self.suggest_instead(near),
            None => self.suggest(otherwise()),
        }
    }

    fn suggest_instead(self, near: &str) -> Self {
        self.suggest(format!("did you mean `{near}`?"))
    }

    /// The same, pointing at `span` of the string `text` that stands at the path.
    #[must_use]
    pub fn excerpt(mut self, text: impl Into<String>, span: Range<usize>) -> Self {
        self.excerpt = Some(Excerpt { text: text.into(), span });
        self
    }

    /// The same, with a few words at the mark.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

/// The element of `known` that `wanted` most probably meant: equal but for case, or at a small edit distance.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Nobody mistypes a name of this length, and comparing long ones takes time.
    const LONGEST: usize = 100;
    if wanted.len() > LONGEST {
        return None;
    }
    let lower = wanted.to_lowercase();
    known
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (wanted.chars().count().max(candidate.chars().count()) / 3).max(1))
        .min_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)))
        .map(|(_, candidate)| candidate)
}

/// Whether any of `diagnostics` is an error.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error)
}
