//! `continue-as-new-checkpoint`, and the same limits on loops and coordinators: continues as a new execution when the history has grown long.

use crate::compile::lower::Lower;
use crate::compile::ts::build::{constant, ident, number};
use crate::compile::ts::{Expr, Stmt};
use crate::definition::{Duration, Fields};

/// When to continue as new.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::compile) struct Limits {
    threshold: Option<u64>,
    time_limit: Option<Duration>,
    /// Set for a checkpoint node, which needs no limit of its own: the server's suggestion is one.
    always: bool,
}

impl Limits {
    /// Reads `continueAsNewThreshold` and `continueAsNewTimeLimit`.
    pub(in crate::compile) fn read(fields: &Fields) -> Self {
        Self {
            threshold: fields.integer("continueAsNewThreshold", 1..=1_000_000),
            time_limit: fields.duration("continueAsNewTimeLimit"),
            always: false,
        }
    }

    /// Whether there is any limit.
    pub(in crate::compile) fn is_some(&self) -> bool {
        self.always || self.threshold.is_some() || self.time_limit.is_some()
    }

    /// Declares what the test needs where the function begins; gives the counter's name.
    pub(in crate::compile) fn prepare(&self, cx: &mut Lower, counter: &str) -> String {
        if self.time_limit.is_some() {
            cx.prelude_once("startedAt", constant("startedAt", ident("Date").method("now", Vec::new())));
        }
        let counter = cx.names.free(counter, "");
        if self.threshold.is_some() {
            cx.prelude_once(&counter, Stmt::Let(counter.clone(), None, Some(number(0))));
        }
        counter
    }

    /// Whether a limit is reached, the server's own suggestion included.
    pub(in crate::compile) fn test(&self, counter: &str) -> Expr {
        let suggested = ident("workflowInfo").call(Vec::new()).member("continueAsNewSuggested");
        let counted = self.threshold.map(|threshold| ident(counter).binary(">=", number(grouped(threshold))));
        let elapsed = || ident("Date").method("now", Vec::new()).binary("-", ident("startedAt"));
        let timed = self.time_limit.map(|limit| elapsed().binary(">=", number(grouped(limit.millis))));
        [counted, timed, Some(suggested)].into_iter().flatten().reduce(|a, b| a.binary("||", b)).unwrap_or_else(|| ident("false"))
    }

    /// `counter += 1`, where something is counted.
    pub(in crate::compile) fn count(&self, counter: &str) -> Option<Stmt> {
        self.threshold.map(|_| ident(counter).assign_op("+=", number(1)).stmt())
    }

    /// Counts a round, and continues as new if a limit is reached.
    pub(in crate::compile) fn check(&self, cx: &mut Lower, counter: &str) -> Vec<Stmt> {
        let go = cx.continue_as_new();
        self.count(counter).into_iter().chain([Stmt::If(self.test(counter), go, Vec::new())]).collect()
    }
}

pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let fields = cx.fields(at, "a continue-as-new-checkpoint node");
    let threshold = fields.integer("threshold", 1..=1_000_000);
    let time_limit = fields.duration("timeLimit");
    let long = Limits::read(&fields);
    fields.finish();
    let limits = Limits { threshold: threshold.or(long.threshold), time_limit: time_limit.or(long.time_limit), always: true };
    if cx.in_branch() {
        let path = cx.node(at).path.clone();
        let message = format!("`{}` would continue as new from within a `parallel`", cx.node(at).id);
        cx.error(crate::diagnostic::Code::CONTAINER, at, &path, message, "put the checkpoint after the `parallel`");
    }
    out.extend(cx.comment(at, None));
    let counter = limits.prepare(cx, "rounds");
    out.extend(limits.check(cx, &counter));
}

/// A number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) && digits.len() > 4 {
            text.push('_');
        }
        text.push(digit);
    }
    text
}
