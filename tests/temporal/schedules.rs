//! Schedules on a real server: our own times are the server's; what we write is what it tells.

use jiff::Timestamp;
use warpline::schedule::{Action, Cron, Overlap, Schedule, Times, Timing, cron};
use warpline::temporal::{Error, ExecutionId};

use crate::ground::{Ground, eventually};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn timing(expression: &str, time_zone: &str) -> Timing {
    let Cron { calendars, intervals, .. } = cron(expression).unwrap();
    Timing { calendars, intervals, time_zone: time_zone.to_owned(), ..Timing::default() }.in_order()
}

/// A schedule that starts nothing.
fn paused(timing: Timing) -> Schedule {
    let action = Action {
        workflow_type: "NobodyWorkflow".to_owned(),
        workflow_id: "nobody".to_owned(),
        task_queue: "nobody".to_owned(),
        ..Action::default()
    };
    Schedule { timing, action, paused: true, catchup_window: 60_000, ..Schedule::default() }
}

#[tokio::test]
async fn our_times_are_the_servers() {
    let ground = Ground::lay().await;
    let changes = [
        ("Europe/Warsaw", "2027-03-27T00:00:00Z", "2027-03-29T12:00:00Z"),
        ("Europe/Warsaw", "2027-10-30T00:00:00Z", "2027-11-01T12:00:00Z"),
        ("America/New_York", "2027-03-13T00:00:00Z", "2027-03-15T12:00:00Z"),
        ("America/New_York", "2027-11-06T00:00:00Z", "2027-11-08T12:00:00Z"),
        ("Australia/Sydney", "2027-10-01T00:00:00Z", "2027-10-04T12:00:00Z"),
        ("Australia/Sydney", "2027-04-02T00:00:00Z", "2027-04-05T12:00:00Z"),
        ("Australia/Lord_Howe", "2027-10-01T00:00:00Z", "2027-10-04T12:00:00Z"),
        ("Australia/Lord_Howe", "2027-04-02T00:00:00Z", "2027-04-05T12:00:00Z"),
        ("Asia/Beirut", "2027-03-27T00:00:00Z", "2027-03-29T12:00:00Z"),
        ("Asia/Beirut", "2027-10-30T00:00:00Z", "2027-11-01T12:00:00Z"),
        ("Europe/London", "2027-10-30T00:00:00Z", "2027-11-01T12:00:00Z"),
        ("UTC", "2027-03-27T00:00:00Z", "2027-03-29T12:00:00Z"),
    ];
    let expressions = [
        "*/30 * * * *",
        "30 1 * * *",
        "30 2 * * *",
        "0 3 * * *",
        "15 0 * * *",
        "0 */2 * * *",
        "*/17 1-3 * * *",
        "0 0 * * MON",
        "@every 7h/13m",
        "0 12 28 * SUN",
    ];
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (number, (zone, from, to)) in changes.iter().enumerate() {
        for (expression_number, expression) in expressions.iter().enumerate() {
            let (id, timing) = (format!("times-{number}-{expression_number}"), timing(expression, zone));
            ground.client.create_schedule(&id, &paused(timing.clone()), "a test").await.unwrap();
            let servers = ground.client.matching_times(&id, at(from), at(to)).await.unwrap();
            let ours: Vec<Timestamp> = Times::new(&timing).unwrap().after(at(from)).take_while(|time| *time <= at(to)).collect();
            compared += ours.len();
            if ours != servers {
                wrong.push(format!("{expression} in {zone}\n  ours    {ours:?}\n  servers {servers:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 2000, "only {compared} times were compared");
    ground.clear(vec![]).await;
}

/// Each row: the expression, the zone, the moments between which we look (the first is left out), and the times that the clock on the wall
/// says; made by hand.
const BY_HAND: [(&str, &str, &str, &str, &[&str]); 14] = [
    // The clock is put forward from 02:00 to 03:00: there is no 02:30.
    ("30 2 * * *", "Europe/Warsaw", "2027-03-27T00:00:00Z", "2027-03-29T12:00:00Z", &["2027-03-27T01:30:00Z", "2027-03-29T00:30:00Z"]),
    ("30 2 * * *", "America/New_York", "2027-03-13T00:00:00Z", "2027-03-15T12:00:00Z", &["2027-03-13T07:30:00Z", "2027-03-15T06:30:00Z"]),
    ("30 2 * * *", "Australia/Sydney", "2027-10-01T12:00:00Z", "2027-10-03T23:00:00Z", &["2027-10-01T16:30:00Z", "2027-10-03T15:30:00Z"]),
    // Before and after it, noon is another time in UTC.
    ("0 12 * * *", "Europe/Warsaw", "2027-03-27T00:00:00Z", "2027-03-28T23:00:00Z", &["2027-03-27T11:00:00Z", "2027-03-28T10:00:00Z"]),
    ("0 12 * * *", "America/New_York", "2027-11-06T00:00:00Z", "2027-11-07T23:00:00Z", &["2027-11-06T16:00:00Z", "2027-11-07T17:00:00Z"]),
    ("0 12 * * *", "Australia/Sydney", "2027-04-02T20:00:00Z", "2027-04-04T12:00:00Z", &["2027-04-03T01:00:00Z", "2027-04-04T02:00:00Z"]),
    // The clock is put back, so that 01:30 comes twice in New York: two runs.
    ("30 1 * * *", "America/New_York", "2027-11-06T12:00:00Z", "2027-11-07T12:00:00Z", &["2027-11-07T05:30:00Z", "2027-11-07T06:30:00Z"]),
    // East of Greenwich 02:30 comes twice, and the server takes the second one only.
    ("30 2 * * *", "Europe/Warsaw", "2027-10-30T12:00:00Z", "2027-10-31T12:00:00Z", &["2027-10-31T01:30:00Z"]),
    ("30 2 * * *", "Australia/Sydney", "2027-04-03T06:00:00Z", "2027-04-04T06:00:00Z", &["2027-04-03T16:30:00Z"]),
    // A defect of the server: the hour before the repeated one is gone through again in place of the first copy, so that 01:30 runs
    // again at 02:30, and a start each half hour leaves two out.
    ("30 1 * * *", "Europe/Warsaw", "2027-10-30T12:00:00Z", "2027-10-31T12:00:00Z", &["2027-10-30T23:30:00Z", "2027-10-31T00:30:00Z"]),
    (
        "*/30 * * * *",
        "Europe/Warsaw",
        "2027-10-30T23:30:00Z",
        "2027-10-31T02:00:00Z",
        &["2027-10-31T00:00:00Z", "2027-10-31T01:30:00Z", "2027-10-31T02:00:00Z"],
    ),
    // An interval knows of no clocks: it is the way around that.
    (
        "@every 30m",
        "Europe/Warsaw",
        "2027-10-30T23:30:00Z",
        "2027-10-31T02:00:00Z",
        &["2027-10-31T00:00:00Z", "2027-10-31T00:30:00Z", "2027-10-31T01:00:00Z", "2027-10-31T01:30:00Z", "2027-10-31T02:00:00Z"],
    ),
    (
        "0 12 29 2 *",
        "UTC",
        "2027-01-01T00:00:00Z",
        "2040-01-01T00:00:00Z",
        &["2028-02-29T12:00:00Z", "2032-02-29T12:00:00Z", "2036-02-29T12:00:00Z"],
    ),
    // Cron runs on either where both days are limited: the 13th, and each Friday.
    (
        "0 0 13 * FRI",
        "UTC",
        "2027-07-31T00:00:00Z",
        "2027-08-20T00:00:00Z",
        &["2027-08-06T00:00:00Z", "2027-08-13T00:00:00Z", "2027-08-20T00:00:00Z"],
    ),
];

#[tokio::test]
async fn the_times_are_those_of_a_table_made_by_hand() {
    let ground = Ground::lay().await;
    for (number, (expression, zone, from, to, table)) in BY_HAND.into_iter().enumerate() {
        let (id, timing) = (format!("hand-{number}"), timing(expression, zone));
        ground.client.create_schedule(&id, &paused(timing.clone()), "a test").await.unwrap();
        let table: Vec<Timestamp> = table.iter().map(|time| at(time)).collect();
        let ours: Vec<Timestamp> = Times::new(&timing).unwrap().after(at(from)).take_while(|time| *time <= at(to)).collect();
        assert_eq!(ours, table, "{expression} in {zone}: ours");
        assert_eq!(ground.client.matching_times(&id, at(from), at(to)).await.unwrap(), table, "{expression} in {zone}: the server's");
    }
    ground.clear(vec![]).await;
}

/// Where scheduled executions began, each run of them once it has begun; `from` to `to` is filled in, a run each minute.
async fn fill_in(ground: &Ground, from: &str, to: &str) -> Vec<(ExecutionId, String)> {
    let (from, to) = (at(from), at(to));
    ground.client.backfill_schedule("begins", &format!("from {from}"), (from, to), Some(Overlap::AllowAll)).await.unwrap();
    let mut begun = Vec::new();
    let count = to.duration_since(from).as_secs() / 60;
    for minute in 0..=count {
        let id = ExecutionId::newest(format!("begins-{}", from + jiff::SignedDuration::from_mins(minute)));
        let build_id = eventually("an execution begins", async || match ground.client.describe(&id).await {
            Ok(seen) => seen.build_id,
            Err(Error::NotFound { .. }) => None,
            Err(error) => panic!("{error}"),
        });
        begun.push((id.clone(), build_id.await));
    }
    begun
}

fn on(begun: &[(ExecutionId, String)], build_id: &str) -> usize {
    begun.iter().filter(|(_, began)| began == build_id).count()
}

/// The server ignores a version in a schedule's action, so none is written there: scheduled executions go where others go.
#[tokio::test]
async fn scheduled_starts_follow_the_current_and_the_ramping_version() {
    const NAME: &str = "shop/scheduled";
    const QUEUE: &str = "scheduled";
    let ground = Ground::lay().await;
    let (worker_a, _) = ground.serve(NAME, "a", QUEUE).await;
    ground.set_current(NAME, Some("a")).await;
    let action = Action {
        workflow_type: "WaitingWorkflow".to_owned(),
        workflow_id: "begins".to_owned(),
        task_queue: QUEUE.to_owned(),
        ..Action::default()
    };
    let schedule = Schedule { action, ..paused(timing("* * * * *", "UTC")) };
    ground.client.create_schedule("begins", &schedule, "a test").await.unwrap();
    let first = fill_in(&ground, "2027-01-01T00:00:00Z", "2027-01-01T00:04:00Z").await;
    assert_eq!((first.len(), on(&first, "a")), (5, 5), "{first:?}");

    // That all of 40 fall to one side of a half is as likely as not once in five hundred thousand million times.
    let (worker_b, _) = ground.serve(NAME, "b", QUEUE).await;
    ground.client.set_ramping(&ground.deployment(NAME).await, Some("b"), 50.0).await.unwrap();
    ground.propagated(NAME).await;
    let ramped = fill_in(&ground, "2027-01-02T00:00:00Z", "2027-01-02T00:39:00Z").await;
    let (a, b) = (on(&ramped, "a"), on(&ramped, "b"));
    assert!(a > 0 && b > 0 && a + b == 40, "{a} began on a, {b} on b");

    ground.set_current(NAME, Some("b")).await;
    let last = fill_in(&ground, "2027-01-03T00:00:00Z", "2027-01-03T00:04:00Z").await;
    assert_eq!((last.len(), on(&last, "b")), (5, 5), "{last:?}");
    // What began before stays where it began, to its end.
    for (id, build_id) in first.iter().chain(&ramped) {
        ground.go_on(id).await;
        assert_eq!(ground.client.describe(id).await.unwrap().build_id.as_ref(), Some(build_id), "{id}");
    }
    ground.clear(vec![worker_a, worker_b]).await;
}
