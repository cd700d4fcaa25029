//! Which object a document is, and its spec.
//! Depends on `fields` and `graph`; must not know what a definition means.

use super::fields::{Fields, kind_of, quoted};
use super::{
    ActivityModule, DeclaredActivity, Field, Migration, NpmPackage, Schedule, Text, Upgrade, VersioningBehavior, Workflow, graph, natural,
};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report, nearest};
use serde_json::Value;

/// The API group and version of every object.
const API_VERSION: &str = "warpline.dev/v1alpha1";

/// What a builder adds to an export for itself.
const EXPORT_KEYS: &[&str] = &["id", "name", "version", "viewport"];

/// An object as it was read.
pub enum Object {
    Workflow(Workflow),
    Module(ActivityModule),
    Schedule(Schedule),
}

/// Which object a document is.
pub struct Identity<'a> {
    kind: Kind,
    name: Text,
    body: &'a Value,
    path: JsonPath,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Workflow,
    /// A workflow without the wrapping of an object.
    Export,
    Module,
    Schedule,
}

impl Identity<'_> {
    /// The kind and name, as diagnostics show it.
    pub fn object(&self) -> String {
        let kind = match self.kind {
            Kind::Workflow | Kind::Export => "Workflow",
            Kind::Module => "ActivityModule",
            Kind::Schedule => "Schedule",
        };
        format!("{kind}/{}", self.name.text)
    }
}

/// The `Workflow` of that name from its `spec`, without a file: what the API holds.
pub fn workflow_from_value(name: &str, value: &Value, report: &Report) -> Option<Workflow> {
    let path = JsonPath::root().key("spec");
    let mut value = value.clone();
    undo_yaml_1_1(&mut value);
    let value = &value;
    let name = Text { text: name.to_owned(), path: JsonPath::root().key("metadata").key("name") };
    workflow(&Identity { kind: Kind::Workflow, name, body: value, path }, report)
}

/// kubectl reads YAML 1.1, in which an unquoted `on` is the truth value: the key of a state update arrives as `true`.
fn undo_yaml_1_1(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                if key == "stateUpdates" {
                    for update in value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                        if let Some(moment) = update.remove("true").filter(|_| !update.contains_key("on")) {
                            update.insert("on".to_owned(), moment);
                        }
                    }
                }
                undo_yaml_1_1(value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(undo_yaml_1_1),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The `ActivityModule` of that name from its `spec`, without a file: what the API holds.
pub fn module_from_value(name: &str, value: &Value, report: &Report) -> ActivityModule {
    let path = JsonPath::root().key("spec");
    let name = Text { text: name.to_owned(), path: JsonPath::root().key("metadata").key("name") };
    module(&Identity { kind: Kind::Module, name, body: value, path }, report)
}

/// The object of an identity; `None` where it lacks what it is about.
pub fn read(identity: &Identity<'_>, report: &Report) -> Option<Object> {
    match identity.kind {
        Kind::Workflow | Kind::Export => workflow(identity, report).map(Object::Workflow),
        Kind::Module => Some(Object::Module(module(identity, report))),
        Kind::Schedule => schedule(identity, report).map(Object::Schedule),
    }
}

/// Finds out which object a document is; `stem` names a bare export that has no name.
pub fn identify<'a>(value: &'a Value, stem: &str, report: &'a Report) -> Option<Identity<'a>> {
    let root = JsonPath::root();
    let Some(object) = value.as_object() else {
        let message = format!("a document is an object, not {}", kind_of(value));
        report.push(Diagnostic::error(Code::SHAPE, &root, message));
        return None;
    };
    if object.contains_key("kind") || object.contains_key("apiVersion") {
        return resource(value, &root, report);
    }
    if let Some(inner) = object.get("workflow").filter(|inner| is_export(inner)) {
        let fields = Fields::of(value, &root, None, "an export", report).dropping(EXPORT_KEYS);
        fields.known(&["workflow"]);
        fields.finish();
        return Some(export(inner, root.key("workflow"), object.get("name"), stem));
    }
    if is_export(value) {
        return Some(export(value, root, None, stem));
    }
    let message = "the document has no `kind`, and no `nodes` as a builder's export has";
    report.push(
        Diagnostic::error(Code::UNKNOWN_KIND, &root, message)
            .suggest(format!("begin with `apiVersion: {API_VERSION}` and `kind: Workflow`")),
    );
    None
}

fn is_export(value: &Value) -> bool {
    let definition = value.get("definition").unwrap_or(value);
    definition.get("nodes").is_some()
}

fn export<'a>(body: &'a Value, path: JsonPath, outer_name: Option<&Value>, stem: &str) -> Identity<'a> {
    let own = body.get("name").or(outer_name).and_then(Value::as_str).filter(|name| !name.trim().is_empty());
    let name = Text { text: own.unwrap_or(stem).to_owned(), path: path.key("name") };
    Identity { kind: Kind::Export, name, body, path }
}

