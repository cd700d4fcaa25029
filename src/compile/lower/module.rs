//! A generated file: imports, types, helpers, proxies, signals, the function. A workflow is gone through twice: the first time finds out which values
//! are used, and where.

use super::names::is_reserved;
use super::{Env, Facts, Lower, Names, Proxies, StateForms};
use crate::compile::graph::Graph;
use crate::compile::origin::Sources;
use crate::compile::program::{Program, WorkflowInfo, module_alias};
use crate::compile::ts::build::{ident, object, string};
use crate::compile::ts::walk;
use crate::compile::ts::{Decl, Module};
use crate::definition::VersioningBehavior;
use crate::diagnostic::{Code, Report};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The SDK's values that generated code may use.
const SDK: &[&str] = &[
    "ApplicationFailure",
    "CancellationScope",
    "Trigger",
    "allHandlersFinished",
    "condition",
    "continueAsNew",
    "defineQuery",
    "defineSignal",
    "executeChild",
    "getExternalWorkflowHandle",
    "isCancellation",
    "makeContinueAsNewFunc",
    "proxyActivities",
    "proxyLocalActivities",
    "proxySinks",
    "rootCause",
    "setHandler",
    "setWorkflowOptions",
    "sleep",
    "startChild",
    "uuid4",
    "workflowInfo",
];

/// The names of the activities that a workflow calls, by the task queue that serves them (the workflow's own for `None`) and their module.
pub type Activities = BTreeMap<(Option<String>, String), BTreeSet<String>>;

/// What a workflow becomes.
#[derive(Default)]
pub struct Lowered {
    /// Its file.
    pub module: Module,
    /// The strings that the file comes from.
    pub sources: Sources,
    /// The activities that it calls.
    pub activities: Activities,
    /// The forms of its state, where its runs go on on newer versions.
    pub forms: Option<StateForms>,
}

/// The file of a workflow, and what is known of it.
pub fn module(program: &Program, workflow: &WorkflowInfo, graph: &Graph, behavior: VersioningBehavior, report: &Report) -> Lowered {
    let first = RefCell::new(workflow.sources.clone());
    let facts = {
        let mut cx = lowering(program, workflow, graph, report, &first, None);
        cx.function();
        cx.env.facts.into_inner()
    };
    let silent = Report::new();
    let sources = RefCell::new(workflow.sources.clone());
    let (module, activities, forms) = {
        let mut cx = lowering(program, workflow, graph, &silent, &sources, Some(facts));
        let module = assemble(&mut cx, behavior);
        (module, cx.called_activities(), cx.forms)
    };
    Lowered { module, sources: sources.into_inner(), activities, forms }
}

/// Checks what can be checked of each node by itself, where the graph does not hold together: fields, expressions, the names of activities and
/// workflows. What a name means at a node depends on what runs before it, and is not judged.
pub fn check_nodes(program: &Program, workflow: &WorkflowInfo, graph: &Graph, report: &Report) {
    let inner = Report::new();
    let sources = RefCell::new(workflow.sources.clone());
    let mut cx = lowering(program, workflow, graph, &inner, &sources, None);
    cx.function();
    cx.unvisited();
    let flow = [Code::UNKNOWN_NAME, Code::AMBIGUOUS_RESULT, Code::MISSING_ARGUMENT, Code::CARRY, Code::CONTAINER, Code::TARGET];
    report.extend(inner.into_found().into_iter().filter(|found| !flow.contains(&found.code)));
}

fn lowering<'a>(
    program: &'a Program,
    workflow: &'a WorkflowInfo,
    graph: &'a Graph<'a>,
    report: &'a Report,
    sources: &'a RefCell<Sources>,
    facts: Option<Facts>,
) -> Lower<'a> {
    let activities = program.modules.iter().flat_map(|module| module.activities.keys().cloned());
    let types = workflow.shapes.names().map(str::to_owned);
    let workflows = program.workflows.iter().map(|workflow| workflow.workflow_type.clone());
    let helpers = workflow.functions.iter().map(|function| function.name.clone());
    let taken: BTreeSet<String> = activities.chain(types).chain(workflows).chain(helpers).collect();
    let aliases = aliases(program, &taken);
    let names = Names::new(taken.into_iter().chain(aliases.values().cloned()));
    let env = Env::new(workflow.input_shape.clone(), workflow.functions.iter().map(|function| function.name.clone()).collect());
    Lower {
        program,
        workflow,
        graph,
        report,
        sources,
        shapes: workflow.shapes.clone(),
        names,
        aliases,
        env,
        proxies: Proxies::default(),
        children: BTreeSet::new(),
        signals: BTreeSet::new(),
        facts,
        phases: Vec::new(),
        wakes: false,
        continues: false,
        has_cleanup: false,
        uses_handles: false,
        branch_depth: 0,
        carried: None,
        going: None,
        forms: None,
        prelude: Vec::new(),
        initial: BTreeSet::new(),
        jumps: Vec::new(),
    }
}

