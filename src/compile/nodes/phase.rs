//! `phase`: groups nodes, and says what an error in them means.

use super::state_updates;
use crate::compile::expr::Shape;
use crate::compile::lower::{Binding, Lower, Surround, object_shape};
use crate::compile::ts::build::{ident, object, string};
use crate::compile::ts::{Expr, Mark, Stmt};
use crate::definition::{Field, Fields};
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let node = cx.node(at);
    let fields = cx.fields(at, "a phase node");
    let name = fields.text("name").map_or_else(|| cx.title(at), |name| name.text);
    let handling = fields.object("errorHandling");
    fields.finish();
    out.extend(cx.comment(at, Some(cx.title(at))));
    let Some(handling) = handling else {
        cx.phases.push(string(&name));
        let mut body = Vec::new();
        cx.inside(Some(at), 0, Surround::Block, &mut body);
        cx.phases.pop();
        out.extend(body);
        cx.alias(at);
        return;
    };
    let handling_fields = Fields::new(&handling, Some(&node.id), "errorHandling", cx.report);
    let mark = handling_fields.text("markPhase").map_or(name, |mark| mark.text);
    let captured = handling_fields.list("captureContext").unwrap_or_default();
    let updates = handling_fields.list("stateUpdates").unwrap_or_default();
    let returned = handling_fields.value("returnOnError");
    handling_fields.finish();
    cx.phases.push(string(&mark));
    let body = cx.block(|cx, out| {
        cx.inside(Some(at), 0, Surround::Block, out);
    });
    cx.alias(at);
    let after = cx.env.last.clone();
    let mut bindings = error_bindings(&mark);
    for name in &captured {
        bindings.extend(capture(cx, at, name));
    }
    let names: Vec<(String, Expr)> = bindings.iter().skip(2).map(|binding| (binding.name.clone(), binding.expr.clone())).collect();
    let handler = cx.framed(bindings, |cx, out| {
        out.push(Stmt::Mark(Mark::Caught(at)));
        out.extend(rethrow_cancellation());
        out.push(crate::compile::ts::build::constant("message", root_message()));
        for update in &updates {
            out.extend(state_updates::update(cx, at, update, &[]));
        }
        out.push(match &returned {
            Some(returned) => Stmt::Return(Some(cx.value(returned, Some(&node.id)))),
            None => Stmt::Throw(marked_failure(&mark, names)),
        });
    });
    cx.phases.pop();
    cx.env.last = after;
    out.push(Stmt::Try { body, catch: Some(("thrown".into(), handler)), finally: None });
}

/// `error` and `phase`, as an error handler sees them.
fn error_bindings(phase: &str) -> Vec<Binding> {
    let text = || Shape::Primitive("string".into());
    vec![
        Binding::new("error", object([("message", ident("message"))]), object_shape([("message", text())])),
        Binding::new("phase", object([("name", string(phase))]), object_shape([("name", text())])),
    ]
}

/// The workflow's own cancellation is no error of the phase: it goes on. That of a child alone, by somebody else, is an error like others.
pub(super) fn rethrow_cancellation() -> Vec<Stmt> {
    let ours = ident("CancellationScope").method("current", Vec::new()).member("consideredCancelled");
    let cancelled = ident("isCancellation").call(vec![ident("thrown")]).binary("&&", ours);
    vec![Stmt::If(cancelled, vec![Stmt::Throw(ident("thrown"))], Vec::new())]
}

/// The message of what an activity or child really threw, which Temporal wraps.
pub(super) fn root_message() -> Expr {
    ident("rootCause").call(vec![ident("thrown")]).binary("??", ident("String").call(vec![ident("thrown")]))
}

fn marked_failure(phase: &str, captured: Vec<(String, Expr)>) -> Expr {
    let mut options = vec![
        ("message".to_owned(), ident("message")),
        ("type".to_owned(), string(phase)),
        ("nonRetryable".to_owned(), Expr::new(crate::compile::ts::ExprKind::Bool(true))),
    ];
    if !captured.is_empty() {
        let details = object(captured.iter().map(|(name, expr)| (name.as_str(), expr.clone())));
        options.push(("details".to_owned(), crate::compile::ts::build::array(vec![details])));
    }
    ident("ApplicationFailure").method("create", vec![object(options.iter().map(|(key, value)| (key.as_str(), value.clone())))])
}

/// A name of `captureContext`: a node's value, a field of the state or input, or a field of just one of the state's fields.
fn capture(cx: &Lower, at: usize, field: &Field) -> Option<Binding> {
    let Some(name) = field.value.as_str() else {
        cx.error(Code::SHAPE, at, &field.path, "`captureContext` takes names", "write `[report, fixAttempts]`");
        return None;
    };
    let nested = || {
        let holders = cx
            .env
            .state_fields
            .iter()
            .map(|holder| ident("state").member(holder))
            .filter(|holder| cx.has_field(holder, name) == Some(true));
        let mut holders: Vec<Expr> = holders.collect();
        (holders.len() == 1).then(|| holders.remove(0).member(name))
    };
    let Some(expr) = cx.by_name(name).or_else(nested) else {
        let known = cx.env.state_fields.iter().map(String::as_str);
        let message = format!("`{name}` is no field of the state or input, and no node's value");
        cx.report.push(
            Diagnostic::error(Code::UNKNOWN_NAME, &field.path, message)
                .node(&cx.node(at).id)
                .excerpt(name, 0..name.len())
                .suggest_near(name, known),
        );
        return None;
    };
    let shape = cx.shape(&expr);
    Some(Binding::new(name, expr, shape))
}
