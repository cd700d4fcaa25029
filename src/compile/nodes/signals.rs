//! `signal`, `signal-handler` and `query`, at the top of the definition or as nodes: what the workflow does when it is signalled or asked.

use super::{Kind, state_updates};
use crate::compile::expr::{self, Shape};
use crate::compile::lower::{Binding, Frame, Lower, camel};
use crate::compile::ts::build::{array, arrow, arrow_block, ident, string, typed_param};
use crate::compile::ts::{Decl, Expr, ExprKind, Pattern, Stmt, Type};
use crate::definition::{Field, Fields, Text};
use crate::diagnostic::{Code, Diagnostic};
use std::collections::BTreeMap;

/// The declarations of signals and queries, and the statements that set their handlers.
#[derive(Debug, Default)]
pub(in crate::compile) struct Handlers {
    /// `export const pauseSignal = defineSignal('pause');`
    pub declarations: Vec<Decl>,
    /// `setHandler(pauseSignal, …);`
    pub statements: Vec<Stmt>,
}

/// A signal or query, as one or more places declare it.
struct Declared {
    name: Text,
    node: Option<String>,
    /// The index of the node, for messages.
    params: Vec<(String, Type, Shape)>,
    handler: Option<Field>,
    returns: Option<Type>,
}

/// How the names of the queries begin that every workflow answers.
const STANDARD: &str = "warpline.";

/// The name of the constant for a signal or query.
pub(in crate::compile) fn constant_name(name: &str, suffix: &str) -> String {
    let name = camel(name);
    if name.ends_with(suffix) { name } else { format!("{name}{suffix}") }
}

/// Reads all signals and queries. Problems are reported.
pub(in crate::compile) fn handlers(cx: &mut Lower) -> Handlers {
    let mut handlers = Handlers::default();
    for (kind, suffix) in [(Kind::Signal, "Signal"), (Kind::Query, "Query")] {
        for declared in all(cx, kind).into_values() {
            let Some(handler) = &declared.handler else {
                let what = if kind == Kind::Signal { "signal" } else { "query" };
                let diagnostic = Diagnostic::error(
                    Code::UNKNOWN_SIGNAL,
                    &declared.name.path,
                    format!("the {what} `{}` has no handler", declared.name.text),
                );
                let list = if kind == Kind::Signal { "signals" } else { "queries" };
                let diagnostic = diagnostic.suggest(match &declared.node {
                    Some(_) => format!("add a `handler` here, or declare it under `{list}`"),
                    None => "add a `handler`".to_owned(),
                });
                cx.report.push(match &declared.node {
                    Some(node) => diagnostic.node(node),
                    None => diagnostic,
                });
                continue;
            };
            let constant = constant_name(&declared.name.text, suffix);
            handlers.declarations.push(declaration(kind, &constant, &declared));
            let function =
                if kind == Kind::Signal { signal_handler(cx, &declared, handler) } else { query_handler(cx, &declared, handler) };
            handlers.statements.push(ident("setHandler").call(vec![ident(&constant), function]).stmt());
        }
    }
    handlers
}

fn all(cx: &Lower, kind: Kind) -> BTreeMap<String, Declared> {
    let definition = cx.graph.definition;
    let (listed, key) = if kind == Kind::Signal { (&definition.signals, "signalName") } else { (&definition.queries, "queryName") };
    let mut all: BTreeMap<String, Declared> = BTreeMap::new();
    let listed = listed.iter().map(|field| (field, None, "name"));
    let nodes = definition
        .nodes
        .iter()
        .zip(&cx.graph.kinds)
        .filter(|(_, of)| **of == Some(kind))
        .map(|(node, _)| (&node.config, Some(node.id.as_str()), key));
    for (field, node, key) in listed.chain(nodes) {
        let Some(declared) = read(cx, kind, field, node, key) else { continue };
        match all.get_mut(&declared.name.text) {
            None => {
                all.insert(declared.name.text.clone(), declared);
            }
            Some(known) if known.handler.is_some() && declared.handler.is_some() => {
                let message = format!("`{}` has a handler already, at {}", declared.name.text, known.name.path);
                let diagnostic = Diagnostic::error(Code::NAME_TAKEN, &declared.name.path, message).suggest("keep one of them");
                cx.report.push(match node {
                    Some(node) => diagnostic.node(node),
                    None => diagnostic,
                });
            }
            Some(known) => {
                known.handler = known.handler.take().or(declared.handler);
                known.returns = known.returns.take().or(declared.returns);
                if known.params.is_empty() {
                    known.params = declared.params;
                }
            }
        }
    }
    all
}

fn read(cx: &Lower, kind: Kind, field: &Field, node: Option<&str>, key: &str) -> Option<Declared> {
    let what = if kind == Kind::Signal { "a signal" } else { "a query" };
    let fields = Fields::new(field, node, what, cx.report);
    let name = fields.required_text(key);
    if let Some(name) = name.as_ref().filter(|name| kind == Kind::Query && name.text.starts_with(STANDARD)) {
        let message = format!("`{}` is taken: every workflow answers queries that begin with `{STANDARD}` by itself", name.text);
        let diagnostic = Diagnostic::error(Code::NAME_TAKEN, &name.path, message).suggest("give the query another name");
        cx.report.push(match node {
            Some(node) => diagnostic.node(node),
            None => diagnostic,
        });
    }
    let args = fields.value("args");
    let handler = fields.object("handler");
    let returns = (kind == Kind::Query).then(|| fields.value("returnType")).flatten();
    fields.finish();
    let returns = returns.and_then(|returns| expr::type_of(&returns.value, &returns.path, node, cx.sources, cx.report)).map(|(ty, _)| ty);
    let name = name?;
    let params = args.map_or_else(Vec::new, |args| params(cx, &name.text, &args, node));
    Some(Declared { name, node: node.map(str::to_owned), params, handler, returns })
}

