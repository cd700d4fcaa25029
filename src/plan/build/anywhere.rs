//! From whatever the last status says and whatever Jobs there are: the steps that follow come to rest, and at rest nothing is begun, cancelled or written.

use super::*;
use crate::api::{AcceptedBuild, ActivityModuleSpec, NpmPackage};
use proptest::prelude::*;

/// After how many steps all is at rest: a failure or two, a look, a build, its judgement.
const BOUND: usize = 40;

fn wish(version: &str, update: Option<&str>, retry: Option<&str>) -> Wish {
    let npm = NpmPackage { package: "@acme/build".into(), version: Some(version.into()), ..NpmPackage::default() };
    let spec = ActivityModuleSpec { npm: Some(npm), ..ActivityModuleSpec::default() };
    let wish = Wish::of(&spec, 2, "http://registry/", &SourceFiles::default(), None).unwrap();
    Wish { update: update.map(Into::into), retry: retry.map(Into::into), ..wish }
}

fn time() -> impl Strategy<Value = Option<Time>> {
    prop::option::of((0..200_000i64).prop_map(|second| Time(Timestamp::from_second(second).unwrap())))
}

fn failure() -> impl Strategy<Value = BuildFailure> {
    let reasons = vec!["PodLost", "PackageNotFound", "NoSuchExport"];
    prop::sample::select(reasons).prop_map(|reason| BuildFailure { reason: reason.into(), message: "why".into() })
}

/// A status, of which any part may be of another wish, or lost.
fn last(wish: &Wish) -> impl Strategy<Value = ActivityModuleStatus> + use<> {
    let wish = wish.clone();
    let froms = vec![wish.from.clone(), "another".to_owned()];
    let resolved = prop::option::of((prop::sample::select(vec!["1.0.0", "1.1.0"]), prop::sample::select(froms)));
    let build = prop::option::of((any::<bool>(), 0..3i32, time(), time(), prop::option::of(failure()), any::<bool>()));
    let tokens = prop::option::of(prop::sample::select(vec![wish.token(), "another".to_owned()]));
    (resolved, build, time(), tokens, any::<bool>()).prop_map(move |(resolved, build, looked_at, looked_for, is_accepted)| {
        let resolved = resolved.map(|(version, from)| ResolvedPackage {
            version: version.into(),
            integrity: Some(format!("sha512-{version}")),
            from,
            ..ResolvedPackage::default()
        });
        let build = build.map(|(is_ours, attempts, started_at, finished_at, failure, has_image)| {
            let key = if is_ours { wish.key(resolved.as_ref()) } else { "another".to_owned() };
            BuildStatus {
                job: job_name("build", &key, attempts),
                key,
                attempts,
                started_at,
                finished_at,
                failure,
                image: has_image.then(|| "image".into()),
                ..BuildStatus::default()
            }
        });
        let accepted =
            build.as_ref().filter(|_| is_accepted).map(|build| AcceptedBuild { key: build.key.clone(), ..AcceptedBuild::default() });
        ActivityModuleStatus { resolved, build, accepted, looked_at, looked_for, ..ActivityModuleStatus::default() }
    })
}

fn ended(task: &Task, failure: Option<BuildFailure>) -> Ended {
    match (task, failure) {
        (_, Some(failure)) => Ended::Failed(failure),
        (Task::Look, None) => Ended::Looked(AvailablePackage { version: "1.1.0".into(), integrity: Some("sha512-1.1.0".into()) }),
        (Task::First, None) => Ended::Built(Built { version: "1.1.0".into(), integrity: Some("sha512-1.1.0".into()), ..Built::default() }),
        (Task::Pinned(resolved), None) => {
            Ended::Built(Built { version: resolved.version.clone(), integrity: resolved.integrity.clone(), ..Built::default() })
        }
    }
}

fn wished() -> impl Strategy<Value = Wish> {
    let asked = || prop::option::of(Just("again"));
    (prop::sample::select(vec!["1.0.0", "^1"]), asked(), asked()).prop_map(|(version, update, retry)| wish(version, update, retry))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn it_comes_to_rest_and_then_writes_nothing(
        (wish, mut status) in wished().prop_flat_map(|wish| { let last = last(&wish); (Just(wish), last) }),
        mut failures in prop::collection::vec(failure(), 0..3), is_judged_good: bool, strange in prop::option::of(any::<bool>()),
    ) {
        let mut jobs: Vec<(Seen, Task)> = Vec::new();
        if let Some(is_ours) = strange {
            // A Job that was made before the operator ended, or one of another time.
            let name = if is_ours { status.build.as_ref().map_or("one".to_owned(), |build| build.job.clone()) } else { "one".to_owned() };
            jobs.push((Seen { name, ended: None }, Task::First));
        }
        let mut now = 300_000;
        let mut seen = Vec::new();
        for _ in 0..BOUND {
            let there: Vec<Seen> = jobs.iter().map(|(job, _)| job.clone()).collect();
            let at = Timestamp::from_second(now).unwrap();
            let plan = plan(&Observed { now: at, module: "build", wish: &wish, last: &status, jobs: &there, base: "worker:1", may_begin: true });
            let is_waiting = matches!(&plan.standing, Standing::Failed(_, Some(_)) | Standing::Building(_) | Standing::Queued);
            let is_busy = there.iter().any(|job| job.ended.is_none());
            if plan.status == status && plan.begin.is_none() && plan.cancel.is_empty() && !is_waiting && !is_busy {
                return Ok(());
            }
            seen.push(format!("{now} {:?} {:?} {:?} {:?}", plan.begin, plan.cancel, plan.standing, plan.status.build));
            jobs.retain(|(job, _)| !plan.cancel.contains(&job.name));
            for (job, task) in &mut jobs {
                if job.ended.is_none() {
                    job.ended = Some(ended(task, failures.pop()));
                }
            }
            if let Some(begin) = plan.begin {
                prop_assert!(there.iter().all(|job| job.name != begin.job), "a Job of that name is there: {}", begin.job);
                jobs.push((Seen { name: begin.job, ended: None }, begin.task));
            }
            status = plan.status;
            if plan.standing == Standing::Candidate && is_judged_good {
                let key = status.build.as_ref().map(|build| build.key.clone()).unwrap_or_default();
                status.accepted = Some(AcceptedBuild { key, ..AcceptedBuild::default() });
            }
            now += plan.again.map_or(1, |again| i64::try_from(again.as_secs()).unwrap().max(1));
        }
        prop_assert!(false, "no rest after {BOUND} steps; the last were\n{}", seen[BOUND - 8..].join("\n"));
    }
}