fn resource<'a>(value: &'a Value, root: &JsonPath, report: &'a Report) -> Option<Identity<'a>> {
    if is_others(value) {
        return None;
    }
    let fields = Fields::of(value, root, None, "a document", report);
    fields.known(&["status"]);
    let kind = kind_named(&fields.required_text("kind")?, report)?;
    let version = fields.required_text("apiVersion");
    fields.require("metadata");
    fields.require("spec");
    let (metadata, spec) = (fields.object_ref("metadata"), fields.object_ref("spec"));
    if let Some(version) = version.filter(|version| version.text != API_VERSION) {
        let message = format!("the API version {} is unknown", quoted(&version.text));
        report.push(
            Diagnostic::error(Code::UNKNOWN_KIND, &version.path, message)
                .excerpt(&version.text, 0..version.text.len())
                .suggest(format!("write `{API_VERSION}`")),
        );
    }
    fields.finish();
    let (metadata, path) = metadata?;
    let metadata = Fields::of(metadata, &path, None, "the metadata", report);
    let name = metadata.required_text("name")?;
    check_name(&name, report);
    let (body, path) = spec?;
    Some(Identity { kind, name, body, path })
}

/// Kinds of ours that are no part of a compilation: the API server checks them.
const NOT_COMPILED: &[&str] = &["TaskQueue", "WorkerVersion"];

/// Whether a document is none of the compiler's business: an object of another API, or one that only a cluster needs. What may be a misspelt one of ours
/// is not.
fn is_others(value: &Value) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let (Some(version), Some(kind)) = (text("apiVersion"), text("kind")) else { return false };
    if version == API_VERSION {
        return NOT_COMPILED.contains(&kind);
    }
    nearest(version, [API_VERSION]).is_none() && nearest(kind, KINDS).is_none()
}

/// Kinds that are read.
const KINDS: [&str; 3] = ["Workflow", "ActivityModule", "Schedule"];

fn kind_named(kind: &Text, report: &Report) -> Option<Kind> {
    match kind.text.as_str() {
        "Schedule" => Some(Kind::Schedule),
        "Workflow" => Some(Kind::Workflow),
        "ActivityModule" => Some(Kind::Module),
        other => {
            let message = format!("the kind {} is unknown; a document is a `Workflow`, an `ActivityModule` or a `Schedule`", quoted(other));
            let diagnostic = Diagnostic::error(Code::UNKNOWN_KIND, &kind.path, message).excerpt(other, 0..other.len());
            report.push(diagnostic.suggest_near(other, KINDS));
            None
        }
    }
}

