//! From whatever is observed, also what no history leads to: the plans that follow come to rest, and at rest nothing is written.

use super::*;
use crate::api::{RolloutStatus, Strategy};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use proptest::prelude::{Just, ProptestConfig, any, prop, prop_assert, prop_oneof, proptest};
use proptest::strategy::Strategy as Generator;
use std::collections::BTreeSet;

/// After how many passes all is at rest: steps, checks and delays of a few versions, one after the other.
const BOUND: usize = 60;

const IDS: [&str; 4] = ["a", "b", "c", "d"];

fn id() -> impl Generator<Value = String> {
    prop::sample::select(&IDS[..]).prop_map(str::to_owned)
}

fn time() -> impl Generator<Value = Option<Timestamp>> {
    // Also of a clock that was ahead.
    prop::option::of((-5000i64..5000).prop_map(|second| Timestamp::from_second(100_000 + second).unwrap()))
}

fn check() -> impl Generator<Value = Check> {
    prop_oneof![
        1 => Just(Check::NotStarted),
        1 => Just(Check::Running),
        3 => Just(Check::Passed),
        1 => Just(Check::Failed("it failed".to_owned())),
    ]
}

fn policy() -> impl Generator<Value = Policy> {
    let strategy = prop::sample::select(&[Strategy::AllAtOnce, Strategy::Progressive, Strategy::Manual][..]);
    let step = (0u8..=100, 0u64..100).prop_map(|(percentage, pause)| (percentage, Duration::from_secs(pause)));
    let seconds = || (0u64..5000).prop_map(Duration::from_secs);
    let steps = prop::collection::vec(step, 0..4);
    (strategy, steps, any::<bool>(), seconds(), any::<bool>(), 0i32..3, seconds(), seconds()).prop_map(
        |(strategy, steps, has_gate, progress_deadline, paused, replicas, scale_down_delay, delete_delay)| Policy {
            strategy,
            steps,
            has_gate,
            progress_deadline,
            paused,
            replicas,
            scale_down_delay,
            delete_delay,
        },
    )
}

fn version(build_id: &'static str) -> impl Generator<Value = Version> {
    let problem = prop::option::weighted(0.2, Just(("ImagePullBackOff".to_owned(), "there is no such image".to_owned())));
    let pods = (prop::option::of(0i32..3), 0i32..3, 0i32..3, problem).prop_map(|(wanted, existing, ready, problem)| Pods {
        wanted,
        existing,
        ready,
        problem,
    });
    let status = prop::sample::select(
        &[ServerStatus::Inactive, ServerStatus::Current, ServerStatus::Ramping, ServerStatus::Draining, ServerStatus::Drained][..],
    );
    let waits_for = prop::option::weighted(0.1, Just("no pod of another is ready".to_owned()));
    let open = prop::option::of(0i64..3);
    (any::<bool>(), pods, waits_for, prop::option::of(status), open, time(), time(), check(), check()).prop_map(
        move |(was_current, pods, waits_for, server, open, drained_since, scaled_down_since, gate, replay)| Version {
            name: format!("q-{build_id}"),
            build_id: build_id.to_owned(),
            was_current,
            pods,
            waits_for,
            server,
            open,
            drained_since,
            scaled_down_since,
            gate,
            replay,
        },
    )
}

fn server() -> impl Generator<Value = Server> {
    let somebody = || prop::option::weighted(0.1, Just("somebody".to_owned()));
    let ramping = prop::option::of((id(), (0u8..=100).prop_map(f32::from)));
    (prop::option::of(id()), ramping, somebody(), somebody(), prop::collection::btree_set(id(), 0..4)).prop_map(
        |(current, ramping, manager, holder, known)| Server { current, ramping, manager, holder, known: known.into_iter().collect() },
    )
}

fn progress() -> impl Generator<Value = Option<RolloutStatus>> {
    let failure = prop::option::weighted(0.2, Just(failure("ReplayFailed", "it failed")));
    let progress = (id(), time(), prop::option::of(-1i32..5), time(), any::<bool>(), any::<bool>(), failure).prop_map(
        |(build_id, started_at, step, step_started_at, gate_passed, replay_passed, failure)| RolloutStatus {
            build_id,
            started_at: Time(started_at.unwrap_or(Timestamp::UNIX_EPOCH)),
            step,
            step_started_at: step_started_at.map(Time),
            gate_passed,
            replay_passed,
            failure,
            retry: None,
        },
    );
    prop::option::of(progress)
}

fn observed() -> impl Generator<Value = Observed> {
    let versions = IDS.map(|id| prop::option::of(version(id)));
    let asked = || prop::option::weighted(0.2, id());
    let requests = (asked(), asked(), asked(), prop::option::weighted(0.2, (id(), id())))
        .prop_map(|(promote, abort, retry, rollback)| Requests { promote, abort, retry, rollback });
    let server = (prop::option::weighted(0.9, server()), 0i64..3);
    (policy(), prop::option::weighted(0.9, id()), any::<bool>(), versions, server, progress(), requests).prop_map(
        |(policy, target, leaving, versions, (server, open), progress, requests)| {
            let versions: Vec<Version> = versions.into_iter().flatten().collect();
            let known = server.iter().flat_map(|server| &server.known);
            let strays = known.filter(|known| versions.iter().all(|version| version.build_id != **known));
            Observed {
                now: Timestamp::from_second(100_000).unwrap(),
                policy,
                target: target.filter(|_| !leaving),
                leaving,
                strays: strays.map(|known| Stray { build_id: known.clone(), open }).collect(),
                versions,
                server,
                progress,
                requests,
            }
        },
    )
}

