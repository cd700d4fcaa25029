//! `parallel-coordinator`: runs child workflows, a bounded number at once, each as soon as it may start, until nothing is left.

use super::child_workflow::{self, Child};
use super::phase::rethrow_cancellation;
use super::{Kind, Limits, state_updates};
use crate::compile::expr::Shape;
use crate::compile::lower::{Binding, Lower, folded, object_shape};
use crate::compile::ts::build::{arrow, arrow_block, constant, ident, new, number, object, param, spread, string, typed_param};
use crate::compile::ts::{Expr, ExprKind, Item, Mark, Stmt, Type};
use crate::definition::{Field, Fields, Text};
use crate::diagnostic::{Code, Diagnostic};

/// The names of the coordinator's variables.
struct Variables {
    ready: String,
    run: String,
    active: String,
    counter: String,
}

/// What the config says, as code.
struct Plan {
    slots: Expr,
    test: Option<Expr>,
    /// Leaves at once, whatever still runs.
    stop: Option<Expr>,
    ready: Expr,
    item: Shape,
    /// Whether the built-in criterion chooses: it marks what it has started.
    built_in: bool,
    key: Text,
    all: bool,
    updates: Vec<(Moment, Field)>,
    limits: Limits,
}

#[derive(Clone, Copy, PartialEq)]
enum Moment {
    Start,
    Success,
    Failure,
}

pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let fields = cx.fields(at, "a parallel-coordinator node");
    let plan = read(cx, at, &fields);
    let child_at = nested_child(cx, at).unwrap_or(at);
    let item = vec![Binding::new("item", ident("item"), plan.item.clone())];
    let mut child = None;
    let mut key = ident("undefined");
    cx.framed(item, |cx, _| {
        child = if child_at == at { child_workflow::read(cx, at, &fields, false) } else { nested(cx, child_at) };
        key = cx.expression(&plan.key, Some(&cx.node(at).id));
    });
    fields.finish();
    let Some(child) = child else { return };
    out.extend(cx.comment(at, Some(cx.title(at))));
    let names = Variables {
        ready: cx.names.free("ready", ""),
        run: cx.names.free("run", ""),
        active: cx.names.free("active", ""),
        counter: if plan.limits.is_some() { plan.limits.prepare(cx, "finished") } else { String::new() },
    };
    out.push(constant(&names.ready, arrow(Vec::new(), plan.ready.clone())));
    out.push(constant(&names.run, run(cx, at, child_at, &names, &child, &key)));
    let promise = Type::Named("ReturnType".into(), vec![Type::TypeOf(names.run.clone())]);
    let active =
        ExprKind::New { callee: Box::new(ident("Map")), types: vec![Type::Named("string".into(), Vec::new()), promise], args: Vec::new() };
    out.push(constant(&names.active, Expr::new(active)));
    let some_active = ident(&names.active).member("size").binary(">", number(0));
    let test = match &plan.test {
        Some(test) => some_active.binary("||", test.clone()),
        None => Expr::new(ExprKind::Bool(true)),
    };
    let test = match plan.stop.clone().map(Expr::negated) {
        Some(goes_on) if test.kind == ExprKind::Bool(true) => goes_on,
        Some(goes_on) => goes_on.binary("&&", test),
        None => test,
    };
    let body = cx.block(|cx, out| {
        out.push(Stmt::Mark(Mark::Round(at)));
        body(cx, at, &plan, &names, &child, &key, out);
    });
    out.push(Stmt::While(None, test, body));
}

fn read(cx: &mut Lower, at: usize, fields: &Fields) -> Plan {
    let node = cx.node(at).id.clone();
    let slots = fields.value("maxConcurrent").map_or_else(|| number(4), |slots| cx.value(&slots, Some(&node)));
    let test = fields.text("loopWhile").map(|test| cx.expression(&test, Some(&node)));
    let stop = fields.text("stopWhen").map(|stop| cx.expression(&stop, Some(&node)));
    let criteria = fields.text("selectionCriteria");
    let (ready, built_in) = ready(cx, &node, criteria.as_ref());
    let item = cx.shapes.element(&cx.shape(&ready)).unwrap_or(Shape::Unknown);
    let key = fields.text("key").unwrap_or_else(|| Text { text: "item.name".into(), path: fields.field_path("key") });
    let all = fields.choice("completionMode", &[("race", false), ("all", true)]).unwrap_or(false);
    let updates = fields.list("stateUpdates").unwrap_or_default().into_iter().filter_map(|update| moment(cx, &node, update)).collect();
    Plan { slots, test, stop, ready, item, built_in, key, all, updates, limits: Limits::read(fields) }
}