/// Kubernetes takes lower-case letters, digits, `-` and `.`.
fn check_name(name: &Text, report: &Report) {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let text = name.text.as_str();
    let is_valid = text.len() <= 253
        && text.starts_with(is_inner)
        && text.ends_with(is_inner)
        && text.chars().all(|c| is_inner(c) || matches!(c, '-' | '.'));
    if !is_valid {
        let message = format!("{} is no name for an object", quoted(text));
        report.push(
            Diagnostic::error(Code::INVALID_VALUE, &name.path, message)
                .excerpt(text, 0..text.len())
                .suggest("use lower-case letters, digits, `-` and `.`, at most 253 of them"),
        );
    }
}

fn workflow(identity: &Identity<'_>, report: &Report) -> Option<Workflow> {
    let Identity { name, body, path, .. } = identity;
    let is_export = identity.kind == Kind::Export;
    let what = if is_export { "an export" } else { "a Workflow" };
    let fields = Fields::of(body, path, None, what, report);
    let fields = if is_export { fields.dropping(EXPORT_KEYS) } else { fields };
    let workflow_type = workflow_type(&fields, name, report);
    let task_queue = fields.text("taskQueue").map_or_else(|| "default".to_owned(), |text| text.text);
    let behaviors = [("Pinned", VersioningBehavior::Pinned), ("AutoUpgrade", VersioningBehavior::AutoUpgrade)];
    let versioning_behavior = fields.choice("versioningBehavior", &behaviors).unwrap_or_default();
    let upgrade = upgrade(&fields, versioning_behavior, report);
    // What becomes of open executions is the operator's concern; here it is only checked.
    fields.choice("deletionPolicy", &[("Drain", ()), ("Terminate", ()), ("Orphan", ())]);
    let (input, output, state) = (fields.value("input"), fields.value("output"), fields.value("state"));
    let (types, helpers) = (fields.text("types"), fields.text("helpers"));
    let redact = redactions(&fields, report);
    let definition = if is_export && body.get("definition").is_none() {
        Some(graph::read(&fields, path, report))
    } else {
        fields.require("definition");
        fields.object_ref("definition").map(|(definition, path)| {
            let fields = Fields::of(definition, &path, None, "a definition", report).dropping(EXPORT_KEYS);
            let definition = graph::read(&fields, &path, report);
            fields.finish();
            definition
        })
    };
    fields.finish();
    Some(Workflow {
        name: name.text.clone(),
        object: identity.object(),
        workflow_type,
        task_queue,
        versioning_behavior,
        upgrade,
        input,
        output,
        state,
        types,
        helpers,
        redact,
        definition: definition?,
        path: path.clone(),
    })
}

/// The places of the state that are not to be shown.
fn redactions(fields: &Fields<'_>, report: &Report) -> Vec<Text> {
    let paths = fields.list("redact").unwrap_or_default();
    let text = |field: crate::definition::Field| {
        let text = field.value.as_str().map(|text| Text { text: text.to_owned(), path: field.path.clone() });
        if text.is_none() {
            let diagnostic = Diagnostic::error(Code::SHAPE, &field.path, "`redact` takes places of the state");
            report.push(diagnostic.suggest("write `redact: [token, packages.*.secret]`"));
        }
        text
    };
    paths.into_iter().filter_map(text).collect()
}

/// `onContinueAsNew` and `migrations`.
fn upgrade(fields: &Fields<'_>, behavior: VersioningBehavior, report: &Report) -> Option<Upgrade> {
    let path = fields.field_path("onContinueAsNew");
    let upgrades = fields.choice("onContinueAsNew", &[("Stay", false), ("Upgrade", true)]);
    let listed = fields.list("migrations").unwrap_or_default();
    let migrations = listed.iter().filter_map(|migration| {
        let fields = Fields::new(migration, None, "a migration", report);
        fields.require("from");
        let (from, migrate) = (fields.value("from"), fields.required_text("migrate"));
        fields.finish();
        Some(Migration { from: from?, migrate: migrate? })
    });
    let migrations: Vec<Migration> = migrations.collect();
    if behavior == VersioningBehavior::AutoUpgrade && upgrades.is_some() {
        let message =
            "`onContinueAsNew` is for pinned executions: with `versioningBehavior: AutoUpgrade` they are always on the current version";
        report.push(Diagnostic::error(Code::CONFLICT, &path, message).suggest("keep one of them"));
    } else if upgrades != Some(true) && !listed.is_empty() {
        let message = "`migrations` bring older states up, but runs of this workflow stay on their version";
        let diagnostic = Diagnostic::error(Code::CONFLICT, &fields.field_path("migrations"), message);
        report.push(diagnostic.suggest("add `onContinueAsNew: Upgrade`"));
    }
    (upgrades == Some(true)).then_some(Upgrade { path, migrations })
}

