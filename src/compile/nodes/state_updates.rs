//! `state-variable`, `state-mutation`, `state-transform`, and the `stateUpdates` of handlers, phases, coordinators and the cleanup.

use crate::compile::expr::Shape;
use crate::compile::lower::Lower;
use crate::compile::ts::build::{array, arrow, ident, number, param, spread};
use crate::compile::ts::{Expr, ExprKind, Stmt};
use crate::definition::{Field, Fields, Text};
use crate::diagnostic::{Code, Diagnostic};

/// A `state-variable` node: the state itself, or one field of it.
pub(in crate::compile) struct StateVariable {
    /// The name: `state`, or a field's.
    pub name: Text,
    /// The value.
    pub value: Field,
}

#[derive(Clone, Copy, PartialEq)]
enum Operation {
    Set,
    Merge,
    Push,
    Append,
    Delete,
    Add,
    Clear,
    Increment,
    Decrement,
    Toggle,
}

const OPERATIONS: &[(&str, Operation)] = &[
    ("set", Operation::Set),
    ("update", Operation::Set),
    ("merge", Operation::Merge),
    ("push", Operation::Push),
    ("append", Operation::Append),
    ("delete", Operation::Delete),
    ("add", Operation::Add),
    ("clear", Operation::Clear),
    ("increment", Operation::Increment),
    ("decrement", Operation::Decrement),
    ("toggle", Operation::Toggle),
];

/// Reads a `state-variable` node.
pub(in crate::compile) fn state_variable(cx: &Lower, at: usize) -> Option<StateVariable> {
    let fields = cx.fields(at, "a state-variable node");
    let name = fields.required_text("name");
    fields.choice("operation", &[("set", ())]);
    fields.choice("scope", &[("workflow", ())]);
    fields.require("value");
    let value = fields.value("value");
    fields.finish();
    let name = name?;
    if !crate::compile::ts::print::is_name(&name.text) {
        let message = format!("`{}` cannot be a variable's name", name.text);
        let diagnostic =
            Diagnostic::error(Code::INVALID_VALUE, &name.path, message).node(&cx.node(at).id).excerpt(&name.text, 0..name.text.len());
        cx.report.push(diagnostic.suggest("use letters, digits and `_`, as in `buildReport`"));
        return None;
    }
    Some(StateVariable { name, value: value? })
}

/// A state variable that gets its value in the middle of the flow.
pub(super) fn lower_variable(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    if cx.is_initial(at) {
        return;
    }
    let Some(variable) = state_variable(cx, at) else { return };
    let value = cx.value(&variable.value, Some(&cx.node(at).id));
    out.extend(cx.comment(at, None));
    let state = ident("state");
    out.push(match variable.name.text.as_str() {
        "state" => ident("Object").method("assign", vec![state, value]).stmt(),
        name => state.member(name).assign(value).stmt(),
    });
}

pub(super) fn lower_mutation(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    out.extend(cx.comment(at, None));
    let config = &cx.node(at).config;
    out.extend(update(cx, at, config, &[]));
}

pub(super) fn lower_transform(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let node = cx.node(at);
    let fields = cx.fields(at, "a state-transform node");
    let target = fields.required_text("target");
    let transform = fields.required_text("transform");
    fields.finish();
    let (Some(target), Some(transform)) = (target, transform) else { return };
    out.extend(cx.comment(at, None));
    let value = cx.expression(&transform, Some(&node.id));
    out.push(cx.target(&target, Some(&node.id)).assign(value).stmt());
}

/// The statements of one state update of node `at`; `moments` are what its `on` may say.
pub(super) fn update(cx: &Lower, at: usize, field: &Field, moments: &[&str]) -> Vec<Stmt> {
    update_of(cx, Some(&cx.node(at).id), field, moments)
}

/// The statements of the updates of the cleanup.
pub(in crate::compile) fn cleanup_updates(cx: &Lower, updates: &[Field]) -> Vec<Stmt> {
    updates.iter().flat_map(|update| update_of(cx, None, update, &[])).collect()
}

