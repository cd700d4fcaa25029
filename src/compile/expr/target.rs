//! Targets of state updates: places in the state. Depends on the converter.

use super::super::ts::{Expr, ExprKind};
use super::convert::{Converter, root};
use super::fault::{self, Fault};
use super::{Context, parse};
use crate::diagnostic::{Code, Diagnostic, JsonPath};
use oxc::span::{GetSpan, Span};

/// Parses a place in the state, such as `state.completedPackages`, `report.endTime` or `state.items[index].status`.
///
/// # Errors
/// [`Code::TARGET`] if it is an expression but no place, or lies outside the state; else as [`super::expression`].
pub fn target(text: &str, path: &JsonPath, cx: &Context<'_>) -> Result<Expr, Diagnostic> {
    let source = cx.sources.borrow_mut().add(path, cx.node, text);
    let state = cx.scope.resolve("state").map(|resolution| resolution.expr);
    let state = state.as_ref().and_then(root).unwrap_or("state").to_owned();
    let converted = parse::expression(text, |expression| {
        let mut converter = Converter::new(cx.scope, source, text, expression);
        let place = converter.convert(expression);
        match fault::first(converter.seen.faults).into_iter().next() {
            Some(fault) => Err(fault),
            None => checked(place, &state, expression.span()),
        }
    });
    converted.and_then(|place| place).map_err(|fault| fault.at(text, path, cx.node))
}

fn checked(place: Expr, state: &str, span: Span) -> Result<Expr, Fault> {
    if !is_place(&place) {
        return Err(Fault::new(Code::TARGET, span, "the target is an expression, not a place in the state")
            .label("not a place")
            .suggest("name a field of the state, such as `state.items` or `state.items[0].name`"));
    }
    if root(&place) != Some(state) {
        return Err(Fault::new(Code::TARGET, span, "the target is not in the state")
            .label("not in the state")
            .suggest("only the state can be changed: begin with `state.`"));
    }
    Ok(place)
}

/// Whether `expr` can be assigned to: a name, or a chain of members without `?.`.
fn is_place(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Ident(_) => true,
        ExprKind::Member { object, optional: false, .. } | ExprKind::Index { object, optional: false, .. } => is_place(object),
        ExprKind::NonNull(inner) => is_place(inner),
        _ => false,
    }
}