/// The alias of each module, by its name: another one than the module's where an activity, type, helper or workflow is called the same.
fn aliases(program: &Program, taken: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut taken = taken.clone();
    let mut aliases = BTreeMap::new();
    for module in &program.modules {
        let plain = module_alias(&module.name);
        let others = [format!("{plain}Activities")].into_iter().chain((2_u32..).map(|number| format!("{plain}Activities{number}")));
        let free = std::iter::once(plain.clone()).chain(others).find(|name| !taken.contains(name) && !is_reserved(name));
        let alias = free.unwrap_or(plain);
        taken.insert(alias.clone());
        aliases.insert(module.name.clone(), alias);
    }
    aliases
}

fn assemble(cx: &mut Lower, behavior: VersioningBehavior) -> Module {
    let function = cx.function();
    let workflow = cx.workflow;
    let mut body = Vec::new();
    if !workflow.types.text.is_empty() {
        body.push(Decl::User(workflow.types.clone()));
        body.push(Decl::Blank);
    }
    if !workflow.helpers.text.is_empty() {
        body.push(Decl::User(workflow.helpers.clone()));
        body.push(Decl::Blank);
    }
    let proxies = cx.proxy_declarations();
    if !proxies.is_empty() {
        body.extend(proxies);
        body.push(Decl::Blank);
    }
    for (workflow_type, signal) in &cx.signals {
        let constant = crate::compile::nodes::constant_name(signal, "Signal");
        let _ = workflow_type;
        let ty = crate::compile::ts::Type::TypeOf(format!("{constant}Type"));
        let init = ident("defineSignal").call(vec![string(signal)]);
        body.push(Decl::Const { export: false, pattern: crate::compile::ts::Pattern::Ident(constant), ty: Some(ty), init });
        body.push(Decl::Blank);
    }
    if !function.declarations.is_empty() {
        body.extend(function.declarations);
        body.push(Decl::Blank);
    }
    body.push(function.function);
    if behavior == VersioningBehavior::AutoUpgrade {
        let options = object([("versioningBehavior", string("AUTO_UPGRADE"))]);
        body.push(Decl::Stmt(ident("setWorkflowOptions").call(vec![options, ident(&workflow.workflow_type)]).stmt()));
    }
    let mut module = Module { body };
    let imports = imports(cx, &mut module);
    let head = Decl::Comment(vec![format!("Generated by Warpline from Workflow/{}: change the definition, not this file.", workflow.name)]);
    module.body.splice(0..0, [head].into_iter().chain(imports).chain([Decl::Blank]));
    spaced(&mut module.body);
    module
}

/// Puts one empty line after each type, and never two.
fn spaced(body: &mut Vec<Decl>) {
    let mut out: Vec<Decl> = Vec::with_capacity(body.len());
    for decl in body.drain(..) {
        let after_type = matches!(out.last(), Some(Decl::TypeAlias { .. })) && decl != Decl::Blank;
        if after_type {
            out.push(Decl::Blank);
        }
        if !(decl == Decl::Blank && out.last() == Some(&Decl::Blank)) {
            out.push(decl);
        }
    }
    *body = out;
}

fn imports(cx: &Lower, module: &mut Module) -> Vec<Decl> {
    let mut used: BTreeSet<String> = BTreeSet::new();
    walk::names(module, &mut |name| {
        if SDK.contains(&name) {
            used.insert(name.to_owned());
        }
    });
    let mut decls = Vec::new();
    let sdk = "@temporalio/workflow".to_owned();
    if !used.is_empty() {
        decls.push(Decl::Import { type_only: false, names: used.into_iter().collect(), from: sdk.clone() });
    }
    if cx.uses_handles {
        decls.push(Decl::Import { type_only: true, names: vec!["ChildWorkflowHandle".into(), "Workflow".into()], from: sdk });
    }
    for called in cx.called_modules() {
        decls.push(Decl::ImportAll { name: cx.types_of(called), from: called.specifier.clone() });
    }
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (names, from) in &cx.workflow.imports {
        let specifier = cx.program.modules.iter().find(|module| module.name == *from).map(|module| module.specifier.clone());
        named.entry(specifier.unwrap_or_default()).or_default().extend(names.iter().cloned());
    }
    for child in cx.children.iter().filter(|child| **child != cx.workflow.workflow_type) {
        if let Some(info) = cx.program.workflow(child) {
            named.entry(format!("./{}", info.file)).or_default().insert(child.clone());
        }
    }
    for (workflow_type, signal) in &cx.signals {
        if let Some(info) = cx.program.workflow(workflow_type) {
            let constant = crate::compile::nodes::constant_name(signal, "Signal");
            named.entry(format!("./{}", info.file)).or_default().insert(format!("{constant} as {constant}Type"));
        }
    }
    decls.extend(named.into_iter().map(|(from, names)| Decl::Import { type_only: true, names: names.into_iter().collect(), from }));
    decls
}
