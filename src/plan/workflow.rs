//! A Workflow's status: how its definition stands with the compiler, and with what its queue serves.
//! Pure; may use `api`.

use crate::api::conditions::{COMPILED, Conditions, LIVE, READY, RECONCILING, STALLED, Status, TYPE_CHECKED, UPGRADABLE, find};
use crate::api::{StatusDiagnostic, WorkflowStatus};
use jiff::Timestamp;

/// How the definition stands with the compiler.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It compiles and type-checks.
    Good,
    /// It does not compile.
    NotCompiled,
    /// It compiles, and has type errors.
    NotTyped,
    /// The compiler itself failed, for a reason that may pass.
    Unfinished(String),
}

/// What the task queue says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queue {
    /// The build ID of the current version, and the digest of the definition of this workflow in it.
    pub current: Option<(String, Option<String>)>,
    /// What the rollout waits for: reason and message.
    pub waits: Option<(String, String)>,
    /// What keeps it from going on: reason and message.
    pub stuck: Option<(String, String)>,
    /// Whether runs of older versions go on on the current one; none where they are to stay.
    pub upgradable: Option<(Status, &'static str, String)>,
}

/// Everything that a Workflow's status depends on.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// The time.
    pub now: Timestamp,
    /// The generation of the spec.
    pub generation: Option<i64>,
    /// The last status.
    pub last: &'a WorkflowStatus,
    /// The workflow type.
    pub workflow_type: String,
    /// The digest of the definition, with what it refers to.
    pub digest: String,
    /// How the definition stands with the compiler.
    pub outcome: Outcome,
    /// What the compiler found.
    pub diagnostics: Vec<StatusDiagnostic>,
    /// What the task queue says.
    pub queue: Queue,
}

/// How many diagnostics a status holds: the others are seen when these are done.
const MOST: usize = 50;

/// The status.
#[must_use]
pub fn status(observed: Observed<'_>) -> WorkflowStatus {
    let mut conditions = Conditions::from(&observed.last.conditions, observed.generation, observed.now);
    compiled(&observed, &mut conditions);
    serving(&observed, &mut conditions);
    match &observed.queue.upgradable {
        Some((status, reason, message)) => conditions.set(UPGRADABLE, *status, reason, message.clone()),
        None => conditions.remove(UPGRADABLE),
    }
    let build_id = observed.queue.current.as_ref().filter(|(_, digest)| digest.is_some()).map(|(build_id, _)| build_id.clone());
    let mut diagnostics = observed.diagnostics;
    diagnostics.sort_by(|a, b| a.level.cmp(&b.level));
    diagnostics.truncate(MOST);
    WorkflowStatus {
        observed_generation: observed.generation,
        conditions: conditions.into_list(),
        workflow_type: Some(observed.workflow_type),
        definition_digest: Some(observed.digest),
        build_id,
        diagnostics,
        open_executions: None,
    }
}

fn compiled(observed: &Observed<'_>, conditions: &mut Conditions) {
    let errors = || summary(&observed.diagnostics);
    match &observed.outcome {
        Outcome::Good => {
            conditions.set(COMPILED, true, "Compiled", "");
            conditions.set(TYPE_CHECKED, true, "TypeChecked", "");
        }
        Outcome::NotCompiled => {
            conditions.set(COMPILED, false, "CompileFailed", errors());
            conditions.set(TYPE_CHECKED, Status::Unknown, "NotCompiled", "types are checked once the definition compiles");
        }
        Outcome::NotTyped => {
            conditions.set(COMPILED, true, "Compiled", "");
            conditions.set(TYPE_CHECKED, false, "TypeCheckFailed", errors());
        }
        Outcome::Unfinished(why) => {
            conditions.set(COMPILED, Status::Unknown, "CompilerFailed", why.clone());
            conditions.set(TYPE_CHECKED, Status::Unknown, "CompilerFailed", why.clone());
        }
    }
}

/// The first error, and how many there are.
#[must_use]
pub fn summary(diagnostics: &[StatusDiagnostic]) -> String {
    let errors: Vec<_> = diagnostics.iter().filter(|diagnostic| diagnostic.level == "error").collect();
    let Some(first) = errors.first() else { return String::new() };
    let node = first.node.as_ref().map(|node| format!(" (node {node})")).unwrap_or_default();
    let suggestion = first.suggestion.as_ref().map(|suggestion| format!("; {suggestion}")).unwrap_or_default();
    let others = match errors.len() - 1 {
        0 => String::new(),
        1 => "; and 1 more in status.diagnostics".to_owned(),
        more => format!("; and {more} more in status.diagnostics"),
    };
    format!("{} at {}{node}: {}{suggestion}{others}", first.code, first.path, first.message)
}

