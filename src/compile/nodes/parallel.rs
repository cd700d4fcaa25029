//! `parallel`: does its branches at once, and waits for all of them or for the first.

use crate::compile::expr::Shape;
use crate::compile::lower::{Last, Lower, Surround};
use crate::compile::ts::build::{array, arrow_block, ident};
use crate::compile::ts::{Expr, ExprKind, Stmt, Type};
use crate::diagnostic::Code;

pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let fields = cx.fields(at, "a parallel node");
    let race = fields.choice("completionMode", &[("all", false), ("race", true)]).unwrap_or(false);
    fields.finish();
    let count = cx.graph.scopes.get(&Some(at)).map_or(0, |scope| scope.branches.len());
    if count == 0 {
        let path = cx.node(at).path.clone();
        cx.error(
            Code::CONTAINER,
            at,
            &path,
            format!("`{}` holds no nodes", cx.node(at).id),
            "put nodes into it: each without an incoming edge begins a branch",
        );
        return;
    }
    out.extend(cx.comment(at, None));
    let before = cx.env.last.clone();
    let mut branches = Vec::new();
    let mut values = Vec::new();
    for branch in 0..count {
        cx.env.last = Last::None;
        let (body, value) = branch_of(cx, at, branch);
        branches.push(body);
        values.push(value);
    }
    cx.env.last = before;
    if race {
        let types = values
            .iter()
            .map(|value| value.as_ref().map_or_else(|| Type::Named("void".into(), Vec::new()), |(_, _, ty)| ty.clone()))
            .collect();
        let call = ident("Promise").method("race", vec![array(branches)]).awaited();
        cx.bind(at, call, Shape::Unknown, Type::Union(types), out);
    } else {
        let call = ident("Promise").method("all", vec![array(branches)]).awaited();
        cx.bind_pattern(values, call, out);
        cx.env.last = Last::Ambiguous;
    }
}

/// The promise of a branch, and the node whose value it gives.
fn branch_of(cx: &mut Lower, at: usize, branch: usize) -> (Expr, Option<(usize, Shape, Type)>) {
    let mut body = cx.branch(|cx| {
        cx.block(|cx, out| {
            cx.inside(Some(at), branch, Surround::Function, out);
        })
    });
    let nodes = nodes_of(cx, at, branch);
    let value = match &cx.env.last {
        Last::Known(name) => cx.env.values.get(name).cloned(),
        _ => None,
    };
    // Nodes may be over with the last statement.
    let over = body.split_off(body.iter().rposition(|stmt| !stmt.is_mark()).map_or(0, |last| last + 1));
    // Whether the branch's last statement makes its value.
    let direct = value.as_ref().is_some_and(|value| nodes.last() == Some(&value.node));
    let call = match body.last() {
        Some(Stmt::Const(_, None, init)) if direct => Some(init.clone()),
        Some(Stmt::Expr(init @ Expr { kind: ExprKind::Await(_), .. })) if direct || value.is_none() => Some(init.clone()),
        _ => None,
    };
    if let (Some(value), None) = (&value, &call) {
        cx.env.facts.borrow_mut().used.insert(value.node);
    }
    cx.forget(&nodes);
    let given = value.as_ref().map(|value| (value.node, value.shape.clone(), value.ty.clone()));
    match (call, value) {
        // A branch that is one call is that call.
        (Some(Expr { kind: ExprKind::Await(call), .. }), _) if body.iter().filter(|stmt| !stmt.is_mark()).count() == 1 => {
            return (*call, given);
        }
        (Some(call), _) => {
            body.pop();
            body.push(Stmt::Return(Some(call)));
            body.extend(over);
        }
        (None, Some(value)) => {
            body.extend(over);
            body.push(Stmt::Return(Some(ident(&value.variable))));
        }
        (None, None) => body.extend(over),
    }
    (arrow_block(true, Vec::new(), body).call(Vec::new()), given)
}

/// The nodes of a branch.
fn nodes_of(cx: &Lower, at: usize, branch: usize) -> Vec<usize> {
    let Some(steps) = cx.graph.scopes.get(&Some(at)).and_then(|scope| scope.branches.get(branch)) else { return Vec::new() };
    let mut nodes = Vec::new();
    crate::compile::graph::visited(steps, &mut nodes);
    nodes
}
