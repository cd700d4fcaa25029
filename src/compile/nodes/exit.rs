//! `exit`: ends the workflow with a value, or with an error.

use crate::compile::lower::Lower;
use crate::compile::ts::Stmt;
use crate::compile::ts::build::ident;
use crate::diagnostic::Code;

pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let fields = cx.fields(at, "an exit node");
    let value = fields.value("returnValue");
    let error = fields.value("error");
    fields.finish();
    let id = &cx.node(at).id;
    if cx.in_branch() {
        let path = cx.node(at).path.clone();
        cx.error(
            Code::CONTAINER,
            at,
            &path,
            format!("`{id}` would end the workflow from within a `parallel`"),
            "let the branch end, and put the exit after it",
        );
    }
    out.extend(cx.comment(at, None));
    match (value, error) {
        (Some(_), Some(error)) => {
            cx.error(Code::CONFLICT, at, &error.path, format!("`{id}` has both a `returnValue` and an `error`"), "keep one of them");
        }
        (None, Some(error)) => {
            let message = cx.value(&error, Some(id));
            out.push(Stmt::Throw(ident("ApplicationFailure").method("nonRetryable", vec![message])));
        }
        (value, None) => {
            let value = value.map(|value| cx.value(&value, Some(id)));
            out.push(Stmt::Return(value));
        }
    }
}
