//! A workflow's input as a schedule gives it, in a file of its own, so that the type checker says whether it fits.
//! Depends on the tree of the TypeScript that is written.

use super::origin::Sources;
use super::ts::build::{array, number, object, string};
use super::ts::{Decl, Expr, ExprKind, Module, Pattern, Prop, Type, print};
use super::{CompiledWorkflow, GeneratedFile};
use crate::diagnostic::JsonPath;
use serde_json::Value;

/// A file that gives `input` to `workflow`; it is made to be checked, and never run. What is wrong with the input is at `path` of `object`.
#[must_use]
pub fn input_file(object: &str, path: &JsonPath, workflow: &CompiledWorkflow, input: &Value) -> GeneratedFile {
    let mut sources = Sources::default();
    let name = workflow.workflow_type.as_str();
    let given = vec![value(input, path, &mut sources)];
    let whole = sources.add(path, None, "");
    let ty = Type::Named("Parameters".to_owned(), vec![Type::TypeOf(name.to_owned())]);
    let from = format!("./{}", workflow.path.trim_end_matches(".ts"));
    // The declared name stands where the checker says that arguments are missing, or too many.
    let body = vec![
        Decl::Import { type_only: true, names: vec![name.to_owned()], from },
        Decl::Const { export: true, pattern: Pattern::Ident("input".to_owned()), ty: Some(ty), init: array(given).at(whole.whole()) },
    ];
    let stem: String = object.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    // No generated file of a workflow or module has two dots before its ending.
    GeneratedFile { path: format!("{stem}.input.ts"), object: object.to_owned(), printed: print::module(&Module { body }), sources }
}

fn value(json: &Value, path: &JsonPath, sources: &mut Sources) -> Expr {
    let origin = sources.add(path, None, "").whole();
    let expr = match json {
        Value::Null => Expr::new(ExprKind::Null),
        Value::Bool(value) => Expr::new(ExprKind::Bool(*value)),
        Value::Number(value) => number(value),
        Value::String(text) => string(text),
        Value::Array(values) => array(values.iter().enumerate().map(|(index, each)| value(each, &path.index(index), sources)).collect()),
        Value::Object(entries) if entries.is_empty() => object([]),
        Value::Object(entries) => {
            let property = |(key, each): (&String, &Value)| {
                let place = path.key(key);
                // The checker points at the key where its value is wrong.
                let at = sources.add(&place, None, "").whole();
                Prop::Computed(string(key).at(at), value(each, &place, sources))
            };
            Expr::new(ExprKind::Object(entries.iter().map(property).collect()))
        }
    };
    expr.at(origin)
}
