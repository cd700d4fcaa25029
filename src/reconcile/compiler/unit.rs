//! One definition through the compiler and the type checker.

use super::Inputs;
use crate::api::{StateForm, StatusDiagnostic};
use crate::compile;
use crate::compile::program::PackageTypes;
use crate::definition::{ActivityModule, module_from_value, workflow_from_value};
use crate::diagnostic::{Diagnostic, JsonPath, Level, Report, has_errors};
use crate::plan::workflow::Outcome;
use crate::project::Declarations;
use crate::typecheck;
use crate::version;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the compiler made of a definition.
#[derive(Debug)]
pub struct Compiled {
    /// The digest of what went in.
    pub digest: String,
    /// The workflow type; empty where it could not be read.
    pub workflow_type: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found, in the definition and in what it refers to.
    pub diagnostics: Vec<StatusDiagnostic>,
    /// The code, where there is no error.
    pub unit: Option<Unit>,
    /// Whether types were checked.
    pub(super) is_checked: bool,
}

/// The code of a workflow.
#[derive(Debug)]
pub struct Unit {
    /// The JavaScript.
    pub script: String,
    /// Its source map, to the TypeScript.
    pub source_map: String,
    /// The TypeScript, for people to read.
    pub typescript: String,
    /// The activities that it calls: names by the task queue (the workflow's own where none) and the module.
    pub activities: compile::Activities,
    /// The forms of its state, its own first, where its runs go on on newer versions.
    pub forms: Vec<StateForm>,
}

impl Compiled {
    pub(super) fn defect(digest: String, name: String, why: String) -> Self {
        Self {
            digest,
            workflow_type: crate::definition::workflow_type_of(&name),
            outcome: Outcome::Unfinished(why),
            diagnostics: Vec::new(),
            unit: None,
            is_checked: false,
        }
    }
}

/// A definition that was compiled, and not type-checked yet.
pub(super) struct Draft {
    digest: String,
    name: String,
    workflow_type: String,
    /// What was compiled.
    pub output: compile::Output,
    found: Vec<Diagnostic>,
    is_checked: bool,
}

/// Compiles.
pub(super) fn compile(inputs: Inputs, declarations: &BTreeMap<String, Declarations>) -> Draft {
    let report = Report::new();
    let workflows: Vec<_> = inputs.workflows.iter().filter_map(|(name, spec)| workflow_from_value(name, spec, &report)).collect();
    let modules = modules(&inputs, declarations, &report);
    let output = compile::compile(&workflows, &modules, &report);
    let workflow_type = workflows
        .iter()
        .find(|workflow| workflow.name == inputs.name)
        .map_or_else(|| crate::definition::workflow_type_of(&inputs.name), |workflow| workflow.workflow_type.text.clone());
    Draft { digest: inputs.digest, name: inputs.name, workflow_type, output, found: report.into_sorted(), is_checked: false }
}

impl Draft {
    /// Whether there is something to check.
    pub fn is_compiled(&self) -> bool {
        !has_errors(&self.found)
    }

    /// What the type checker found, or why it can't tell.
    pub fn checked(mut self, checked: Result<Vec<Diagnostic>, typecheck::Error>) -> Compiled {
        self.is_checked = true;
        match checked {
            Ok(typed) => self.found.extend(typed),
            Err(error) => return self.finished(Outcome::Unfinished(error.to_string()), None),
        }
        if self.is_compiled() { self.unchecked() } else { self.finished(Outcome::NotTyped, None) }
    }

    /// Nobody checks types.
    pub fn unchecked(self) -> Compiled {
        if !self.is_compiled() {
            return self.finished(Outcome::NotCompiled, None);
        }
        match unit(&self.output, &self.name) {
            Ok(unit) => self.finished(Outcome::Good, Some(unit)),
            Err(why) => self.finished(Outcome::Unfinished(why), None),
        }
    }

    fn finished(self, outcome: Outcome, unit: Option<Unit>) -> Compiled {
        let object = format!("Workflow/{}", self.name);
        let diagnostics = self.found.iter().map(|diagnostic| status_diagnostic(diagnostic, &object)).collect();
        let Self { digest, workflow_type, is_checked, .. } = self;
        Compiled { digest, workflow_type, outcome, diagnostics, unit, is_checked }
    }
}

/// A workflow that compiles, with a file that says that `input` of `object` is its input.
///
/// # Errors
/// It does not compile.
pub(super) fn with_input(
    inputs: Inputs,
    declarations: &BTreeMap<String, Declarations>,
    object: &str,
    input: &Value,
) -> Result<compile::Output, String> {
    let Draft { mut output, name, .. } = compile(inputs, declarations);
    let workflow = output.workflows.iter().find(|workflow| workflow.name == name).ok_or("the Workflow does not compile")?;
    let path = JsonPath::root().key("spec").key("input");
    output.files.push(compile::input_file(object, &path, workflow, input));
    Ok(output)
}

/// The modules, each with the declarations of the build in use.
fn modules(inputs: &Inputs, declarations: &BTreeMap<String, Declarations>, report: &Report) -> Vec<(ActivityModule, Option<PackageTypes>)> {
    let types = |name: &String| declarations.get(name).map(|found| found.types.clone());
    inputs.modules.iter().map(|(name, spec)| (module_from_value(name, spec, report), types(name))).collect()
}

/// Where the type checker finds declarations.
pub(super) fn packages(declarations: &BTreeMap<String, Declarations>) -> Vec<(String, PathBuf)> {
    declarations.values().map(|found| (found.types.specifier.clone(), found.file.clone())).collect()
}

fn unit(output: &compile::Output, name: &str) -> Result<Unit, String> {
    let workflow = output.workflows.iter().find(|workflow| workflow.name == name).ok_or("the compiler made no code; please report it")?;
    let file = output.files.iter().find(|file| file.path == workflow.path).ok_or("the compiler made no file; please report it")?;
    let script = version::script(file, workflow)?;
    Ok(Unit {
        source_map: version::source_map(&script, file),
        script: script.text,
        typescript: file.printed.text.clone(),
        activities: workflow.activities.clone(),
        forms: workflow.forms.iter().flat_map(|forms| [&forms.own].into_iter().chain(&forms.earlier)).map(form).collect(),
    })
}

/// Types that are longer are not kept: only states of the same form are taken then.
const LONGEST_TYPES: usize = 32 * 1024;

fn form(form: &compile::StateForm) -> StateForm {
    StateForm { form: form.digest.clone(), types: form.text.clone().filter(|text| text.len() <= LONGEST_TYPES) }
}

/// A finding as a status holds it; `object` is the one whose status that is.
#[must_use]
pub fn status_diagnostic(diagnostic: &Diagnostic, object: &str) -> StatusDiagnostic {
    let excerpt = diagnostic.excerpt.as_ref().and_then(|excerpt| excerpt.text.get(excerpt.span.clone()));
    StatusDiagnostic {
        code: diagnostic.code.to_string(),
        level: if diagnostic.level == Level::Error { "error" } else { "warning" }.to_owned(),
        object: Some(diagnostic.object.clone()).filter(|other| !other.is_empty() && other != object),
        path: diagnostic.path.to_string(),
        node: diagnostic.node.clone(),
        message: diagnostic.message.chars().take(500).collect(),
        suggestion: diagnostic.suggestion.clone(),
        excerpt: excerpt.filter(|text| !text.is_empty()).map(|text| text.chars().take(200).collect()),
    }
}
