//! What is compiled together: workflows and activity modules, with what is known of their types and options.
//! Depends on `definition`, `expr`; package declarations are handed in as texts.

use super::expr::{self, Function, FunctionParam, Reexport, Shape, Shapes};
use super::lower::{camel, kebab, pascal};
use super::origin::Sources;
use super::signatures::Promised;
use super::ts::build::{array, number, object, string};
use super::ts::{Expr, Type, UserCode};
use crate::definition::{ActivityModule, Duration, Field, Fields, Text, Upgrade, Workflow};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The declarations (`.d.ts`) of the package of an activity module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageTypes {
    /// How the module is imported, such as `@acme/activities/build`.
    pub specifier: String,
    /// The declaration files: path and text; the first is the module's own, the others are those it refers to.
    pub files: Vec<(String, String)>,
}

/// All workflows and activity modules of a compilation.
pub struct Program {
    /// The workflows, by order of their types.
    pub workflows: Vec<WorkflowInfo>,
    /// The activity modules, by order of their names.
    pub modules: Vec<ModuleInfo>,
}

/// What others, and its own compilation, know of a workflow.
pub struct WorkflowInfo {
    /// The name of the object.
    pub name: String,
    /// The exported function.
    pub workflow_type: String,
    /// The file, without its ending.
    pub file: String,
    /// Whether, and how, its runs go on on newer versions.
    pub upgrade: Option<Upgrade>,
    /// The type of the input, if one is given.
    pub input: Option<Type>,
    /// The type of the output, if one is given.
    pub output: Option<Type>,
    /// The type of the state, if one is given.
    pub state: Option<Type>,
    /// What is known of the input.
    pub input_shape: Shape,
    /// What is known of the output.
    pub output_shape: Shape,
    /// What is known of the state.
    pub state_shape: Shape,
    /// Named shapes that its types can mention.
    pub shapes: Shapes,
    /// Its type declarations.
    pub types: UserCode,
    /// The types that it imports: names, and the object they come from.
    pub imports: Vec<(Vec<String>, String)>,
    /// Its helper functions.
    pub helpers: UserCode,
    /// The helper functions.
    pub functions: Vec<Function>,
    /// The names of its signals.
    pub signals: BTreeSet<String>,
    /// Places of the state that are not shown.
    pub redact: Vec<Text>,
    /// Where its code comes from.
    pub sources: Sources,
}

/// What is known of an activity module.
pub struct ModuleInfo {
    /// The name of the object.
    pub name: String,
    /// How its types are imported.
    pub specifier: String,
    /// Declarations that are generated for it, where it has no package.
    pub declarations: Option<Vec<super::ts::Decl>>,
    /// What is declared of its package, where it has a package.
    pub promised: Option<Promised>,
    /// The texts of its package's declarations, where it has a package.
    pub package: Vec<String>,
    /// The names of the types that it exports.
    pub types: BTreeSet<String>,
    /// Its activities.
    pub activities: BTreeMap<String, ActivityInfo>,
    /// The options of all its activities.
    pub options: ActivityOptions,
    /// Named shapes that its signatures can mention.
    pub shapes: Shapes,
    /// Where its declarations come from.
    pub sources: Sources,
}

/// What is known of an activity.
#[derive(Clone, Debug, Default)]
pub struct ActivityInfo {
    /// Its parameters and result.
    pub signature: Option<Function>,
    /// Its own options.
    pub options: ActivityOptions,
}

/// Options of an activity, each only where it is given. Texts are as the SDK takes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityOptions {
    /// `startToCloseTimeout`, `scheduleToCloseTimeout`, … by their names.
    timeouts: BTreeMap<&'static str, String>,
    /// `initialInterval`, `maximumAttempts`, …: by their names, as code.
    retry: BTreeMap<&'static str, RetryValue>,
    /// The task queue whose workers serve the activity.
    task_queue: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RetryValue {
    Text(String),
    Number(String),
    List(Vec<String>),
}

const TIMEOUTS: &[(&str, &str)] = &[
    ("startToClose", "startToCloseTimeout"),
    ("scheduleToClose", "scheduleToCloseTimeout"),
    ("scheduleToStart", "scheduleToStartTimeout"),
    ("heartbeat", "heartbeatTimeout"),
];

