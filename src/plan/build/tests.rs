//! The steps of builds, as tables: from a status and Jobs to what is done next.

use super::*;
use crate::api::{AcceptedBuild, ActivityModuleSpec, ModuleBuild, ModuleSource, NpmPackage};

fn wish(version: &str, edit: impl FnOnce(&mut ActivityModuleSpec)) -> Wish {
    let npm = NpmPackage { package: "@acme/build".into(), version: Some(version.into()), ..NpmPackage::default() };
    let mut spec = ActivityModuleSpec { npm: Some(npm), ..ActivityModuleSpec::default() };
    edit(&mut spec);
    Wish::of(&spec, 1, "http://registry/", &SourceFiles::default(), None).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn step(wish: &Wish, last: &ActivityModuleStatus, now: i64, jobs: &[Seen]) -> Plan {
    plan(&Observed { now: at(now), module: "build", wish, last, jobs, base: "worker:1", may_begin: true })
}

fn built(version: &str) -> Ended {
    Ended::Built(Built {
        version: version.into(),
        integrity: Some(format!("sha512-{version}")),
        image: format!("image-{version}"),
        record: format!("record-{version}"),
        ..Built::default()
    })
}

fn ends(name: &str, ended: Ended) -> [Seen; 1] {
    [Seen { name: name.into(), ended: Some(ended) }]
}

/// A module that has `version` in use.
fn settled(wish: &Wish, version: &str) -> ActivityModuleStatus {
    let begun = step(wish, &ActivityModuleStatus::default(), 0, &[]);
    let mut status = step(wish, &begun.status, 1, &ends(&begun.begin.unwrap().job, built(version))).status;
    let build = status.build.clone().unwrap();
    status.accepted = Some(AcceptedBuild { key: build.key, version: version.into(), ..AcceptedBuild::default() });
    assert_eq!(step(wish, &status, 2, &[]).standing, Standing::Settled);
    status
}

#[test]
fn a_package_is_built_once_and_stays_what_it_was_resolved_to() {
    let wish = wish("^1", |_| {});
    let first = step(&wish, &ActivityModuleStatus::default(), 0, &[]);
    let job = first.begin.clone().unwrap();
    assert_eq!(job.task, Task::First);
    let running = step(&wish, &first.status, 1, &[Seen { name: job.job.clone(), ended: None }]);
    assert_eq!((running.begin, running.standing), (None, Standing::Building(job.job.clone())));
    assert_eq!(running.status, first.status, "a Job that runs changes nothing");
    let ended = step(&wish, &first.status, 2, &ends(&job.job, built("1.2.0")));
    assert_eq!((&ended.standing, &ended.begin), (&Standing::Candidate, &None));
    assert_eq!(ended.status.resolved.as_ref().unwrap().version, "1.2.0");
    assert_eq!(step(&wish, &ended.status, 3, &[]).status, ended.status, "once taken in, the Job is of no use");
    assert_eq!(step(&wish, &settled(&wish, "1.2.0"), 1_000_000, &[]).begin, None, "a range does not move by itself");
}

#[test]
fn a_job_that_was_made_and_not_said_counts_as_an_attempt() {
    let wish = wish("1.0.0", |_| {});
    let job = step(&wish, &ActivityModuleStatus::default(), 0, &[]).begin.unwrap().job;
    let running = step(&wish, &ActivityModuleStatus::default(), 1, &[Seen { name: job.clone(), ended: None }]);
    let build = running.status.build.clone().unwrap();
    assert_eq!((running.begin, build.attempts, build.base.as_str(), build.started_at.map(|at| at.0)), (None, 1, "worker:1", Some(at(1))));
    let lost = Ended::Failed(BuildFailure { reason: "PodLost".into(), message: String::new() });
    let failed = step(&wish, &ActivityModuleStatus::default(), 1, &ends(&job, lost.clone()));
    assert_eq!(failed.status.build.as_ref().unwrap().attempts, 1);
    let again = step(&wish, &failed.status, 1000, &ends(&job, lost)).begin.unwrap();
    assert_ne!(again.job, job, "the Job that failed is not taken for the next attempt");
}

#[test]
fn a_newer_edit_cancels_an_older_build() {
    let (old, new) = (wish("1.0.0", |_| {}), wish("1.1.0", |_| {}));
    let begun = step(&old, &ActivityModuleStatus::default(), 0, &[]);
    let job = begun.begin.unwrap().job;
    let next = step(&new, &begun.status, 1, &[Seen { name: job.clone(), ended: None }]);
    assert_eq!(next.cancel, [job]);
    assert!(next.begin.is_some_and(|begin| begin.task == Task::First));
}

#[test]
fn another_way_to_build_keeps_the_version_and_its_hash() {
    let status = settled(&wish("^1", |_| {}), "1.2.0");
    let other = wish("^1", |spec| spec.module = Some("./other".into()));
    let Some(Begin { task: Task::Pinned(pinned), .. }) = step(&other, &status, 5, &[]).begin else { panic!("a pinned build") };
    assert_eq!((pinned.version.as_str(), pinned.integrity.as_deref()), ("1.2.0", Some("sha512-1.2.0")));
}

#[test]
fn a_range_moves_when_it_is_asked_to() {
    let plain = wish("^1", |_| {});
    let status = settled(&plain, "1.2.0");
    let asked = Wish { update: Some("now".into()), ..plain.clone() };
    let look = step(&asked, &status, 10, &[]);
    let begin = look.begin.unwrap();
    assert_eq!((begin.task, look.standing), (Task::Look, Standing::Settled));
    let found = AvailablePackage { version: "1.3.0".into(), integrity: Some("sha512-1.3.0".into()) };
    let moved = step(&asked, &look.status, 12, &ends(&begin.job, Ended::Looked(found)));
    assert!(matches!(moved.begin, Some(Begin { task: Task::Pinned(ref pinned), .. }) if pinned.version == "1.3.0"), "{moved:?}");
    let same = AvailablePackage { version: "1.2.0".into(), integrity: None };
    let stays = step(&asked, &look.status, 12, &ends(&begin.job, Ended::Looked(same)));
    assert_eq!((stays.begin, stays.standing), (None, Standing::Settled));
    assert_eq!(step(&asked, &stays.status, 13, &[]).begin, None, "asked once, looked once");
}

#[test]
fn what_would_change_is_seen_before_it_does() {
    let hour = Some(Duration::from_secs(3600));
    let watching = Wish { interval: hour, ..wish("^1", |_| {}) };
    let status = settled(&watching, "1.2.0");
    assert_eq!(step(&watching, &status, 3000, &[]).again, Some(Duration::from_secs(601)));
    let look = step(&watching, &status, 3700, &[]).begin.unwrap();
    let found = AvailablePackage { version: "1.3.0".into(), integrity: None };
    let seen = step(&watching, &status, 3701, &ends(&look.job, Ended::Looked(found.clone())));
    assert_eq!((seen.begin, seen.status.available, seen.standing), (None, Some(found.clone()), Standing::Settled));
    let following = wish("^1", |spec| spec.update_policy = UpdatePolicy::Interval);
    let status = settled(&following, "1.2.0");
    let look = step(&following, &status, 3700, &[]).begin.unwrap();
    let moved = step(&following, &status, 3701, &ends(&look.job, Ended::Looked(found)));
    assert_eq!(moved.status.resolved.unwrap().version, "1.3.0");
    assert_eq!(step(&Wish { interval: hour, ..wish("1.2.0", |_| {}) }, &settled(&wish("1.2.0", |_| {}), "1.2.0"), 9999, &[]).begin, None);
}

#[test]
fn on_apply_looks_once_for_each_generation() {
    let first = wish("^1", |spec| spec.update_policy = UpdatePolicy::OnApply);
    let status = settled(&first, "1.2.0");
    let second = Wish { generation: 2, ..first };
    let look = step(&second, &status, 10, &[]).begin.unwrap();
    assert_eq!(look.task, Task::Look);
    let same = AvailablePackage { version: "1.2.0".into(), integrity: None };
    let after = step(&second, &status, 11, &ends(&look.job, Ended::Looked(same)));
    assert_eq!(step(&second, &after.status, 12, &[]).begin, None);
}

#[test]
fn what_may_pass_is_tried_again_later_and_later() {
    let wish = wish("1.0.0", |_| {});
    let failed = |reason: &str| Ended::Failed(BuildFailure { reason: reason.into(), message: "why".into() });
    let (mut status, mut now, mut waits) = (ActivityModuleStatus::default(), 0, Vec::new());
    let mut jobs = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let begun = step(&wish, &status, now, &[]);
        let job = begun.begin.expect("another try").job;
        assert!(jobs.insert(job.clone()), "each try has its own Job");
        let ended = step(&wish, &begun.status, now + 1, &ends(&job, failed("RegistryUnreachable")));
        assert!(matches!(ended.standing, Standing::Failed(_, Some(_))));
        let wait = ended.again.unwrap().as_secs();
        assert_eq!(step(&wish, &ended.status, now + 2, &[]).begin, None, "not at once");
        waits.push(wait);
        (status, now) = (ended.status, now + 1 + i64::try_from(wait).unwrap());
    }
    assert_eq!(waits, [5, 10, 20, 40]);
}