fn workflow_type(fields: &Fields<'_>, name: &Text, report: &Report) -> Text {
    let given = fields.text("workflowType");
    let is_given = given.is_some();
    let workflow_type = given.unwrap_or_else(|| Text { text: workflow_type_of(&name.text), path: name.path.clone() });
    let text = workflow_type.text.as_str();
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !text.starts_with(is_start) || !text.chars().all(|c| is_start(c) || c.is_ascii_digit()) {
        let message = format!("the workflow type {} is no name for a function", quoted(text));
        let diagnostic = Diagnostic::error(Code::INVALID_VALUE, &workflow_type.path, message);
        let diagnostic = if is_given { diagnostic.excerpt(text, 0..text.len()) } else { diagnostic };
        report.push(diagnostic.suggest("set `workflowType` to letters, digits and `_`, a letter first"));
    }
    workflow_type
}

/// The workflow type of a `Workflow` that names none: its name in `PascalCase`, with `Workflow` at its end.
#[must_use]
pub fn workflow_type_of(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut pascal = String::new();
    for word in words {
        let mut characters = word.chars();
        pascal.extend(characters.next().into_iter().flat_map(char::to_uppercase));
        pascal.push_str(characters.as_str());
    }
    if !pascal.ends_with("Workflow") {
        pascal.push_str("Workflow");
    }
    pascal
}

fn module(identity: &Identity<'_>, report: &Report) -> ActivityModule {
    let Identity { name, body, path, .. } = identity;
    let fields = Fields::of(body, path, None, "an ActivityModule", report);
    let module = ActivityModule {
        name: name.text.clone(),
        object: identity.object(),
        path_in_source: fields.text("path"),
        npm: npm(&fields, report),
        source: source(&fields, report),
        image: fields.text("image"),
        module: fields.text("module"),
        task_queue: fields.text("taskQueue").map(|text| text.text),
        timeout: fields.object("timeout"),
        retry: fields.object("retry"),
        activities: activities(&fields, report),
        types: fields.text("types"),
        path: path.clone(),
    };
    let given: Vec<&str> = ["npm", "source", "image", "external"].into_iter().filter(|name| fields.has(name)).collect();
    if let [one, other, ..] = given.as_slice() {
        let message = format!("a module's activities come from one place, but `{one}` and `{other}` are given");
        report.push(Diagnostic::error(Code::CONFLICT, &fields.field_path(other), message).suggest("keep one of them"));
    }
    build_settings(&fields, report);
    fields.finish();
    module
}

/// What only a cluster needs is checked here, and read there.
fn build_settings(fields: &Fields<'_>, report: &Report) {
    if let Some(external) = fields.object("external") {
        Fields::new(&external, None, "the field external", report).finish();
    }
    fields.choice("updatePolicy", &[("Manual", ()), ("OnApply", ()), ("Interval", ())]);
    fields.duration("updateInterval");
    let Some(build) = fields.object("build") else { return };
    let build = Fields::new(&build, None, "a build", report);
    build.list("allowScripts");
    build.object("resources");
    build.duration("deadline");
    build.boolean("requireLockfile");
    build.list("allowedRegistries");
    build.finish();
}