impl ActivityOptions {
    /// The options that the fields of a node give: `timeout`, `retry`.
    pub fn read(fields: &Fields, node: &str, report: &Report) -> Self {
        Self::of(fields.object("timeout").as_ref(), fields.object("retry").as_ref(), Some(node), report)
    }

    /// The same options, on the task queue that the fields of a node name, if they name one.
    #[must_use]
    pub fn on_queue_of(mut self, fields: &Fields) -> Self {
        self.task_queue = fields.text("taskQueue").map(|queue| queue.text);
        self
    }

    /// The task queue whose workers serve the activity; the workflow's own where there is none.
    #[must_use]
    pub fn task_queue(&self) -> Option<&str> {
        self.task_queue.as_deref()
    }

    /// The `retry` of a child workflow, as code.
    pub fn read_retry(fields: &Fields, node: &str, report: &Report) -> Option<Expr> {
        let retry = fields.object("retry")?;
        Some(Self::of(None, Some(&retry), Some(node), report).retry_expr())
    }

    /// The options in the objects `timeout` and `retry`.
    pub fn of(timeout: Option<&Field>, retry: Option<&Field>, node: Option<&str>, report: &Report) -> Self {
        let mut options = Self::default();
        if let Some(timeout) = timeout {
            let fields = Fields::new(timeout, node, "timeout", report);
            for (name, option) in TIMEOUTS {
                options.timeouts.extend(fields.duration(name).map(|duration: Duration| (*option, duration.words())));
            }
            fields.finish();
        }
        if let Some(retry) = retry {
            let fields = Fields::new(retry, node, "retry", report);
            for name in ["initialInterval", "maximumInterval"] {
                options.retry.extend(fields.duration(name).map(|duration| (name, RetryValue::Text(duration.words()))));
            }
            options.retry.extend(
                fields.integer("maximumAttempts", 0..=u64::from(u32::MAX)).map(|n| ("maximumAttempts", RetryValue::Number(n.to_string()))),
            );
            options.retry.extend(fields.number("backoffCoefficient").map(|n| ("backoffCoefficient", RetryValue::Number(n.to_string()))));
            let types = fields
                .list("nonRetryableErrorTypes")
                .map(|types| types.iter().filter_map(|t| t.value.as_str().map(str::to_owned)).collect());
            options.retry.extend(types.map(|types| ("nonRetryableErrorTypes", RetryValue::List(types))));
            fields.finish();
        }
        options
    }

    /// These options, and those of `other` where these have none.
    #[must_use]
    pub fn over(&self, other: &Self) -> Self {
        let mut options = other.clone();
        options.timeouts.extend(self.timeouts.clone());
        options.retry.extend(self.retry.clone());
        options.task_queue = self.task_queue.clone().or(options.task_queue);
        options
    }

    /// The argument of `proxyActivities`. Temporal wants a start-to-close or schedule-to-close timeout; ten minutes where neither is given.
    #[must_use]
    pub fn to_expr(&self) -> Expr {
        let mut timeouts = self.timeouts.clone();
        if !timeouts.contains_key("startToCloseTimeout") && !timeouts.contains_key("scheduleToCloseTimeout") {
            timeouts.insert("startToCloseTimeout", "10 minutes".to_owned());
        }
        let order = |name: &str| TIMEOUTS.iter().position(|(_, option)| *option == name);
        let mut sorted: Vec<(&str, String)> = timeouts.into_iter().collect();
        sorted.sort_by_key(|(name, _)| order(name));
        let mut entries: Vec<(&str, Expr)> = sorted.iter().map(|(name, text)| (*name, string(text))).collect();
        if !self.retry.is_empty() {
            entries.push(("retry", self.retry_expr()));
        }
        entries.extend(self.task_queue.as_ref().map(|queue| ("taskQueue", string(queue))));
        object(entries)
    }

    fn retry_expr(&self) -> Expr {
        object(self.retry.iter().map(|(name, value)| {
            let value = match value {
                RetryValue::Text(text) => string(text),
                RetryValue::Number(text) => number(text),
                RetryValue::List(types) => array(types.iter().map(|each| string(each)).collect()),
            };
            (*name, value)
        }))
    }
}

