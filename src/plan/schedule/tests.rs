//! Decisions and statuses, as tables.

use super::*;
use crate::api::TemporalConnection;
use crate::api::conditions::{READY, RECONCILING, STALLED, find};
use crate::schedule::{Interval, Timing};
use jiff::Timestamp;
use serde_json::{Value, json};

fn spec(more: Value) -> ScheduleSpec {
    let mut all = json!({"workflow": "nightly", "cron": "0 3 * * *"});
    for (key, value) in more.as_object().into_iter().flatten() {
        all[key] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

fn wanted(spec: &ScheduleSpec) -> Schedule {
    let target = Target { workflow_type: "NightlyWorkflow".into(), task_queue: "engine".into() };
    desired(spec, "builds/nightly", &target).unwrap()
}

fn on_server(schedule: Schedule) -> Observed {
    Observed { schedule, owner: Some("builds/nightly".into()), foreign: Vec::new() }
}

/// What is decided, in a few words.
fn decided(spec: &ScheduleSpec, last: &ScheduleStatus, observed: Option<&Observed>, unpauses: bool, has_ended: bool) -> String {
    let desired = wanted(spec);
    let question = Question { desired: &desired, spec, owner: "builds/nightly", last, observed, unpauses, has_ended, has_moved: false };
    let count = |schedule: &Schedule| schedule.remaining.map(|left| format!(" with {left}")).unwrap_or_default();
    match decide(&question) {
        Step::Create(schedule) => format!("create{}", count(&schedule)),
        Step::Update { schedule, drift } if drift.is_empty() => {
            format!("update{}{}", if schedule.paused { " paused" } else { "" }, count(&schedule))
        }
        Step::Update { drift, .. } => format!("correct {}", drift.join(", ")),
        Step::Nothing => "nothing".to_owned(),
        Step::Adopted(drift) => format!("adopt {}", drift.join(", ")),
        Step::PausedByFailure => "paused by failure".to_owned(),
        Step::Taken((reason, _)) => reason,
    }
}

/// A status after `spec` was written.
fn written(spec: &ScheduleSpec) -> ScheduleStatus {
    ScheduleStatus {
        applied: Some(applied(&wanted(spec))),
        schedule_id: Some("builds/nightly".into()),
        remaining_actions: spec.remaining_actions,
        ..ScheduleStatus::default()
    }
}

#[test]
fn what_is_done_on_the_server() {
    let plain = spec(json!({}));
    let adopting = spec(json!({"driftPolicy": "Adopt"}));
    let limited = spec(json!({"remainingActions": 5}));
    let failing = spec(json!({"pauseOnFailure": true}));
    let paused = spec(json!({"paused": true, "pausedNote": "the night"}));
    let new = ScheduleStatus::default();
    let same = |spec: &ScheduleSpec| on_server(wanted(spec));
    let changed = |spec: &ScheduleSpec, change: &dyn Fn(&mut Schedule)| {
        let mut schedule = wanted(spec);
        change(&mut schedule);
        on_server(schedule)
    };
    let jitter = |schedule: &mut Schedule| schedule.timing.jitter = 5;
    let failed = |schedule: &mut Schedule| (schedule.paused, schedule.note) = (true, "paused due to workflow failure: x".into());
    let others = Observed { owner: Some("a/b".into()), ..same(&plain) };
    let nobodys = |spec: &ScheduleSpec| Observed { owner: None, ..same(spec) };
    let counted = changed(&limited, &|schedule| schedule.remaining = Some(2));
    let done = ScheduleStatus { remaining_actions: Some(0), ..written(&limited) };
    let two_left = ScheduleStatus { remaining_actions: Some(2), ..written(&limited) };
    let foreign = Observed { foreign: vec!["a header"], ..same(&plain) };
    let edited = spec(json!({"remainingActions": 5, "jitter": "1s"}));
    let more = spec(json!({"remainingActions": 7}));
    let moved = |last: &ScheduleStatus, spec: &ScheduleSpec| {
        let desired = wanted(spec);
        let owner = "builds/nightly";
        decide(&Question { desired: &desired, spec, owner, last, observed: None, unpauses: false, has_ended: false, has_moved: true })
    };
    let table: [(&str, &ScheduleSpec, &ScheduleStatus, Option<&Observed>, &str); 22] = [
        ("first", &plain, &new, None, "create"),
        ("as asked", &plain, &written(&plain), Some(&same(&plain)), "nothing"),
        ("the status was lost", &plain, &new, Some(&same(&plain)), "nothing"),
        ("an edit", &paused, &written(&plain), Some(&same(&plain)), "update paused"),
        ("an edit while paused", &spec(json!({"paused": true, "jitter": "1s"})), &written(&paused), Some(&same(&paused)), "update paused"),
        ("by hand", &plain, &written(&plain), Some(&changed(&plain, &jitter)), "correct jitter"),
        ("by hand, to stay", &adopting, &written(&adopting), Some(&changed(&adopting, &jitter)), "adopt jitter"),
        (
            "by hand, then an edit",
            &adopting,
            &written(&plain),
            Some(&changed(&adopting, &|s| s.overlap = crate::schedule::Overlap::AllowAll)),
            "adopt overlapPolicy",
        ),
        ("what we have no word for", &plain, &written(&plain), Some(&foreign), "correct a header"),
        ("another's", &plain, &new, Some(&others), "ScheduleIdTaken"),
        ("another's, adopting", &adopting, &new, Some(&others), "ScheduleIdTaken"),
        ("nobody's", &plain, &new, Some(&nobodys(&plain)), "ScheduleIdTaken"),
        ("nobody's, adopting", &adopting, &new, Some(&nobodys(&adopting)), "update"),
        ("deleted by hand", &plain, &written(&plain), None, "create"),
        ("deleted by hand, to stay so", &adopting, &written(&adopting), None, "adopt the schedule itself, which was deleted"),
        ("counted down", &limited, &written(&limited), Some(&counted), "nothing"),
        ("an edit keeps the count", &edited, &written(&limited), Some(&counted), "update with 2"),
        ("another limit counts anew", &more, &written(&limited), Some(&counted), "update with 7"),
        ("deleted by hand with runs left", &limited, &two_left, None, "create with 2"),
        ("forgotten by the server when done", &limited, &done, None, "nothing"),
        ("paused by a failure", &failing, &written(&failing), Some(&changed(&failing, &failed)), "paused by failure"),
        (
            "an edit of that",
            &spec(json!({"pauseOnFailure": true, "jitter": "1s"})),
            &written(&failing),
            Some(&changed(&failing, &failed)),
            "update paused",
        ),
    ];
    for (name, spec, last, observed, expected) in table {
        assert_eq!(decided(spec, last, observed, false, false), expected, "{name}");
    }
    assert_eq!(decided(&failing, &written(&failing), Some(&changed(&failing, &failed)), true, false), "update", "the pause is ended");
    assert_eq!(decided(&plain, &new, None, false, true), "nothing", "nothing is made that never runs");
    assert_eq!(moved(&written(&adopting), &adopting), Step::Create(wanted(&adopting)), "nobody deleted it: it moved");
    assert_eq!(moved(&two_left, &limited), Step::Create(Schedule { remaining: Some(2), ..wanted(&limited) }), "the count goes with it");
}

/// Once what was decided is done, there is nothing more to do.
#[test]
fn a_second_look_finds_nothing_to_do() {
    let every: [Value; 5] = [
        json!({}),
        json!({"remainingActions": 3, "paused": true, "pausedNote": "x"}),
        json!({"every": "90s", "offset": "5s", "jitter": "2s", "overlapPolicy": "AllowAll", "catchupWindow": "1h"}),
        json!({"crons": ["@daily", "@every 1h"], "cron": null, "exclude": [{"month": 12, "dayOfMonth": 25}], "timeZone": "Europe/Warsaw"}),
        json!({"calendars": [{"hour": "9-17", "dayOfWeek": "MON-FRI"}], "startAt": "2027-01-01T00:00:00Z", "memo": {"a": 1}, "runTimeout": "1h"}),
    ];
    for from in &every {
        for to in &every {
            let (from, to) = (spec(from.clone()), spec(to.clone()));
            let server = on_server(wanted(&from));
            let desired = wanted(&to);
            let last = written(&from);
            let question = |last, observed| Question {
                desired: &desired,
                spec: &to,
                owner: "builds/nightly",
                last,
                observed,
                unpauses: false,
                has_ended: false,
                has_moved: false,
            };
            let after = match decide(&question(&last, Some(&server))) {
                Step::Update { schedule, .. } => on_server(schedule),
                Step::Nothing => server.clone(),
                other => panic!("{other:?}"),
            };
            let last = written(&to);
            assert_eq!(decide(&question(&last, Some(&after))), Step::Nothing, "{from:?} → {to:?}");
        }
    }
}

#[test]
fn what_a_spec_cannot_say() {
    let table = [
        (json!({"cron": "61 * * * *"}), "CronInvalid", "spec.cron: the schedule is not valid: there is no minute 61"),
        (
            json!({"timeZone": "Europe/Pariz"}),
            "TimeZoneUnknown",
            "spec.timeZone: there is no time zone `Europe/Pariz`; did you mean `Europe/Paris`?",
        ),
        (
            json!({"cron": null, "calendars": [{"month": 2, "dayOfMonth": 30}]}),
            "CalendarInvalid",
            "spec.calendars[0]: there is no such time: February has no day 30",
        ),
        (json!({"cron": null, "calendars": [{"hour": 25}]}), "CalendarInvalid", "spec.calendars[0].hour: there is no hour 25"),
        (json!({"exclude": [{"dayOfWeek": "FUN"}]}), "CalendarInvalid", "spec.exclude[0].dayOfWeek: `FUN` is no weekday"),
        (json!({"every": "1500ms"}), "DurationInvalid", "spec.every: the server counts whole seconds"),
        (json!({"every": "1m", "offset": "1m"}), "DurationInvalid", "spec.offset: it is as long as the interval"),
        (json!({"catchupWindow": "1s"}), "DurationInvalid", "spec.catchupWindow: the server takes no less than 10s"),
        (json!({"runTimeout": "soon"}), "DurationInvalid", "spec.runTimeout: \"soon\" is no duration"),
        (json!({"cron": null}), "TimesMissing", "spec: it doesn't say when"),
    ];
    let target = Target { workflow_type: "A".into(), task_queue: "b".into() };
    for (more, reason, words) in table {
        let (found, message): Problem = desired(&spec(more.clone()), "a/b", &target).unwrap_err().into();
        assert!(found == reason && message.starts_with(words), "{more}: {found} {message}");
    }
}

#[test]
fn what_runs_no_more_says_why() {
    let now: Timestamp = "2027-06-01T00:00:00Z".parse().unwrap();
    let ended = |more: Value| ended(&timing(&spec(more)).unwrap().0, now).map(|(reason, _)| reason);
    assert_eq!(ended(json!({})), None);
    assert_eq!(ended(json!({"endAt": "2027-01-01T00:00:00Z"})).as_deref(), Some("PastEnd"));
    assert_eq!(ended(json!({"endAt": "2027-06-01T02:00:00Z"})).as_deref(), Some("NeverRuns"));
    assert_eq!(ended(json!({"cron": null, "calendars": [{"year": 2026}]})).as_deref(), Some("NeverRuns"));
    assert_eq!(ended(json!({"exclude": [{"hour": 3}]})).as_deref(), Some("NeverRuns"));
    assert_eq!(ended(json!({"startAt": "2090-01-01T00:00:00Z"})), None);
}

#[test]
fn it_is_told_in_short_when_it_runs() {
    let table = [
        (json!({}), "0 3 * * *"),
        (json!({"timeZone": "Europe/Warsaw"}), "0 3 * * * (Europe/Warsaw)"),
        (json!({"cron": null, "every": "30m", "offset": "5m", "timeZone": "Europe/Warsaw"}), "every 30m + 5m"),
        (json!({"cron": null, "crons": ["@daily", "@hourly"], "calendars": [{}, {}]}), "@daily, @hourly, 2 calendars"),
    ];
    for (more, short) in table {
        assert_eq!(describe(&spec(more)), short);
    }
}

/// A schedule that is kept as it was asked for, a second after the beginning of time.
fn seen<'a>(spec: &'a ScheduleSpec, last: &'a ScheduleStatus) -> Seen<'a> {
    Seen {
        now: Timestamp::from_second(1).unwrap(),
        generation: Some(1),
        spec,
        last,
        standing: Standing::Kept(Kept::AsAsked { corrected: Vec::new() }),
        warnings: Vec::new(),
        server: Some(Server::default()),
        applied: None,
        temporal: None,
        left: Vec::new(),
        input_digest: None,
        annotations: crate::api::SeenAnnotations::default(),
    }
}

#[test]
fn ready_is_about_what_the_server_does_and_stalled_about_what_somebody_must_do() {
    let plain = spec(json!({}));
    let problem = || ("Why".to_owned(), "because".to_owned());
    let kept = || Standing::Kept(Kept::AsAsked { corrected: Vec::new() });
    let (new, old) = (ScheduleStatus::default(), written(&plain));
    let server = |paused, taken| Some(Server { paused, taken, ..Server::default() });
    let table = [
        ("bad from the start", Standing::Invalid(problem()), &new, None, "False/Why", false, true),
        ("a bad edit", Standing::Invalid(problem()), &old, None, "True/LastGoodSchedule", false, true),
        ("a bad input", Standing::WrongInput(problem()), &old, None, "True/LastGoodSchedule", false, true),
        ("no Workflow", Standing::Waits(problem()), &new, None, "False/Why", true, false),
        ("the server is away", Standing::Unreachable(problem(), true), &old, None, "Unknown/Why", true, false),
        ("the server refuses", Standing::Unreachable(problem(), false), &old, None, "Unknown/Why", false, true),
        ("another's ID", Standing::Taken(problem()), &new, None, "False/Why", false, true),
        ("kept", kept(), &new, server(false, 0), "True/Scheduled", false, false),
        ("paused", kept(), &old, server(true, 0), "True/Paused", false, false),
        ("paused by a failure", Standing::Kept(Kept::PausedByFailure), &old, server(true, 1), "False/PausedByFailure", false, true),
        ("done", Standing::Kept(Kept::Ended(problem())), &old, server(false, 1), "True/Why", false, false),
        ("never ran", Standing::Kept(Kept::Ended(problem())), &new, None, "False/Why", false, true),
    ];
    for (name, standing, last, server, ready, reconciling, stalled) in table {
        let seen = Seen { generation: Some(2), standing, server, ..seen(&plain, last) };
        let found = status(seen);
        let read =
            |kind| find(&found.conditions, kind).map(|condition| format!("{}/{}", condition.status, condition.reason)).unwrap_or_default();
        let holds = |kind| read(kind).starts_with("True/");
        assert_eq!((read(READY).as_str(), holds(RECONCILING), holds(STALLED)), (ready, reconciling, stalled), "{name}");
    }
}

#[test]
fn a_timing_in_order_is_the_same_however_it_was_said() {
    let intervals = [Interval { every: 60, offset: 0 }, Interval { every: 30, offset: 1 }];
    let one = Timing { intervals: intervals.to_vec(), ..Timing::default() }.in_order();
    let other = Timing { intervals: [intervals[1], intervals[0], intervals[1]].to_vec(), time_zone: "UTC".into(), ..Timing::default() };
    assert_eq!(one, other.in_order());
}

/// After an outage servers go on telling times that have passed, until something begins.
#[test]
fn next_runs_are_to_come() {
    let second = |second| Timestamp::from_second(second).unwrap();
    let (plain, last) = (spec(json!({})), ScheduleStatus::default());
    let next = |paused| {
        let server = Server { next: (0..10).map(second).collect(), paused, missed: 3, ..Server::default() };
        let seen = Seen { now: second(3), server: Some(server), ..seen(&plain, &last) };
        let found = status(seen);
        assert_eq!(found.missed_catchup, 3);
        found.next_runs.iter().map(|time| time.0.as_second()).collect::<Vec<_>>()
    };
    assert_eq!((next(false), next(true)), (vec![4, 5, 6, 7, 8], vec![]));
}

#[test]
fn what_it_left_behind_on_another_server_is_said_until_it_is_gone() {
    let (plain, last) = (spec(json!({})), ScheduleStatus::default());
    let place = |namespace: &str| TemporalConnection {
        address: Some("temporal:7233".into()),
        namespace: Some(namespace.into()),
        ..TemporalConnection::default()
    };
    let seen = Seen { temporal: Some(place("new")), left: vec![(place("old"), "it is down".into())], ..seen(&plain, &last) };
    let found = status(seen.clone());
    let reconciling = find(&found.conditions, RECONCILING).unwrap();
    assert_eq!((reconciling.status.as_str(), reconciling.reason.as_str()), ("True", "LeftBehind"));
    assert!(reconciling.message.contains("temporal:7233 (namespace old)") && reconciling.message.contains("it is down"), "{reconciling:?}");
    assert_eq!((find(&found.conditions, READY).unwrap().status.as_str(), found.left_on.as_slice()), ("True", [place("old")].as_slice()));
    let found = status(Seen { left: Vec::new(), last: &found, ..seen });
    assert_eq!((find(&found.conditions, RECONCILING).unwrap().status.as_str(), found.left_on.len()), ("False", 0));
}
