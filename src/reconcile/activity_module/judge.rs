//! Whether a build may be used: it holds the activities, and every Workflow that calls them compiles and type-checks with it.

use crate::api::{
    AcceptedBuild, ActivityModule, ActivityModuleSpec, BuildStatus, DeclarationsReference, ResolvedPackage, StatusDiagnostic, Workflow,
};
use crate::compile;
use crate::compile::program::PackageTypes;
use crate::definition::module_from_value;
use crate::diagnostic::{Diagnostic, Report, has_errors};
use crate::plan::workflow::Outcome;
use crate::reconcile::compiler::{inputs_with, status_diagnostic};
use crate::reconcile::{Context, Stores};
use crate::registry;
use crate::version::digest;
use futures::{FutureExt, StreamExt, stream};
use kube::ResourceExt;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many Workflows are compiled at a time, in order.
const AT_ONCE: usize = 16;

/// How a build is judged.
pub enum Verdict {
    /// It may be used.
    Accepted(Box<AcceptedBuild>),
    /// It may not, until somebody changes something: reason and message.
    Refused(String, String),
    /// It can't be judged now: reason and message.
    Later(String, String),
}

/// Judges a build.
pub async fn judge(module: &ActivityModule, context: &Context, build: &BuildStatus, resolved: &ResolvedPackage) -> Verdict {
    let namespace = module.namespace().unwrap_or_default();
    let candidate = match candidate(module, context, &namespace, build, resolved).await {
        Ok(candidate) => candidate,
        Err(verdict) => return verdict,
    };
    if let Err(verdict) = holds_together(module, context, &namespace, &candidate).await {
        return verdict;
    }
    // Where nothing was in use, no version is bound to anything: each Workflow says itself what does not fit.
    if module.status.as_ref().is_none_or(|status| status.accepted.is_none()) {
        return Verdict::Accepted(Box::new(candidate));
    }
    let name = module.name_any();
    let compiled = callers(module, context, &namespace).into_iter().filter_map(|workflow| {
        let inputs = inputs_with(context, &workflow, Some((&name, &candidate)));
        inputs.builds.contains_key(&name).then(|| context.compiler.compile(inputs).map(|compiled| (workflow, compiled)))
    });
    let mut compiled = stream::iter(compiled).buffered(AT_ONCE);
    while let Some((workflow, (compiled, took))) = compiled.next().await {
        if let Some(took) = took {
            context.metrics.compiled(took);
        }
        match &compiled.outcome {
            Outcome::Good => {}
            Outcome::Unfinished(why) => return Verdict::Later("CompilerFailed".to_owned(), why.clone()),
            Outcome::NotCompiled | Outcome::NotTyped => {
                return Verdict::Refused("BreaksWorkflow".to_owned(), both_sides(module, &candidate, &workflow, &compiled.diagnostics));
            }
        }
    }
    drop(compiled);
    Verdict::Accepted(Box::new(candidate))
}

/// Judges the build that is in use with other declarations than before: Workflows compile with these, and say themselves what does not fit.
pub async fn judge_again(module: &ActivityModule, context: &Context, build: &BuildStatus, resolved: &ResolvedPackage) -> Verdict {
    let namespace = module.namespace().unwrap_or_default();
    let candidate = match candidate(module, context, &namespace, build, resolved).await {
        Ok(candidate) => candidate,
        Err(verdict) => return verdict,
    };
    match holds_together(module, context, &namespace, &candidate).await {
        Ok(()) => Verdict::Accepted(Box::new(candidate)),
        Err(verdict) => verdict,
    }
}

/// The digest of what the spec declares of its activities' types, by which a build is judged.
pub fn declared(spec: &ActivityModuleSpec) -> String {
    let declared = spec.activities.iter().map(|(name, activity)| {
        let activity = activity.as_ref();
        json!([
            name,
            activity.and_then(|activity| activity.signature.as_ref()),
            activity.and_then(|activity| activity.input.as_ref()),
            activity.and_then(|activity| activity.output.as_ref()),
        ])
    });
    let text = json!([spec.types, declared.collect::<Vec<_>>()]).to_string();
    digest([("declared", text.as_bytes())])
}

/// What the build is, as its record says.
async fn candidate(
    module: &ActivityModule,
    context: &Context,
    namespace: &str,
    build: &BuildStatus,
    resolved: &ResolvedPackage,
) -> Result<AcceptedBuild, Verdict> {
    let later = |error: registry::Error| Verdict::Later(error.reason().to_owned(), format!("the build's record can't be read: {error}"));
    let (Some(image), Some(digest)) = (&build.image, &build.record) else {
        return Err(Verdict::Later("Defect".to_owned(), "the build left no image; please report it".to_owned()));
    };
    let registry = context.registries.of(namespace).await.map_err(|(reason, message)| Verdict::Later(reason, message))?;
    let reference = registry::reference(image).map_err(later)?;
    let record = registry.record(&reference, digest).await.map_err(later)?;
    let export = module.spec.module.clone().unwrap_or_else(|| ".".to_owned());
    let Some(found) = record.exports.get(&export) else {
        let known: Vec<&str> = record.exports.keys().map(String::as_str).collect();
        let message =
            format!("{}@{} has no export `{export}`; it has {}: name one in spec.module", record.package, record.version, known.join(", "));
        return Err(Verdict::Refused("NoSuchExport".to_owned(), message));
    };
    let declared: Vec<String> = module.spec.activities.keys().cloned().collect();
    if found.activities.is_empty() && declared.is_empty() {
        let message = format!(
            "{}@{} declares no activities in its export `{export}`: publish it with its .d.ts files, or declare them in spec.activities",
            record.package, record.version
        );
        return Err(Verdict::Refused("NoTypes".to_owned(), message));
    }
    let declarations = record.declarations.as_ref().zip(found.declarations.as_ref());
    let has_types = declarations.is_some();
    if let Some(missing) = declared.iter().find(|name| has_types && !found.activities.contains(name)) {
        let message = format!(
            "spec.activities names `{missing}`, which {}@{} does not export from `{export}`; it exports {}",
            record.package,
            record.version,
            found.activities.join(", ")
        );
        return Err(Verdict::Refused("NoSuchActivity".to_owned(), message));
    }
    Ok(AcceptedBuild {
        key: build.key.clone(),
        image: image.clone(),
        record: digest.clone(),
        base: build.base.clone(),
        package: record.package.clone(),
        version: record.version.clone(),
        integrity: resolved.integrity.clone(),
        folder: record.folder.clone(),
        export,
        activities: if has_types { found.activities.clone() } else { declared },
        declarations: declarations.map(|(digest, file)| DeclarationsReference { digest: digest.clone(), file: file.clone() }),
    })
}

