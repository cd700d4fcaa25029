//! What runs tells a recorder where it is: calls in the JavaScript that the TypeScript, which people read, doesn't have. They are put in between
//! statements and operands at the places that the printer notes; nothing of a user's is in them, only numbers.
//! Depends on `compile`'s output; knows nothing of what the recorder does (worker/src/slot-inside.cts).

use crate::compile::inside::Inside;
use crate::compile::origin::{Origin, Sources};
use crate::compile::ts::Mark;
use crate::compile::ts::print::{Awaited, Printed, Tell};
use std::collections::BTreeMap;

/// TypeScript with calls of the recorder in it, and where they stand.
pub(super) struct Telling {
    pub text: String,
    /// Whether promises are handed to the recorder.
    pub hands_over: bool,
    /// What was put in: line, and column in the text without it, both from 0; how much. Ascending.
    inserted: Vec<(u32, u32, u32)>,
}

impl Telling {
    /// The column in the printed text of a column (UTF-16, from 0) in this one.
    pub fn column(&self, line: u32, column: u32) -> u32 {
        let from = self.inserted.partition_point(|(at, ..)| *at < line);
        let mut before = 0;
        for &(_, at, length) in self.inserted.iter().skip(from).take_while(|(at, ..)| *at == line) {
            if column < at + before {
                break;
            }
            if column < at + before + length {
                return at;
            }
            before += length;
        }
        column - before
    }
}

/// The text of `printed` that tells the recorder `$` of the nodes of `inside`.
pub(super) fn telling(printed: &Printed, sources: &Sources, inside: &Inside) -> Telling {
    let nodes: BTreeMap<&str, usize> = inside.nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
    let node_of = |origin: Option<Origin>| nodes.get(sources.get(origin?.source)?.node.as_deref()?).copied();
    let mut insertion = Insertion::new(&printed.text);
    let mut open: Vec<&str> = Vec::new();
    let mut hands_over = false;
    for told in &printed.told {
        insertion.go_to(told.offset);
        match told.what {
            Tell::Mark(mark) => insertion.put(&statement(mark)),
            Tell::Test(origin) => {
                if let Some(at) = node_of(origin).filter(|&at| inside.nodes[at].kind == "condition") {
                    insertion.put(&format!("$?.visit({at}), "));
                }
            }
            Tell::Await(origin, awaited) => {
                // What belongs to no node belongs to the cleanup.
                let at = node_of(origin).map_or_else(|| "-1".to_owned(), |at| at.to_string());
                insertion.put(&format!("($?.at({at}{}), ", word(awaited)));
                open.push(")");
            }
            Tell::Settles(at) => {
                insertion.put(&format!("$of({at}, "));
                open.push(")");
                hands_over = true;
            }
            Tell::Branch(origin) => match node_of(origin) {
                Some(at) => {
                    insertion.put(&format!("$of({at}, ($?.enter({at}), $?.at({at}), "));
                    open.push("))");
                    hands_over = true;
                }
                None => open.push(""),
            },
            Tell::Close => insertion.put(open.pop().unwrap_or_default()),
        }
    }
    insertion.end(hands_over)
}

fn statement(mark: Mark) -> String {
    match mark {
        Mark::Enter(at) => format!("$?.enter({at}); "),
        Mark::Leave(at) => format!("$?.leave({at}); "),
        Mark::Visit(at) => format!("$?.visit({at}); "),
        Mark::Round(at) => format!("$?.round({at}); "),
        Mark::Caught(at) => format!("$?.caught({at}); "),
        Mark::Failed(at) => format!("$?.failed({at}); "),
        Mark::State => "$?.state(() => state); ".to_owned(),
        Mark::Cleanup => "$?.cleanup(); ".to_owned(),
    }
}

fn word(awaited: Awaited) -> &'static str {
    match awaited {
        Awaited::Call => "",
        Awaited::Condition => ", 'condition'",
        Awaited::Handlers => ", 'handlers'",
        Awaited::Signal => ", 'signal'",
    }
}

/// A text that grows by what is put into it.
struct Insertion<'a> {
    from: &'a str,
    taken: usize,
    text: String,
    line: u32,
    column: u32,
    inserted: Vec<(u32, u32, u32)>,
}

impl<'a> Insertion<'a> {
    fn new(from: &'a str) -> Self {
        Self { from, taken: 0, text: String::with_capacity(from.len() * 2), line: 0, column: 0, inserted: Vec::new() }
    }

    fn go_to(&mut self, offset: usize) {
        let passed = self.from.get(self.taken..offset).unwrap_or_default();
        for c in passed.chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 0;
            } else {
                self.column += u32::try_from(c.len_utf16()).unwrap_or(1);
            }
        }
        self.text.push_str(passed);
        self.taken = offset;
    }

    /// Puts in ASCII without line breaks.
    fn put(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.text.push_str(text);
        self.inserted.push((self.line, self.column, u32::try_from(text.len()).unwrap_or(u32::MAX)));
    }

    fn end(mut self, hands_over: bool) -> Telling {
        self.text.push_str(self.from.get(self.taken..).unwrap_or_default());
        Telling { text: self.text, hands_over, inserted: self.inserted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_lead_back_past_what_was_put_in() {
        let mut insertion = Insertion::new("ab\nawait x(é𝒳);y\n");
        insertion.go_to(9);
        insertion.put("($, ");
        insertion.go_to(18);
        insertion.put(")");
        let telling = insertion.end(false);
        assert_eq!(telling.text, "ab\nawait ($, x(é𝒳));y\n");
        let back: Vec<u32> = (0..18).map(|column| telling.column(1, column)).collect();
        assert_eq!(back, [0, 1, 2, 3, 4, 5, 6, 6, 6, 6, 6, 7, 8, 9, 10, 11, 12, 12]);
        assert_eq!(telling.column(0, 1), 1);
    }
}