/// The items that may start now.
fn ready(cx: &Lower, node: &str, criteria: Option<&Text>) -> (Expr, bool) {
    let name = criteria.map_or("dependenciesCompleted", |criteria| criteria.text.trim());
    if cx.env.helpers.iter().any(|helper| helper == name) {
        return (ident(name).call(vec![ident("state")]), false);
    }
    match criteria {
        Some(criteria) if name != "dependenciesCompleted" => (cx.expression(criteria, Some(node)), false),
        _ => {
            let status = ident("pkg").member("buildStatus").binary("===", string("pending"));
            let completed = ident("state").member("completedPackages").method("includes", vec![ident("dep")]);
            let dependencies = ident("pkg").member("dependencies").method("every", vec![arrow(vec![param("dep")], completed)]);
            let packages = ident("state").member("packages");
            (packages.method("filter", vec![arrow(vec![param("pkg")], status.binary("&&", dependencies))]), true)
        }
    }
}

fn moment(cx: &Lower, node: &str, field: Field) -> Option<(Moment, Field)> {
    let fields = Fields::new(&field, Some(node), "a state update", cx.report);
    let moments = [("start", Moment::Start), ("success", Moment::Success), ("failure", Moment::Failure)];
    let moment = fields.choice("on", &moments);
    if !fields.has("on") {
        cx.report.push(
            Diagnostic::error(Code::MISSING_FIELD, &field.path, "a state update of a parallel-coordinator needs `on`")
                .node(node)
                .suggest("add `on: start`, `on: success` or `on: failure`"),
        );
    }
    let update = fields.value("update");
    if update.is_none() {
        // The update may also stand beside `on`.
        fields.known(&["target", "operation", "value", "key"]);
    }
    fields.finish();
    let inline = || {
        let mut object = field.value.as_object().cloned().unwrap_or_default();
        object.remove("on");
        Field { value: serde_json::Value::Object(object), path: field.path.clone() }
    };
    Some((moment?, update.unwrap_or_else(inline)))
}

/// The one child-workflow node inside, if the drawing puts it there.
fn nested_child(cx: &Lower, at: usize) -> Option<usize> {
    let scope = cx.graph.scopes.get(&Some(at))?;
    let [entry] = scope.entries.as_slice() else { return None };
    if cx.graph.kinds.get(*entry) == Some(&Some(Kind::ChildWorkflow)) {
        return Some(*entry);
    }
    let path = cx.node(*entry).path.clone();
    cx.error(
        Code::CONTAINER,
        *entry,
        &path,
        format!("`{}` takes one `child-workflow` node inside", cx.node(at).id),
        "put the steps into a workflow of their own",
    );
    None
}

fn nested(cx: &mut Lower, child_at: usize) -> Option<Child> {
    let fields = cx.fields(child_at, "a child-workflow node");
    fields.known(&["executionType"]);
    let child = child_workflow::read(cx, child_at, &fields, false);
    fields.finish();
    child
}

/// The function that runs the child of one item and says how it ended.
fn run(cx: &Lower, at: usize, child_at: usize, names: &Variables, child: &Child, key: &Expr) -> Expr {
    let info = cx.program.workflow(&child.workflow_type.text);
    let node = cx.node(child_at);
    let whole = cx.sources.borrow_mut().add(&node.path, Some(&node.id), "").whole();
    let call = child_workflow::call("executeChild", &child.workflow_type.text, child.options.clone(), info).at(whole).awaited();
    // A child that the drawing shows as a node of its own begins and ends as one.
    let of_child = |mark: fn(usize) -> Mark| (child_at != at).then_some(Stmt::Mark(mark(child_at)));
    let ended = |result: Expr, error: Expr| {
        Stmt::Return(Some(object([("name", key.clone()), ("item", ident("item")), ("result", result), ("error", error)])))
    };
    let begun = of_child(Mark::Enter).into_iter().chain([constant("result", call)]).chain(of_child(Mark::Leave));
    let body = begun.chain([ended(ident("result"), ident("undefined"))]).collect();
    let cause = super::phase::root_message();
    let caught = of_child(Mark::Failed).into_iter().chain(rethrow_cancellation()).chain([ended(ident("undefined"), cause)]).collect();
    let item = Type::Index(
        Box::new(Type::Named("ReturnType".into(), vec![Type::TypeOf(names.ready.clone())])),
        Box::new(Type::Named("number".into(), Vec::new())),
    );
    let attempt = Stmt::Try { body, catch: Some(("thrown".into(), caught)), finally: None };
    arrow_block(true, vec![typed_param("item", item)], vec![attempt])
}

