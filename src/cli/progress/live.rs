//! The live area at the bottom of a terminal. The only file here that knows how a terminal is written over.

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::text::Size;

/// Lines that stay at the bottom of standard error until they are replaced; gone when dropped.
pub(super) struct LiveArea {
    bar: ProgressBar,
    term: Term,
}

impl LiveArea {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        // The only word of the template is one that is always there.
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Self { bar, term: Term::stderr() }
    }

    /// Replaces the lines.
    pub(super) fn show(&self, lines: &[String]) {
        self.bar.set_message(lines.join("\n"));
    }

    /// Lets a line scroll up above them.
    pub(super) fn line(&self, line: &str) {
        self.bar.println(line);
    }

    /// The room there is.
    pub(super) fn size(&self) -> Size {
        let (rows, columns) = self.term.size();
        Size { columns: usize::from(columns), rows: usize::from(rows) }
    }
}

impl Drop for LiveArea {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
