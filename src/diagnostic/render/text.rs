//! Text for people, in the form that rustc taught them: what is wrong, the place, the source with a mark, what to do next.

use super::super::{Diagnostic, JsonPath, Level, Segment};
use super::files::{Files, boundary};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level as Title, Origin, Renderer, Snippet};
use std::fmt::Write as _;
use std::ops::Range;

/// How wide lines of source are shown at most, in columns.
const WIDTH: usize = 120;
/// How many bytes of a line before and after the mark are shown at most.
const LONGEST_LINE: usize = 400;

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
        let mark = AnnotationKind::Primary.span(self.span.clone()).label(diagnostic.label.as_deref().map(harmless));
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
    let (earliest, latest) = (boundary(text, start.saturating_sub(LONGEST_LINE)), boundary(text, end.saturating_add(LONGEST_LINE)));
    let line_start = text.get(earliest..start).and_then(|before| before.rfind('\n')).map(|at| earliest + at + 1);
    let line_end = text.get(end..latest).and_then(|after| after.find(['\n', '\r'])).map(|at| end + at);
    let (from, to) = (line_start.unwrap_or(earliest), line_end.unwrap_or(latest));
    let shown = text.get(from..to).unwrap_or_default().to_owned();
    Window { text: shown, span: start - from..end - from, first_line, is_cut: line_start.is_none() && earliest > 0 }
}

fn group<'a>(diagnostic: &'a Diagnostic, window: Option<&'a Window>) -> Group<'a> {
    let level = match diagnostic.level {
        Level::Error => Title::ERROR,
        Level::Warning => Title::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(harmless(&diagnostic.message)).id(diagnostic.code.to_string()));
    let origin = diagnostic.location.as_ref().map(|at| Origin::path(harmless(&at.file)).line(at.line).char_column(at.column));
    match (window, origin) {
        (Some(window), Some(origin)) if window.is_cut => group = group.element(origin).element(window.snippet(diagnostic)),
        (Some(window), _) => {
            let file = diagnostic.location.as_ref().map(|location| harmless(&location.file));
            group = group.element(window.snippet(diagnostic).path(file));
        }
        (None, Some(origin)) => group = group.element(origin),
        (None, None) => {}
    }
    if let Some(place) = place(diagnostic) {
        group = group.element(Title::NOTE.with_name("in").message(place));
    }
    if let Some(suggestion) = &diagnostic.suggestion {
        group = group.element(Title::HELP.message(harmless(suggestion)));
    }
    group
}

/// The object, the node or edge, and the JSON path.
fn place(diagnostic: &Diagnostic) -> Option<String> {
    let noun = if is_in_edges(&diagnostic.path) { "edge " } else { "node " };
    let path = diagnostic.path.to_string();
    let mut place = diagnostic.object.clone();
    for (before, part) in [(noun, diagnostic.node.as_deref().unwrap_or_default()), ("", &path)] {
        if !part.is_empty() {
            let separator = if place.is_empty() { "" } else { ", " };
            let _ = write!(place, "{separator}{before}{part}");
        }
    }
    (!place.is_empty()).then(|| harmless(&place).replace('\n', " "))
}

fn is_in_edges(path: &JsonPath) -> bool {
    let mut is_edge = false;
    for steps in path.segments().windows(2) {
        if let [Segment::Key(list), Segment::Index(_)] = steps
            && matches!(&**list, "nodes" | "edges")
        {
            is_edge = &**list == "edges";
        }
    }
    is_edge
}

/// The text without what could steer a terminal or turn its lines around: what users wrote is shown, never obeyed.
fn harmless(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
