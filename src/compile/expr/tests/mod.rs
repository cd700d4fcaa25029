//! The rules of strings as tables: what is an expression, what is text, what is refused and with which words.

mod code;
mod declared;
mod forbidden;
mod hostile;
mod printed;
mod show;
mod strings;

use super::{Context, Resolution, Scope};
use crate::compile::origin::Sources;
use crate::compile::ts::Expr;
use crate::compile::ts::build;
use crate::diagnostic::{Diagnostic, JsonPath, Report};
use show::show;
use std::cell::RefCell;

/// The scope of a workflow with `input`, `state` (fields `queue`, `phase`, `packages`, `fixAttempts`), the nodes `build` and
/// `check-npm`, a `forEach`'s `item` and `index`, an `error`, and the helper `hasWork`.
pub(super) struct Workflow;

const NAMES: &[(&str, &str, bool)] = &[
    ("input", "input", true),
    ("state", "state", true),
    ("result", "checkNpm1", true),
    ("build", "buildResult", true),
    ("checkNpm", "checkNpm1", true),
    ("item", "pkg", true),
    ("index", "index", true),
    ("args", "args", true),
    ("error", "error", true),
    ("hasWork", "hasWork", false),
    ("queue", "state.queue", false),
    ("phase", "state.phase", false),
    ("packages", "state.packages", false),
    ("fixAttempts", "state.fixAttempts", false),
];

impl Scope for Workflow {
    fn resolve(&self, name: &str) -> Option<Resolution> {
        let (_, printed, lone) = NAMES.iter().find(|(known, ..)| *known == name)?;
        let mut parts = printed.split('.');
        let root = build::ident(parts.next().unwrap_or_default());
        Some(Resolution { expr: parts.fold(root, |object, part| object.member(part)), lone: *lone })
    }

    fn names(&self) -> Vec<String> {
        NAMES.iter().map(|(name, ..)| (*name).to_owned()).collect()
    }
}

/// What `json` means as a value: the code it becomes, with its warnings, or its errors.
pub(super) fn value(json: &serde_json::Value) -> (Option<Expr>, Vec<Diagnostic>) {
    let sources = RefCell::new(Sources::default());
    let report = Report::new();
    let cx = Context { scope: &Workflow, sources: &sources, node: Some("node") };
    let expr = super::value(json, &JsonPath::root().key("args"), &cx, &report);
    (expr, report.into_sorted())
}

/// What `text` means where an expression is expected: the code it becomes, or the error.
pub(super) fn expression(text: &str) -> Result<String, Diagnostic> {
    let sources = RefCell::new(Sources::default());
    let cx = Context { scope: &Workflow, sources: &sources, node: Some("node") };
    super::expression(text, &JsonPath::root().key("condition"), &cx).map(|expr| show(&expr))
}

/// What `text` means as a target of a state update.
pub(super) fn target(text: &str) -> Result<String, Diagnostic> {
    let sources = RefCell::new(Sources::default());
    let cx = Context { scope: &Workflow, sources: &sources, node: Some("node") };
    super::target(text, &JsonPath::root().key("target"), &cx).map(|expr| show(&expr))
}

/// The part of the string that a diagnostic points at.
pub(super) fn marked(diagnostic: &Diagnostic) -> &str {
    diagnostic.excerpt.as_ref().and_then(|excerpt| excerpt.text.get(excerpt.span.clone())).unwrap_or_default()
}
