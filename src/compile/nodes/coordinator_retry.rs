//! `coordinator-retry`: calls an activity; while it fails, a coordinator workflow remedies the failure and the activity is called again.

use super::activity;
use super::problem::{Failed, Remedy};
use crate::compile::lower::{Lower, camel, raw_template};
use crate::compile::ts::build::{ident, number, string};
use crate::compile::ts::{Expr, ExprKind, Mark, Stmt};
use crate::diagnostic::Code;

pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let node = cx.node(at);
    let fields = cx.fields(at, "a coordinator-retry node");
    let name = fields.required_text("targetActivity");
    let max_attempts = fields.integer("maxAttempts", 1..=1000).unwrap_or(3);
    fields.require("coordinatorWorkflow");
    let remedy = Remedy::read(cx, at, &fields, max_attempts);
    let called = name.as_ref().and_then(|name| cx.activity(at, name, &fields));
    let (Some(name), Some(called), Some(remedy)) = (name, called, remedy) else {
        fields.known(&["args", "inputMapping"]);
        fields.finish();
        cx.bind_unknown(at);
        return;
    };
    let args = activity::arguments(cx, at, &fields, &called);
    fields.finish();
    out.extend(cx.comment(at, Some(cx.title(at))));
    let (shape, ty) = activity::result(&called);
    let call = called.function.call(args).awaited();
    let variable = cx.bind_mutable(at, call.clone(), shape, ty, out);
    let result = ident(&variable);
    if cx.has_field(&result, "success") == Some(false) {
        let message = format!("the result of `{}` has no `success`, so it cannot be told whether it failed", name.text);
        cx.report.push(
            crate::diagnostic::Diagnostic::error(Code::INVALID_VALUE, &name.path, message)
                .node(&node.id)
                .suggest("let the activity return `{success: boolean, …}`"),
        );
    }
    let attempts = cx.names.free(&format!("{}Attempts", camel(&node.id)), "");
    out.push(Stmt::Let(attempts.clone(), None, Some(number(0))));
    let failing = || result.clone().member("success").negated();
    let last = cx.env.last.clone();
    let body = cx.block(|cx, out| {
        out.push(Stmt::Mark(Mark::Round(at)));
        out.extend(remedy.statements(cx, at, &Failed::Result(&result), &ident(&attempts)));
        out.push(result.clone().assign(call).stmt());
        if remedy.counts() {
            out.push(ident(&attempts).assign_op("+=", number(1)).stmt());
        }
    });
    cx.env.last = last;
    out.push(Stmt::While(None, failing().binary("&&", ident(&attempts).binary("<", number(max_attempts))), body));
    let quasis = vec![raw_template(&format!("{} failed after ", cx.title(at))), " coordinator attempts".to_owned()];
    let message = Expr::new(ExprKind::Template { quasis, exprs: vec![ident(&attempts)] });
    let failure = ident("ApplicationFailure").method("nonRetryable", vec![message, string("EXHAUSTED")]);
    out.push(Stmt::If(failing(), vec![Stmt::Throw(failure)], Vec::new()));
}
