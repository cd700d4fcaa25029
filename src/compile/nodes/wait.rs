//! `wait`: waits until the state fulfils a condition, at most for a time.

use crate::compile::expr::Shape;
use crate::compile::lower::Lower;
use crate::compile::ts::Stmt;
use crate::compile::ts::build::{arrow, ident, named, string};

pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let fields = cx.fields(at, "a wait node");
    let condition = fields.required_text("condition");
    let timeout = fields.duration("timeout");
    fields.finish();
    let Some(condition) = condition else { return };
    out.extend(cx.comment(at, None));
    let test = arrow(Vec::new(), cx.expression(&condition, Some(&cx.node(at).id)));
    match timeout {
        Some(timeout) => {
            let wait = ident("condition").call(vec![test, string(&timeout.words())]).awaited();
            cx.bind(at, wait, Shape::Primitive("boolean".into()), named("boolean"), out);
        }
        None => out.push(ident("condition").call(vec![test]).awaited().stmt()),
    }
}
