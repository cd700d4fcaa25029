//! Rollouts: a table of what comes next, and a simulated world in which anything may happen in any order.

use super::*;
use crate::api::Strategy;
use proptest::prelude::{Just, ProptestConfig, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy as Generator;
use std::collections::BTreeMap;

fn policy() -> Policy {
    Policy {
        strategy: Strategy::AllAtOnce,
        steps: Vec::new(),
        has_gate: false,
        progress_deadline: Duration::from_secs(600),
        paused: false,
        replicas: 2,
        scale_down_delay: Duration::from_secs(60),
        delete_delay: Duration::from_secs(120),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn version(build_id: &str) -> Version {
    Version {
        name: format!("q-{build_id}"),
        build_id: build_id.to_owned(),
        was_current: false,
        pods: Pods { wanted: Some(2), existing: 2, ready: 2, problem: None },
        waits_for: None,
        server: Some(ServerStatus::Inactive),
        open: Some(0),
        drained_since: None,
        scaled_down_since: None,
        gate: Check::NotStarted,
        replay: Check::Passed,
    }
}

/// `a` is current and has an open execution; `b` is asked for and ready.
fn edited() -> Observed {
    let a = Version { was_current: true, server: Some(ServerStatus::Current), open: Some(1), ..version("a") };
    Observed {
        now: at(1000),
        policy: policy(),
        target: Some("b".to_owned()),
        leaving: false,
        versions: vec![a, version("b")],
        strays: Vec::new(),
        server: Some(Server { current: Some("a".to_owned()), known: vec!["a".to_owned(), "b".to_owned()], ..Server::default() }),
        progress: None,
        requests: Requests::default(),
    }
}

/// The queue is deleted, and somebody deleted the objects of its versions before: `open` executions stay on the one that the server still knows.
fn deserted(open: i64) -> Observed {
    let server = Server { known: vec!["a".to_owned()], ..Server::default() };
    let strays = vec![Stray { build_id: "a".to_owned(), open }];
    Observed { target: None, leaving: true, versions: Vec::new(), strays, server: Some(server), ..edited() }
}

#[test]
fn a_queue_that_is_deleted_has_records_forgotten_whose_objects_are_gone() {
    let plan = plan(&deserted(0));
    assert_eq!((plan.forget, plan.is_empty), (vec!["a".to_owned()], false));
    let routed = change(deserted(0), |observed| observed.server.as_mut().unwrap().current = Some("a".to_owned()));
    let plan = super::plan(&routed);
    assert_eq!((plan.forget, plan.routing), (Vec::new(), Some(Routing::Current(None))));
}

#[test]
fn a_queue_that_is_deleted_does_not_wait_for_executions_that_nobody_can_serve() {
    let plan = plan(&deserted(1));
    assert_eq!((plan.forget, plan.is_empty), (Vec::new(), true));
}

#[test]
fn a_queue_that_stays_forgets_nothing_that_may_come_back() {
    let plan = plan(&change(deserted(0), |observed| observed.leaving = false));
    assert_eq!(plan.forget, Vec::<String>::new());
}

fn change(mut observed: Observed, change: impl FnOnce(&mut Observed)) -> Observed {
    change(&mut observed);
    observed
}

fn progress(observed: &mut Observed, change: impl FnOnce(&mut RolloutStatus)) {
    let mut progress = plan(observed).progress.expect("a progress");
    change(&mut progress);
    observed.progress = Some(progress);
}

fn short(plan: &Plan) -> String {
    let standing = match &plan.standing {
        Standing::Nothing => "nothing".to_owned(),
        Standing::Current => "current".to_owned(),
        Standing::Waits(word) => format!("waits {}", word.reason),
        Standing::Stuck(word) => format!("stuck {}", word.reason),
    };
    let routing = match &plan.routing {
        None => String::new(),
        Some(Routing::Current(build_id)) => format!(" current={}", build_id.as_deref().unwrap_or("none")),
        Some(Routing::Ramp(build_id, percentage)) => format!(" {build_id}={percentage}%"),
        Some(Routing::ClearRamp) => " no ramp".to_owned(),
    };
    let begin = plan.begin.as_ref().map(|begin| format!(" {begin:?}")).unwrap_or_default();
    let versions: Vec<_> = plan
        .versions
        .values()
        .zip(plan.versions.keys())
        .map(|(plan, name)| format!("{}:{}x{}", &name[2..], plan.state.name(), plan.replicas))
        .collect();
    format!("{standing}{routing}{begin} | {}", versions.join(" "))
}

/// `b` is current and `a` drained; a user wants `a` back.
fn rolled_back() -> Observed {
    change(edited(), |o| {
        o.versions[0] = Version { was_current: true, server: Some(ServerStatus::Drained), ..version("a") };
        o.versions[1] = Version { was_current: true, server: Some(ServerStatus::Current), open: Some(1), ..version("b") };
        o.server.as_mut().unwrap().current = Some("b".to_owned());
        o.requests.rollback = Requests::rollback("b/a");
    })
}

#[test]
fn the_way_back() {
    let no_pods = |o: &mut Observed| o.versions[0].pods = Pods { wanted: Some(0), ..Pods::default() };
    let on_a = |o: &mut Observed| o.server.as_mut().unwrap().current = Some("a".to_owned());
    let table: Vec<(&str, Observed, &str)> = vec![
        ("pods there", rolled_back(), "waits RollingBack current=a | a:Currentx2 b:Pendingx2"),
        ("pods gone", change(rolled_back(), no_pods), "waits RollingBack | a:Pendingx2 b:Currentx2"),
        ("the server forgot it", change(rolled_back(), |o| o.versions[0].server = None), "waits RollingBack | a:Pendingx2 b:Currentx2"),
        ("there", change(rolled_back(), on_a), "stuck RolledBack | a:Currentx2 b:Waitingx2"),
        ("gone", change(rolled_back(), |o| drop(o.versions.remove(0))), "stuck RollbackImpossible | b:Currentx2"),
        (
            "of another target",
            change(rolled_back(), |o| o.requests.rollback = Requests::rollback("c/a")),
            "current | a:Drainedx2 b:Currentx2",
        ),
        (
            "no longer asked for",
            change(change(rolled_back(), on_a), |o| o.requests.rollback = None),
            "waits BecomesCurrent current=b | a:Drainedx2 b:Currentx2",
        ),
    ];
    for (name, observed, expected) in table {
        assert_eq!(short(&plan(&observed)), expected, "{name}");
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn what_comes_next() {
    let gate = |observed: &mut Observed, check: Check| {
        observed.policy.has_gate = true;
        observed.versions[1].gate = check;
    };
    let progressive = |observed: &mut Observed| {
        observed.policy.strategy = Strategy::Progressive;
        observed.policy.steps = vec![(10, Duration::from_secs(30)), (50, Duration::from_secs(30))];
    };
    let ramp = |observed: &mut Observed, percentage: f32| observed.server.as_mut().unwrap().ramping = Some(("b".to_owned(), percentage));
    let table: Vec<(&str, Observed, &str)> = vec![
        ("ready", edited(), "waits BecomesCurrent current=b | a:Drainingx2 b:Currentx2"),
        ("pods not ready", change(edited(), |o| o.versions[1].pods.ready = 1), "waits PodsNotReady | a:Currentx2 b:Pendingx2"),
        (
            "an image that can't be pulled",
            change(edited(), |o| {
                o.versions[1].pods =
                    Pods { wanted: Some(2), existing: 2, ready: 0, problem: Some(("ImagePullBackOff".into(), "no".into())) }
            }),
            "stuck ImagePullBackOff | a:Currentx2 b:Pendingx2",
        ),
        (
            "not ready in time",
            change(edited(), |o| {
                o.versions[1].pods.ready = 0;
                progress(o, |progress| progress.started_at.0 = at(0));
            }),
            "stuck ProgressDeadlineExceeded | a:Currentx2 b:Failedx0",
        ),
        (
            "pods of what it calls not ready",
            change(edited(), |o| o.versions[1].waits_for = Some("no pod of agents-1 is ready".into())),
            "waits PodsNotReady | a:Currentx2 b:Pendingx2",
        ),
        ("unknown to the server", change(edited(), |o| o.versions[1].server = None), "waits NotRegistered | a:Currentx2 b:Pendingx2"),
        ("gate to begin", change(edited(), |o| gate(o, Check::NotStarted)), "waits Gate Gate(\"b\") | a:Currentx2 b:Pendingx2"),
        ("gate runs", change(edited(), |o| gate(o, Check::Running)), "waits Gate | a:Currentx2 b:Pendingx2"),
        ("gate failed", change(edited(), |o| gate(o, Check::Failed("failed: no".into()))), "stuck GateFailed | a:Currentx2 b:Failedx0"),
        ("gate passed", change(edited(), |o| gate(o, Check::Passed)), "waits BecomesCurrent current=b | a:Drainingx2 b:Currentx2"),
        (
            "replay to begin",
            change(edited(), |o| o.versions[1].replay = Check::NotStarted),
            "waits Replay Replay(\"b\") | a:Currentx2 b:Pendingx2",
        ),
        (
            "replay failed",
            change(edited(), |o| o.versions[1].replay = Check::Failed("x".into())),
            "stuck ReplayFailed | a:Currentx2 b:Failedx0",
        ),
        ("paused", change(edited(), |o| o.policy.paused = true), "stuck Paused | a:Currentx2 b:Waitingx2"),
        ("manual", change(edited(), |o| o.policy.strategy = Strategy::Manual), "stuck WaitsForPromotion | a:Currentx2 b:Waitingx2"),
        (
            "promoted",
            change(edited(), |o| (o.policy.strategy, o.requests.promote) = (Strategy::Manual, Some("b".into()))),
            "waits BecomesCurrent current=b | a:Drainingx2 b:Currentx2",
        ),
        (
            "another one promoted",
            change(edited(), |o| (o.policy.strategy, o.requests.promote) = (Strategy::Manual, Some("a".into()))),
            "stuck WaitsForPromotion | a:Currentx2 b:Waitingx2",
        ),
        ("aborted", change(edited(), |o| o.requests.abort = Some("b".into())), "stuck Aborted | a:Currentx2 b:Failedx0"),
        ("first step", change(edited(), progressive), "waits Ramping b=10% | a:Currentx2 b:Pendingx2"),
        (
            "in a step",
            change(edited(), |o| {
                progressive(o);
                progress(o, |_| {});
                ramp(o, 10.0);
                o.now = at(1029);
            }),
            "waits Ramping | a:Currentx2 b:Rampingx2",
        ),
        (
            "next step",
            change(edited(), |o| {
                progressive(o);
                progress(o, |_| {});
                ramp(o, 10.0);
                o.now = at(1030);
            }),
            "waits Ramping b=50% | a:Currentx2 b:Rampingx2",
        ),
        (
            "after the last step",
            change(edited(), |o| {
                progressive(o);
                progress(o, |progress| progress.step = Some(1));
                ramp(o, 50.0);
                o.now = at(1030);
            }),
            "waits BecomesCurrent current=b | a:Drainingx2 b:Currentx2",
        ),
        (
            "unhealthy in a step",
            change(edited(), |o| {
                progressive(o);
                progress(o, |_| {});
                ramp(o, 10.0);
                o.versions[1].pods =
                    Pods { wanted: Some(2), existing: 2, ready: 1, problem: Some(("CrashLoopBackOff".into(), "exit 1".into())) };
                o.versions[1].open = Some(3);
            }),
            "stuck UnhealthyWhileRamping no ramp | a:Currentx2 b:Failedx2",
        ),
        (
            "replaced while it ramped",
            change(edited(), |o| {
                ramp(o, 10.0);
                o.target = Some("c".into());
                o.versions.push(Version { server: None, pods: Pods::default(), ..version("c") });
            }),
            "waits PodsNotReady no ramp | a:Currentx2 b:Rampingx2 c:Pendingx2",
        ),
        ("back to what is current", change(edited(), |o| o.target = Some("a".into())), "current | a:Currentx2 b:Retiringx0"),
        (
            "managed by another",
            change(edited(), |o| o.server.as_mut().unwrap().manager = Some("me".into())),
            "stuck DeploymentManagedByOther | a:Currentx2 b:Pendingx2",
        ),
        (
            "held by another",
            change(edited(), |o| o.server.as_mut().unwrap().holder = Some("x/q".into())),
            "stuck TaskQueueHeldByOther | a:Currentx2 b:Pendingx2",
        ),
        (
            "no server",
            change(edited(), |o| {
                o.server = None;
                for version in &mut o.versions {
                    (version.server, version.open) = (None, None);
                }
            }),
            "waits TemporalUnreachable | a:Drainingx2 b:Pendingx2",
        ),
        ("no workflow left", change(edited(), |o| o.target = None), "nothing current=none | a:Drainingx2 b:Retiringx0"),
    ];
    for (name, observed, expected) in table {
        assert_eq!(short(&plan(&observed)), expected, "{name}");
    }
}

#[test]
fn a_failure_holds_until_the_target_or_the_annotation_changes() {
    let mut observed = change(edited(), |o| o.versions[1].replay = Check::Failed("x".into()));
    observed.progress = plan(&observed).progress;
    observed.versions[1].replay = Check::Passed;
    assert_eq!(short(&plan(&observed)), "stuck ReplayFailed | a:Currentx2 b:Failedx0");
    observed.requests.retry = Some("1".into());
    assert_eq!(short(&plan(&observed)), "waits BecomesCurrent current=b | a:Drainingx2 b:Currentx2");
}

#[test]
fn an_old_version_goes_step_by_step() {
    let mut observed = change(edited(), |o| {
        o.server.as_mut().unwrap().current = Some("b".into());
        (o.versions[0].server, o.versions[0].open) = (Some(ServerStatus::Drained), Some(0));
        (o.versions[1].server, o.versions[1].was_current) = (Some(ServerStatus::Current), true);
    });
    let mut seen = Vec::new();
    for second in [1000, 1059, 1060, 1061, 1180, 1182, 1183] {
        observed.now = at(second);
        let plan = plan(&observed);
        let a = plan.versions.get("q-a").cloned();
        seen.push(format!("{second} {} forget={:?} delete={:?}", a.as_ref().map_or("gone", |a| a.state.name()), plan.forget, plan.delete));
        if let Some(a) = a {
            let version = &mut observed.versions[0];
            (version.drained_since, version.scaled_down_since) = (a.drained_since, a.scaled_down_since);
            (version.pods.existing, version.pods.wanted) = (a.replicas, Some(a.replicas));
        }
        if !plan.forget.is_empty() {
            observed.server.as_mut().unwrap().known.retain(|known| known != "a");
            observed.versions[0].server = None;
        }
        if !plan.delete.is_empty() {
            observed.versions.remove(0);
        }
    }
    assert_eq!(
        seen,
        [
            "1000 Drained forget=[] delete=[]",
            "1059 Drained forget=[] delete=[]",
            "1060 Retiring forget=[] delete=[]",
            "1061 Retiring forget=[] delete=[]",
            "1180 Retiring forget=[] delete=[]",
            "1182 Retiring forget=[\"a\"] delete=[]",
            "1183 Retiring forget=[] delete=[\"q-a\"]",
        ]
    );
}

/// Something that happens in the world, or a pass of the operator that ends at any point.
#[derive(Clone, Debug)]
enum Happening {
    Edit(u8),
    NoWorkflows,
    PodsReady,
    Start,
    End(u8),
    Refresh,
    Later(u16),
    /// A pass whose work stops after so many parts: routing, scaling, forgetting, deleting, status.
    Pass(u8),
}

fn happening() -> impl Generator<Value = Happening> {
    prop_oneof![
        3 => (0u8..4).prop_map(Happening::Edit),
        1 => Just(Happening::NoWorkflows),
        4 => Just(Happening::PodsReady),
        4 => Just(Happening::Start),
        3 => (0u8..8).prop_map(Happening::End),
        3 => Just(Happening::Refresh),
        3 => (1u16..400).prop_map(Happening::Later),
        8 => (0u8..6).prop_map(Happening::Pass),
    ]
}

struct World {
    observed: Observed,
    /// Executions by the build ID that each began on.
    open: Vec<String>,
    lost: Vec<String>,
}

impl World {
    fn new() -> Self {
        let observed = Observed {
            now: at(0),
            // How long this world takes says nothing about its pods.
            policy: Policy { progress_deadline: Duration::MAX, ..policy() },
            target: None,
            leaving: false,
            versions: Vec::new(),
            strays: Vec::new(),
            server: Some(Server::default()),
            progress: None,
            requests: Requests::default(),
        };
        Self { observed, open: Vec::new(), lost: Vec::new() }
    }

    fn server(&mut self) -> &mut Server {
        self.observed.server.as_mut().unwrap()
    }

    fn happen(&mut self, happening: &Happening) {
        match happening {
            Happening::Edit(number) => self.edit(&format!("v{number}")),
            Happening::NoWorkflows => self.observed.target = None,
            Happening::PodsReady => self.pods_ready(),
            Happening::Start => {
                if let Some(current) = self.server().current.clone() {
                    self.open.push(current);
                }
            }
            Happening::End(at) => {
                let at = usize::from(*at);
                if at < self.open.len() {
                    // Only a version with pods can end one.
                    let build_id = self.open[at].clone();
                    if self.observed.versions.iter().any(|version| version.build_id == build_id && version.pods.ready > 0) {
                        self.open.remove(at);
                    }
                }
            }
            Happening::Refresh => {}
            Happening::Later(seconds) => self.observed.now = at(self.observed.now.as_second() + i64::from(*seconds)),
            Happening::Pass(parts) => self.pass(*parts),
        }
        self.look();
    }

    fn edit(&mut self, build_id: &str) {
        self.observed.target = Some(build_id.to_owned());
        if self.observed.version(build_id).is_none() {
            self.observed.versions.push(Version { server: None, pods: Pods::default(), ..version(build_id) });
        }
    }

    fn pods_ready(&mut self) {
        for version in &mut self.observed.versions {
            let wanted = version.pods.wanted.unwrap_or(0);
            (version.pods.existing, version.pods.ready) = (wanted, wanted);
            if wanted > 0 {
                let known = &mut self.observed.server.as_mut().unwrap().known;
                if !known.contains(&version.build_id) {
                    known.push(version.build_id.clone());
                }
            }
        }
    }

    /// What the server says follows from what it routes and what is open.
    fn look(&mut self) {
        let server = self.observed.server.clone().unwrap();
        for version in &mut self.observed.versions {
            let open = self.open.iter().filter(|build_id| **build_id == version.build_id).count();
            version.open = Some(i64::try_from(open).unwrap());
            version.server = server.known.contains(&version.build_id).then(|| {
                if server.current.as_ref() == Some(&version.build_id) {
                    ServerStatus::Current
                } else if open > 0 {
                    ServerStatus::Draining
                } else {
                    ServerStatus::Drained
                }
            });
        }
    }

    fn pass(&mut self, parts: u8) {
        let plan = plan(&self.observed);
        if parts > 0
            && let Some(Routing::Current(build_id)) = &plan.routing
        {
            self.server().current.clone_from(build_id);
        }
        if parts > 1 {
            for version in &mut self.observed.versions {
                let wanted = plan.versions[&version.name].replicas;
                version.pods.wanted = Some(wanted);
                if wanted < version.pods.existing {
                    (version.pods.existing, version.pods.ready) = (wanted, wanted);
                }
            }
        }
        if parts > 2 {
            for build_id in &plan.forget {
                let is_polled = self.observed.versions.iter().any(|version| version.build_id == *build_id && version.pods.ready > 0);
                if !is_polled {
                    self.server().known.retain(|known| known != build_id);
                }
            }
        }
        if parts > 3 {
            for name in &plan.delete {
                let gone = self.observed.versions.iter().find(|version| version.name == *name).map(|version| version.build_id.clone());
                self.lost.extend(gone.into_iter().filter(|gone| self.open.contains(gone)));
                self.observed.versions.retain(|version| version.name != *name);
            }
        }
        if parts > 4 {
            let decided: &BTreeMap<String, VersionPlan> = &plan.versions;
            for version in &mut self.observed.versions {
                let decided = &decided[&version.name];
                version.was_current = decided.was_current;
                (version.drained_since, version.scaled_down_since) = (decided.drained_since, decided.scaled_down_since);
            }
            self.observed.progress = plan.progress;
        }
    }

    fn check(&self) {
        assert!(self.lost.is_empty(), "a version was deleted under an open execution: {:?}", self.lost);
        for build_id in &self.open {
            let version = self.observed.version(build_id).expect("the version of an open execution");
            assert!(version.pods.wanted.is_some_and(|wanted| wanted > 0), "no pods for an execution on {build_id}");
            assert!(self.observed.server.as_ref().unwrap().known.contains(build_id), "the server forgot {build_id}");
        }
    }

    /// Everything goes well from here on.
    fn settle(&mut self) {
        for _ in 0..40 {
            for step in [
                Happening::Pass(5),
                Happening::PodsReady,
                Happening::End(0),
                Happening::Later(300),
                Happening::Pass(5),
                Happening::PodsReady,
            ] {
                self.happen(&step);
                self.check();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever happens, and wherever a pass is cut off: no execution loses its version; in the end the target is current, everything else is gone, and
    /// another pass does nothing.
    #[test]
    fn nothing_is_lost_and_the_end_is_the_same(happenings in prop::collection::vec(happening(), 0..60)) {
        let mut world = World::new();
        for happening in &happenings {
            world.happen(happening);
            world.check();
        }
        world.settle();
        let target = world.observed.target.clone();
        prop_assert_eq!(&world.observed.server.as_ref().unwrap().current, &target);
        let kept: Vec<_> = world.observed.versions.iter().map(|version| version.build_id.clone()).collect();
        prop_assert_eq!(kept, target.into_iter().collect::<Vec<_>>());
        let before = world.observed.clone();
        let plan = plan(&world.observed);
        prop_assert!(plan.routing.is_none() && plan.begin.is_none() && plan.forget.is_empty() && plan.delete.is_empty());
        world.pass(5);
        prop_assert_eq!(format!("{:?}", world.observed), format!("{before:?}"));
    }
}
