//! What is wrong with a user's string, before it is known where in the document the string stands.
//! Depends on `diagnostic` and on oxc's own diagnostics.

use crate::diagnostic::{Code, Diagnostic, JsonPath, Level, Report, nearest};
use oxc::diagnostics::OxcDiagnostic;
use oxc::span::Span;
use std::ops::Range;

/// How many faults of one string are told; more would not help, and each carries the string.
pub(super) const MOST: usize = 20;

/// Adds `faults`, the first ones in the order of the string `text`, to `report`.
pub(super) fn tell(faults: Vec<Fault>, text: &str, path: &JsonPath, node: Option<&str>, report: &Report) {
    report.extend(first(faults).into_iter().map(|fault| fault.at(text, path, node)));
}

/// The first of `faults`, in the order of the string.
pub(super) fn first(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.sort_by_key(|fault| fault.span.start);
    faults.truncate(MOST);
    faults
}

/// A finding in a string, in bytes of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) span: Range<usize>,
    pub(super) label: Option<String>,
    pub(super) suggestion: Option<String>,
}

impl Fault {
    pub(super) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        let span = span.start as usize..span.end as usize;
        Self { code, message: message.into(), span, label: None, suggestion: None }
    }

    pub(super) fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The fault that the parser or the semantic analysis found.
    pub(super) fn syntax(code: Code, found: &OxcDiagnostic) -> Self {
        let label = found.labels.iter().find(|label| label.primary()).or_else(|| found.labels.first());
        let span = label.map_or(Span::new(0, 0), oxc::span::LabeledSpan::span);
        let mut fault = Self::new(code, span, sentence(&found.message));
        fault.label = label.and_then(|label| label.label()).map(str::to_owned);
        fault.suggestion = found.help.as_deref().map(str::to_owned);
        fault
    }

    /// A name that nothing has here.
    pub(super) fn unknown<'n>(name: &str, span: Span, known: impl IntoIterator<Item = &'n str>) -> Self {
        let fault = Self::new(Code::UNKNOWN_NAME, span, format!("`{name}` is unknown here")).label("unknown name");
        match nearest(name, known) {
            Some(near) => fault.suggest(format!("did you mean `{near}`?")),
            None => fault,
        }
    }

    /// The same, with `more` after the suggestion.
    pub(super) fn add(mut self, more: &str) -> Self {
        self.suggestion = Some(match self.suggestion {
            Some(first) if first.ends_with(['?', '.']) => format!("{first} {more}"),
            Some(first) => format!("{first}; {more}"),
            None => more.to_owned(),
        });
        self
    }

    /// The finding as an error about the string `text`, which stands at `path`.
    pub(super) fn at(self, text: &str, path: &JsonPath, node: Option<&str>) -> Diagnostic {
        let start = boundary(text, self.span.start);
        let end = boundary(text, self.span.end).max(start);
        let mut diagnostic = Diagnostic::error(self.code, path, self.message).excerpt(text, start..end);
        diagnostic.node = node.map(str::to_owned);
        diagnostic.label = self.label;
        diagnostic.suggestion = self.suggestion;
        diagnostic
    }

    /// The finding as a warning about the string `text`, which stands at `path`.
    pub(super) fn warn(self, text: &str, path: &JsonPath, node: Option<&str>) -> Diagnostic {
        let mut diagnostic = self.at(text, path, node);
        diagnostic.level = Level::Warning;
        diagnostic
    }
}

/// The nearest character boundary of `text` at or before `at`.
fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The parser's message without its full stop.
fn sentence(message: &str) -> String {
    message.trim_end_matches('.').to_owned()
}
