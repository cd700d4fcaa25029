//! Printing: results on standard output, problems and progress on standard error, in the format that was asked for.

use super::progress::Style;
use super::{Color, Format};
use crate::definition::Documents;
use crate::diagnostic::{Diagnostic, render};
use std::io::{IsTerminal, Write};

/// Prints in one format.
#[derive(Clone, Debug)]
pub(super) struct Printer {
    format: Format,
    color: bool,
    /// The same for standard output.
    color_output: bool,
}

impl Printer {
    pub(super) fn new(format: Format, color: Color) -> Self {
        let decide = |is_terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        let (color, color_output) = (decide(std::io::stderr().is_terminal()), decide(std::io::stdout().is_terminal()));
        console::set_colors_enabled_stderr(color);
        Self { format, color, color_output }
    }

    /// Whether text on standard output is coloured.
    pub(super) fn colours_output(&self) -> bool {
        self.color_output
    }

    /// Whether text on standard error is coloured.
    pub(super) fn colours(&self) -> bool {
        self.color
    }

    /// Whether the output is for people.
    pub(super) fn is_text(&self) -> bool {
        self.format == Format::Text
    }

    /// Whether the output is JSON.
    pub(super) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// How progress is shown.
    pub(super) fn style(&self) -> Style {
        match self.format {
            Format::Text => Style::for_people(),
            Format::Json => Style::Json,
            Format::Sarif => Style::Quiet,
        }
    }

    /// Prints what was found in definitions: text on standard error, JSON and SARIF on standard output.
    pub(super) fn diagnostics(&self, diagnostics: &[Diagnostic], documents: &Documents) {
        let text_of = |file: &str| documents.text_of(file).map(str::to_owned);
        match self.format {
            Format::Text if diagnostics.is_empty() => {}
            Format::Text => eprintln!("{}", render::text(diagnostics, &text_of, self.color).trim_end()),
            Format::Json => self.line(&render::json(diagnostics, &text_of).to_string()),
            Format::Sarif => self.line(&render::sarif(diagnostics, &text_of).to_string()),
        }
    }

    /// Prints a line of the result.
    pub(super) fn line(&self, text: &str) {
        // Whoever closed the pipe has read enough.
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    /// Prints a line for people, on standard error.
    pub(super) fn note(&self, text: &str) {
        if self.is_text() {
            eprintln!("{text}");
        }
    }

    /// Prints what somebody should look at, for people, on standard error.
    pub(super) fn warning(&self, text: &str) {
        self.note(&format!("{} {text}", console::style("warning:").for_stderr().yellow().bold()));
    }

    /// Prints why the command failed.
    pub(super) fn failure(&self, message: &str) {
        match self.format {
            Format::Text => eprintln!("{} {message}", console::style("error:").for_stderr().red().bold()),
            Format::Json | Format::Sarif => self.line(&serde_json::json!({"error": message}).to_string()),
        }
    }
}
