//! Arguments of activities and children: as given, or else found by the names of the parameters.

use super::{Env, Lower};
use crate::compile::expr::{FunctionParam, Scope, Shape, Shapes};
use crate::compile::ts::build::ident;
use crate::compile::ts::{Expr, ExprKind, Prop};
use crate::definition::{Fields, Text};
use crate::diagnostic::{Code, Diagnostic, JsonPath};

impl Lower<'_> {
    /// The arguments that node `at` gives in `args` or `inputMapping`; where it gives none, those that can be found by the names in
    /// `params` (`what` is called with them, for messages).
    pub fn arguments(&self, at: usize, fields: &Fields, what: &str, params: Option<(&[FunctionParam], &Shapes)>) -> Vec<Expr> {
        self.arguments_of(Some(at), fields, what, params)
    }

    /// The same, for a call that may belong to no node.
    pub fn arguments_of(&self, at: Option<usize>, fields: &Fields, what: &str, params: Option<(&[FunctionParam], &Shapes)>) -> Vec<Expr> {
        let node = at.map(|at| self.node(at).id.as_str());
        let given = fields.value("args");
        let mapping = fields.value("inputMapping");
        if given.is_some() && mapping.is_some() {
            let message = "`args` and `inputMapping` both say what is passed";
            self.report_at(at, Diagnostic::error(Code::CONFLICT, &fields.field_path("inputMapping"), message).suggest("keep one of them"));
        }
        if let Some(given) = given.or(mapping) {
            return match &given.value {
                serde_json::Value::Array(items) => {
                    let items = items
                        .iter()
                        .enumerate()
                        .map(|(index, value)| crate::definition::Field { value: value.clone(), path: given.path.index(index) });
                    items.map(|item| self.value(&item, node)).collect()
                }
                _ => vec![self.value(&given, node)],
            };
        }
        let Some((params, shapes)) = params else { return Vec::new() };
        params.iter().map_while(|param| self.by_param(at, &fields.field_path("args"), what, param, shapes)).collect()
    }

    /// The argument for a parameter that is not given: what has its name, or an object of what have the names of its fields.
    fn by_param(&self, at: Option<usize>, path: &JsonPath, what: &str, param: &FunctionParam, shapes: &Shapes) -> Option<Expr> {
        if let Some(found) = self.by_name(&param.name) {
            return Some(found);
        }
        let shape = shapes.resolve(&param.shape);
        if let Shape::Object(fields) = &shape {
            let mut props = Vec::new();
            let mut missing = Vec::new();
            for field in fields {
                match self.by_name(&field.name) {
                    Some(value) => props.push(Prop::KeyValue(field.name.clone(), value)),
                    None if field.optional => {}
                    None => missing.push(format!("`{}`", field.name)),
                }
            }
            if missing.is_empty() {
                return Some(Expr::new(ExprKind::Object(props)));
            }
            if !param.optional {
                self.missing(at, path, &format!("{} of the argument `{}` of `{what}`", missing.join(", "), param.name));
            }
            return None;
        }
        if !param.optional {
            self.missing(at, path, &format!("the argument `{}` of `{what}`", param.name));
        }
        None
    }

    fn missing(&self, at: Option<usize>, path: &JsonPath, what: &str) {
        let message = format!("{what} is not given, and nothing in the state or input has that name");
        self.report_at(at, Diagnostic::error(Code::MISSING_ARGUMENT, path, message).suggest("give `args`"));
    }

    /// What is called `name`: a captured name, a node's value, a field of the state, a field of the input.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<Expr> {
        if matches!(name, "input" | "state" | "result" | "args" | "error" | "phase" | "item" | "index")
            || self.env.helpers.iter().any(|helper| helper == name)
        {
            return None;
        }
        let found = Env::resolve(&self.env, name).map(|resolution| resolution.expr);
        found.or_else(|| self.shapes.field(&self.env.input, name).map(|_| ident("input").member(name)))
    }

    /// The child's or activity's name in `text`, or an expression for an id.
    #[must_use]
    pub fn text_value(&self, text: &Text, node: &str) -> Expr {
        let field = crate::definition::Field { value: serde_json::Value::String(text.text.clone()), path: text.path.clone() };
        self.value(&field, Some(node))
    }
}