/// Whether the module's declarations can be read, together with what the spec says of it, and the package's activities are what the spec declares.
pub(super) async fn holds_together(
    module: &ActivityModule,
    context: &Context,
    namespace: &str,
    candidate: &AcceptedBuild,
) -> Result<(), Verdict> {
    let name = module.name_any();
    let builds = BTreeMap::from([(name.clone(), candidate.clone())]);
    let declarations =
        context.compiler.declarations(namespace, &builds).await.map_err(|why| Verdict::Later("DeclarationsUnreadable".to_owned(), why))?;
    let refused = |reason: &str, found: &[Diagnostic]| {
        let diagnostics: Vec<StatusDiagnostic> =
            found.iter().map(|diagnostic| status_diagnostic(diagnostic, &format!("ActivityModule/{name}"))).collect();
        let message = format!("{}@{}: {}", candidate.package, candidate.version, crate::plan::workflow::summary(&diagnostics));
        Verdict::Refused(reason.to_owned(), message)
    };
    let (output, found) = alone(module, declarations.get(&name).map(|found| found.types.clone()));
    if has_errors(&found) {
        return Err(refused("DeclarationsBroken", &found));
    }
    let found = context.compiler.check(&output, &declarations).await.map_err(|why| Verdict::Later("TypeCheckFailed".to_owned(), why))?;
    if has_errors(&found) { Err(refused("SignatureMismatch", &found)) } else { Ok(()) }
}

/// The module compiled with no workflow beside it, so that everything that is found is about the module.
pub(super) fn alone(module: &ActivityModule, types: Option<PackageTypes>) -> (compile::Output, Vec<Diagnostic>) {
    let report = Report::new();
    let spec = serde_json::to_value(&module.spec).unwrap_or_default();
    let read = module_from_value(&module.name_any(), &spec, &report);
    let output = compile::compile(&[], &[(read, types)], &report);
    (output, report.into_sorted())
}

/// The workflows of the namespace that may call the module. All are looked at, since what refers to what may not be known yet: a build is judged seldom.
fn callers(module: &ActivityModule, context: &Context, namespace: &str) -> Vec<Arc<Workflow>> {
    let mut words: Vec<String> = crate::reconcile::activities::names(module).into_iter().collect();
    words.push(module.name_any());
    let workflows = context.index.workflows_in(namespace);
    let there = workflows.iter().filter_map(|name| Stores::find(&context.stores.workflows, namespace, name));
    there
        .filter(|workflow| workflow.metadata.deletion_timestamp.is_none())
        .filter(|workflow| {
            let spec = serde_json::to_value(&workflow.spec).unwrap_or_default();
            crate::definition::words(&spec).iter().any(|word| words.iter().any(|known| known == word))
        })
        .collect()
}

/// The Workflow, node and field on one side, the module's version and activity on the other.
fn both_sides(module: &ActivityModule, candidate: &AcceptedBuild, workflow: &Workflow, diagnostics: &[StatusDiagnostic]) -> String {
    let error = diagnostics.iter().find(|diagnostic| diagnostic.level == "error");
    let activity = error.and_then(|error| activity_at(workflow, error.node.as_deref()?));
    let activity = activity.map(|activity| format!(" (activity `{activity}`)")).unwrap_or_default();
    let serving = module.status.as_ref().and_then(|status| status.accepted.as_ref());
    let serving = serving.map_or_else(
        || "nothing of the module is in use yet".to_owned(),
        |accepted| format!("{}@{} serves on", accepted.package, accepted.version),
    );
    format!(
        "Workflow/{} does not fit {}@{}{activity}: {}; {serving}; change the Workflow, or name another version",
        workflow.name_any(),
        candidate.package,
        candidate.version,
        crate::plan::workflow::summary(diagnostics)
    )
}

/// The activity that a node calls.
fn activity_at(workflow: &Workflow, id: &str) -> Option<String> {
    fn find(value: &Value, id: &str) -> Option<String> {
        match value {
            Value::Object(object) => {
                if object.get("id").and_then(Value::as_str) == Some(id) {
                    let configs = [object.get("config"), object.get("data").and_then(|data| data.get("config")), object.get("data")];
                    let named = configs.into_iter().flatten().find_map(|config| config.get("activityName")?.as_str().map(str::to_owned));
                    if named.is_some() {
                        return named;
                    }
                }
                object.values().find_map(|value| find(value, id))
            }
            Value::Array(values) => values.iter().find_map(|value| find(value, id)),
            _ => None,
        }
    }
    find(&workflow.spec.definition, id)
}
