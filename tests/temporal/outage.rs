//! A Temporal server that was down for a day: stopped, with its database, and started again with its clock a day on. What schedules then
//! catch up with is what a table made by hand says.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use tempfile::TempDir;
use warpline::local::{Server, Toolchain, server};
use warpline::schedule::{Action, Cron, Overlap, Schedule, Times, Timing, cron};
use warpline::temporal::{Client, DescribedSchedule};

use crate::ground::eventually;

/// When the server goes: noon in UTC. In the night that it misses, Warsaw's clock is put forward from 02:00 to 03:00.
const DOWN: &str = "2027-03-27T12:00:00Z";
const DAY: i64 = 86_400;
/// `0 */3 * * *` in Warsaw, from 13:00 to 14:00 of the next day, by hand: 15:00, 18:00, 21:00 and midnight in winter time; 03:00, 06:00, 09:00 and
/// 12:00 in summer time.
const DUE: [&str; 8] = [
    "2027-03-27T14:00:00Z",
    "2027-03-27T17:00:00Z",
    "2027-03-27T20:00:00Z",
    "2027-03-27T23:00:00Z",
    "2027-03-28T01:00:00Z",
    "2027-03-28T04:00:00Z",
    "2027-03-28T07:00:00Z",
    "2027-03-28T10:00:00Z",
];

struct Row {
    id: &'static str,
    overlap: Overlap,
    /// Seconds.
    catchup_window: u64,
    /// Those of `DUE` that begin. None of them ends.
    begun: &'static [&'static str],
    /// How many are too late, left out because one runs, and wait for its end.
    missed: i64,
    skipped: i64,
    buffered: i64,
}

const HOUR: u64 = 3600;
const TABLE: [Row; 6] = [
    Row { id: "all", overlap: Overlap::AllowAll, catchup_window: 365 * 24 * HOUR, begun: &DUE, missed: 0, skipped: 0, buffered: 0 },
    // At noon, and a few seconds.
    Row {
        id: "six-hours",
        overlap: Overlap::AllowAll,
        catchup_window: 6 * HOUR,
        begun: &["2027-03-28T07:00:00Z", "2027-03-28T10:00:00Z"],
        missed: 6,
        skipped: 0,
        buffered: 0,
    },
    Row { id: "ten-seconds", overlap: Overlap::AllowAll, catchup_window: 10, begun: &[], missed: 8, skipped: 0, buffered: 0 },
    Row {
        id: "skip",
        overlap: Overlap::Skip,
        catchup_window: 365 * 24 * HOUR,
        begun: &["2027-03-27T14:00:00Z"],
        missed: 0,
        skipped: 7,
        buffered: 0,
    },
    Row {
        id: "buffer-one",
        overlap: Overlap::BufferOne,
        catchup_window: 365 * 24 * HOUR,
        begun: &["2027-03-27T14:00:00Z"],
        missed: 0,
        skipped: 6,
        buffered: 1,
    },
    Row {
        id: "buffer-all",
        overlap: Overlap::BufferAll,
        catchup_window: 365 * 24 * HOUR,
        begun: &["2027-03-27T14:00:00Z"],
        missed: 0,
        skipped: 0,
        buffered: 7,
    },
];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn timing() -> Timing {
    let Cron { calendars, intervals, .. } = cron("0 */3 * * *").unwrap();
    Timing { calendars, intervals, time_zone: "Europe/Warsaw".to_owned(), ..Timing::default() }.in_order()
}

/// A schedule of a workflow that no worker takes up: what is started runs on.
fn schedule(row: &Row) -> Schedule {
    let action = Action {
        workflow_type: "NobodyWorkflow".to_owned(),
        workflow_id: row.id.to_owned(),
        task_queue: "nobody".to_owned(),
        ..Action::default()
    };
    Schedule { timing: timing(), action, overlap: row.overlap, catchup_window: row.catchup_window * 1000, ..Schedule::default() }
}

/// What moves the clock of a program.
fn mover(directory: &Path) -> PathBuf {
    let (source, program) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/temporal/clock/moved.c"), directory.join("moved"));
    let built =
        Command::new("cc").arg("-O1").arg("-o").arg(&program).arg(&source).status().expect("there is a C compiler, as Rust's linker");
    assert!(built.success(), "{} does not compile", source.display());
    program
}

/// The server's program, with a clock that is so many seconds ahead of this machine's.
fn moved(directory: &Path, mover: &Path, temporal: &Path, seconds: i64) -> PathBuf {
    let script = directory.join("temporal");
    let text = format!("#!/bin/sh\nexec '{}' {seconds} '{}' \"$@\"\n", mover.display(), temporal.display());
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    script
}

async fn start(directory: &TempDir, program: &Path) -> (Server, Client) {
    let mut options = server::Options::new(directory.path().join("server.log"));
    options.db_file = Some(directory.path().join("temporal.db"));
    let server = Server::start(program, &options).await.unwrap();
    let client = Client::connect(&server.address, &server.namespace).await.unwrap();
    (server, client)
}

#[tokio::test]
async fn after_an_outage_of_a_day_what_is_caught_up_with_is_what_a_table_made_by_hand_says() {
    let toolchain = Toolchain::ensure(&|step| eprintln!("{step}")).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mover = mover(directory.path());
    let ahead = at(DOWN).as_second() - Timestamp::now().as_second();

    let (server, client) = start(&directory, &moved(directory.path(), &mover, &toolchain.temporal, ahead)).await;
    for row in &TABLE {
        client.create_schedule(row.id, &schedule(row), "a test").await.unwrap();
    }
    for row in &TABLE {
        let described = || async { client.schedule(row.id).await.unwrap().filter(|seen| seen.next.first() == Some(&at(DUE[0]))) };
        let seen = eventually("the schedule waits for the first time", described).await;
        assert_eq!(seen.taken, 0, "{}", row.id);
    }
    server.stop().await.unwrap();

    let (server, client) = start(&directory, &moved(directory.path(), &mover, &toolchain.temporal, ahead + DAY)).await;
    let back = Timestamp::from_second(Timestamp::now().as_second() + ahead + DAY).unwrap();
    let ours: Vec<Timestamp> = Times::new(&timing()).unwrap().after(at(DOWN)).take_while(|time| *time <= back).collect();
    assert_eq!(ours, DUE.map(at), "our own times of that day");
    for row in &TABLE {
        let counts = |seen: &DescribedSchedule| (seen.missed, seen.skipped, seen.buffered);
        let look = || async {
            let seen = client.schedule(row.id).await.unwrap()?;
            (usize::try_from(seen.taken).unwrap() == row.begun.len() && counts(&seen) == (row.missed, row.skipped, row.buffered))
                .then_some(seen)
        };
        let seen = eventually(&format!("{}: what is caught up with", row.id), look).await;
        // It goes on at 15:00 in summer time.
        assert_eq!(seen.next.iter().find(|time| **time > back), Some(&at("2027-03-28T13:00:00Z")), "{}: {:?}", row.id, seen.next);
        let begun: Vec<Timestamp> = seen.starts.iter().filter_map(|start| start.due).collect();
        assert_eq!(begun, row.begun.iter().map(|time| at(time)).collect::<Vec<_>>(), "{}", row.id);
        assert!(
            seen.starts.iter().all(|start| start.at.is_some_and(|at| at > self::at(DOWN) + jiff::SignedDuration::from_secs(DAY))),
            "{seen:?}"
        );
    }
    server.stop().await.unwrap();
}
