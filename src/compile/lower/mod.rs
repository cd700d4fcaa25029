//! From structured steps to statements. This file holds what every node type needs: names, values, blocks, jumps.
//! Node types themselves are in [`super::nodes`]; a whole function is put together in [`function`].

mod arguments;
mod carry;
mod env;
mod fold;
mod function;
mod marks;
mod module;
mod names;
mod proxies;
mod redact;
mod shapes;
mod state;
mod steps;
mod upgrade;

pub use env::{Binding, Env, Facts, Frame, Last, TargetScope, Value};
pub use fold::fold as folded;
pub(super) use marks::mark;
pub use module::{Activities, Lowered, check_nodes, module};
pub use names::{Names, camel, kebab, pascal};
pub use proxies::{Called, Proxies};
pub use shapes::object_shape;
pub use steps::Surround;
pub use upgrade::{StateForm, StateForms};

use super::expr::{self, Context, Shape, Shapes};
use super::graph::Graph;
use super::nodes::Kind;
use super::origin::Sources;
use super::program::{Program, WorkflowInfo};
use super::ts::build::{constant, ident};
use super::ts::{Expr, ExprKind, Pattern, Stmt, Type};
use crate::definition::{Field, Fields, Node, Text};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use steps::Jump;

/// Everything that code is made with, and what was made so far.
pub struct Lower<'a> {
    /// All workflows and activity modules that are compiled together.
    pub program: &'a Program,
    /// The workflow.
    pub workflow: &'a WorkflowInfo,
    /// Its structured graph.
    pub graph: &'a Graph<'a>,
    /// Where problems go.
    pub report: &'a Report,
    /// The strings that code came from.
    pub sources: &'a RefCell<Sources>,
    /// Named shapes that the workflow can see.
    pub shapes: Shapes,
    /// What is called what.
    pub names: Names,
    /// What the types of each module are called, by the module's name.
    pub aliases: BTreeMap<String, String>,
    /// What names mean here.
    pub env: Env,
    /// The activities that are called, and with which options.
    pub proxies: Proxies,
    /// The workflow types that are called.
    pub children: BTreeSet<String>,
    /// Signals of other workflows that are sent: the workflow type and the signal's name.
    pub signals: BTreeSet<(String, String)>,
    /// What the first pass found out; `None` in the first pass.
    pub facts: Option<Facts>,
    /// The phases that are open: what `phase.name` is in each.
    pub phases: Vec<Expr>,
    /// Whether some handler wakes the main loop.
    pub wakes: bool,
    /// Whether the workflow continues as new anywhere.
    pub continues: bool,
    /// Whether code must say when it continues as new, so that the cleanup does not run.
    pub has_cleanup: bool,
    /// Whether types of child handles are mentioned.
    pub uses_handles: bool,
    /// How many branches of `parallel` nodes are open.
    branch_depth: usize,
    /// The type of the carried state, and the expression for it.
    carried: Option<(Type, Expr)>,
    /// What the code of a workflow that upgrades at continue-as-new is called.
    going: Option<upgrade::Going>,
    /// The forms of its state.
    forms: Option<StateForms>,
    /// What the function declares before its steps, by keys.
    prelude: Vec<(String, Stmt)>,
    /// The state variables that make the state's first value.
    initial: BTreeSet<usize>,
    jumps: Vec<Jump>,
}