impl Program {
    /// Gathers what is known of all objects; what is wrong is reported, with the object's name.
    pub fn new(workflows: &[Workflow], modules: &[(ActivityModule, Option<PackageTypes>)], report: &Report) -> Self {
        let mut modules: Vec<ModuleInfo> = modules
            .iter()
            .map(|(module, package)| within(&module.object, report, |report| module_info(module, package.as_ref(), report)))
            .collect();
        modules.sort_by(|a, b| a.name.cmp(&b.name));
        let mut infos: Vec<WorkflowInfo> = Vec::new();
        for workflow in workflows {
            let info = within(&workflow.object, report, |report| workflow_info(workflow, &modules, report));
            if let Some(other) = infos.iter().find(|other| other.workflow_type == info.workflow_type) {
                let message = format!("the workflow type `{}` is that of `{}`, too", info.workflow_type, other.name);
                let mut diagnostic = Diagnostic::error(Code::DUPLICATE_OBJECT, &workflow.workflow_type.path, message)
                    .suggest("give one of them another `workflowType`");
                diagnostic.object.clone_from(&workflow.object);
                report.push(diagnostic);
            }
            infos.push(info);
        }
        infos.sort_by(|a, b| a.workflow_type.cmp(&b.workflow_type).then_with(|| a.name.cmp(&b.name)));
        Self { workflows: infos, modules }
    }

    /// The workflow with this type.
    #[must_use]
    pub fn workflow(&self, workflow_type: &str) -> Option<&WorkflowInfo> {
        self.workflows.iter().find(|workflow| workflow.workflow_type == workflow_type)
    }

    /// Says that no workflow has the type `wanted`.
    #[must_use]
    pub fn unknown_workflow(&self, wanted: &Text) -> Diagnostic {
        let known = self.workflows.iter().map(|workflow| workflow.workflow_type.as_str());
        Diagnostic::error(Code::UNKNOWN_WORKFLOW, &wanted.path, format!("no Workflow has the type `{}`", wanted.text))
            .excerpt(&wanted.text, 0..wanted.text.len())
            .suggest_near_or(&wanted.text, known, || "add its file to the command, or its Workflow to the cluster")
    }
}

/// Runs `read` with a report of its own, and passes on what it found with the object's name.
pub(super) fn within<T>(object: &str, report: &Report, read: impl FnOnce(&Report) -> T) -> T {
    let inner = Report::new();
    let value = read(&inner);
    report.extend(inner.into_found().into_iter().map(|mut diagnostic| {
        if diagnostic.object.is_empty() {
            object.clone_into(&mut diagnostic.object);
        }
        diagnostic
    }));
    value
}