#[test]
fn what_does_not_pass_waits_for_an_edit_or_for_somebody() {
    let wish = wish("1.0.0", |_| {});
    let begun = step(&wish, &ActivityModuleStatus::default(), 0, &[]);
    let failure = BuildFailure { reason: "NoSuchExport".into(), message: "why".into() };
    let ended = step(&wish, &begun.status, 1, &ends(&begun.begin.unwrap().job, Ended::Failed(failure.clone())));
    assert_eq!((&ended.standing, ended.again), (&Standing::Failed(failure, None), None));
    let asked = Wish { retry: Some("1".into()), ..wish };
    let again = step(&asked, &ended.status, 2, &[]);
    assert!(again.begin.is_some());
    assert_eq!(again.status.build.as_ref().unwrap().attempts, 1);
    assert_eq!(step(&asked, &again.status, 3, &[]).begin, None, "asked once, tried once");
    assert!(step(&asked, &again.status, 60, &[]).begin.is_some(), "a Job that somebody deleted is made again");
}

#[test]
fn what_failed_is_tried_again_with_other_means() {
    let given =
        |deadline: &str| wish("1.0.0", |spec| spec.build = Some(ModuleBuild { deadline: Some(deadline.into()), ..ModuleBuild::default() }));
    let (short, long) = (given("1m"), given("20m"));
    let begun = step(&short, &ActivityModuleStatus::default(), 0, &[]);
    let job = begun.begin.unwrap().job;
    let failure = BuildFailure { reason: "OutOfMemory".into(), message: "why".into() };
    let failed = step(&short, &begun.status, 1, &ends(&job, Ended::Failed(failure)));
    assert_eq!(step(&short, &failed.status, 100, &[]).begin, None, "the same means come to the same");
    let again = step(&long, &failed.status, 2, &[]);
    assert_ne!(again.begin.map(|begin| begin.job), Some(job), "a Job of its own");
    assert_eq!(again.status.build.as_ref().map(|build| build.attempts), Some(1));
    assert_eq!(step(&long, &again.status, 3, &[]).begin, None, "once");
    assert_eq!(step(&long, &settled(&short, "1.0.0"), 5, &[]).begin, None, "what was built stays");
}

