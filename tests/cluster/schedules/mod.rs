//! Schedules: an object becomes a schedule on the Temporal server, starts its Workflow, and says how that went.

mod overlaps;

use crate::ground::{Namespace, PATIENCE, condition, message, run, saying, task_queue, waiting, workflow};
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};
use warpline::temporal::{Client, DescribedSchedule, Outcome};

fn schedule(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "warpline.dev/v1alpha1", "kind": "Schedule", "metadata": {"name": name}, "spec": spec})
}

impl Namespace {
    /// The schedule on the server.
    async fn on_server(&self, name: &str) -> Option<DescribedSchedule> {
        self.temporal.schedule(&format!("{}/{name}", self.name)).await.expect("the server answers")
    }

    /// Waits until the schedule on the server is as looked for.
    async fn kept(&self, name: &str, what: &str, look: impl Fn(&DescribedSchedule) -> bool) -> DescribedSchedule {
        let begun = Instant::now();
        loop {
            let found = self.on_server(name).await;
            match found {
                Some(found) if look(&found) => return found,
                found => assert!(begun.elapsed() < PATIENCE, "{what} never came: {found:#?}\n{}", self.story()),
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Waits until a status says what is looked for.
    async fn scheduled<T>(&self, name: &str, what: &str, look: impl Fn(&Value) -> Option<T>) -> T {
        self.eventually(&format!("Schedule/{name}: {what}"), || look(&self.get("schedule", name))).await
    }
}

#[tokio::test]
async fn a_schedule_starts_its_workflow_and_says_how_it_went() {
    let namespace = Namespace::new("sched").await;
    // The Workflow is not there yet: that is waited for, and said.
    namespace.apply(&[schedule("often", json!({"workflow": "saying", "every": "3s", "timeZone": "Europe/Warsaw"}))]);
    let object = namespace.until("schedule", "often", "Reconciling", "True/WorkflowMissing").await;
    assert!(message(&object, "Ready").contains("there is no Workflow saying"), "{}", message(&object, "Ready"));
    namespace.apply(&[task_queue(&namespace, json!({})), saying(&namespace, "saying", "hello")]);
    namespace.until("schedule", "often", "Ready", "True/Scheduled").await;
    let status = namespace
        .scheduled("often", "a run that completed", |object| {
            let status = object["status"].clone();
            (status["lastRun"]["result"] == "Completed" && status["runs"].as_i64() > Some(1)).then_some(status)
        })
        .await;
    assert_eq!(status["nextRuns"].as_array().map(Vec::len), Some(5), "{status}");
    let id = status["lastRun"]["workflowId"].as_str().unwrap();
    assert!(id.starts_with(&format!("{}/often-20", namespace.name)), "{id}");
    assert_eq!(condition(&namespace.get("schedule", "often"), "LastRunSucceeded"), "True/Completed");
    let row = namespace.kubectl(&["get", "schedule", "often"]);
    assert!(row.contains("every 3s") && row.contains("saying") && row.contains("Completed"), "{row}");

    // Paused, edited while paused, and on again.
    namespace.kubectl(&["patch", "schedule", "often", "--type=merge", r#"--patch={"spec":{"paused":true,"pausedNote":"the night"}}"#]);
    let object = namespace.until("schedule", "often", "Ready", "True/Paused").await;
    assert!(message(&object, "Ready").contains("the night"));
    namespace.kubectl(&["patch", "schedule", "often", "--type=merge", r#"--patch={"spec":{"every":"2s"}}"#]);
    namespace.scheduled("often", "the edit", |object| (object["status"]["when"] == "every 2s").then_some(())).await;
    let kept = namespace.on_server("often").await.unwrap();
    assert!(kept.schedule.paused && kept.schedule.timing.intervals[0].every == 2 && kept.schedule.note == "the night", "{kept:?}");
    let before = kept.taken;
    // A start by hand is made all the same.
    namespace.kubectl(&["annotate", "schedule", "often", "warpline.dev/trigger=now"]);
    namespace.scheduled("often", "the triggered run", |object| (object["status"]["runs"].as_i64() == Some(before + 1)).then_some(())).await;
    // And the times that passed: the first of January 2027 is to come, the first minute of 2026 has 30 times and 31 moments.
    let text = "warpline.dev/backfill=2026-01-01T00:00:02Z/2026-01-01T00:00:10Z/AllowAll";
    namespace.kubectl(&["annotate", "schedule", "often", text]);
    namespace.scheduled("often", "the backfill", |object| (object["status"]["runs"].as_i64() == Some(before + 6)).then_some(())).await;
    namespace.kubectl(&["patch", "schedule", "often", "--type=merge", r#"--patch={"spec":{"paused":false}}"#]);
    namespace.until("schedule", "often", "Ready", "True/Scheduled").await;

    // Deleting it leaves what runs alone.
    namespace.kubectl(&["delete", "schedule", "often", "--timeout=60s"]);
    assert_eq!(namespace.on_server("often").await, None);
}

#[tokio::test]
async fn running_executions_outlive_their_schedule_and_what_is_changed_by_hand_is_undone_or_adopted() {
    let namespace = Namespace::new("drift").await;
    namespace.apply(&[
        task_queue(&namespace, json!({})),
        waiting(&namespace, "held"),
        schedule("hold", json!({"workflow": "waiting", "cron": "0 0 1 1 *", "overlapPolicy": "BufferOne", "remainingActions": 9})),
    ]);
    namespace.until("schedule", "hold", "Ready", "True/Scheduled").await;
    namespace.kubectl(&["annotate", "schedule", "hold", "warpline.dev/trigger=1"]);
    let run = namespace
        .scheduled("hold", "the run", |object| {
            (object["status"]["running"] == 1).then(|| object["status"]["lastRun"]["workflowId"].as_str().unwrap().to_owned())
        })
        .await;

    // By hand, as somebody does on the server's page.
    let id = format!("{}/hold", namespace.name);
    let seen = namespace.on_server("hold").await.unwrap();
    let mut changed = seen.schedule.clone();
    (changed.paused, changed.timing.jitter) = (true, 5000);
    namespace.temporal.update_schedule(&id, &seen, &changed, &id).await.unwrap();
    namespace.kubectl(&["annotate", "schedule", "hold", "warpline.dev/unpause=look"]);
    namespace.eventually("the event", || namespace.kubectl(&["get", "events"]).contains("DriftCorrected").then_some(())).await;
    let kept = namespace.on_server("hold").await.unwrap();
    assert!(!kept.schedule.paused && kept.schedule.timing.jitter == 0, "{kept:?}");

    namespace.kubectl(&["patch", "schedule", "hold", "--type=merge", r#"--patch={"spec":{"driftPolicy":"Adopt"}}"#]);
    let generation = namespace.get("schedule", "hold")["metadata"]["generation"].clone();
    namespace.scheduled("hold", "the policy", |object| (object["status"]["observedGeneration"] == generation).then_some(())).await;
    let seen = namespace.on_server("hold").await.unwrap();
    namespace.temporal.update_schedule(&id, &seen, &changed, &id).await.unwrap();
    namespace.kubectl(&["annotate", "schedule", "hold", "warpline.dev/unpause=again", "--overwrite"]);
    let object = namespace.until("schedule", "hold", "InSync", "False/Adopted").await;
    assert!(
        message(&object, "InSync").contains("jitter") && message(&object, "InSync").contains("paused"),
        "{}",
        message(&object, "InSync")
    );
    assert_eq!(namespace.on_server("hold").await.unwrap().schedule.timing.jitter, 5000);
    // An edit of the spec is what holds; the count of runs that are left is the server's.
    namespace.kubectl(&["patch", "schedule", "hold", "--type=merge", r#"--patch={"spec":{"cron":"0 0 2 1 *"}}"#]);
    namespace.until("schedule", "hold", "InSync", "True/InSync").await;
    let kept = namespace.on_server("hold").await.unwrap();
    assert!(kept.schedule.timing.jitter == 0 && !kept.schedule.paused && kept.schedule.remaining == Some(9), "{kept:?}");

    namespace.kubectl(&["delete", "schedule", "hold", "--timeout=60s"]);
    assert_eq!(namespace.on_server("hold").await, None);
    let run = warpline::temporal::ExecutionId::newest(run);
    namespace.temporal.signal(&run, "go", &[]).await.unwrap();
    assert_eq!(namespace.temporal.outcome(&run).await.unwrap(), Outcome::Completed { result: json!("held") });
}

#[tokio::test]
async fn bad_schedules_say_what_to_do_and_the_last_good_one_goes_on() {
    let namespace = Namespace::new("badsched").await;
    let mut typed = saying(&namespace, "typed", "x");
    typed["spec"]["input"] = json!({"name": "string", "count": "number"});
    let with = |name: &str, spec: Value| {
        let mut all = json!({"workflow": "typed", "input": {"name": "a", "count": 1}});
        for (key, value) in spec.as_object().unwrap() {
            all[key] = value.clone();
        }
        schedule(name, all)
    };
    namespace.apply(&[
        task_queue(&namespace, json!({})),
        typed,
        with("good", json!({"cron": "0 */30 * * *"})),
        with("february", json!({"cron": "0 0 30 2 *"})),
        with("zone", json!({"cron": "@daily", "timeZone": "Europe/Warszaw"})),
        with("past", json!({"cron": "@daily", "endAt": "2020-01-01T00:00:00Z"})),
        with("seconds", json!({"cron": "0 0 * * * *"})),
        with("wrong", json!({"cron": "@daily", "input": {"name": "a", "count": "many"}})),
        with("lacks", json!({"cron": "@daily", "input": {"name": "a"}})),
        with("nothing", json!({"cron": "@daily", "input": null})),
        with("first", json!({"cron": "@daily", "scheduleId": format!("{}-one", namespace.name)})),
    ]);
    let good = namespace.until("schedule", "good", "Ready", "True/Scheduled").await;
    assert_eq!(condition(&good, "Valid"), "True/RunsAtOtherTimes");
    let warning = message(&good, "Valid");
    assert!(warning.contains("W0602") && warning.contains("it runs at hour 0 only") && warning.contains("`*/30 * * * *`"), "{warning}");
    for (name, reason, words) in [
        ("february", "CronInvalid", "February has no day 30"),
        ("zone", "TimeZoneUnknown", "did you mean `Europe/Warsaw`?"),
        ("past", "PastEnd", "spec.endAt was 2020-01-01T00:00:00Z"),
        ("seconds", "CronInvalid", "five fields, and no seconds"),
        ("wrong", "InputMismatch", "spec.input.count"),
        ("lacks", "InputMismatch", "count"),
        ("nothing", "InputMismatch", "Workflow typed"),
    ] {
        let object = namespace.until("schedule", name, "Stalled", &format!("True/{reason}")).await;
        assert!(message(&object, "Stalled").contains(words), "{name}: {}", message(&object, "Stalled"));
        assert_eq!(namespace.on_server(name).await, None, "{name} was never written");
    }
    // Two with one ID: the second names the first, and has the ID when the first is gone.
    namespace.until("schedule", "first", "Ready", "True/Scheduled").await;
    namespace.apply(&[with("second", json!({"cron": "@hourly", "scheduleId": format!("{}-one", namespace.name)}))]);
    let object = namespace.until("schedule", "second", "Stalled", "True/ScheduleIdTaken").await;
    assert!(message(&object, "Stalled").contains(&format!("Schedule {}/first", namespace.name)), "{}", message(&object, "Stalled"));
    namespace.kubectl(&["delete", "schedule", "first", "--timeout=60s"]);
    namespace.until("schedule", "second", "Ready", "True/Scheduled").await;

    // A bad edit leaves what was good; a pause is made all the same.
    namespace.kubectl(&["patch", "schedule", "good", "--type=merge", r#"--patch={"spec":{"input":{"name":1}}}"#]);
    let object = namespace.until("schedule", "good", "Stalled", "True/LastGoodSchedule").await;
    assert_eq!(condition(&object, "Ready"), "True/LastGoodSchedule");
    let kept = namespace.on_server("good").await.unwrap();
    assert_eq!(kept.schedule.action.input, [json!({"name": "a", "count": 1})]);
    namespace.kubectl(&["patch", "schedule", "good", "--type=merge", r#"--patch={"spec":{"paused":true}}"#]);
    namespace.scheduled("good", "the pause", |object| (object["status"]["paused"] == true).then_some(())).await;

    let refused = |spec: Value, words: &str| {
        let (accepted, said) = namespace.try_apply(&[schedule("refused", spec)]);
        assert!(!accepted && said.contains(words), "{said}");
    };
    refused(json!({"workflow": "typed"}), "say when");
    refused(json!({"workflow": "typed", "cron": "@daily", "crons": ["@daily"]}), "give either cron or crons");
    refused(json!({"workflow": "typed", "cron": "@daily", "offset": "1m"}), "an offset is one of `every`");
}

#[tokio::test]
async fn a_trigger_with_a_cron_is_a_schedule_of_its_workflow() {
    let namespace = Namespace::new("trigger").await;
    let timed = |cron: &str| {
        workflow(
            &namespace,
            "timed",
            json!({
                "nodes": [{"id": "start", "type": "trigger", "config": {"cronSchedule": cron, "timeZone": "Europe/Warsaw"}}, {"id": "end", "type": "exit"}],
                "edges": [{"source": "start", "target": "end"}],
            }),
        )
    };
    namespace.apply(&[task_queue(&namespace, json!({})), timed("0 3 * * *")]);
    let object = namespace.until("schedule", "timed", "Ready", "True/Scheduled").await;
    assert_eq!(object["metadata"]["ownerReferences"][0]["name"], "timed");
    assert_eq!((&object["spec"]["cron"], &object["spec"]["timeZone"]), (&json!("0 3 * * *"), &json!("Europe/Warsaw")));
    // What a user sets beside it stays; what the trigger says is put back.
    namespace.kubectl(&["patch", "schedule", "timed", "--type=merge", r#"--patch={"spec":{"paused":true,"cron":"@hourly"}}"#]);
    namespace.scheduled("timed", "the trigger's cron", |object| (object["spec"]["cron"] == "0 3 * * *").then_some(())).await;
    namespace.until("schedule", "timed", "Ready", "True/Paused").await;
    namespace.apply(&[timed("30 4 * * *")]);
    namespace.scheduled("timed", "the new cron", |object| (object["status"]["when"] == "30 4 * * * (Europe/Warsaw)").then_some(())).await;
    assert!(namespace.on_server("timed").await.unwrap().schedule.paused);
    let mut plain = timed("30 4 * * *");
    plain["spec"]["definition"]["nodes"][0] = json!({"id": "start", "type": "trigger"});
    namespace.apply(&[plain]);
    namespace.eventually("the schedule to go", || namespace.get("schedule", "timed").is_null().then_some(())).await;
    assert_eq!(namespace.on_server("timed").await, None);
}

#[tokio::test]
async fn a_schedule_follows_its_task_queue_to_another_temporal_namespace() {
    let namespace = Namespace::new("moving").await;
    let other = format!("{}-other", namespace.name);
    let temporal = |arguments: &[&str]| {
        let address = namespace.cluster.get("TEMPORAL_ADDRESS");
        run(Command::new(namespace.cluster.get("TEMPORAL")).args(arguments).args(["--address", address, "--namespace", &other]))
    };
    temporal(&["operator", "namespace", "create"]);
    let there = Client::connect(namespace.cluster.get("TEMPORAL_ADDRESS"), &other).await.unwrap();
    namespace.apply(&[
        task_queue(&namespace, json!({})),
        saying(&namespace, "saying", "hello"),
        schedule("moves", json!({"workflow": "saying", "cron": "0 0 1 1 *", "remainingActions": 5, "driftPolicy": "Adopt"})),
    ]);
    namespace.until("schedule", "moves", "Ready", "True/Scheduled").await;
    namespace.apply(&[task_queue(&namespace, json!({"temporal": {"namespace": other}}))]);
    namespace.scheduled("moves", "the move", |object| (object["status"]["temporal"]["namespace"] == json!(other)).then_some(())).await;
    assert_eq!(namespace.on_server("moves").await, None, "what it left starts nothing more");
    let object = namespace.until("schedule", "moves", "Ready", "True/Scheduled").await;
    assert_eq!((condition(&object, "InSync"), object["status"]["leftOn"].clone()), ("True/InSync".to_owned(), Value::Null));
    let kept = there.schedule(&format!("{}/moves", namespace.name)).await.unwrap().unwrap();
    assert_eq!(kept.schedule.remaining, Some(5));
    // And it goes from there with its object.
    namespace.kubectl(&["delete", "schedule", "moves", "--timeout=60s"]);
    assert_eq!(there.schedule(&format!("{}/moves", namespace.name)).await.unwrap(), None);
}
