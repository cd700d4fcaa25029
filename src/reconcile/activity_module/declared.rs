//! A module that nothing is built of: are its declarations readable, and can a cluster serve it.

use super::judge;
use crate::api::conditions::{Conditions, READY, RECONCILING, STALLED, VALID};
use crate::api::{ActivityModule, ActivityModuleStatus};
use crate::diagnostic::has_errors;
use crate::reconcile::Context;
use crate::reconcile::activities::{Source, names, source};
use crate::reconcile::compiler::status_diagnostic;
use jiff::Timestamp;
use kube::ResourceExt;

/// The status.
pub fn status(module: &ActivityModule, context: &Context) -> ActivityModuleStatus {
    let name = module.name_any();
    let namespace = module.namespace().unwrap_or_default();
    let last = module.status.clone().unwrap_or_default();
    let mut conditions = Conditions::from(&last.conditions, module.metadata.generation, Timestamp::now());
    let (_, found) = judge::alone(module, None);
    let diagnostics: Vec<_> =
        found.iter().map(|diagnostic| status_diagnostic(diagnostic, &format!("ActivityModule/{name}"))).take(50).collect();
    let shared = shared(module, context, &namespace);
    let verdict = if has_errors(&found) {
        Err(("DeclarationsBroken".to_owned(), crate::plan::workflow::summary(&diagnostics)))
    } else if let Source::Unserved(why) = source(module, &context.settings.builds) {
        Err(("ActivitiesNotServed".to_owned(), why))
    } else {
        Ok(shared)
    };
    match verdict {
        Ok(shared) => {
            let reason = if shared.is_some() { "ActivityTwice" } else { "Valid" };
            conditions.set(VALID, true, reason, shared.clone().unwrap_or_default());
            conditions.set(READY, true, reason, shared.unwrap_or_else(|| "workflows can call its activities".to_owned()));
            conditions.set(RECONCILING, false, "Valid", "");
            conditions.set(STALLED, false, "Valid", "");
        }
        Err((reason, message)) => {
            conditions.set(VALID, false, &reason, message.clone());
            conditions.set(READY, false, &reason, message.clone());
            conditions.set(RECONCILING, false, &reason, "");
            conditions.set(STALLED, true, &reason, message);
        }
    }
    ActivityModuleStatus {
        observed_generation: module.metadata.generation,
        conditions: conditions.into_list(),
        source: Some(super::source_word(&module.spec)),
        activities: i32::try_from(names(module).len()).unwrap_or(i32::MAX),
        diagnostics,
        retired: super::retire(&last, None, None),
        ..ActivityModuleStatus::default()
    }
}

/// An activity that another module has too.
pub fn shared(module: &ActivityModule, context: &Context, namespace: &str) -> Option<String> {
    let name = module.name_any();
    names(module).iter().find_map(|activity| {
        let others: Vec<_> = context.index.modules_with(namespace, activity).into_iter().filter(|other| *other != name).collect();
        let other = others.first()?;
        Some(format!(
            "the activity `{activity}` is also in ActivityModule/{other}: a workflow that calls it must say which (`module: {name}`), or one of them must go"
        ))
    })
}