#[test]
fn who_may_not_begin_waits() {
    let wish = wish("1.0.0", |_| {});
    let last = ActivityModuleStatus::default();
    let waiting = plan(&Observed { now: at(0), module: "build", wish: &wish, last: &last, jobs: &[], base: "worker:1", may_begin: false });
    assert_eq!((waiting.standing, waiting.begin), (Standing::Queued, None));
}

#[test]
fn files_that_changed_under_their_name_wait_with_manual_until_they_are_asked_for() {
    let of = |content: &str, config_map: &str, policy: UpdatePolicy| {
        let source = ModuleSource { config_map: Some(config_map.into()), ..ModuleSource::default() };
        let spec = ActivityModuleSpec { source: Some(source), update_policy: policy, ..ActivityModuleSpec::default() };
        let files = SourceFiles { package: Some("own".into()), version: Some("1.0.0".into()), content: content.into() };
        Wish::of(&spec, 1, "http://registry/", &files, None).unwrap()
    };
    let one = of("one", "files", UpdatePolicy::Manual);
    let mut status = settled(&one, "1.0.0");
    let begins = |wish: Wish, status: &ActivityModuleStatus| {
        let plan = step(&wish.hold(status), status, 10, &[]);
        (plan.begin.is_some(), plan.status.available.map(|found| found.integrity.unwrap()))
    };
    assert_eq!(begins(one.clone(), &status), (false, None));
    assert_eq!(begins(of("two", "files", UpdatePolicy::Manual), &status), (false, Some("two".into())));
    assert_eq!(begins(of("two", "files", UpdatePolicy::OnApply), &status), (true, None));
    assert_eq!(begins(of("two", "files", UpdatePolicy::Interval), &status), (true, None));
    assert_eq!(begins(of("two", "others", UpdatePolicy::Manual), &status), (true, None), "the spec names other files");
    let asked = Wish { update: Some("now".into()), ..of("two", "files", UpdatePolicy::Manual) };
    assert_eq!(begins(asked, &status), (true, None));
    let mut rebuilt = of("two", "files", UpdatePolicy::Manual);
    rebuilt.how = "otherwise".into();
    assert_eq!(begins(rebuilt, &status), (true, None), "what is built anyway is built of the files that there are");

    // Where nothing new was asked for, the word is used up: the next edit waits again.
    let asked = |content: &str| Wish { update: Some("now".into()), ..of(content, "files", UpdatePolicy::Manual) };
    status = step(&asked("one").hold(&status), &status, 11, &[]).status;
    assert_eq!(begins(asked("two"), &status), (false, Some("two".into())));
    status.accepted = None;
    assert_eq!(begins(of("two", "files", UpdatePolicy::Manual), &status), (true, None), "nothing is in use");
}