impl<'a> Lower<'a> {
    /// The node `at`.
    #[must_use]
    pub fn node(&self, at: usize) -> &'a Node {
        &self.graph.definition.nodes[at]
    }

    /// A reader of the config of node `at`.
    #[must_use]
    pub fn fields(&self, at: usize, what: &str) -> Fields<'a> {
        let node = self.node(at);
        Fields::new(&node.config, Some(&node.id), what, self.report)
    }

    /// What the node's comment says: its description, or `otherwise`.
    #[must_use]
    pub fn comment(&self, at: usize, otherwise: Option<String>) -> Option<Stmt> {
        let description = self.node(at).config.value.get("description").and_then(serde_json::Value::as_str);
        let lines: Vec<String> = description.map(str::to_owned).or(otherwise)?.lines().map(str::to_owned).collect();
        Some(Stmt::Comment(lines))
    }

    /// The node's label, or its id in words.
    #[must_use]
    pub fn title(&self, at: usize) -> String {
        let node = self.node(at);
        node.label.clone().unwrap_or_else(|| {
            let words = node.id.replace(['-', '_'], " ");
            let mut chars = words.chars();
            chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
        })
    }

    /// Reports an error about node `at`.
    pub fn error(&self, code: Code, at: usize, path: &JsonPath, message: impl Into<String>, suggestion: &str) {
        self.report.push(Diagnostic::error(code, path, message).node(&self.node(at).id).suggest(suggestion));
    }

    /// Reports `diagnostic` about node `at`, if there is one.
    pub fn report_at(&self, at: Option<usize>, diagnostic: Diagnostic) {
        self.report.push(match at {
            Some(at) => diagnostic.node(&self.node(at).id),
            None => diagnostic,
        });
    }

    fn context<'s>(&'s self, node: Option<&'s str>) -> Context<'s> {
        Context { scope: &self.env, sources: self.sources, node }
    }

    /// An expression; what is wrong with it is reported, and `undefined` stands in for it.
    pub fn expression(&self, text: &Text, node: Option<&str>) -> Expr {
        match expr::expression(&text.text, &text.path, &self.context(node)) {
            Ok(expr) => fold::fold(expr),
            Err(diagnostic) => {
                self.report.push(self.explain(diagnostic));
                ident("undefined")
            }
        }
    }

    /// A value: literals and expressions mixed.
    pub fn value(&self, field: &Field, node: Option<&str>) -> Expr {
        let inner = Report::new();
        let value = expr::value(&field.value, &field.path, &self.context(node), &inner);
        self.report.extend(inner.into_found().into_iter().map(|diagnostic| self.explain(diagnostic)));
        value.map_or_else(|| ident("undefined"), fold::fold)
    }

    /// An expression in which `bindings` are known, too.
    pub fn expression_with(&mut self, bindings: Vec<Binding>, text: &Text, node: &str) -> Expr {
        self.env.frames.push(Frame { bindings, handler: false });
        let expr = self.expression(text, Some(node));
        self.env.frames.pop();
        expr
    }

    /// A place in the state that is to be changed.
    pub fn target(&self, text: &Text, node: Option<&str>) -> Expr {
        let scope = TargetScope::new(&self.env, &text.text);
        match expr::target(&text.text, &text.path, &expr::Context { scope: &scope, ..self.context(node) }) {
            Ok(expr) => fold::fold(expr),
            Err(diagnostic) => {
                self.report.push(self.explain(diagnostic));
                ident("state").member("undefined")
            }
        }
    }

    /// Says more of an unknown name, where the graph knows more.
    fn explain(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        let Some(excerpt) = diagnostic.excerpt.as_ref().filter(|_| diagnostic.code == Code::UNKNOWN_NAME) else { return diagnostic };
        let name = excerpt.text.get(excerpt.span.clone()).unwrap_or_default().to_owned();
        if name == "result" {
            diagnostic.code = Code::AMBIGUOUS_RESULT;
            let (message, suggestion) = match self.env.last {
                Last::Ambiguous => ("`result` could be the value of more than one node here", "name the node, as in `checkNpm.published`"),
                _ => (
                    "`result` has no value here: no node before this one has a value",
                    "put an activity or child workflow before it, or use `input` or `state`",
                ),
            };
            diagnostic.message = message.to_owned();
            diagnostic.label = None;
            diagnostic.suggestion = Some(suggestion.to_owned());
        } else if let Some(node) = self.graph.definition.nodes.iter().find(|node| camel(&node.id) == name) {
            let has_value = Kind::named(&node.kind).is_some_and(Kind::has_value);
            let (what, suggestion) = if has_value {
                ("has not run here", "use it in a node that comes after it on every way")
            } else {
                ("has no value", "use the value of an activity or child workflow, or the state")
            };
            diagnostic.message = format!("the node `{}` {what}", node.id);
            diagnostic.label = None;
            diagnostic.suggestion = Some(suggestion.to_owned());
        }
        diagnostic
    }

    /// What is known of the type of an expression.
    #[must_use]
    pub fn shape(&self, expr: &Expr) -> Shape {
        if let ExprKind::Call { callee, .. } = &expr.kind
            && let ExprKind::Ident(name) = &callee.kind
            && let Some(helper) = self.workflow.functions.iter().find(|function| function.name == *name)
        {
            return self.shapes.resolve(&helper.ret);
        }
        expr::infer(expr, &|root| self.env.shape_of(root), &self.shapes)
    }

    /// Whether the type of `expr` has the field `name`; `None` where the type is unknown.
    #[must_use]
    pub fn has_field(&self, expr: &Expr, name: &str) -> Option<bool> {
        match self.shapes.resolve(&self.shape(expr)) {
            Shape::Unknown | Shape::Named(..) => None,
            shape => Some(self.shapes.field(&shape, name).is_some()),
        }
    }

    /// Makes statements in a new block; values that an outer place needs are declared outside.
    pub fn block(&mut self, make: impl FnOnce(&mut Self, &mut Vec<Stmt>)) -> Vec<Stmt> {
        self.env.block_count += 1;
        self.env.blocks.push(self.env.block_count);
        let mut out = Vec::new();
        make(self, &mut out);
        self.env.blocks.pop();
        out
    }

    /// Makes statements in a new block in which `bindings` are known, too.
    pub fn framed(&mut self, bindings: Vec<Binding>, make: impl FnOnce(&mut Self, &mut Vec<Stmt>)) -> Vec<Stmt> {
        self.env.frames.push(Frame { bindings, handler: false });
        let out = self.block(make);
        self.env.frames.pop();
        out
    }

    /// Gives node `at` the value of `expr`: declares its variable where the value is used, and only evaluates it otherwise.
    pub fn bind(&mut self, at: usize, expr: Expr, shape: Shape, ty: Type, out: &mut Vec<Stmt>) {
        let used = self.facts.as_ref().is_none_or(|facts| facts.used.contains(&at));
        if used {
            let name = self.declare(at, shape, ty);
            if self.is_hoisted(at) {
                out.push(ident(&name).assign(expr).stmt());
            } else {
                out.push(constant(&name, expr));
            }
        } else {
            self.declare(at, shape, ty);
            out.push(expr.stmt());
        }
    }

    /// Like [`Lower::bind`], with a variable that is assigned again later; gives its name.
    pub fn bind_mutable(&mut self, at: usize, expr: Expr, shape: Shape, ty: Type, out: &mut Vec<Stmt>) -> String {
        let name = self.declare(at, shape, ty);
        if self.is_hoisted(at) {
            out.push(ident(&name).assign(expr).stmt());
        } else {
            out.push(Stmt::Let(name.clone(), None, Some(expr)));
        }
        name
    }

    /// Like [`Lower::bind`], for a pattern that binds several nodes' values at once.
    pub fn bind_pattern(&mut self, nodes: Vec<Option<(usize, Shape, Type)>>, expr: Expr, out: &mut Vec<Stmt>) {
        let names: Vec<Option<String>> = nodes
            .into_iter()
            .map(|node| {
                let (at, shape, ty) = node?;
                let name = self.declare(at, shape, ty);
                self.facts.as_ref().is_none_or(|facts| facts.used.contains(&at)).then_some(name)
            })
            .collect();
        let last = names.iter().rposition(Option::is_some);
        match last {
            Some(last) => {
                let elements = names.into_iter().take(last + 1).map(|name| name.map(Pattern::Ident)).collect();
                out.push(Stmt::Const(Pattern::Array(elements), None, expr));
            }
            None => out.push(expr.stmt()),
        }
    }

    /// Gives node `at` a value of which nothing is known, since its own code could not be made.
    pub fn bind_unknown(&mut self, at: usize) {
        self.declare(at, Shape::Unknown, Type::Named("any".into(), Vec::new()));
    }

    /// Forgets the values of `nodes`: they are local to a branch.
    pub fn forget(&mut self, nodes: &[usize]) {
        self.env.values.retain(|_, value| !nodes.contains(&value.node));
    }

    /// Whether code is made for a branch of a `parallel` node, which cannot end the workflow.
    #[must_use]
    pub fn in_branch(&self) -> bool {
        self.branch_depth > 0
    }

    /// Makes code for a branch of a `parallel` node.
    pub fn branch<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> T {
        self.branch_depth += 1;
        let made = make(self);
        self.branch_depth -= 1;
        made
    }

    /// The workflow that node `at` runs as a child; reports one that nobody defines. Its type is imported.
    pub fn use_child(&mut self, at: usize, workflow_type: &Text) -> Option<&'a WorkflowInfo> {
        let info = self.program.workflow(&workflow_type.text);
        match info {
            Some(_) => {
                self.children.insert(workflow_type.text.clone());
            }
            None => self.report.push(self.program.unknown_workflow(workflow_type).node(&self.node(at).id)),
        }
        info
    }

    /// Lets the function begin with `stmt`, once for each `key`.
    pub fn prelude_once(&mut self, key: &str, stmt: Stmt) {
        if !self.prelude.iter().any(|(known, _)| known == key) {
            self.prelude.push((key.to_owned(), stmt));
        }
    }

    fn declare(&mut self, at: usize, shape: Shape, ty: Type) -> String {
        let id = &self.node(at).id;
        let variable = self.names.value(at, id);
        let mut blocks = self.env.blocks.clone();
        if let Some(&outer) = self.facts.as_ref().and_then(|facts| facts.hoisted.get(&at)) {
            blocks.truncate(blocks.iter().position(|&block| block == outer).map_or(blocks.len(), |at| at + 1));
        }
        let name = camel(id);
        self.env.values.insert(name.clone(), Value { node: at, variable: variable.clone(), blocks, shape, ty });
        self.env.order.push(name.clone());
        self.env.variables.insert(variable.clone(), name.clone());
        self.env.last = Last::Known(name);
        variable
    }

    fn is_hoisted(&self, at: usize) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.hoisted.contains_key(&at))
    }

    /// Lets the value of container `at` be that of the last node in it.
    pub fn alias(&mut self, at: usize) {
        let Last::Known(inner) = &self.env.last else { return };
        if let Some(value) = self.env.values.get(inner).cloned() {
            let name = camel(&self.node(at).id);
            self.env.values.insert(name, value);
        }
    }
}

/// `text` as it stands in a template literal.
#[must_use]
pub fn raw_template(text: &str) -> String {
    text.replace('\\', "\\\\").replace('`', "\\`").replace("${", "\\${")
}
