//! Why a workflow is not live: the chain from its definition to a ready pod, each link looked at.
//! Pure; uses the types of its room.

use super::tree::standing;
use super::{Operator, Snapshot};
use crate::api::conditions::{
    COMPILED, CONNECTED, LIVE, READY, RECONCILING, ROLLED_OUT, STALLED, TYPE_CHECKED, UPGRADABLE, find, find_true, is_true,
};
use crate::api::{ActivityModule, StatusDiagnostic, TaskQueue, WorkerVersion, Workflow};
use crate::definition::words;
use crate::plan::pod_problem::pod_problem;
use jiff::Timestamp;
use kube::ResourceExt;
use serde::Serialize;
use std::collections::BTreeSet;

/// How a link of the chain holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// It holds.
    Good,
    /// It is on its way.
    Waits,
    /// Somebody has to do something.
    Wrong,
    /// It holds, and there is something to know.
    Note,
}

/// What was found at a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// How it holds.
    pub verdict: Verdict,
    /// The object: `TaskQueue/engine`.
    pub object: String,
    /// What was found.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Finding {
    fn new(verdict: Verdict, object: impl Into<String>, message: impl Into<String>) -> Self {
        Self { verdict, object: object.into(), message: message.into(), next: None }
    }

    fn do_next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

/// The chain of a workflow, link by link, and whether new executions run its newest generation.
#[must_use]
pub fn examine(snapshot: &Snapshot, workflow: &Workflow, now: Timestamp) -> (Vec<Finding>, bool) {
    let mut found = Vec::new();
    operator(snapshot, workflow, now, &mut found);
    definition(workflow, &mut found);
    modules(snapshot, workflow, &mut found);
    queue(snapshot, workflow, &mut found);
    let status = workflow.status.clone().unwrap_or_default();
    let is_seen = status.observed_generation == workflow.metadata.generation;
    let is_live = is_seen && is_true(&status.conditions, LIVE);
    if let Some(upgradable) = find(&status.conditions, UPGRADABLE).filter(|condition| condition.status == "False") {
        found.push(Finding::new(Verdict::Note, object(workflow), upgradable.message.clone()));
    }
    schedules(snapshot, workflow, &mut found);
    (found, is_live)
}

fn object(workflow: &Workflow) -> String {
    format!("Workflow/{}", workflow.name_any())
}

/// Somebody has to look at the objects at all.
fn operator(snapshot: &Snapshot, workflow: &Workflow, now: Timestamp, found: &mut Vec<Finding>) {
    let is_seen = workflow.status.as_ref().is_some_and(|status| status.observed_generation == workflow.metadata.generation);
    let finding = match &snapshot.operator {
        Operator::Leads { holder, until } if *until >= now => Finding::new(Verdict::Good, "operator", format!("{holder} leads")),
        Operator::Leads { holder, until } => {
            Finding::new(Verdict::Wrong, "operator", format!("{holder} held the lease until {until}, and no other pod took it"))
                .do_next("see why its pods don't run: kubectl get pods -A -l app.kubernetes.io/name=warpline")
        }
        // One without a lease works, too.
        Operator::Absent | Operator::Unknown if is_seen => return,
        Operator::Absent => Finding::new(Verdict::Wrong, "operator", "no operator holds its lease on this cluster").do_next(
            "install Warpline (docs/install.md), or see why its pods don't run: kubectl get pods -A -l app.kubernetes.io/name=warpline",
        ),
        Operator::Unknown => Finding::new(Verdict::Note, "operator", "whether one is at work can't be told: you may not list leases"),
    };
    found.push(finding);
    if !is_seen {
        let finding = Finding::new(Verdict::Waits, object(workflow), "the operator has yet to look at its newest generation");
        found.push(finding.do_next("if that stays so, does the operator watch this namespace (watchNamespaces)?"));
    }
}

