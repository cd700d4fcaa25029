//! Text for people, in the form that rustc taught them: what is wrong, the place, the source with a mark, what to do next.

use super::super::{Diagnostic, Level};
use super::files::{Files, boundary};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level as Title, Origin, Renderer, Snippet};
use std::fmt::Write as _;
use std::ops::Range;

/// How wide lines of source are shown at most, in columns.
const WIDTH: usize = 120;
/// Above this many bytes, only the part of a line around the mark is shown.
const LONGEST_LINE: usize = 2000;

/// All of `diagnostics` and a line that counts them; empty if there are none.
/// `file_text` gives the text of a file that a diagnostic's location names; `colour` adds ANSI colours.
pub fn text(diagnostics: &[Diagnostic], file_text: &dyn Fn(&str) -> Option<String>, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.term_width(WIDTH);
    let mut files = Files::new(file_text);
    let mut all = String::new();
    for diagnostic in diagnostics {
        let window = window(diagnostic, &mut files);
        let group = group(diagnostic, window.as_ref());
        all.push_str(&renderer.render(&[group]));
        all.push_str("\n\n");
    }
    if !diagnostics.is_empty() {
        all.push_str(&summary(diagnostics));
        all.push('\n');
    }
    all
}

/// `2 errors, 1 warning`; `no problems` where there are none.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).count();
    let counts = [(errors, "error"), (diagnostics.len() - errors, "warning")];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let words: Vec<_> = counts.map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" })).collect();
    if words.is_empty() { "no problems".to_owned() } else { words.join(", ") }
}

/// The lines of source to show.
struct Window {
    text: String,
    /// The mark, in bytes of `text`.
    span: Range<usize>,
    first_line: usize,
    /// Whether the first line lacks its beginning.
    is_cut: bool,
}

impl Window {
    fn snippet<'a>(&'a self, diagnostic: &'a Diagnostic) -> Snippet<'a, Annotation<'a>> {
        let mark = AnnotationKind::Primary.span(self.span.clone()).label(diagnostic.label.as_deref());
        Snippet::source(&self.text).line_start(self.first_line).annotation(mark)
    }
}

fn window(diagnostic: &Diagnostic, files: &mut Files<'_>) -> Option<Window> {
    match (&diagnostic.location, &diagnostic.excerpt) {
        (Some(location), _) => {
            let text = files.text(&location.file)?;
            Some(cut(text, &location.span, location.line))
        }
        (None, Some(excerpt)) => {
            let start = boundary(&excerpt.text, excerpt.span.start);
            let first_line = excerpt.text.get(..start).map_or(0, |before| before.matches('\n').count()) + 1;
            Some(cut(&excerpt.text, &excerpt.span, first_line))
        }
        (None, None) => None,
    }
}

/// The lines that `span` touches; of long lines, what is near it.
fn cut(text: &str, span: &Range<usize>, first_line: usize) -> Window {
    let (start, end) = (boundary(text, span.start), boundary(text, span.end.max(span.start)));
    let line_start = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let after = text.get(end..).unwrap_or_default();
    let line_end = end + after.find(['\n', '\r']).unwrap_or(after.len());
    let from = if start - line_start > LONGEST_LINE { boundary(text, start - LONGEST_LINE / 2) } else { line_start };
    let to = if line_end - end > LONGEST_LINE { boundary(text, end + LONGEST_LINE / 2) } else { line_end };
    let shown = text.get(from..to).unwrap_or_default().to_owned();
    Window { text: shown, span: start - from..end - from, first_line, is_cut: from > line_start }
}

fn group<'a>(diagnostic: &'a Diagnostic, window: Option<&'a Window>) -> Group<'a> {
    let level = match diagnostic.level {
        Level::Error => Title::ERROR,
        Level::Warning => Title::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code.to_string()));
    let origin = diagnostic.location.as_ref().map(|at| Origin::path(&at.file).line(at.line).char_column(at.column));
    match (window, origin) {
        (Some(window), Some(origin)) if window.is_cut => group = group.element(origin).element(window.snippet(diagnostic)),
        (Some(window), _) => {
            let file = diagnostic.location.as_ref().map(|location| location.file.as_str());
            group = group.element(window.snippet(diagnostic).path(file));
        }
        (None, Some(origin)) => group = group.element(origin),
        (None, None) => {}
    }
    if let Some(place) = place(diagnostic) {
        group = group.element(Title::NOTE.with_name("in").message(place));
    }
    if let Some(suggestion) = &diagnostic.suggestion {
        group = group.element(Title::HELP.message(suggestion));
    }
    group
}

/// The object, the node and the JSON path.
fn place(diagnostic: &Diagnostic) -> Option<String> {
    let path = diagnostic.path.to_string();
    let mut place = diagnostic.object.clone();
    for (before, part) in [("node ", diagnostic.node.as_deref().unwrap_or_default()), ("", &path)] {
        if !part.is_empty() {
            let separator = if place.is_empty() { "" } else { ", " };
            let _ = write!(place, "{separator}{before}{part}");
        }
    }
    (!place.is_empty()).then_some(place)
}
