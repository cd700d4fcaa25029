//! States that runs carry over continue-as-new to newer versions: which of them a version has to be asked about, and what there is to say of the answers.
//! Pure; may use `api`.

use crate::api::conditions::Status;
use crate::api::{StateForm, TakenState, VersionState, VersionedWorkflow, WorkerVersion};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A state that runs of another version carry, and the workflow that would take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried<'a> {
    /// The workflow, as the version that would take the state has it.
    pub taker: &'a VersionedWorkflow,
    /// The state.
    pub state: &'a StateForm,
}

impl Carried<'_> {
    /// The form as which it is taken without any comparison: it is one that the version knows.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        self.taker.forms.iter().map(|form| form.form.as_str()).find(|form| *form == self.state.form)
    }

    /// The answer.
    #[must_use]
    pub fn answered(&self, taken: Result<String, String>) -> TakenState {
        let (taken_as, problem) = match taken {
            Ok(form) => (Some(form), None),
            Err(why) => (None, Some(why)),
        };
        TakenState { workflow_type: self.taker.workflow_type.clone(), form: self.state.form.clone(), taken_as, problem }
    }
}

/// The states that runs of `others` carry to `version`, each once, in order. Runs go only where their workflow upgrades, too.
#[must_use]
pub fn carried<'a>(version: &'a WorkerVersion, others: impl Iterator<Item = &'a WorkerVersion>) -> Vec<Carried<'a>> {
    let mut seen = BTreeSet::new();
    let mut carried = Vec::new();
    for other in others.filter(|other| other.spec.build_id != version.spec.build_id) {
        for workflow in &other.spec.workflows {
            let taker =
                version.spec.workflows.iter().find(|taker| taker.workflow_type == workflow.workflow_type && !taker.forms.is_empty());
            let (Some(taker), Some(state)) = (taker, workflow.forms.first()) else { continue };
            if seen.insert((&taker.workflow_type, &state.form)) {
                carried.push(Carried { taker, state });
            }
        }
    }
    carried.sort_by(|a, b| (&a.taker.workflow_type, &a.state.form).cmp(&(&b.taker.workflow_type, &b.state.form)));
    carried
}

/// What workers read of a version: by workflow type, by the form of a state, the form as which the version takes it.
#[must_use]
pub fn metadata(takes: &[TakenState]) -> Value {
    let mut types: Map<String, Value> = Map::new();
    for taken in takes {
        let Some(taken_as) = &taken.taken_as else { continue };
        let forms = types.entry(taken.workflow_type.clone()).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(forms) = forms {
            forms.insert(taken.form.clone(), Value::String(taken_as.clone()));
        }
    }
    Value::Object(types)
}

/// Whether the open runs of older versions of a workflow go on on the current one: status, reason and message. `None` where they are to stay.
#[must_use]
pub fn upgradable(workflow: &str, current: &WorkerVersion, versions: &[&WorkerVersion]) -> Option<(Status, &'static str, String)> {
    let taker = current.spec.workflows.iter().find(|taker| taker.name == workflow && !taker.forms.is_empty())?;
    let takes = current.status.as_ref().map(|status| status.takes.as_slice()).unwrap_or_default();
    let (mut waits, mut going) = (0, 0);
    for version in versions.iter().filter(|version| version.spec.build_id != current.spec.build_id) {
        let carries = version.spec.workflows.iter().find(|carrier| carrier.workflow_type == taker.workflow_type);
        let Some(state) = carries.and_then(|carrier| carrier.forms.first()).filter(|_| may_have_runs(version)) else { continue };
        match takes.iter().find(|taken| taken.workflow_type == taker.workflow_type && taken.form == state.form) {
            None => waits += 1,
            Some(TakenState { problem: Some(problem), .. }) => {
                let (from, to) = (&version.spec.build_id, &current.spec.build_id);
                let message = format!(
                    "runs of version {from} stay there when they continue as new: version {to} does not take their state: {problem}"
                );
                return Some((Status::False, "StateIncompatible", message));
            }
            Some(_) => going += 1,
        }
    }
    Some(match (waits, going) {
        (0, 0) => (Status::True, "Upgradable", "no run of an older version is open".to_owned()),
        (0, _) => {
            let message = format!("runs of older versions go on on version {} when they continue as new", current.spec.build_id);
            (Status::True, "Upgradable", message)
        }
        _ => (Status::Unknown, "Comparing", "the states that older runs carry are being compared".to_owned()),
    })
}