fn workflow_info(workflow: &Workflow, modules: &[ModuleInfo], report: &Report) -> WorkflowInfo {
    let sources = RefCell::new(Sources::default());
    let types = workflow.types.as_ref().map(|text| expr::types(&text.text, &text.path, &sources, report));
    let mut shapes = Shapes::default();
    let mut imports = Vec::new();
    let (mut code, mut known) = (UserCode::default(), Vec::new());
    if let Some(types) = types {
        for (names, from, origin) in types.imports {
            match modules.iter().find(|module| module.name == from) {
                Some(module) => {
                    for name in names.iter().filter(|name| !module.types.contains(*name)) {
                        let message = format!("the ActivityModule `{from}` exports no type `{name}`");
                        let diagnostic = Diagnostic::error(Code::UNKNOWN_NAME, &JsonPath::root(), message)
                            .suggest_near(name, module.types.iter().map(String::as_str));
                        report.push(sources.borrow().locate(diagnostic, origin));
                    }
                    shapes.merge(module.shapes.clone());
                    imports.push((names, from));
                }
                None => {
                    let message = format!("there is no ActivityModule `{from}` to import types from");
                    let diagnostic = Diagnostic::error(Code::UNKNOWN_ACTIVITY, &JsonPath::root(), message)
                        .suggest_near(&from, modules.iter().map(|m| m.name.as_str()));
                    report.push(sources.borrow().locate(diagnostic, origin));
                }
            }
        }
        shapes.merge(types.shapes);
        code = types.code;
        known = shapes.names().map(str::to_owned).collect();
    }
    let typed =
        |field: &Option<Field>| field.as_ref().and_then(|field| expr::type_of(&field.value, &field.path, None, &sources, report)).unzip();
    let ((input, input_shape), (output, output_shape), (state, state_shape)) =
        (typed(&workflow.input), typed(&workflow.output), typed(&workflow.state));
    let helpers = workflow.helpers.as_ref().map(|text| expr::helpers(&text.text, &text.path, &known, &sources, report));
    let (helpers, functions) = helpers.map_or_else(Default::default, |helpers| (helpers.code, helpers.functions));
    let workflow_type = workflow.workflow_type.text.clone();
    WorkflowInfo {
        name: workflow.name.clone(),
        file: kebab(&workflow_type),
        workflow_type,
        upgrade: workflow.upgrade.clone(),
        input,
        output,
        state,
        input_shape: input_shape.unwrap_or(Shape::Unknown),
        output_shape: output_shape.unwrap_or(Shape::Unknown),
        state_shape: state_shape.unwrap_or(Shape::Unknown),
        shapes,
        types: code,
        imports,
        helpers,
        functions,
        signals: signal_names(workflow),
        redact: workflow.redact.clone(),
        sources: sources.into_inner(),
    }
}

fn signal_names(workflow: &Workflow) -> BTreeSet<String> {
    let named = |value: &serde_json::Value, key: &str| value.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
    let listed = workflow.definition.signals.iter().filter_map(|field| named(&field.value, "name"));
    let nodes = workflow.definition.nodes.iter().filter(|node| matches!(node.kind.as_str(), "signal" | "signal-handler"));
    listed.chain(nodes.filter_map(|node| named(&node.config.value, "signalName"))).collect()
}

fn module_info(module: &ActivityModule, package: Option<&PackageTypes>, report: &Report) -> ModuleInfo {
    let sources = RefCell::new(Sources::default());
    let mut options = ActivityOptions::of(module.timeout.as_ref(), module.retry.as_ref(), None, report);
    options.task_queue.clone_from(&module.task_queue);
    let mut info = ModuleInfo {
        name: module.name.clone(),
        specifier: package.map_or_else(|| format!("./{}", module.name), |package| package.specifier.clone()),
        declarations: None,
        promised: None,
        package: package.iter().flat_map(|package| package.files.iter().map(|(_, text)| text.clone())).collect(),
        types: BTreeSet::new(),
        activities: BTreeMap::new(),
        options,
        shapes: Shapes::default(),
        sources: Sources::default(),
    };
    if let Some(package) = package {
        read_package(module, package, &mut info, report);
    }
    let mut declared = Vec::new();
    let mut promised = Promised { imported: info.types.iter().cloned().collect(), ..Promised::default() };
    let types = module.types.as_ref().map(|text| expr::types(&text.text, &text.path, &sources, report));
    if let Some(types) = types {
        promised.imported.retain(|imported| types.shapes.names().all(|own| own != imported));
        promised.types = Some(types.code.clone());
        info.types.extend(types.shapes.names().map(str::to_owned));
        info.shapes.merge(types.shapes);
        declared.push(super::ts::Decl::User(types.code));
    }
    for activity in &module.activities {
        let name = &activity.name.text;
        let options = ActivityOptions::of(activity.timeout.as_ref(), activity.retry.as_ref(), None, report);
        let signature = signature(module, activity, &sources, report);
        let says_nothing = activity.signature.is_none() && activity.input.is_none() && activity.output.is_none();
        if says_nothing && !info.activities.contains_key(name) {
            let message = format!("the activity `{name}` has neither a signature nor a package that exports it");
            report.push(
                Diagnostic::error(Code::MISSING_FIELD, &activity.name.path, message).suggest("add `signature: '(input: …) => Promise<…>'`"),
            );
        }
        let known = info.activities.entry(name.clone()).or_default();
        known.options = options;
        if let Some((ty, function)) = signature {
            known.signature = Some(function);
            let place = activity.signature.as_ref().map_or(&activity.name.path, |signature| &signature.path);
            let at = sources.borrow_mut().add(place, None, "").whole();
            promised.signatures.push((name.clone(), ty.clone(), at));
            declared.push(super::ts::Decl::Const {
                export: true,
                pattern: super::ts::Pattern::Ident(name.clone()),
                ty: Some(ty),
                init: super::ts::build::ident("undefined"),
            });
        }
    }
    match package {
        None => info.declarations = Some(declared),
        Some(_) => info.promised = Some(promised),
    }
    info.sources = sources.into_inner();
    info
}

