//! The texts of the files that diagnostics point into.

use super::super::Location;

/// Gives texts by name; the last one is kept, since diagnostics come file by file.
pub struct Files<'a> {
    read: &'a dyn Fn(&str) -> Option<String>,
    last: Option<(String, Option<String>)>,
}

impl<'a> Files<'a> {
    pub fn new(read: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { read, last: None }
    }

    pub fn text(&mut self, name: &str) -> Option<&str> {
        if self.last.as_ref().is_none_or(|(last, _)| last != name) {
            self.last = Some((name.to_owned(), (self.read)(name)));
        }
        self.last.as_ref().and_then(|(_, text)| text.as_deref())
    }

    /// The line and column where the location ends, from 1, in characters, exclusive; `None` without the file's text.
    pub fn end(&mut self, location: &Location) -> Option<(usize, usize)> {
        let marked = self.text(&location.file)?.get(location.span.clone())?;
        Some(match marked.rfind('\n') {
            Some(last) => {
                let lines = marked.matches('\n').count();
                (location.line + lines, marked.get(last + 1..).unwrap_or_default().chars().count() + 1)
            }
            None => (location.line, location.column + marked.chars().count()),
        })
    }
}

/// The nearest boundary of a character at or before byte `at`.
pub fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