/// The parameters: a list of types, or names and types.
fn params(cx: &Lower, name: &str, args: &Field, node: Option<&str>) -> Vec<(String, Type, Shape)> {
    let entries: Vec<(String, &serde_json::Value, crate::diagnostic::JsonPath)> = match &args.value {
        serde_json::Value::Array(types) => {
            let one = types.len() == 1;
            let named = |index: usize| if one { camel(name) } else { format!("{}{}", camel(name), index + 1) };
            types.iter().enumerate().map(|(index, ty)| (named(index), ty, args.path.index(index))).collect()
        }
        serde_json::Value::Object(fields) => fields.iter().map(|(key, ty)| (camel(key), ty, args.path.key(key))).collect(),
        other => vec![(camel(name), other, args.path.clone())],
    };
    let typed = entries.into_iter().filter_map(|(name, ty, path)| {
        let (ty, shape) = expr::type_of(ty, &path, node, cx.sources, cx.report)?;
        Some((name, ty, shape))
    });
    typed.collect()
}

fn declaration(kind: Kind, constant: &str, declared: &Declared) -> Decl {
    let params = Type::Tuple(declared.params.iter().map(|(_, ty, _)| ty.clone()).collect());
    let (function, types) = if kind == Kind::Signal {
        ("defineSignal", if declared.params.is_empty() { Vec::new() } else { vec![params] })
    } else {
        let returns = declared.returns.clone().unwrap_or_else(|| Type::Named("unknown".into(), Vec::new()));
        ("defineQuery", if declared.params.is_empty() { vec![returns] } else { vec![returns, params] })
    };
    let init = ident(function).call_typed(types, vec![string(&declared.name.text)]);
    Decl::Const { export: true, pattern: Pattern::Ident(constant.into()), ty: None, init }
}

/// The parameters of a handler, which `args` stands for in its expressions, and their names.
fn frame(declared: &Declared) -> Frame {
    let args = array(declared.params.iter().map(|(name, ..)| ident(name)).collect());
    let shapes = declared.params.iter().map(|(_, _, shape)| shape.clone()).collect();
    let mut bindings = vec![Binding::new("args", args, Shape::Tuple(shapes))];
    bindings.extend(declared.params.iter().map(|(name, _, shape)| Binding::new(name, ident(name), shape.clone())));
    Frame { bindings, handler: true }
}

fn signal_handler(cx: &mut Lower, declared: &Declared, handler: &Field) -> Expr {
    let node = declared.node.as_deref();
    let fields = Fields::new(handler, node, "a signal's handler", cx.report);
    let updates = fields.list("stateUpdates").unwrap_or_default();
    let wakes = fields.boolean("wakeMainLoop").unwrap_or(true);
    fields.finish();
    cx.env.frames.push(frame(declared));
    let mut body: Vec<Stmt> = updates.iter().flat_map(|update| state_updates::update_of(cx, node, update, &[])).collect();
    cx.env.frames.pop();
    if wakes && cx.wakes {
        body.push(ident("wake").method("resolve", Vec::new()).stmt());
    }
    arrow_block(false, declared.params.iter().map(|(name, ty, _)| typed_param(name, ty.clone())).collect(), body)
}

fn query_handler(cx: &mut Lower, declared: &Declared, handler: &Field) -> Expr {
    let node = declared.node.as_deref();
    let fields = Fields::new(handler, node, "a query's handler", cx.report);
    let returned = fields.value("returnValue");
    if returned.is_none() {
        cx.report.push(
            Diagnostic::error(Code::MISSING_FIELD, &handler.path, "a query's handler needs `returnValue`").suggest("say what it answers"),
        );
    }
    fields.finish();
    cx.env.frames.push(frame(declared));
    let value = returned.map_or_else(|| ident("undefined"), |returned| cx.value(&returned, node));
    cx.env.frames.pop();
    if crate::compile::ts::walk::mentions(&value, "uuid4") || is_random(&value) {
        let diagnostic = Diagnostic::error(
            Code::FORBIDDEN,
            &handler.path,
            format!("the query `{}` uses random numbers, which would break replay", declared.name.text),
        );
        cx.report.push(diagnostic.suggest("answer from the state"));
    }
    arrow(declared.params.iter().map(|(name, ty, _)| typed_param(name, ty.clone())).collect(), value)
}

fn is_random(expr: &Expr) -> bool {
    let mut found = matches!(&expr.kind, ExprKind::Member { object, property, .. } if property == "random" && object.kind == ExprKind::Ident("Math".into()));
    crate::compile::ts::walk::children_mut(&mut expr.clone(), &mut |child| found |= is_random(child));
    found
}
