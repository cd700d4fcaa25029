//! Resolves what stands for a literal: `phase.name` of a known phase, `args[0]` of a handler, `escalation.reason` of an optional field.
//! Depends on the tree only.

use crate::compile::ts::walk::children_mut;
use crate::compile::ts::{Expr, ExprKind, Prop};

/// The same expression, with members of object literals and elements of array literals in place of the literal, and
/// `a!.b` as `a?.b`.
#[must_use]
pub fn fold(mut expr: Expr) -> Expr {
    fold_mut(&mut expr);
    expr
}

fn fold_mut(expr: &mut Expr) {
    children_mut(expr, &mut fold_mut);
    let folded = match &mut expr.kind {
        ExprKind::Member { object, property, optional } => match &mut object.kind {
            ExprKind::Object(props) => props.iter().find_map(|prop| match prop {
                Prop::KeyValue(key, value) if key == property => Some(value.kind.clone()),
                _ => None,
            }),
            ExprKind::NonNull(inner) if !*optional => {
                Some(ExprKind::Member { object: inner.clone(), property: property.clone(), optional: true })
            }
            _ => None,
        },
        ExprKind::Index { object, index, .. } => match (&object.kind, &index.kind) {
            (ExprKind::Array(items), ExprKind::Num(number)) => {
                number.parse::<usize>().ok().and_then(|at| items.get(at)).filter(|item| !item.spread).map(|item| item.expr.kind.clone())
            }
            _ => None,
        },
        _ => None,
    };
    if let Some(kind) = folded {
        expr.kind = kind;
    }
}
