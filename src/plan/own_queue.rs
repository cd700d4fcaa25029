//! The versions of activities that are served on a queue of their own, named by their content: they live as long as a version calls them.
//! Pure; uses the words of `rollout` for what a version's status becomes.

use super::rollout::{Pods, VersionPlan, due, left};
use crate::api::VersionState;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a version that nobody calls yet is kept: its caller is written after it.
const WRITING: Duration = Duration::from_secs(120);

/// How often pods that are not ready are looked at: no watch of ours tells why.
const STARTING: Duration = Duration::from_secs(5);

/// How such versions are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// How many pods serve each.
    pub replicas: i32,
    /// How long pods stay after the last caller.
    pub scale_down_delay: Duration,
    /// How long the object stays after the pods.
    pub delete_delay: Duration,
    /// Whether the queue itself is being deleted: nothing is kept for later.
    pub leaving: bool,
}

/// One version, as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// The object's name.
    pub name: String,
    /// When it was made.
    pub made: Option<Timestamp>,
    /// The versions that call it, by the names of their objects.
    pub callers: Vec<String>,
    /// Whether it was called by a version once.
    pub was_called: bool,
    /// Its pods.
    pub pods: Pods,
    /// Since when nobody calls it.
    pub drained_since: Option<Timestamp>,
    /// Since when it has no pods.
    pub scaled_down_since: Option<Timestamp>,
}

/// What becomes of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// What each version gets, by the object's name.
    pub versions: BTreeMap<String, VersionPlan>,
    /// The names of the objects to delete.
    pub delete: Vec<String>,
    /// When to look again, where nothing tells.
    pub again: Option<Duration>,
}

/// What becomes of every version of activities.
#[must_use]
pub fn plan(now: Timestamp, policy: &Policy, versions: &[Version]) -> Plan {
    let mut plan = Plan::default();
    for version in versions {
        let next = one(now, policy, version, &mut plan);
        plan.versions.insert(version.name.clone(), next);
    }
    plan
}

fn one(now: Timestamp, policy: &Policy, version: &Version, plan: &mut Plan) -> VersionPlan {
    let serving = |message: String| VersionPlan {
        replicas: policy.replicas,
        state: VersionState::Serving,
        message,
        drained_since: None,
        scaled_down_since: None,
        was_current: version.was_called || !version.callers.is_empty(),
    };
    if let Some(first) = version.callers.first() {
        if version.pods.ready < policy.replicas {
            plan.due(STARTING);
        }
        let others = version.callers.len() - 1;
        let more = if others == 0 { String::new() } else { format!(" and {others} more") };
        return serving(format!("its activities are called by {first}{more}"));
    }
    let until_written = version.made.map_or(Duration::ZERO, |made| left(now, made, WRITING));
    if !version.was_called && !until_written.is_zero() {
        plan.due(until_written);
        return serving("the version that calls its activities is being written".to_owned());
    }
    let since = version.drained_since.unwrap_or(now);
    let delay = |delay: Duration| if policy.leaving || !version.was_called { Duration::ZERO } else { delay };
    let drained = |replicas, state, message: String, scaled_down_since| VersionPlan {
        replicas,
        state,
        message,
        drained_since: Some(since),
        scaled_down_since,
        was_current: version.was_called,
    };
    let scale_down_delay = delay(policy.scale_down_delay);
    let until_scaled = left(now, since, scale_down_delay);
    if !until_scaled.is_zero() {
        plan.due(until_scaled);
        let message = format!("no version calls its activities; its pods go {}", due(since, scale_down_delay));
        return drained(policy.replicas, VersionState::Drained, message, None);
    }
    if version.pods.existing > 0 {
        return drained(0, VersionState::Retiring, "its pods are ending".to_owned(), None);
    }
    let scaled_down = version.scaled_down_since.unwrap_or(now);
    let delete_delay = delay(policy.delete_delay);
    let until_deleted = left(now, scaled_down, delete_delay);
    if until_deleted.is_zero() {
        plan.delete.push(version.name.clone());
    } else {
        plan.due(until_deleted);
    }
    drained(0, VersionState::Retiring, format!("it goes {}", due(scaled_down, delete_delay)), Some(scaled_down))
}