fn definition(workflow: &Workflow, found: &mut Vec<Finding>) {
    let status = workflow.status.clone().unwrap_or_default();
    let object = object(workflow);
    if workflow.metadata.deletion_timestamp.is_some() {
        let open = status.open_executions.unwrap_or(0);
        found.push(Finding::new(
            Verdict::Note,
            object.clone(),
            format!("it is being deleted, and begins nothing new; {open} executions are open"),
        ));
    }
    let errors: Vec<&StatusDiagnostic> = status.diagnostics.iter().filter(|found| found.level == "error").collect();
    for error in &errors {
        let node = error.node.as_ref().map(|node| format!(" (node {node})")).unwrap_or_default();
        let about = error.object.clone().unwrap_or_else(|| object.clone());
        let finding = Finding::new(Verdict::Wrong, about, format!("{} at {}{node}: {}", error.code, error.path, error.message));
        found.push(Finding { next: error.suggestion.clone(), ..finding });
    }
    if !errors.is_empty() {
        return;
    }
    let unfinished =
        [COMPILED, TYPE_CHECKED].iter().filter_map(|kind| find(&status.conditions, kind)).find(|condition| condition.status != "True");
    found.push(match unfinished {
        Some(condition) => Finding::new(Verdict::Waits, object, format!("{}: {}", condition.reason, condition.message)),
        None if is_true(&status.conditions, TYPE_CHECKED) => Finding::new(Verdict::Good, object, "its definition compiles and type-checks"),
        None => return,
    });
}

/// The modules that a definition may call, by its words.
fn called<'a>(snapshot: &'a Snapshot, workflow: &Workflow) -> Vec<&'a ActivityModule> {
    let definition = serde_json::to_value(&workflow.spec).unwrap_or_default();
    let words: BTreeSet<&str> = words(&definition).into_iter().collect();
    let names = |module: &ActivityModule| {
        let built = module.status.as_ref().and_then(|status| status.accepted.as_ref()).map(|build| build.activities.clone());
        let mut names: Vec<String> = module.spec.activities.keys().cloned().collect();
        names.extend(built.into_iter().flatten());
        names.push(module.name_any());
        names
    };
    snapshot.modules.iter().filter(|module| names(module).iter().any(|name| words.contains(name.as_str()))).collect()
}

fn modules(snapshot: &Snapshot, workflow: &Workflow, found: &mut Vec<Finding>) {
    for module in called(snapshot, workflow) {
        let conditions = module.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        let object = format!("ActivityModule/{}", module.name_any());
        let (kind, message) = standing(conditions);
        match kind {
            STALLED => found.push(Finding::new(Verdict::Wrong, object.clone(), message).do_next(logs(module))),
            READY => found.push(Finding::new(Verdict::Good, object.clone(), "its activities can be used")),
            _ => found.push(Finding::new(Verdict::Waits, object.clone(), message)),
        }
        let own = module.spec.task_queue.as_deref().filter(|own| *own != workflow.spec.task_queue);
        if let Some(own) = own.and_then(|own| snapshot.queue(own)) {
            versions(snapshot, own, None, found);
        }
    }
}

fn logs(module: &ActivityModule) -> String {
    let job = module.status.as_ref().and_then(|status| status.build.as_ref()).map(|build| build.job.clone());
    match job {
        Some(job) => format!("what the build said: kubectl logs job/{job} --all-containers"),
        None => "change what the message names; warpline.dev/retry tries it again".to_owned(),
    }
}

