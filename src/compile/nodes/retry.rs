//! `retry`: repeats its inside until it succeeds, with a pause or a coordinator between attempts.

use super::phase::{rethrow_cancellation, root_message};
use super::problem::{Failed, Remedy};
use crate::compile::expr::Shape;
use crate::compile::lower::{Binding, Lower, Surround, camel};
use crate::compile::ts::build::{constant, ident, number, string};
use crate::compile::ts::{Expr, ExprKind, Mark, Stmt};
use crate::definition::{Duration, Fields};

/// The pause between two attempts.
struct Backoff {
    kind: BackoffKind,
    initial: Duration,
    maximum: Option<Duration>,
    coefficient: f64,
}

#[derive(Clone, Copy, PartialEq)]
enum BackoffKind {
    Exponential,
    Linear,
    Fixed,
}

pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let node = cx.node(at);
    let fields = cx.fields(at, "a retry node");
    let max_attempts = fields.integer("maxAttempts", 1..=1_000_000).unwrap_or(3);
    let on_failure = fields.choice("retryOn", &[("failure", true), ("error", false)]).unwrap_or(true);
    fields.choice("scope", &[("block", ())]);
    let backoff = fields.object("backoff").and_then(|backoff| read_backoff(cx, &node.id, &backoff));
    let remedy = Remedy::read(cx, at, &fields, max_attempts);
    fields.finish();
    out.extend(cx.comment(at, Some(cx.title(at))));
    let attempt = cx.names.free(&format!("{}Attempt", camel(&node.id)), "");
    let attempts = vec![Binding::new("attempts", ident(&attempt), Shape::Primitive("number".into()))];
    let body = cx.framed(attempts, |cx, out| {
        let tried = cx.in_loop(|cx| {
            cx.block(|cx, out| {
                cx.inside(Some(at), 0, Surround::Block, out);
                if on_failure {
                    out.extend(unless_success(cx, at));
                }
                out.push(Stmt::Break(None));
            })
        });
        let last = cx.env.last.clone();
        let caught = cx.block(|cx, out| after_failure(cx, at, &attempt, max_attempts, remedy.as_ref(), backoff.as_ref(), out));
        cx.env.last = last;
        out.push(Stmt::Mark(Mark::Round(at)));
        out.push(Stmt::Try { body: tried, catch: Some(("thrown".into(), caught)), finally: None });
    });
    cx.alias(at);
    let forever = Expr::new(ExprKind::Bool(true));
    out.push(Stmt::For(None, attempt.clone(), number(1), forever, ident(&attempt).assign_op("+=", number(1)), body));
}

/// A value `{success: false}` of the last node counts as an error.
fn unless_success(cx: &mut Lower, at: usize) -> Option<Stmt> {
    let value = crate::compile::expr::Scope::resolve(&cx.env, "result")?.expr;
    if cx.has_field(&value, "success") != Some(true) {
        return None;
    }
    let otherwise = string(&format!("{} failed", cx.title(at)));
    let output = ["error", "stderr"].into_iter().find(|name| cx.has_field(&value, name) == Some(true));
    let message = output.map_or_else(|| otherwise.clone(), |name| value.clone().member(name).binary("||", otherwise.clone()));
    let failure = ident("ApplicationFailure").method("create", vec![crate::compile::ts::build::object([("message", message)])]);
    Some(Stmt::If(value.member("success").negated(), vec![Stmt::Throw(failure)], Vec::new()))
}

fn after_failure(
    cx: &mut Lower,
    at: usize,
    attempt: &str,
    max_attempts: u64,
    remedy: Option<&Remedy>,
    backoff: Option<&Backoff>,
    out: &mut Vec<Stmt>,
) {
    out.push(Stmt::Mark(Mark::Caught(at)));
    out.extend(rethrow_cancellation());
    out.push(Stmt::If(ident(attempt).binary(">=", number(max_attempts)), vec![Stmt::Throw(ident("thrown"))], Vec::new()));
    if let Some(remedy) = remedy {
        out.push(constant("message", root_message()));
        let done = ident(attempt).binary("-", number(1));
        out.extend(remedy.statements(cx, at, &Failed::Thrown, &done));
    }
    if let Some(backoff) = backoff {
        out.push(ident("sleep").call(vec![backoff.pause(attempt)]).awaited().stmt());
    }
}

fn read_backoff(cx: &Lower, node: &str, field: &crate::definition::Field) -> Option<Backoff> {
    let fields = Fields::new(field, Some(node), "backoff", cx.report);
    let kinds = [("exponential", BackoffKind::Exponential), ("linear", BackoffKind::Linear), ("fixed", BackoffKind::Fixed)];
    let backoff = Backoff {
        kind: fields.choice("type", &kinds).unwrap_or(BackoffKind::Exponential),
        initial: fields.duration("initialInterval")?,
        maximum: fields.duration("maximumInterval"),
        coefficient: fields.number("coefficient").unwrap_or(2.0),
    };
    fields.finish();
    Some(backoff)
}

impl Backoff {
    /// The pause after attempt `attempt`, in milliseconds or words.
    fn pause(&self, attempt: &str) -> Expr {
        let initial = || number(self.initial.millis);
        let pause = match self.kind {
            BackoffKind::Fixed => return string(&self.initial.words()),
            BackoffKind::Linear => initial().binary("*", ident(attempt)),
            BackoffKind::Exponential => initial().binary("*", number(self.coefficient).binary("**", ident(attempt).binary("-", number(1)))),
        };
        match self.maximum {
            Some(maximum) => ident("Math").method("min", vec![pause, number(maximum.millis)]),
            None => pause,
        }
    }
}