fn signature(
    module: &ActivityModule,
    activity: &crate::definition::DeclaredActivity,
    sources: &RefCell<Sources>,
    report: &Report,
) -> Option<(Type, Function)> {
    let name = &activity.name.text;
    if let Some(signature) = &activity.signature {
        if let Some(input) = activity.input.as_ref().or(activity.output.as_ref()) {
            let message = format!("the activity `{name}` of `{}` has both a signature and a JSON Schema", module.name);
            report.push(Diagnostic::error(Code::CONFLICT, &input.path, message).suggest("keep one of them"));
        }
        let (ty, mut function) = expr::signature(&signature.text, &signature.path, sources, report)?;
        function.name.clone_from(name);
        return Some((ty, function));
    }
    if activity.input.is_none() && activity.output.is_none() {
        return None;
    }
    let schema = |field: &Option<Field>| field.as_ref().and_then(|field| expr::from_json_schema(&field.value, &field.path, report));
    let (input, output) = (schema(&activity.input), schema(&activity.output));
    let (output_type, output_shape) = output.unwrap_or_else(|| (Type::Named("void".into(), Vec::new()), Shape::Primitive("void".into())));
    let ret = Type::Named("Promise".into(), vec![output_type]);
    let params: Vec<(String, bool, Type)> = input.iter().map(|(ty, _)| ("input".to_owned(), false, ty.clone())).collect();
    let shapes = input.into_iter().map(|(_, shape)| FunctionParam { name: "input".into(), optional: false, shape }).collect();
    let function = Function { name: name.clone(), params: shapes, ret: Shape::Promise(Box::new(output_shape)) };
    Some((Type::Function(params, Box::new(ret)), function))
}

/// Reads the declarations of a module's package, those of its other files included that it exports again.
fn read_package(module: &ActivityModule, package: &PackageTypes, info: &mut ModuleInfo, report: &Report) {
    let mut reexports: Vec<Reexport> = Vec::new();
    for (position, (path, text)) in package.files.iter().enumerate() {
        let declarations = match expr::declarations(text) {
            Ok(declarations) => declarations,
            Err(error) => {
                let place = module.module.as_ref().map_or_else(|| module.path.clone(), |text| text.path.clone());
                report.push(
                    Diagnostic::error(Code::TYPE_SYNTAX, &place, format!("the declarations in {path} cannot be parsed: {}", error.message))
                        .suggest("build the package again"),
                );
                continue;
            }
        };
        let is_entry = position == 0;
        let exported = |name: &String| is_entry || reexports.iter().any(|reexport| passes_on(reexport, name));
        info.types.extend(declarations.types.into_iter().filter(exported));
        let activities = declarations.functions.into_iter().filter(|function| exported(&function.name));
        info.activities.extend(
            activities
                .map(|function| (function.name.clone(), ActivityInfo { signature: Some(function), options: ActivityOptions::default() })),
        );
        info.shapes.merge(declarations.shapes);
        if is_entry {
            reexports = declarations.reexports;
        }
    }
}

fn passes_on(reexport: &Reexport, name: &str) -> bool {
    reexport.names.as_ref().is_none_or(|names| names.iter().any(|(_, here)| here == name))
}

/// The name of the interface for a workflow's inferred state.
#[must_use]
pub fn state_type_name(workflow_type: &str) -> String {
    format!("{}State", pascal(workflow_type.strip_suffix("Workflow").unwrap_or(workflow_type)))
}

/// The alias under which the types of a module are imported.
#[must_use]
pub fn module_alias(name: &str) -> String {
    camel(name)
}
