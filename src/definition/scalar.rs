//! From a place in a decoded string to the place in the file where it is written, whatever the quotes, escapes and folds.
//! Depends on the styles of `tree`; pure arithmetic on texts.
//!
//! Everything but white space is written once and in order in every style, escapes included. So the n-th character of the
//! string that is no white space is the n-th of the file that is none; white space is found from there.

use super::tree::Style;
use std::ops::Range;

/// Bytes of `raw` (a scalar as the file has it) where bytes `span` of `text` (the same, decoded) are written.
pub fn locate(raw: &str, style: Style, text: &str, span: &Range<usize>) -> Range<usize> {
    let start = floor(text, span.start);
    let end = floor(text, span.end.max(span.start));
    let written = Written::new(raw, style);
    let from = written.start_of(text, start);
    if end <= start {
        return from..from;
    }
    from..written.end_of(text, end).max(from)
}

/// Every character that a scalar's decoded text may have, with the bytes that write it.
struct Written {
    characters: Vec<(Range<usize>, char)>,
    /// Where the text ends, the closing quote excluded.
    end: usize,
}

impl Written {
    fn new(raw: &str, style: Style) -> Self {
        let (start, end) = match style {
            Style::Plain | Style::Block | Style::Container => (0, raw.len()),
            Style::Single => (1, raw.len().saturating_sub(usize::from(raw.len() > 1 && raw.ends_with('\'')))),
            Style::Double => (1, raw.len().saturating_sub(usize::from(raw.len() > 1 && raw.ends_with('"')))),
        };
        let mut characters = Vec::new();
        let mut at = start;
        while at < end {
            let rest = raw.get(at..end).unwrap_or_default();
            let Some((character, length)) = next(rest, style) else { break };
            characters.extend(character.map(|character| (at..at + length, character)));
            at += length;
        }
        Self { characters, end: end.min(raw.len()) }
    }

    /// The index of the character that writes the `n`-th (from 0) of the text's that are no white space.
    fn visible(&self, n: usize) -> Option<usize> {
        let visible = self.characters.iter().enumerate().filter(|(_, (_, character))| !character.is_whitespace());
        visible.map(|(index, _)| index).nth(n)
    }

    fn start_of(&self, text: &str, at: usize) -> usize {
        let (before, after) = text.split_at(at);
        let count = before.chars().filter(|c| !c.is_whitespace()).count();
        if after.starts_with(|c: char| !c.is_whitespace()) {
            return self.visible(count).map_or(self.end, |index| self.start(index));
        }
        // In white space, or at the end: as many characters after the last visible one, but not past the next.
        let blanks = before.chars().rev().take_while(|c| c.is_whitespace()).count();
        let first = count.checked_sub(1).and_then(|last| self.visible(last)).map_or(0, |index| index + 1);
        let run = self.characters.iter().skip(first).take_while(|(_, c)| c.is_whitespace()).count();
        self.start(first + blanks.min(run))
    }

    fn end_of(&self, text: &str, at: usize) -> usize {
        let before = text.get(..at).unwrap_or_default();
        if before.ends_with(|c: char| !c.is_whitespace()) {
            let count = before.chars().filter(|c| !c.is_whitespace()).count();
            return self
                .visible(count.saturating_sub(1))
                .and_then(|index| self.characters.get(index))
                .map_or(self.end, |(span, _)| span.end);
        }
        self.start_of(text, at)
    }

    fn start(&self, index: usize) -> usize {
        self.characters.get(index).map_or(self.end, |(span, _)| span.start)
    }
}

/// The first character that `raw` writes, if it writes one, and how many bytes that takes.
fn next(raw: &str, style: Style) -> Option<(Option<char>, usize)> {
    let first = raw.chars().next()?;
    Some(match style {
        Style::Single if raw.starts_with("''") => (Some('\''), 2),
        Style::Double if first == '\\' => escape(raw),
        _ => (Some(first), first.len_utf8()),
    })
}

fn escape(raw: &str) -> (Option<char>, usize) {
    let Some(kind) = raw.chars().nth(1) else { return (None, raw.len()) };
    let plain = |character| (Some(character), 1 + kind.len_utf8());
    match kind {
        '0' => plain('\0'),
        'a' => plain('\x07'),
        'b' => plain('\x08'),
        't' | '\t' => plain('\t'),
        'n' => plain('\n'),
        'v' => plain('\x0b'),
        'f' => plain('\x0c'),
        'r' => plain('\r'),
        'e' => plain('\x1b'),
        'N' => plain('\u{85}'),
        '_' => plain('\u{a0}'),
        'L' => plain('\u{2028}'),
        'P' => plain('\u{2029}'),
        'x' => coded(raw, 2),
        'u' => coded(raw, 4),
        'U' => coded(raw, 8),
        '\n' => (None, 2),
        '\r' => (None, if raw.starts_with("\\\r\n") { 3 } else { 2 }),
        other => plain(other),
    }
}

/// A code of `digits` hexadecimal digits; in JSON, two halves may make one character.
fn coded(raw: &str, digits: usize) -> (Option<char>, usize) {
    let code = |from: usize| u32::from_str_radix(raw.get(from..from + digits)?, 16).ok();
    let length = (2 + digits).min(raw.len());
    let Some(first) = code(2) else { return (None, floor(raw, length)) };
    if (0xD800..0xDC00).contains(&first) && raw.get(length..).is_some_and(|rest| rest.starts_with("\\u")) {
        let second = code(length + 2).unwrap_or_default();
        let joined = 0x10000 + ((first - 0xD800) << 10) + (second & 0x3FF);
        return (char::from_u32(joined), floor(raw, (length + 2 + digits).min(raw.len())));
    }
    (char::from_u32(first), length)
}

/// The nearest boundary of a character at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