/// Does what was decided, as the servers do it, and lets the time pass until the next look. Executions end, unless new ones begin there.
fn follow(observed: &mut Observed, plan: &Plan) {
    observed.now = Timestamp::from_second(observed.now.as_second() + i64::try_from(plan.again.as_secs().max(1)).unwrap()).unwrap();
    *observed = observed.routed(plan);
    if let Some(server) = &mut observed.server {
        server.known.retain(|known| !plan.forget.contains(known));
    }
    observed.strays.retain(|stray| !plan.forget.contains(&stray.build_id));
    observed.versions.retain(|version| !plan.delete.contains(&version.name));
    for version in &mut observed.versions {
        let decided = &plan.versions[&version.name];
        version.was_current = decided.was_current;
        (version.drained_since, version.scaled_down_since) = (decided.drained_since, decided.scaled_down_since);
        version.pods.wanted = (version.pods.wanted.is_some() || decided.replicas > 0).then_some(decided.replicas);
        if version.pods.problem.is_none() {
            (version.pods.existing, version.pods.ready) = (decided.replicas, decided.replicas);
        } else {
            version.pods.existing = version.pods.existing.min(decided.replicas);
            version.pods.ready = version.pods.ready.min(decided.replicas);
        }
        match &plan.begin {
            Some(Begin::Gate(build_id)) if *build_id == version.build_id => version.gate = Check::Running,
            Some(Begin::Replay(build_id)) if *build_id == version.build_id => version.replay = Check::Running,
            _ => {
                let ended = |check: &mut Check| {
                    if *check == Check::Running {
                        *check = Check::Passed;
                    }
                };
                ended(&mut version.gate);
                ended(&mut version.replay);
            }
        }
        seen(version, observed.server.as_mut());
    }
}

/// What the server says of a version follows from its routing; it knows a version whose pods are ready.
fn seen(version: &mut Version, server: Option<&mut Server>) {
    let Some(server) = server else {
        (version.server, version.open) = (None, None);
        return;
    };
    if version.pods.ready > 0 && !server.known.contains(&version.build_id) {
        server.known.push(version.build_id.clone());
    }
    let is_current = server.current.as_ref() == Some(&version.build_id);
    let is_ramping = server.ramping.as_ref().is_some_and(|(ramping, _)| *ramping == version.build_id);
    version.open = Some(if is_current || is_ramping { version.open.unwrap_or(0) } else { 0 });
    version.server = server.known.contains(&version.build_id).then_some(match (is_current, is_ramping) {
        (true, _) => ServerStatus::Current,
        (_, true) => ServerStatus::Ramping,
        _ if version.server == Some(ServerStatus::Inactive) => ServerStatus::Inactive,
        _ => ServerStatus::Drained,
    });
}

/// What a plan has written, the time aside: the same twice means that the second writes nothing.
fn said(plan: &Plan) -> String {
    format!("{:?} {:?} {:?}", plan.versions, plan.progress, plan.standing)
}

fn does_nothing(plan: &Plan) -> bool {
    plan.routing.is_none() && plan.begin.is_none() && plan.forget.is_empty() && plan.delete.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn it_comes_to_rest_and_then_writes_nothing(mut observed in observed()) {
        let mut last = String::new();
        let mut seen = Vec::new();
        for _ in 0..BOUND {
            let plan = plan(&observed);
            // Every version is decided about, and never asked of a record that is in use.
            prop_assert!(observed.versions.iter().all(|version| plan.versions.contains_key(&version.name)));
            let used: BTreeSet<&str> = observed.current().into_iter().chain(observed.ramping().map(|(build_id, _)| build_id)).collect();
            prop_assert!(plan.forget.iter().all(|build_id| !used.contains(build_id.as_str())), "{:?} of {:?}", plan.forget, used);
            prop_assert!(plan.again >= Duration::from_millis(500));
            let now = said(&plan);
            if does_nothing(&plan) && now == last {
                return Ok(());
            }
            seen.push(format!("{} {:?} {:?} {:?} {:?} {now}", observed.now, plan.routing, plan.begin, plan.forget, plan.delete));
            follow(&mut observed, &plan);
            last = now;
        }
        prop_assert!(false, "no rest after {BOUND} passes; the last were\n{}", seen[BOUND - 6..].join("\n"));
    }

    /// What is decided once more from the same is the same, and a moment later too where nothing was due in between.
    #[test]
    fn time_alone_writes_nothing(mut observed in observed()) {
        for _ in 0..BOUND {
            let one = plan(&observed);
            follow(&mut observed, &one);
            // Everything that is due is past, in the end.
            observed.now = Timestamp::from_second(observed.now.as_second() + 1000).unwrap();
        }
        let one = plan(&observed);
        observed.now = Timestamp::from_second(observed.now.as_second() + 1).unwrap();
        let other = plan(&observed);
        prop_assert!(said(&one) == said(&other) && does_nothing(&other), "{}\n{}", said(&one), said(&other));
    }

    /// A routing that the server took is not asked for again, and what it made of versions removes none that the server knows.
    #[test]
    fn a_routing_is_written_once(observed in observed()) {
        let first = plan(&observed);
        if first.routing.is_some() && observed.server.is_some() {
            let second = plan(&observed.routed(&first));
            prop_assert!(second.routing != first.routing, "{}\n{}", said(&first), said(&second));
            let known = observed.versions.iter().filter(|version| version.server.is_some());
            let kept = known.filter(|version| !first.delete.contains(&version.name)).all(|version| !second.delete.contains(&version.name));
            prop_assert!(kept, "{}\n{}", said(&first), said(&second));
        }
    }
}
