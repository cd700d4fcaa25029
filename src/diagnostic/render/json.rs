//! JSON for programs; keys are stable and always there, `null` where nothing is known.

use super::super::{Diagnostic, Level};
use super::files::Files;
use serde_json::{Value, json};

/// One array with an object for each of `diagnostics`: `code`, `level` (`error`, `warning`), `message`, `object`, `node`, `path`, `file`,
/// `line`, `column`, `endLine`, `endColumn` (from 1, in characters; the end is exclusive), `excerpt` (`text`; `start`, `end` in bytes),
/// `label` and `suggestion`. Without the text of a file, its ends are `null`.
pub fn json(diagnostics: &[Diagnostic], file_text: &dyn Fn(&str) -> Option<String>) -> Value {
    let mut files = Files::new(file_text);
    diagnostics.iter().map(|diagnostic| one(diagnostic, &mut files)).collect()
}

fn one(diagnostic: &Diagnostic, files: &mut Files<'_>) -> Value {
    let location = diagnostic.location.as_ref();
    let end = location.and_then(|location| files.end(location));
    json!({
        "code": diagnostic.code.to_string(),
        "level": level(diagnostic.level),
        "message": diagnostic.message,
        "object": diagnostic.object,
        "node": diagnostic.node,
        "path": diagnostic.path.to_string(),
        "file": location.map(|location| location.file.as_str()),
        "line": location.map(|location| location.line),
        "column": location.map(|location| location.column),
        "endLine": end.map(|(line, _)| line),
        "endColumn": end.map(|(_, column)| column),
        "excerpt": diagnostic.excerpt.as_ref().map(|excerpt| json!({
            "text": excerpt.text,
            "start": excerpt.span.start,
            "end": excerpt.span.end,
        })),
        "label": diagnostic.label,
        "suggestion": diagnostic.suggestion,
    })
}

/// The level's name.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}