/// Whether runs may be open on a version: those of one that new executions began on until now are not counted yet.
fn may_have_runs(version: &WorkerVersion) -> bool {
    let took = |state| matches!(state, VersionState::Ramping | VersionState::Current | VersionState::Draining);
    version.status.as_ref().is_some_and(|status| status.open_executions > 0 || took(status.state))
}

/// What to do about a state that is not taken.
#[must_use]
pub fn advice(difference: &str) -> String {
    let place = if difference.starts_with("`input") {
        "make the input take both"
    } else {
        "add a migration from the older state, or make the state take both"
    };
    format!("{difference}; {place}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::api::{VersioningBehavior, WorkerVersionSpec, WorkerVersionStatus};

    /// A version that serves `Run`, whose state has the first of `forms`.
    pub(in crate::plan) fn serving(build_id: &str, forms: &[&str], status: WorkerVersionStatus) -> WorkerVersion {
        let forms = forms.iter().map(|form| StateForm { form: (*form).to_owned(), types: None }).collect();
        let workflow = VersionedWorkflow {
            workflow_type: "Run".into(),
            name: "run".into(),
            versioning_behavior: VersioningBehavior::Pinned,
            definition_digest: String::new(),
            forms,
        };
        let spec = serde_json::json!({"taskQueue": "q", "buildId": build_id, "image": "", "definitionDigest": "", "workflows": [workflow], "configMaps": []});
        let spec: WorkerVersionSpec = serde_json::from_value(spec).unwrap();
        WorkerVersion { status: Some(status), ..WorkerVersion::new(build_id, spec) }
    }

    fn version(build_id: &str, forms: &[&str], open: i64) -> WorkerVersion {
        serving(build_id, forms, WorkerVersionStatus { open_executions: open, ..WorkerVersionStatus::default() })
    }

    #[test]
    fn each_state_of_another_version_is_asked_about_once() {
        let (new, a, b, stays) = (version("n", &["2", "1"], 0), version("a", &["1"], 1), version("b", &["0"], 1), version("s", &[], 1));
        let again = version("c", &["1"], 1);
        let asked = carried(&new, [&new, &b, &a, &stays, &again].into_iter());
        let seen: Vec<_> = asked.iter().map(|carried| (carried.state.form.as_str(), carried.known())).collect();
        assert_eq!(seen, [("0", None), ("1", Some("1"))]);
        assert!(carried(&stays, [&a].into_iter()).is_empty());
    }

    #[test]
    fn the_condition_follows_the_answers() {
        let (mut new, old, drained, stays) =
            (version("n", &["2"], 0), version("o", &["1"], 3), version("d", &["0"], 0), version("s", &[], 1));
        let reason =
            |new: &WorkerVersion| upgradable("run", new, &[new, &old, &drained, &stays]).map(|(status, reason, _)| (status, reason));
        assert_eq!(reason(&new), Some((Status::Unknown, "Comparing")));
        let mut uncounted = version("u", &["0"], 0);
        assert_eq!(upgradable("run", &new, &[&new, &uncounted]).map(|(status, ..)| status), Some(Status::True));
        uncounted.status.get_or_insert_default().state = VersionState::Draining;
        assert_eq!(upgradable("run", &new, &[&new, &uncounted]).map(|(status, ..)| status), Some(Status::Unknown));
        let answer = |taken| Carried { taker: &new.spec.workflows[0].clone(), state: &old.spec.workflows[0].forms[0] }.answered(taken);
        let (yes, no) = (answer(Ok("2".to_owned())), answer(Err("`state.a` was `number` and is `string`".to_owned())));
        assert_eq!(metadata(std::slice::from_ref(&yes)), serde_json::json!({"Run": {"1": "2"}}));
        assert_eq!(metadata(std::slice::from_ref(&no)), serde_json::json!({}));
        new.status.get_or_insert_default().takes = vec![yes];
        assert_eq!(reason(&new), Some((Status::True, "Upgradable")));
        new.status.get_or_insert_default().takes = vec![no];
        assert_eq!(reason(&new), Some((Status::False, "StateIncompatible")));
        assert_eq!(upgradable("run", &stays, &[&old]), None);
    }
}
