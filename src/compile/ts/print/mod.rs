//! Prints the syntax tree as TypeScript: two spaces, single quotes, lines of up to 100 columns where they can be broken.
//! Every expression that has an origin leaves a mapping, so that lines lead back to the definition.
//! Depends on the tree only; the same tree always gives the same bytes.

mod expr;
mod stmt;
mod types;

use super::{Mark, Module};
use crate::compile::origin::Origin;

/// Printed code.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Printed {
    /// The text, ending in a line break.
    pub text: String,
    /// Where its parts came from, ascending by position.
    pub mappings: Vec<Mapping>,
    /// What a recorder would be told, and where, ascending by position.
    pub told: Vec<Told>,
}

/// A place of printed code where a recorder can be told something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    /// Where, in bytes of the text.
    pub offset: usize,
    /// What.
    pub what: Tell,
}

/// What a recorder can be told at a place of printed code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tell {
    /// A statement may stand here: the mark.
    Mark(Mark),
    /// What is awaited begins here; it ends at the next [`Tell::Close`] that is not of another.
    Await(Option<Origin>, Awaited),
    /// A promise begins here, with whose end a node ends; it ends like an await.
    Settles(usize),
    /// The call that is a branch of a `Promise.all` or `race` begins here; it ends like an await.
    Branch(Option<Origin>),
    /// The test of an `if` or `while` begins here.
    Test(Option<Origin>),
    /// The innermost of what is open ends here.
    Close,
}

/// What is awaited, where the code alone says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The end of what was begun: an activity, a timer, a child.
    Call,
    /// A condition over the state.
    Condition,
    /// The end of the handlers that run.
    Handlers,
    /// Any signal.
    Signal,
}

/// A position in printed code and the place it came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mapping {
    /// Line, from 0.
    pub line: u32,
    /// Column in UTF-16 units, from 0.
    pub column: u32,
    /// The place in the definition.
    pub origin: Origin,
}

impl Printed {
    /// The origin of the last mapped place at or before `line`, `column` (both from 0) on that line, or
    /// the nearest one on the lines before.
    #[must_use]
    pub fn origin_at(&self, line: u32, column: u32) -> Option<Origin> {
        self.last_mapping(line, column).map(|mapping| mapping.origin)
    }

    /// The same, but only on that line: what has no origin of its own gets none.
    #[must_use]
    pub fn origin_on_line(&self, line: u32, column: u32) -> Option<Origin> {
        self.last_mapping(line, column).filter(|mapping| mapping.line == line).map(|mapping| mapping.origin)
    }

    fn last_mapping(&self, line: u32, column: u32) -> Option<&Mapping> {
        let after = self.mappings.partition_point(|m| (m.line, m.column) <= (line, column));
        self.mappings.get(after.checked_sub(1)?)
    }
}

/// Prints a module.
#[must_use]
pub fn module(module: &Module) -> Printed {
    let mut printer = Printer::default();
    printer.decls(&module.body);
    Printed { text: printer.out, mappings: printer.mappings, told: printer.told }
}

/// Prints a declaration file (`.d.ts`): constants have types and no values.
#[must_use]
pub fn declarations(module: &Module) -> Printed {
    let mut printer = Printer { ambient: true, ..Printer::default() };
    printer.decls(&module.body);
    Printed { text: printer.out, mappings: printer.mappings, told: printer.told }
}

const WIDTH: usize = 100;
const INDENT: &str = "  ";

#[derive(Default)]
struct Printer {
    out: String,
    mappings: Vec<Mapping>,
    told: Vec<Told>,
    line: u32,
    line_start: usize,
    indent: usize,
    /// Whether a declaration file is printed.
    ambient: bool,
    /// Set while an expression is tried on one line; nothing may break then.
    flat: bool,
    /// Set where the lines of a broken binary expression are indented already.
    indented_already: bool,
    /// Set when an arrow's expression was put on a line of its own.
    arrow_broken: bool,
    /// Set when what is tried on one line does not fit.
    overflow: bool,
    /// The nodes that end with what is awaited next, the innermost first.
    settles: Vec<usize>,
    /// Set while the array of a `Promise.all` or `race` is printed, but not in its elements.
    branches: bool,
}

impl Printer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        if let Some(last) = text.rfind('\n') {
            self.line += u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX);
            self.line_start = self.out.len() - (text.len() - last - 1);
        }
        if self.flat && self.out.len() - self.line_start > WIDTH {
            self.overflow = true;
        }
    }

    /// A line break and the indentation of the next line.
    fn newline(&mut self) {
        if self.flat {
            self.overflow = true;
            return;
        }
        self.push("\n");
        for _ in 0..self.indent {
            self.push(INDENT);
        }
    }

    fn indented(&mut self, inner: impl FnOnce(&mut Self)) {
        self.indent += 1;
        inner(self);
        self.indent -= 1;
    }

    /// The line and column (in UTF-16 units) that are printed next.
    fn position(&self) -> (u32, u32) {
        let column = self.out.get(self.line_start..).unwrap_or_default().encode_utf16().count();
        (self.line, u32::try_from(column).unwrap_or(u32::MAX))
    }

    fn map(&mut self, origin: Option<Origin>) {
        let Some(origin) = origin else { return };
        let (line, column) = self.position();
        let mapping = Mapping { line, column, origin };
        match self.mappings.last_mut() {
            // The outermost expression at a place is followed by its first operand: the inner one is the better answer.
            Some(last) if (last.line, last.column) == (mapping.line, mapping.column) => *last = mapping,
            _ => self.mappings.push(mapping),
        }
    }

    fn tell(&mut self, what: Tell) {
        self.told.push(Told { offset: self.out.len(), what });
    }

    /// Prints `inner` on the current line if it fits, or else leaves no trace and says so.
    fn try_flat(&mut self, inner: impl FnOnce(&mut Self)) -> bool {
        if self.flat {
            inner(self);
            return true;
        }
        let (length, mappings, line, line_start) = (self.out.len(), self.mappings.len(), self.line, self.line_start);
        let told = self.told.len();
        let last = self.mappings.last().copied();
        self.flat = true;
        self.overflow = self.out.len() - self.line_start > WIDTH;
        inner(self);
        // Room for what closes the line: `);` or `,`.
        let fits = !self.overflow && self.out.len() - self.line_start < WIDTH - 1;
        self.flat = false;
        self.overflow = false;
        if !fits {
            self.out.truncate(length);
            self.mappings.truncate(mappings);
            self.told.truncate(told);
            if let (Some(kept), Some(last)) = (self.mappings.last_mut(), last) {
                *kept = last;
            }
            (self.line, self.line_start) = (line, line_start);
        }
        fits
    }

    /// Prints each of `items` on a line of its own between `open` and `close`.
    fn broken_list<T>(&mut self, open: &str, close: &str, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.push(open);
        self.indented(|p| {
            for each in items {
                p.newline();
                item(p, each);
                p.push(",");
            }
        });
        self.newline();
        self.push(close);
    }

    fn flat_list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        for (position, each) in items.iter().enumerate() {
            if position > 0 {
                self.push(", ");
            }
            if self.overflow {
                return;
            }
            item(self, each);
        }
    }
}

/// `text` as a string literal: single quotes, or double ones where that saves escapes.
fn quote(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            c if c == quote => {
                quoted.push('\\');
                quoted.push(c);
            }
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}

/// Whether `text` can be written as a name or an unquoted key.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '$'))
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'))
}

fn key(text: &str) -> String {
    if is_name(text) { text.to_owned() } else { quote(text) }
}
