//! Where findings are collected while a document is read and compiled.
//! Depends on `Diagnostic` only.

use super::{Diagnostic, Level};
use std::cell::RefCell;

/// A collection of findings that many readers add to.
#[derive(Debug, Default)]
pub struct Report(RefCell<Vec<Diagnostic>>);

impl Report {
    /// An empty report.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn push(&self, diagnostic: Diagnostic) {
        self.0.borrow_mut().push(diagnostic);
    }

    /// Adds findings.
    pub fn extend(&self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.0.borrow_mut().extend(diagnostics);
    }

    /// Adds the error, if it is one, and gives the value otherwise.
    pub fn ok<T>(&self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.push(diagnostic)).ok()
    }

    /// How many errors were found so far.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.0.borrow().iter().filter(|diagnostic| diagnostic.level == Level::Error).count()
    }

    /// The findings, as found.
    #[must_use]
    pub fn into_found(self) -> Vec<Diagnostic> {
        self.0.into_inner()
    }

    /// The findings, in the order of the document (by file position where known, else as found), none twice.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut diagnostics = self.0.into_inner();
        diagnostics.sort_by_key(|d| d.location.as_ref().map(|at| (at.file.clone(), at.span.start, at.span.end)));
        let mut seen = std::collections::HashSet::new();
        diagnostics.retain(|d| {
            seen.insert((
                d.code,
                d.object.clone(),
                d.path.to_string(),
                d.message.clone(),
                d.excerpt.clone().map(|e| e.span),
                d.location.as_ref().map(|at| (at.file.clone(), at.span.clone())),
            ))
        });
        diagnostics
    }
}