/// The same, for an update that may belong to no node.
pub(super) fn update_of(cx: &Lower, node: Option<&str>, field: &Field, moments: &[&str]) -> Vec<Stmt> {
    if let Some(helper) = field.value.as_str()
        && cx.env.helpers.iter().any(|name| name == helper)
    {
        return vec![ident(helper).call(vec![ident("state")]).stmt()];
    }
    let fields = Fields::new(field, node, "a state update", cx.report);
    if !moments.is_empty() {
        fields.choice("on", &moments.iter().map(|moment| (*moment, ())).collect::<Vec<_>>());
    }
    let target = fields.required_text("target");
    let operation = fields.choice("operation", OPERATIONS);
    if !fields.has("operation") {
        fields.require("operation");
    }
    let value = fields.value("value");
    let key = fields.value("key");
    fields.finish();
    let (Some(target), Some(operation)) = (target, operation) else { return Vec::new() };
    let place = cx.target(&target, node);
    let key = key.map(|key| cx.value(&key, node));
    let needs_value = matches!(operation, Operation::Set | Operation::Merge | Operation::Push | Operation::Append | Operation::Add);
    if needs_value && value.is_none() {
        let diagnostic = Diagnostic::error(Code::MISSING_FIELD, &field.path, "this operation needs a `value`").suggest("add `value`");
        cx.report.push(match node {
            Some(node) => diagnostic.node(node),
            None => diagnostic,
        });
        return Vec::new();
    }
    let value = value.map(|value| cx.value(&value, node));
    statement(cx, place, operation, value, key)
}

fn statement(cx: &Lower, place: Expr, operation: Operation, value: Option<Expr>, key: Option<Expr>) -> Vec<Stmt> {
    let shape = cx.shapes.resolve(&cx.shape(&place));
    let given = value.clone().unwrap_or_else(|| ident("undefined"));
    let stmt = match operation {
        Operation::Set => match (key, &shape) {
            (Some(key), Shape::Map(..)) => place.method("set", vec![key, given]),
            (Some(key), _) => index(place, key).assign(given),
            (None, _) => place.assign(given),
        },
        Operation::Merge => ident("Object").method("assign", vec![place, given]),
        Operation::Push if matches!(shape, Shape::Set(_)) => place.method("add", vec![given]),
        Operation::Push if pushes_all(cx, &shape, &given) => push_all(place, given),
        Operation::Push => place.method("push", vec![given]),
        Operation::Append => push_all(place, given),
        Operation::Add => place.method("add", vec![given]),
        Operation::Delete => return vec![delete(place, &shape, value, key)],
        Operation::Clear => match shape {
            Shape::Map(..) | Shape::Set(_) => place.method("clear", Vec::new()),
            _ => place.assign(array(Vec::new())),
        },
        Operation::Increment => place.assign_op("+=", value.unwrap_or_else(|| number(1))),
        Operation::Decrement => place.assign_op("-=", value.unwrap_or_else(|| number(1))),
        Operation::Toggle => place.clone().assign(place.negated()),
    };
    vec![stmt.stmt()]
}

/// Whether `value` holds elements for the list `shape`, and is no element itself.
fn pushes_all(cx: &Lower, shape: &Shape, value: &Expr) -> bool {
    let list = |shape: &Shape| matches!(cx.shapes.resolve(shape), Shape::Array(_) | Shape::Tuple(_));
    list(&cx.shape(value)) && !cx.shapes.element(shape).is_some_and(|element| list(&element))
}

fn push_all(place: Expr, value: Expr) -> Expr {
    let callee = Box::new(place.member("push"));
    Expr::new(ExprKind::Call { callee, types: Vec::new(), args: vec![spread(value)], optional: false })
}

fn delete(place: Expr, shape: &Shape, value: Option<Expr>, key: Option<Expr>) -> Stmt {
    match (shape, key.clone().or_else(|| value.clone())) {
        (Shape::Map(..) | Shape::Set(_), Some(key)) => place.method("delete", vec![key]).stmt(),
        (Shape::Array(_) | Shape::Unknown, Some(_)) if value.is_some() => {
            let kept = ident("each").binary("!==", value.unwrap_or_else(|| ident("undefined")));
            place.clone().assign(place.method("filter", vec![arrow(vec![param("each")], kept)])).stmt()
        }
        (_, Some(key)) => Expr::new(ExprKind::Unary("delete", Box::new(index(place, key)))).stmt(),
        (_, None) => Expr::new(ExprKind::Unary("delete", Box::new(place))).stmt(),
    }
}

fn index(place: Expr, key: Expr) -> Expr {
    Expr::new(ExprKind::Index { object: Box::new(place), index: Box::new(key), optional: false })
}
