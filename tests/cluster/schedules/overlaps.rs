//! What becomes of a run that is due while one is still running: a table made by hand, what the server did, and what the status says.

use super::schedule;
use crate::ground::{Namespace, task_queue, waiting};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use warpline::temporal::{Description, ExecutionId};

/// Seconds between two runs that are due; there are four.
const EVERY: i64 = 4;

/// Four runs are due, and none ends by itself: those that run are let go, one after the other, when all four times have passed.
struct Row {
    policy: &'static str,
    /// The runs that begin, in that order, by the number of their time, and how each ends.
    begun: &'static [(i64, &'static str)],
    /// When all four times have passed and none was let go: how many run, wait, and were left out.
    held: (i64, i64, i64),
}

const TABLE: [Row; 6] = [
    Row { policy: "Skip", begun: &[(1, "Completed")], held: (1, 0, 3) },
    Row { policy: "BufferOne", begun: &[(1, "Completed"), (2, "Completed")], held: (1, 1, 2) },
    Row { policy: "BufferAll", begun: &[(1, "Completed"), (2, "Completed"), (3, "Completed"), (4, "Completed")], held: (1, 3, 0) },
    Row { policy: "CancelOther", begun: &[(1, "Canceled"), (2, "Canceled"), (3, "Canceled"), (4, "Completed")], held: (1, 0, 0) },
    Row { policy: "TerminateOther", begun: &[(1, "Terminated"), (2, "Terminated"), (3, "Terminated"), (4, "Completed")], held: (1, 0, 0) },
    Row { policy: "AllowAll", begun: &[(1, "Completed"), (2, "Completed"), (3, "Completed"), (4, "Completed")], held: (4, 0, 0) },
];

impl Row {
    fn name(&self) -> String {
        self.policy.to_lowercase()
    }
}

/// What a status says of runs: how many run, wait, were left out, were missed.
fn counts(object: &Value) -> [i64; 4] {
    ["running", "buffered", "skippedOverlap", "missedCatchup"].map(|name| object["status"][name].as_i64().unwrap_or(-1))
}

#[tokio::test]
async fn runs_that_meet_are_what_a_table_made_by_hand_says() {
    let namespace = Namespace::new("overlap").await;
    namespace.apply(&[task_queue(&namespace, json!({})), waiting(&namespace, "held")]);
    namespace.live("waiting").await;
    let first = Timestamp::from_second((Timestamp::now().as_second() / EVERY + 1) * EVERY + 16).unwrap();
    let due = |number: i64| first + SignedDuration::from_secs((number - 1) * EVERY);
    let id = |row: &Row, number: i64| ExecutionId::newest(format!("{}/{}-{}", namespace.name, row.name(), due(number)));
    let spec = |row: &Row| {
        let every = format!("{EVERY}s");
        json!({"workflow": "waiting", "every": every, "startAt": first, "endAt": due(4), "overlapPolicy": row.policy})
    };
    namespace.apply(&TABLE.each_ref().map(|row| schedule(&row.name(), spec(row))));
    for row in &TABLE {
        namespace.until("schedule", &row.name(), "Connected", "True/Connected").await;
    }
    assert!(Timestamp::now() < first, "the schedules were made too late for the first time; the machine is too slow for this test");

    for row in &TABLE {
        let (running, buffered, skipped) = row.held;
        // Those that wait begin when they are let go.
        let begun = row.begun.len() - usize::try_from(buffered).unwrap();
        let begun: Vec<Timestamp> = row.begun[..begun].iter().map(|(number, _)| due(*number)).collect();
        namespace
            .kept(&row.name(), &format!("{}: what is held", row.policy), |server| {
                let starts: Vec<Timestamp> = server.starts.iter().filter_map(|start| start.due).collect();
                starts == begun && (server.buffered, server.skipped) == (buffered, skipped)
            })
            .await;
        namespace
            .scheduled(&row.name(), "its counts while runs are held", |object| {
                (counts(object) == [running, buffered, skipped, 0]).then_some(())
            })
            .await;
    }
    for row in &TABLE {
        for (number, _) in row.begun.iter().filter(|(_, end)| *end == "Completed") {
            let run = id(row, *number);
            namespace
                .kept(&row.name(), &format!("{}: run {number}", row.policy), |server| {
                    server.starts.iter().any(|start| start.due == Some(due(*number)))
                })
                .await;
            namespace.temporal.signal(&run, "go", &[]).await.unwrap();
            namespace.result(&run).await;
        }
    }
    for row in &TABLE {
        let mut ran: Vec<(i64, Description)> = Vec::new();
        for number in 1..=4 {
            if let Ok(found) = namespace.temporal.describe(&id(row, number)).await {
                ran.push((number, found));
            }
        }
        ran.sort_by_key(|(_, run)| run.started);
        let found: Vec<(i64, String)> = ran.iter().map(|(number, run)| (*number, run.status.name().to_owned())).collect();
        let wanted: Vec<(i64, String)> = row.begun.iter().map(|(number, end)| (*number, (*end).to_owned())).collect();
        assert_eq!(found, wanted, "{}: what ran, in that order, and how it ended", row.policy);
        let one_after_the_other = ran.windows(2).all(|pair| pair[0].1.closed <= pair[1].1.started);
        assert_eq!(one_after_the_other, row.policy != "AllowAll", "{}: whether one ends before the next begins", row.policy);

        let status = namespace
            .scheduled(&row.name(), "its counts at the end", |object| {
                (counts(object) == [0, 0, row.held.2, 0] && object["status"]["lastRun"]["result"] != "Running")
                    .then(|| object["status"].clone())
            })
            .await;
        let (last, end) = row.begun[row.begun.len() - 1];
        assert_eq!(status["runs"], row.begun.len(), "{}: {status}", row.policy);
        assert_eq!(status["lastRun"]["workflowId"], id(row, last).workflow_id, "{}", row.policy);
        assert_eq!(status["lastRun"]["result"], end, "{}", row.policy);
    }
}