fn serving(observed: &Observed<'_>, conditions: &mut Conditions) {
    let is_good = observed.outcome == Outcome::Good;
    let is_broken = matches!(observed.outcome, Outcome::NotCompiled | Outcome::NotTyped);
    let served = observed.queue.current.as_ref().and_then(|(build_id, digest)| digest.as_deref().map(|digest| (build_id, digest)));
    let is_live = is_good && served.is_some_and(|(_, digest)| digest == observed.digest);
    let (reason, message) = match (&observed.queue.stuck, &observed.queue.waits) {
        _ if is_broken => ("DefinitionBroken".to_owned(), summary(&observed.diagnostics)),
        (Some((reason, message)), _) | (None, Some((reason, message))) => (reason.clone(), message.clone()),
        (None, None) => ("Pending".to_owned(), "the task queue has yet to take the definition in".to_owned()),
    };
    if is_live {
        let build_id = served.map(|(build_id, _)| build_id.as_str()).unwrap_or_default();
        let message = format!("new executions begin on version {build_id}");
        conditions.set(LIVE, true, "Current", message.clone());
        conditions.set(READY, true, "Current", message);
        conditions.set(RECONCILING, false, "Current", "");
        conditions.set(STALLED, false, "Current", "");
        return;
    }
    let is_stuck = is_broken || observed.queue.stuck.is_some();
    conditions.set(LIVE, false, &reason, message.clone());
    conditions.set(RECONCILING, !is_stuck, &reason, if is_stuck { String::new() } else { message.clone() });
    conditions.set(STALLED, is_stuck, &reason, if is_stuck { message.clone() } else { String::new() });
    match served {
        Some((build_id, _)) => {
            let text = format!("new executions begin on version {build_id}, the last good one: {message}");
            // While a new generation is on its way, `Ready` is about the one that serves: who waits for the new one goes on waiting.
            let before = find(&observed.last.conditions, READY).and_then(|ready| ready.observed_generation);
            let generation = if is_stuck { observed.generation } else { before.or(observed.generation) };
            conditions.set_at(READY, true, "LastGoodVersion", text, generation);
        }
        None if is_stuck => conditions.set(READY, false, &reason, message),
        None => conditions.set(READY, Status::Unknown, &reason, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::conditions::Condition;
    use proptest::prelude::*;

    fn seen(outcome: Outcome, queue: Queue, last: &WorkflowStatus) -> Vec<(String, String, String, Option<i64>)> {
        let observed = Observed {
            now: Timestamp::from_second(1).unwrap(),
            generation: Some(2),
            last,
            workflow_type: "A".into(),
            digest: "new".into(),
            outcome,
            diagnostics: Vec::new(),
            queue,
        };
        let short = |c: Condition| (c.type_, c.status, c.reason, c.observed_generation);
        status(observed)
            .conditions
            .into_iter()
            .map(short)
            .filter(|(kind, ..)| [READY, RECONCILING, STALLED].contains(&kind.as_str()))
            .collect()
    }

    fn row(ready: (&str, &str, i64), reconciling: &str, stalled: &str, reason: &str) -> Vec<(String, String, String, Option<i64>)> {
        let entry = |kind: &str, status: &str, reason: &str, at| (kind.to_owned(), status.to_owned(), reason.to_owned(), Some(at));
        let mut rows =
            vec![entry(RECONCILING, reconciling, reason, 2), entry(STALLED, stalled, reason, 2), entry(READY, ready.0, ready.1, ready.2)];
        rows.sort();
        rows
    }

    #[test]
    fn ready_says_what_serves_and_stalled_why_the_new_one_does_not() {
        let current = |digest: Option<&str>| Some(("b1".to_owned(), digest.map(str::to_owned)));
        let word = || Some(("Ramping".to_owned(), "step 1".to_owned()));
        let mut before = Conditions::from(&[], Some(1), Timestamp::from_second(0).unwrap());
        before.set(READY, true, "Current", "");
        let before = WorkflowStatus { conditions: before.into_list(), ..WorkflowStatus::default() };
        let new = WorkflowStatus::default();
        let table: [(&str, Outcome, Queue, &WorkflowStatus, Vec<_>); 7] = [
            ("first visit", Outcome::Good, Queue::default(), &new, row(("Unknown", "Pending", 2), "True", "False", "Pending")),
            (
                "live",
                Outcome::Good,
                Queue { current: current(Some("new")), ..Queue::default() },
                &before,
                row(("True", "Current", 2), "False", "False", "Current"),
            ),
            (
                "on its way",
                Outcome::Good,
                Queue { current: current(Some("old")), waits: word(), ..Queue::default() },
                &before,
                row(("True", "LastGoodVersion", 1), "True", "False", "Ramping"),
            ),
            (
                "stuck",
                Outcome::Good,
                Queue { current: current(Some("old")), stuck: word(), ..Queue::default() },
                &before,
                row(("True", "LastGoodVersion", 2), "False", "True", "Ramping"),
            ),
            (
                "broken edit",
                Outcome::NotCompiled,
                Queue { current: current(Some("old")), ..Queue::default() },
                &before,
                row(("True", "LastGoodVersion", 2), "False", "True", "DefinitionBroken"),
            ),
            (
                "broken from the start",
                Outcome::NotTyped,
                Queue::default(),
                &new,
                row(("False", "DefinitionBroken", 2), "False", "True", "DefinitionBroken"),
            ),
            (
                "others serve",
                Outcome::NotCompiled,
                Queue { current: current(None), ..Queue::default() },
                &new,
                row(("False", "DefinitionBroken", 2), "False", "True", "DefinitionBroken"),
            ),
        ];
        for (name, outcome, queue, last, expected) in table {
            let mut found = seen(outcome, queue, last);
            found.sort();
            assert_eq!(found, expected, "{name}");
        }
    }

    fn word() -> impl Strategy<Value = Option<(String, String)>> {
        prop::option::of(("[A-Z][a-z]{1,5}", ".{0,20}"))
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![Just(Outcome::Good), Just(Outcome::NotCompiled), Just(Outcome::NotTyped), ".{0,20}".prop_map(Outcome::Unfinished)]
    }

    fn queue() -> impl Strategy<Value = Queue> {
        let digest = prop::option::of(prop::sample::select(vec!["new".to_owned(), "old".to_owned()]));
        let upgradable = prop::option::of((prop::sample::select(vec![Status::True, Status::False, Status::Unknown]), ".{0,9}"));
        (prop::option::of(("[a-c]", digest)), word(), word(), upgradable).prop_map(|(current, waits, stuck, upgradable)| Queue {
            current,
            waits,
            stuck,
            upgradable: upgradable.map(|(status, message)| (status, "Compared", message)),
        })
    }

    /// Also one that somebody wrote by hand.
    fn last() -> impl Strategy<Value = WorkflowStatus> {
        let kinds = vec![COMPILED, TYPE_CHECKED, LIVE, READY, RECONCILING, STALLED, UPGRADABLE, "Theirs"];
        let condition = (prop::sample::select(kinds), any::<bool>(), ".{0,9}", prop::option::of(0..4i64), 0..5i64);
        (prop::collection::vec(condition, 0..8), prop::option::of(0..9i64)).prop_map(|(given, open_executions)| {
            let mut list: Vec<Condition> = Vec::new();
            for (kind, status, message, generation, second) in given {
                let mut one = Conditions::from(&list, generation, Timestamp::from_second(second).unwrap());
                one.set(kind, status, "Before", message);
                list = one.into_list();
            }
            WorkflowStatus { conditions: list, open_executions, ..WorkflowStatus::default() }
        })
    }

    proptest! {
        /// Whatever was said last: what is said now is said a moment later, too, so that nothing is written.
        #[test]
        fn what_was_said_is_not_said_again(outcome in outcome(), queue in queue(), last in last(), generation in prop::option::of(1..4i64)) {
            let say = |last: &WorkflowStatus, second: i64| {
                let now = Timestamp::from_second(second).unwrap();
                let (outcome, queue) = (outcome.clone(), queue.clone());
                let (workflow_type, digest) = ("A".to_owned(), "new".to_owned());
                status(Observed { now, generation, last, workflow_type, digest, outcome, diagnostics: Vec::new(), queue })
            };
            let first = say(&last, 100);
            prop_assert_eq!(say(&first, 200), first);
        }
    }
}
