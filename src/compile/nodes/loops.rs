//! `loop`: repeats its inside while a condition holds, or for each item of a list.

use super::Limits;
use crate::compile::expr::Shape;
use crate::compile::lower::{Binding, Last, Lower, Surround, camel};
use crate::compile::ts::build::{ident, number};
use crate::compile::ts::walk::statement_mut;
use crate::compile::ts::{Expr, ExprKind, Mark, Pattern, Stmt};
use crate::diagnostic::Code;

pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let before = std::mem::take(&mut cx.env.last);
    each(cx, at, out, |cx, body| cx.inside(Some(at), 0, Surround::Loop, body));
    // The inside may not have run at all.
    let after = std::mem::take(&mut cx.env.last);
    cx.env.last = if after == Last::None { before } else { before.join(after) };
}

/// Pushes the loop of node `at`, whose inside `inside` makes; that gives the label that the loop needs, if any.
pub(in crate::compile) fn each(
    cx: &mut Lower,
    at: usize,
    out: &mut Vec<Stmt>,
    inside: impl FnOnce(&mut Lower, &mut Vec<Stmt>) -> Option<String>,
) {
    let fields = cx.fields(at, "a loop node");
    let node = cx.node(at);
    let test = fields.text("loopWhile").or_else(|| fields.text("condition"));
    let items = fields.text("forEach");
    let rounds = fields.integer("maxIterations", 1..=u64::MAX);
    let limits = Limits::read(&fields);
    fields.finish();
    if test.is_some() == items.is_some() {
        let message = format!("`{}` needs either `loopWhile` or `forEach`", node.id);
        cx.error(Code::MISSING_FIELD, at, &node.config.path.clone(), message, "say while what it repeats, or for each item of which list");
    }
    out.extend(cx.comment(at, None));
    let items = items.map(|items| cx.expression(&items, Some(&node.id)));
    let element = items.as_ref().map(|items| cx.shapes.element(&cx.shape(items)).unwrap_or(Shape::Unknown));
    // The items of a loop in a loop have names of their own: both lists are read.
    let (item, index) = if cx.env.binds("item") {
        let name = camel(&node.id);
        (format!("{name}Item"), format!("{name}Index"))
    } else {
        ("item".to_owned(), "index".to_owned())
    };
    let bindings = element.map_or_else(Vec::new, |element| {
        let number = Shape::Primitive("number".into());
        vec![Binding::new("item", ident(&item), element), Binding::new("index", ident(&index), number)]
    });
    let test = test.map(|test| cx.expression(&test, Some(&node.id)));
    let mut label = None;
    let checkpoint = limits.is_some().then(|| limits.prepare(cx, "rounds"));
    let body = cx.framed(bindings, |cx, body| {
        body.push(Stmt::Mark(Mark::Round(at)));
        label = inside(cx, body);
        if let Some(counter) = &checkpoint {
            body.extend(limits.check(cx, counter));
        }
    });
    out.push(match items {
        Some(items) => for_each(label, items, rounds, (item, index), body),
        None => repeat(cx, at, label, test, rounds, body),
    });
}

fn for_each(label: Option<String>, items: Expr, rounds: Option<u64>, (item, index): (String, String), mut body: Vec<Stmt>) -> Stmt {
    let indexed = uses(&mut body, &index);
    let items = match rounds {
        Some(rounds) => items.method("slice", vec![number(0), number(rounds)]),
        None => items,
    };
    if indexed {
        let pattern = Pattern::Array(vec![Some(Pattern::Ident(index)), Some(Pattern::Ident(item))]);
        Stmt::ForOf(label, pattern, items.method("entries", Vec::new()), body)
    } else {
        Stmt::ForOf(label, Pattern::Ident(item), items, body)
    }
}

fn repeat(cx: &mut Lower, at: usize, label: Option<String>, test: Option<Expr>, rounds: Option<u64>, body: Vec<Stmt>) -> Stmt {
    let test = test.unwrap_or_else(|| Expr::new(ExprKind::Bool(true)));
    let Some(rounds) = rounds else { return Stmt::While(label, test, body) };
    let round = cx.names.free(&format!("{}Round", camel(&cx.node(at).id)), "");
    let bounded = ident(&round).binary("<", number(rounds));
    let test = if test.kind == ExprKind::Bool(true) { bounded } else { bounded.binary("&&", test) };
    let next = ident(&round).assign_op("+=", number(1));
    Stmt::For(label, round, number(0), test, next, body)
}

fn uses(body: &mut [Stmt], name: &str) -> bool {
    let mut found = false;
    for stmt in body {
        statement_mut(stmt, &mut |expr| found |= crate::compile::ts::walk::mentions(expr, name));
    }
    found
}