fn body(cx: &mut Lower, at: usize, plan: &Plan, names: &Variables, child: &Child, key: &Expr, out: &mut Vec<Stmt>) {
    let size = || ident(&names.active).member("size");
    let mut may_start = plan.test.clone();
    if plan.limits.is_some() {
        let continuing = cx.names.free("continuing", "");
        out.push(constant(&continuing, plan.limits.test(&names.counter)));
        let go = cx.continue_as_new();
        out.push(Stmt::If(ident(&continuing).binary("&&", size().binary("===", number(0))), go, Vec::new()));
        let not_now = ident(&continuing).negated();
        may_start = Some(match may_start {
            Some(test) => not_now.binary("&&", test),
            None => not_now,
        });
    }
    let start = start(cx, at, plan, names, key);
    out.push(match may_start {
        Some(test) => Stmt::If(test, vec![start], Vec::new()),
        None => start,
    });
    let results = vec![
        Binding::new("results", ident("results"), results_shape(plan, child)),
        Binding::new("item", ident("results").member("item"), plan.item.clone()),
    ];
    if plan.all {
        out.extend(idle(cx, names));
        out.push(constant("ended", ident("Promise").method("all", vec![ident(&names.active).method("values", Vec::new())]).awaited()));
        out.push(ident(&names.active).method("clear", Vec::new()).stmt());
        let each = cx.framed(results, |cx, out| finished(cx, at, plan, names, child, out));
        out.push(Stmt::ForOf(None, crate::compile::ts::Pattern::Ident("results".into()), ident("ended"), each));
        return;
    }
    if cx.wakes {
        let race = Expr::new(ExprKind::Array(vec![Item::from(ident("wake")), spread(ident(&names.active).method("values", Vec::new()))]));
        out.push(constant("results", ident("Promise").method("race", vec![race]).awaited()));
        let again = vec![ident("wake").assign(new_trigger()).stmt(), Stmt::Continue(None)];
        out.push(Stmt::If(ident("results").binary("===", ident("undefined")), again, Vec::new()));
    } else {
        out.extend(idle(cx, names));
        out.push(constant("results", ident("Promise").method("race", vec![ident(&names.active).method("values", Vec::new())]).awaited()));
    }
    out.push(ident(&names.active).method("delete", vec![ident("results").member("name")]).stmt());
    let each = cx.framed(results, |cx, out| finished(cx, at, plan, names, child, out));
    out.extend(each);
}

/// Starts children while there are free slots.
fn start(cx: &mut Lower, at: usize, plan: &Plan, names: &Variables, key: &Expr) -> Stmt {
    let active = || ident(&names.active);
    let item = vec![Binding::new("item", ident("item"), plan.item.clone())];
    let body = cx.framed(item, |cx, out| {
        out.push(Stmt::If(active().member("size").binary(">=", plan.slots.clone()), vec![Stmt::Break(None)], Vec::new()));
        if !plan.built_in {
            out.push(Stmt::If(active().method("has", vec![key.clone()]), vec![Stmt::Continue(None)], Vec::new()));
        }
        out.push(active().method("set", vec![key.clone(), ident(&names.run).call(vec![ident("item")])]).stmt());
        if plan.built_in {
            out.push(ident("item").member("buildStatus").assign(string("building")).stmt());
        }
        for (_, update) in plan.updates.iter().filter(|(moment, _)| *moment == Moment::Start) {
            out.extend(state_updates::update(cx, at, update, &[]));
        }
    });
    Stmt::ForOf(None, crate::compile::ts::Pattern::Ident("item".into()), ident(&names.ready).call(Vec::new()), body)
}