fn source(fields: &Fields<'_>, report: &Report) -> Option<Field> {
    let source = fields.object("source")?;
    let inner = Fields::new(&source, None, "a source", report);
    if inner.text("oci").is_none() {
        inner.required_text("configMap");
    }
    inner.text("path");
    inner.finish();
    Some(source)
}

/// What a Schedule may say; what each means is no matter of reading.
const SCHEDULE_FIELDS: &[&str] = &[
    "workflow",
    "cron",
    "crons",
    "every",
    "offset",
    "calendars",
    "exclude",
    "timeZone",
    "startAt",
    "endAt",
    "jitter",
    "input",
    "paused",
    "pausedNote",
    "overlapPolicy",
    "catchupWindow",
    "pauseOnFailure",
    "remainingActions",
    "scheduleId",
    "workflowId",
    "memo",
    "executionTimeout",
    "runTimeout",
    "driftPolicy",
];

/// The `Schedule` of that name from its `spec`, without a file: what the API holds.
pub fn schedule_from_value(name: &str, value: &Value, report: &Report) -> Option<Schedule> {
    let path = JsonPath::root().key("spec");
    let name = Text { text: name.to_owned(), path: JsonPath::root().key("metadata").key("name") };
    schedule(&Identity { kind: Kind::Schedule, name, body: value, path }, report)
}

fn schedule(identity: &Identity<'_>, report: &Report) -> Option<Schedule> {
    let Identity { name, body, path, .. } = identity;
    let fields = Fields::of(body, path, None, "a Schedule", report);
    fields.known(SCHEDULE_FIELDS);
    let workflow = fields.required_text("workflow");
    for list in ["calendars", "exclude"] {
        for (calendar, path) in fields.list_ref(list).into_iter().flatten() {
            let fields = Fields::of(calendar, &path, None, "a calendar", report);
            fields.known(&["second", "minute", "hour", "dayOfMonth", "month", "year", "dayOfWeek"]);
            fields.finish();
        }
    }
    fields.finish();
    let spec = Field { value: (*body).clone(), path: path.clone() };
    Some(Schedule { name: name.text.clone(), object: identity.object(), workflow: workflow?, spec })
}

fn npm(fields: &Fields<'_>, report: &Report) -> Option<NpmPackage> {
    let npm = fields.object("npm")?;
    let fields = Fields::new(&npm, None, "an npm package", report);
    let (package, version) = (fields.required_text("package"), fields.text("version"));
    fields.text("registry");
    fields.text("secretName");
    fields.finish();
    Some(NpmPackage { package: package?, version })
}

fn activities(fields: &Fields<'_>, report: &Report) -> Vec<DeclaredActivity> {
    let Some((Value::Object(declared), path)) = fields.object_ref("activities") else { return Vec::new() };
    let mut activities: Vec<_> = declared.iter().map(|(name, value)| activity(name, value, &path.key(name), report)).collect();
    activities.sort_by(|a, b| natural::compare(&a.name.text, &b.name.text));
    activities
}

fn activity(name: &str, value: &Value, path: &JsonPath, report: &Report) -> DeclaredActivity {
    let nothing = Value::Object(serde_json::Map::new());
    let fields = Fields::of(if value.is_null() { &nothing } else { value }, path, None, "an activity", report);
    let activity = DeclaredActivity {
        name: Text { text: name.to_owned(), path: path.clone() },
        signature: fields.text("signature"),
        input: fields.object("input"),
        output: fields.object("output"),
        timeout: fields.object("timeout"),
        retry: fields.object("retry"),
    };
    if let (Some(signature), true) = (&activity.signature, activity.input.is_some() || activity.output.is_some()) {
        let message = format!("the activity {} has a `signature` and a JSON Schema", quoted(name));
        report.push(Diagnostic::error(Code::CONFLICT, &signature.path, message).suggest("keep one of them"));
    }
    fields.finish();
    activity
}
