//! Saying how a module's builds stand: conditions, and events on transitions.

use crate::api::conditions::{BUILT, Conditions, READY, RECONCILING, RESOLVED, STALLED, Status, VALID, find};
use crate::api::labels::UPDATE;
use crate::api::{ActivityModule, ActivityModuleStatus};
use crate::cluster::Told;
use crate::plan::build::Wish;
use crate::reconcile::activities::names;
use jiff::Timestamp;

/// How it ended.
pub enum Outcome {
    /// What is asked for is in use.
    Settled,
    /// It is on its way: reason and message.
    Waits(String, String),
    /// Somebody has to change something: reason and message.
    Refused(String, String),
}

/// The status of a module that is built.
pub fn status(
    module: &ActivityModule,
    wish: &Wish,
    status: ActivityModuleStatus,
    outcome: &Outcome,
    shared: Option<String>,
) -> ActivityModuleStatus {
    let mut conditions = Conditions::from(&status.conditions, module.metadata.generation, Timestamp::now());
    let word = match outcome {
        Outcome::Settled => None,
        Outcome::Waits(reason, message) | Outcome::Refused(reason, message) => Some((reason.as_str(), message.as_str())),
    };
    let is_refused = matches!(outcome, Outcome::Refused(..));
    let unknown = if is_refused { Status::False } else { Status::Unknown };
    let (reason, message) = word.unwrap_or_default();
    match status.resolved.as_ref().filter(|resolved| resolved.from == wish.from) {
        Some(resolved) => {
            let integrity = resolved.integrity.as_ref().map(|integrity| format!(", {integrity}")).unwrap_or_default();
            conditions.set(RESOLVED, true, "Resolved", format!("version {}{integrity}", resolved.version));
        }
        None => conditions.set(RESOLVED, unknown, reason, message),
    }
    match status.build.as_ref().and_then(|build| build.image.as_ref()) {
        Some(image) => conditions.set(BUILT, true, "Built", image.clone()),
        None => conditions.set(BUILT, unknown, reason, message),
    }
    match word {
        None => conditions.set(VALID, true, if shared.is_some() { "ActivityTwice" } else { "Valid" }, shared.unwrap_or_default()),
        Some(_) => conditions.set(VALID, unknown, reason, message),
    }
    match (&status.accepted, word) {
        (Some(accepted), None) => {
            let available = match &status.available {
                Some(_) if wish.held.is_some() => format!("; its files have changed since: they are built when {UPDATE} gets a new value"),
                Some(available) => format!("; {} is available", available.version),
                None => String::new(),
            };
            let text = format!("workflows call {}@{}{available}", accepted.package, accepted.version);
            conditions.set(READY, true, "Accepted", text);
        }
        (Some(accepted), Some(_)) => {
            let text = format!("workflows call {}@{}, the last good build: {message}", accepted.package, accepted.version);
            conditions.set(READY, true, "LastGoodBuild", text);
        }
        (None, _) => conditions.set(READY, unknown, reason, message),
    }
    let waits = word.filter(|_| !is_refused);
    let stuck = word.filter(|_| is_refused);
    conditions.set(RECONCILING, waits.is_some(), waits.map_or("Settled", |word| word.0), waits.map_or("", |word| word.1));
    conditions.set(STALLED, stuck.is_some(), stuck.map_or("Settled", |word| word.0), stuck.map_or("", |word| word.1));
    let known = ActivityModule { status: Some(status.clone()), ..module.clone() };
    ActivityModuleStatus {
        observed_generation: module.metadata.generation,
        conditions: conditions.into_list(),
        source: Some(super::source_word(&module.spec)),
        activities: i32::try_from(names(&known).len()).unwrap_or(i32::MAX),
        diagnostics: Vec::new(),
        ..status
    }
}

/// The status of a module of which not even is known what to build.
pub fn refused(module: &ActivityModule, last: &ActivityModuleStatus, reason: &str, message: &str) -> ActivityModuleStatus {
    let mut conditions = Conditions::from(&last.conditions, module.metadata.generation, Timestamp::now());
    conditions.set(VALID, false, reason, message);
    if last.accepted.is_none() {
        conditions.set(READY, false, reason, message);
    }
    conditions.set(RECONCILING, false, reason, "");
    conditions.set(STALLED, true, reason, message);
    ActivityModuleStatus {
        observed_generation: module.metadata.generation,
        conditions: conditions.into_list(),
        source: Some(super::source_word(&module.spec)),
        ..last.clone()
    }
}

/// What changed, in words.
pub fn transitions(last: &ActivityModuleStatus, status: &ActivityModuleStatus) -> Vec<Told> {
    let mut told = Vec::new();
    let mut tell = |reason: &str, message: String, is_warning| told.push(Told { reason: reason.to_owned(), message, is_warning });
    let begun =
        |status: &ActivityModuleStatus| status.build.as_ref().filter(|build| build.started_at.is_some()).map(|build| build.job.clone());
    if let Some(job) = begun(status).filter(|job| begun(last).as_ref() != Some(job)) {
        tell("BuildBegun", format!("job/{job}"), false);
    }
    let image = |status: &ActivityModuleStatus| status.build.as_ref().and_then(|build| build.image.clone());
    if let Some(image) = image(status).filter(|found| image(last).as_ref() != Some(found)) {
        tell("Built", image, false);
    }
    if let Some(accepted) = status.accepted.as_ref().filter(|accepted| last.accepted.as_ref() != Some(*accepted)) {
        tell("Accepted", format!("workflows call {}@{}", accepted.package, accepted.version), false);
    }
    if let Some(available) = status.available.as_ref().filter(|available| last.available.as_ref() != Some(*available)) {
        let is_source = status.resolved.as_ref().is_some_and(|resolved| resolved.place.is_some());
        let message = if is_source {
            format!("the files of the source have changed: they are built when {UPDATE} gets a new value")
        } else {
            format!("version {} is there", available.version)
        };
        tell("Available", message, false);
    }
    for kind in [STALLED, RECONCILING] {
        let said = |status: &ActivityModuleStatus| find(&status.conditions, kind).filter(|condition| condition.status == "True").cloned();
        let failed = said(status).filter(|now| kind == STALLED || !matches!(now.reason.as_str(), "Queued" | "Building"));
        if let Some(now) = failed.filter(|now| said(last).is_none_or(|before| before.reason != now.reason || before.message != now.message))
        {
            tell(&now.reason, now.message.clone(), true);
        }
    }
    told
}