/// What happens where nothing runs and nothing can start: wait for a signal, or end.
fn idle(cx: &Lower, names: &Variables) -> Vec<Stmt> {
    let none = ident(&names.active).member("size").binary("===", number(0));
    let what = if cx.wakes {
        vec![ident("wake").awaited().stmt(), ident("wake").assign(new_trigger()).stmt(), Stmt::Continue(None)]
    } else {
        vec![Stmt::Break(None)]
    };
    vec![Stmt::If(none, what, Vec::new())]
}

/// `new Trigger<void>()`
pub(in crate::compile) fn new_trigger() -> Expr {
    let mut trigger = new("Trigger", Vec::new());
    if let ExprKind::New { types, .. } = &mut trigger.kind {
        types.push(Type::Named("void".into(), Vec::new()));
    }
    trigger
}

/// What a finished child changes.
fn finished(cx: &mut Lower, at: usize, plan: &Plan, names: &Variables, child: &Child, out: &mut Vec<Stmt>) {
    out.extend(plan.limits.count(&names.counter));
    let results = || ident("results");
    let succeeds = cx.shapes.field(&child.result, "success").is_some();
    let test = if succeeds {
        folded(Expr::new(ExprKind::NonNull(Box::new(results().member("result")))).member("success"))
    } else {
        results().member("error").binary("===", ident("undefined"))
    };
    let side = |cx: &mut Lower, wanted: Moment| {
        cx.block(|cx, out| {
            for (_, update) in plan.updates.iter().filter(|(moment, _)| *moment == wanted) {
                match update.value.as_str() {
                    Some(name) => out.extend(named_update(cx, at, name, update, child)),
                    None => out.extend(state_updates::update(cx, at, update, &[])),
                }
            }
        })
    };
    let (success, failure) = (side(cx, Moment::Success), side(cx, Moment::Failure));
    match (success.is_empty(), failure.is_empty()) {
        (true, true) => {}
        (true, false) => out.push(Stmt::If(test.negated(), failure, Vec::new())),
        (false, _) => out.push(Stmt::If(test, success, failure)),
    }
}

/// `markCompleted`, `markFailed`, or a helper.
fn named_update(cx: &Lower, at: usize, name: &str, field: &Field, child: &Child) -> Vec<Stmt> {
    let (state, results) = (|| ident("state"), || ident("results"));
    if cx.env.helpers.iter().any(|helper| helper == name) {
        return vec![ident(name).call(vec![state(), results()]).stmt()];
    }
    let mark = |status: &str| results().member("item").member("buildStatus").assign(string(status)).stmt();
    match name {
        "markCompleted" => {
            vec![mark("completed"), state().member("completedPackages").method("push", vec![results().member("name")]).stmt()]
        }
        "markFailed" => {
            let own = cx
                .shapes
                .field(&child.result, "error")
                .map(|_| folded(Expr::new(ExprKind::NonNull(Box::new(results().member("result")))).member("error")));
            let error =
                [Some(results().member("error")), own, Some(string("failed"))].into_iter().flatten().reduce(|a, b| a.binary("??", b));
            let failed = object([("name", results().member("name")), ("error", error.unwrap_or_else(|| string("failed")))]);
            vec![mark("failed"), state().member("failedPackages").method("push", vec![failed]).stmt()]
        }
        _ => {
            let known = ["markCompleted", "markFailed"].into_iter().chain(cx.env.helpers.iter().map(String::as_str));
            cx.report.push(
                Diagnostic::error(Code::UNKNOWN_NAME, &field.path, format!("there is no state update or helper `{name}`"))
                    .node(&cx.node(at).id)
                    .excerpt(name, 0..name.len())
                    .suggest_near(name, known),
            );
            Vec::new()
        }
    }
}

fn results_shape(plan: &Plan, child: &Child) -> Shape {
    let text = || Shape::Primitive("string".into());
    let optional = |shape: Shape| Shape::Union(vec![shape, Shape::Primitive("undefined".into())]);
    object_shape([("name", text()), ("item", plan.item.clone()), ("result", optional(child.result.clone())), ("error", optional(text()))])
}