impl Plan {
    fn due(&mut self, after: Duration) {
        self.again = Some(self.again.map_or(after, |again| again.min(after)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(86_400);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn policy() -> Policy {
        Policy { replicas: 2, scale_down_delay: HOUR, delete_delay: DAY, leaving: false }
    }

    fn version() -> Version {
        Version {
            name: "agents-1".into(),
            made: Some(at(0)),
            callers: Vec::new(),
            was_called: false,
            pods: Pods::default(),
            drained_since: None,
            scaled_down_since: None,
        }
    }

    fn planned(now: i64, policy: &Policy, version: Version) -> (VersionState, i32, Vec<String>, Option<Duration>) {
        let plan = plan(at(now), policy, &[version]);
        let one = &plan.versions["agents-1"];
        (one.state, one.replicas, plan.delete, plan.again)
    }

    #[test]
    fn a_version_lives_as_long_as_it_is_called_and_a_while_longer() {
        let called = Version { callers: vec!["engine-1".into()], pods: Pods { ready: 2, ..Pods::default() }, ..version() };
        assert_eq!(planned(1_000_000, &policy(), called.clone()), (VersionState::Serving, 2, vec![], None));
        let starting = Version { pods: Pods::default(), ..called };
        assert_eq!(planned(1_000_000, &policy(), starting), (VersionState::Serving, 2, vec![], Some(STARTING)));

        let left_alone =
            Version { was_called: true, drained_since: Some(at(100)), pods: Pods { existing: 2, ..Pods::default() }, ..version() };
        assert_eq!(planned(200, &policy(), left_alone.clone()), (VersionState::Drained, 2, vec![], Some(Duration::from_secs(3500))));
        assert_eq!(planned(3700, &policy(), left_alone.clone()), (VersionState::Retiring, 0, vec![], None));

        let without_pods = Version { pods: Pods::default(), scaled_down_since: Some(at(4000)), ..left_alone };
        assert_eq!(planned(4001, &policy(), without_pods.clone()).2, Vec::<String>::new());
        assert_eq!(planned(4000 + 86_400, &policy(), without_pods.clone()).2, ["agents-1"]);
        assert_eq!(planned(4001, &Policy { leaving: true, ..policy() }, without_pods).2, ["agents-1"]);
    }

    #[test]
    fn a_version_whose_caller_is_still_being_written_is_kept_for_it() {
        assert_eq!(planned(10, &policy(), version()), (VersionState::Serving, 2, vec![], Some(Duration::from_secs(110))));
        // The caller never came.
        assert_eq!(planned(120, &policy(), version()), (VersionState::Retiring, 0, vec!["agents-1".to_owned()], None));
    }

    #[test]
    fn a_version_that_is_called_again_has_pods_again() {
        let back = Version {
            callers: vec!["engine-1".into(), "engine-2".into()],
            was_called: true,
            drained_since: Some(at(0)),
            scaled_down_since: Some(at(1)),
            ..version()
        };
        let plan = plan(at(10), &policy(), &[back]);
        let one = &plan.versions["agents-1"];
        assert_eq!((one.replicas, one.drained_since, one.scaled_down_since), (2, None, None));
        assert_eq!(one.message, "its activities are called by engine-1 and 1 more");
    }

    fn any_version() -> impl Strategy<Value = Version> {
        let time = || prop::option::of((-200_000..2000i64).prop_map(at));
        let pods = (prop::option::of(0..4i32), 0..4i32, 0..4i32);
        let parts = (time(), prop::collection::vec("engine-[12]", 0..3), any::<bool>(), pods, time(), time());
        parts.prop_map(|(made, callers, was_called, (wanted, existing, ready), drained_since, scaled_down_since)| Version {
            made,
            callers,
            was_called,
            pods: Pods { wanted, existing, ready: ready.min(existing), problem: None },
            drained_since,
            scaled_down_since,
            ..version()
        })
    }

    proptest! {
        /// From whatever is observed, also by a clock that was ahead, the version comes to rest: it is called, or it is gone.
        #[test]
        fn it_comes_to_rest_and_then_nothing_is_written(mut version in any_version(), leaving: bool) {
            let policy = Policy { leaving, ..policy() };
            let (mut now, mut last) = (0, None);
            for _ in 0..100 {
                let plan = plan(at(now), &policy, std::slice::from_ref(&version));
                let one = plan.versions[&version.name].clone();
                prop_assert!(version.callers.is_empty() || (one.replicas == 2 && plan.delete.is_empty()), "what is called keeps its pods");
                if !plan.delete.is_empty() {
                    return Ok(());
                }
                if last.as_ref() == Some(&one) && plan.again.is_none() {
                    prop_assert!(!version.callers.is_empty());
                    return Ok(());
                }
                (version.was_called, version.drained_since, version.scaled_down_since) =
                    (one.was_current, one.drained_since, one.scaled_down_since);
                version.pods = Pods { wanted: Some(one.replicas), existing: one.replicas, ready: one.replicas, problem: None };
                now += plan.again.map_or(1, |again| i64::try_from(again.as_secs()).unwrap().max(1));
                last = Some(one);
            }
            prop_assert!(false, "no rest: {version:?}");
        }
    }
}
