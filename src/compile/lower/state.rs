//! The state: where it is declared, what it holds at first, and its type.

use super::Lower;
use crate::compile::expr::{self, Context, Field, Shape};
use crate::compile::graph::structure::Step;
use crate::compile::nodes::{self, Kind, StateVariable};
use crate::compile::program::state_type_name;
use crate::compile::ts::build::{ident, named};
use crate::compile::ts::walk::mentions;
use crate::compile::ts::{Decl, Expr, ExprKind, Prop, Stmt, Type};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report};
use std::cell::RefCell;

/// The state of a workflow.
#[derive(Default)]
pub(super) struct State {
    /// Its first value; `None` where the workflow has no state.
    pub init: Option<Expr>,
    /// Its type.
    pub ty: Option<Type>,
    /// The declaration of the type, where it was inferred.
    pub declaration: Option<Decl>,
    /// What must be assigned after the declaration, since it reads the state.
    pub after: Vec<Stmt>,
}

impl Lower<'_> {
    /// Whether the state variable `at` is part of the state's first value.
    #[must_use]
    pub fn is_initial(&self, at: usize) -> bool {
        self.initial.contains(&at)
    }

    /// Finds the state variables that make the first value: those before anything else happens; or else the node that sets the whole state.
    pub(super) fn find_initial(&mut self, steps: &[Step]) -> usize {
        let kind = |step: &Step| match step {
            Step::Visit(at) => self.graph.kinds.get(*at).copied().flatten().map(|kind| (*at, kind)),
            _ => None,
        };
        let leading: Vec<usize> = steps
            .iter()
            .map_while(|step| kind(step).filter(|(_, kind)| kind.is_pure()))
            .filter(|(_, kind)| *kind == Kind::StateVariable)
            .map(|(at, _)| at)
            .collect();
        let sets_all = |at: usize| self.node(at).config.value.get("name").and_then(serde_json::Value::as_str) == Some("state");
        let variables = self
            .graph
            .definition
            .nodes
            .iter()
            .zip(&self.graph.kinds)
            .enumerate()
            .filter(|(_, (_, kind))| **kind == Some(Kind::StateVariable));
        let whole = variables.map(|(at, _)| at).find(|&at| sets_all(at));
        let late = whole.filter(|at| !leading.contains(at)).and_then(|at| {
            steps.iter().position(|step| matches!(step, Step::Visit(visited) if *visited == at)).map(|position| (at, position))
        });
        match late {
            Some((at, position)) => {
                self.initial = [at].into();
                position
            }
            None => {
                self.initial = leading.into_iter().collect();
                0
            }
        }
    }

    /// Makes the state's first value and type. Its variables' expressions see what has run before.
    pub(super) fn state(&mut self, steps: &[Step]) -> State {
        let variables: Vec<(usize, StateVariable)> =
            initial_order(steps, &self.initial).into_iter().filter_map(|at| Some((at, nodes::state_variable(self, at)?))).collect();
        let has_any = !variables.is_empty() || self.graph.kinds.contains(&Some(Kind::StateVariable)) || self.workflow.state.is_some();
        if !has_any {
            return State::default();
        }
        // The type first: values may be checked by it, and handlers know the fields.
        self.env.state = Some(self.workflow.state_shape.clone());
        let mut props: Vec<Prop> = Vec::new();
        let mut after = Vec::new();
        for (at, variable) in &variables {
            let errors = self.report.errors();
            let value = self.value(&variable.value, Some(&self.node(*at).id));
            if self.report.errors() > errors {
                // What is wrong was reported; the fields are known all the same.
                props.extend(field_names(variable).into_iter().map(|name| Prop::KeyValue(name, ident("undefined"))));
                continue;
            }
            let later = mentions(&value, "state");
            match (variable.name.text.as_str(), value.kind) {
                ("state", ExprKind::Object(fields)) if !later => props.extend(fields),
                ("state", _) => {
                    let diagnostic =
                        Diagnostic::error(Code::SHAPE, &variable.value.path, "the value of `state` is an object of its fields");
                    self.report.push(diagnostic.node(&self.node(*at).id).suggest("write `value: {queue: [], …}`"));
                }
                (name, kind) if later => after.push(ident("state").member(name).assign(Expr { kind, origin: value.origin }).stmt()),
                (name, kind) => {
                    props.retain(|prop| !matches!(prop, Prop::KeyValue(key, _) if key == name));
                    props.push(Prop::KeyValue(name.to_owned(), Expr { kind, origin: value.origin }));
                }
            }
        }
        let init = Expr::new(ExprKind::Object(props));
        let (ty, declaration) = self.state_type(&init);
        self.env.state_fields = match self.env.state.as_ref().map(|shape| self.shapes.resolve(shape)) {
            Some(Shape::Object(fields)) => fields.into_iter().map(|field| field.name).collect(),
            _ => Vec::new(),
        };
        State { init: Some(init), ty: Some(ty), declaration, after }
    }

    /// The shape of a value that is computed later, as far as it can be told now: its names are not all known yet.
    fn later_shape(&self, value: &serde_json::Value) -> Shape {
        let (silent, sources) = (Report::new(), RefCell::default());
        let context = Context { scope: &self.env, sources: &sources, node: None };
        let value = expr::value(value, &JsonPath::root(), &context, &silent);
        value.map_or(Shape::Unknown, |value| self.shape(&value))
    }

    fn state_type(&mut self, init: &Expr) -> (Type, Option<Decl>) {
        if let Some(ty) = &self.workflow.state {
            return (ty.clone(), None);
        }
        let mut shape = super::shapes::widened(&self.shape(init));
        if let Shape::Object(fields) = &mut shape {
            // Variables that get their value later are fields, too.
            for at in 0..self.graph.kinds.len() {
                if self.graph.kinds.get(at) == Some(&Some(Kind::StateVariable)) && !self.initial.contains(&at) {
                    let config = &self.node(at).config;
                    let name = config.value.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
                    if name != "state" && !fields.iter().any(|field| field.name == name) && crate::compile::ts::print::is_name(name) {
                        let shape = config.value.get("value").map_or(Shape::Unknown, |value| self.later_shape(value));
                        fields.push(Field { name: name.to_owned(), optional: true, shape: super::shapes::widened(&shape) });
                    }
                }
            }
        }
        let name = self.names.free(&state_type_name(&self.workflow.workflow_type), "Type");
        let declaration = Decl::TypeAlias { export: true, name: name.clone(), ty: crate::compile::expr::to_type(&shape) };
        self.env.state = Some(shape);
        (named(&name), Some(declaration))
    }
}

/// The fields that a variable makes.
fn field_names(variable: &StateVariable) -> Vec<String> {
    match variable.name.text.as_str() {
        "state" => variable.value.value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect(),
        name => vec![name.to_owned()],
    }
}

/// The initial variables in the order in which the flow meets them.
fn initial_order(steps: &[Step], initial: &std::collections::BTreeSet<usize>) -> Vec<usize> {
    let visited = steps.iter().filter_map(|step| match step {
        Step::Visit(at) if initial.contains(at) => Some(*at),
        _ => None,
    });
    visited.collect()
}
