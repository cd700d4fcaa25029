//! `activity`: calls an activity.

use crate::compile::expr::Shape;
use crate::compile::lower::{Called, Lower};
use crate::compile::program::ActivityOptions;
use crate::compile::ts::{Expr, ExprKind, Stmt, Type};
use crate::definition::Fields;

pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let fields = cx.fields(at, "an activity node");
    let name = fields.required_text("activityName");
    let own = ActivityOptions::read(&fields, &cx.node(at).id, cx.report).on_queue_of(&fields);
    let called = name.and_then(|name| cx.activity_of(Some(at), &name, &fields, own));
    out.extend(cx.comment(at, None));
    if let Some(called) = called {
        let args = arguments(cx, at, &fields, &called);
        let (shape, ty) = result(&called);
        cx.bind(at, called.function.call(args).awaited(), shape, ty, out);
    } else {
        fields.known(&["args", "inputMapping", "module"]);
        cx.bind_unknown(at);
    }
    fields.finish();
}

/// The arguments of an activity that is called by node `at`.
pub(super) fn arguments(cx: &Lower, at: usize, fields: &Fields, called: &Called) -> Vec<Expr> {
    let params = called.signature.map(|function| (function.params.as_slice(), &called.module.shapes));
    cx.arguments(at, fields, &called.name, params)
}

/// What is known of the type of an activity's result, and the type itself.
pub(super) fn result(called: &Called) -> (Shape, Type) {
    let shape = called.signature.map_or(Shape::Unknown, |function| match &function.ret {
        Shape::Promise(inner) => (**inner).clone(),
        shape => shape.clone(),
    });
    let function = match &called.function.kind {
        ExprKind::Ident(name) => name.clone(),
        _ => called.name.clone(),
    };
    (called.module.shapes.resolve(&shape), awaited_return(&function))
}

/// `Awaited<ReturnType<typeof function>>`
pub(super) fn awaited_return(function: &str) -> Type {
    Type::Named("Awaited".into(), vec![Type::Named("ReturnType".into(), vec![Type::TypeOf(function.into())])])
}
