//! Reads JSON into a tree, with places in bytes. YAML readers take most of JSON, but neither surrogate pairs nor tabs.
//! `serde_json` decides what is JSON; here its tokens are only cut out. Knows nothing of what a document means.

use super::tree::{Builder, Problem, Style, Tree};
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::ops::Range;

/// Whether the text may be JSON: it begins as an object or list does.
pub fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// The document, and what is wrong with it without keeping it from being read; or why it is not JSON.
pub fn document(text: &str) -> Result<(Option<Tree>, Vec<Problem>), Problem> {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let at = place(text, error.line(), error.column());
        return Err(Problem::new(at..at, format!("not JSON: {}", without_place(&error))));
    }
    let mut builder = Builder::default();
    let mut at = 0;
    while let Some((span, kind)) = next_token(text, at) {
        at = span.end;
        match kind {
            b'{' => builder.begin_map(span.start, 0)?,
            b'[' => builder.begin_list(span.start, 0)?,
            b'}' | b']' => builder.end(span.end)?,
            b',' | b':' => {}
            _ => scalar(&mut builder, text, span, kind)?,
        }
    }
    let tree = builder.finish();
    Ok((tree, builder.problems))
}

fn scalar(builder: &mut Builder, text: &str, span: Range<usize>, kind: u8) -> Result<(), Problem> {
    let raw = text.get(span.clone()).unwrap_or_default();
    let problem = |error: serde_json::Error| Problem::new(span.clone(), format!("not JSON: {}", without_place(&error)));
    if kind != b'"' {
        let value = serde_json::from_str(raw).map_err(problem)?;
        return builder.scalar(value, span, Style::Plain, 0);
    }
    let text: Cow<'_, str> =
        if raw.contains('\\') { Cow::Owned(serde_json::from_str(raw).map_err(problem)?) } else { Cow::Borrowed(raw.trim_matches('"')) };
    if builder.expects_key() {
        return builder.key(&text, span, Style::Double, 0);
    }
    builder.scalar(text.into(), span, Style::Double, 0)
}

/// The next token of a text that is known to be JSON, and its first byte.
fn next_token(text: &str, from: usize) -> Option<(Range<usize>, u8)> {
    let bytes = text.as_bytes();
    let start = from + bytes.get(from..)?.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let rest = bytes.get(start..)?;
    let first = *rest.first()?;
    let length = match first {
        b'"' => string_length(rest),
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
        _ => rest.iter().position(|byte| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace()).unwrap_or(rest.len()),
    };
    Some((start..start + length, first))
}

fn string_length(bytes: &[u8]) -> usize {
    let mut is_escaped = false;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    bytes.len()
}

/// `serde_json` counts columns in bytes, from 1; 0 is the end of the line before.
fn place(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rfind(" at line ") {
        Some(end) => message.get(..end).unwrap_or_default().to_owned(),
        None => message,
    }
}