fn queue(snapshot: &Snapshot, workflow: &Workflow, found: &mut Vec<Finding>) {
    let name = &workflow.spec.task_queue;
    let Some(queue) = snapshot.queue(name) else {
        found.push(Finding::new(Verdict::Waits, format!("TaskQueue/{name}"), "the operator has yet to make it"));
        return;
    };
    let object = format!("TaskQueue/{}", queue.name_any());
    let status = queue.status.clone().unwrap_or_default();
    if let Some(connected) = find(&status.conditions, CONNECTED).filter(|condition| condition.status != "True") {
        found.push(
            Finding::new(Verdict::Wrong, object.clone(), format!("{}: {}", connected.reason, connected.message))
                .do_next(format!("see spec.temporal of {object}, and that the address is reached from the operator's pod")),
        );
    }
    let rolled_out = find(&status.conditions, ROLLED_OUT);
    let stalled = find_true(&status.conditions, STALLED);
    let finding = match (stalled, rolled_out) {
        (Some(stalled), _) => {
            let finding = Finding::new(Verdict::Wrong, object, format!("{}: {}", stalled.reason, stalled.message));
            Finding { next: advice(queue, &stalled.reason), ..finding }
        }
        (None, Some(rolled_out)) if rolled_out.status == "True" => Finding::new(Verdict::Good, object, rolled_out.message.clone()),
        (None, Some(rolled_out)) => Finding::new(Verdict::Waits, object, format!("{}: {}", rolled_out.reason, rolled_out.message)),
        (None, None) => Finding::new(Verdict::Waits, object, "the operator has yet to look at it"),
    };
    found.push(finding);
    versions(snapshot, queue, status.target.as_ref().map(|target| target.name.as_str()), found);
}

/// What to do about a queue that goes on no more by itself.
fn advice(queue: &TaskQueue, reason: &str) -> Option<String> {
    let name = queue.name_any();
    Some(match reason {
        "WaitsForPromotion" => format!("warpline promote {name}"),
        "Paused" => format!("set spec.rollout.paused of TaskQueue/{name} to false"),
        "Aborted" | "ProgressDeadlineExceeded" | "GateFailed" | "ReplayFailed" | "UnhealthyWhileRamping" => {
            format!("change the definition, or when the cause is gone: warpline retry {name}")
        }
        "TooManyVersions" => format!("see what holds old versions: warpline versions {name}"),
        _ => return None,
    })
}

/// The pods of the version that is on its way (or of all that serve, where none is named).
fn versions(snapshot: &Snapshot, queue: &TaskQueue, target: Option<&str>, found: &mut Vec<Finding>) {
    let is_asked = |version: &&WorkerVersion| {
        let is_serving = version.spec.content_queue.is_some() && find_true(conditions(version), RECONCILING).is_some();
        target.map_or(is_serving, |target| version.name_any() == target)
    };
    for version in snapshot.versions_of(&queue.name_any()).into_iter().filter(is_asked) {
        let object = format!("WorkerVersion/{}", version.name_any());
        let pods = snapshot.pods_of(version);
        let mut problems = pods.iter().filter_map(|pod| pod_problem(pod)).peekable();
        if problems.peek().is_none() {
            let ready = version.status.as_ref().and_then(|status| status.pods.clone()).unwrap_or_else(|| "0".to_owned());
            let verdict = if is_true(conditions(version), READY) { Verdict::Good } else { Verdict::Waits };
            found.push(Finding::new(verdict, object, format!("{ready} pods are ready")));
            continue;
        }
        for (reason, message) in problems {
            found.push(Finding::new(Verdict::Wrong, object.clone(), format!("{reason}: {message}")));
        }
    }
}

fn conditions(version: &WorkerVersion) -> &[crate::api::conditions::Condition] {
    version.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default()
}

/// What keeps schedules from starting it.
fn schedules(snapshot: &Snapshot, workflow: &Workflow, found: &mut Vec<Finding>) {
    for schedule in snapshot.schedules.iter().filter(|schedule| schedule.spec.workflow == workflow.name_any()) {
        let conditions = schedule.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        if let Some(stalled) = find_true(conditions, STALLED) {
            let object = format!("Schedule/{}", schedule.name_any());
            found.push(Finding::new(Verdict::Note, object, format!("{}: {}", stalled.reason, stalled.message)));
        }
    }
}
