//! Text of a user's types and declarations, made by oxc's printer from their trees, and where each part came from.
//! Depends on oxc and `origin`.

use super::super::origin::SourceId;
use super::super::ts::UserCode;
use oxc::ast::ast::{Program, TSType};
use oxc::codegen::{Codegen, CodegenOptions, CommentOptions, Context, Gen, IndentChar, LegalComment};
use std::path::PathBuf;

fn options() -> CodegenOptions {
    CodegenOptions {
        single_quote: true,
        indent_char: IndentChar::Space,
        indent_width: 2,
        comments: CommentOptions { legal: LegalComment::Inline, ..CommentOptions::default() },
        ..CodegenOptions::default()
    }
}

/// The text of a type, on one line where no template literal type is in it.
pub(super) fn ty(ty: &TSType<'_>) -> String {
    let mut printer = Codegen::new().with_options(options());
    ty.print(&mut printer, Context::default());
    let text = printer.into_source_text();
    if text.contains('`') { text } else { text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ") }
}

/// The text of declarations, with a mapping for every part that came from `source`.
pub(super) fn program(program: &Program<'_>, source: SourceId) -> UserCode {
    let original = program.source_text;
    let options = CodegenOptions { source_map_path: Some(PathBuf::new()), ..options() };
    let printed = Codegen::new().with_options(options).build(program);
    let lines = lines(original);
    let tokens = printed.map.iter().flat_map(|map| map.get_tokens());
    let mut mappings: Vec<_> = tokens
        .filter_map(|token| {
            let start = lines.get(token.get_src_line() as usize)?.offset(token.get_src_col());
            let end = start + word(original.get(start..)?);
            let origin = source.span(u32::try_from(start).ok()?, u32::try_from(end).ok()?);
            Some((token.get_dst_line(), token.get_dst_col(), origin))
        })
        .collect();
    mappings.sort_by_key(|(line, column, _)| (*line, *column));
    mappings.dedup_by_key(|(line, column, _)| (*line, *column));
    let mut text = printed.code;
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    UserCode { text, mappings }
}

/// A line of a text: where it begins, and how its UTF-16 columns become bytes.
struct Line {
    start: usize,
    /// The byte offset in the line of each UTF-16 column; `None` for a line of ASCII, where they are equal.
    columns: Option<Vec<usize>>,
}

impl Line {
    fn new(start: usize, text: &str) -> Self {
        let columns = text.char_indices().flat_map(|(at, char)| std::iter::repeat_n(at, char.len_utf16()));
        Self { start, columns: (!text.is_ascii()).then(|| columns.collect()) }
    }

    /// The byte offset in the text of a UTF-16 column, from 0.
    fn offset(&self, column: u32) -> usize {
        let column = column as usize;
        self.start + self.columns.as_ref().map_or(column, |columns| columns.get(column).copied().unwrap_or(columns.len()))
    }
}

/// The lines of `text`, by the line ends of JavaScript.
fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        let ends = match char {
            '\r' => chars.peek().is_none_or(|(_, next)| *next != '\n'),
            '\n' | '\u{2028}' | '\u{2029}' => true,
            _ => false,
        };
        if ends {
            let end = at + char.len_utf8();
            lines.push(Line::new(start, text.get(start..end).unwrap_or_default()));
            start = end;
        }
    }
    lines.push(Line::new(start, text.get(start..).unwrap_or_default()));
    lines
}

/// The length of the word at the beginning of `text`, or of its first character.
fn word(text: &str) -> usize {
    let end = text.find(|char: char| !(char.is_alphanumeric() || char == '_' || char == '$')).unwrap_or(text.len());
    if end > 0 { end } else { text.chars().next().map_or(0, char::len_utf8) }
}
