//! What happens in every run: a version, an execution on it, an edit, the first version's end, a schedule, the operator's own restart, everybody's end.
//! At each stop the run waits until all is as in the undisturbed one; that one says how it is.

use super::ground::{PATIENCE, Servers, condition, eventually};
use super::operator::Operator;
use super::place::{Place, difference};
use super::proxy::{Fault, Proxy, Write};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Run {
    /// How everything was at each stop.
    pub stops: Vec<Value>,
    /// The writes.
    pub writes: Vec<Write>,
    /// Whether the fault has happened.
    pub struck: bool,
}

/// One run; `expected` is the undisturbed one.
pub async fn run(servers: &'static Servers, fault: Option<(usize, Fault)>, expected: Option<&Run>) -> Result<Run, String> {
    let place = Place::new(servers, "faults").await;
    let proxy = Arc::new(Proxy::start(servers.kube.clone(), servers.get("TEMPORAL_ADDRESS"), fault).await);
    let operator = Operator::start(servers, &place.name, proxy.clone(), &["--leader-election=false"]);
    let mut teller = Teller { place, proxy, expected, stops: Vec::new() };
    let told = teller.tell().await;
    let said = operator.said();
    operator.stop().await;
    match told {
        Ok(()) => Ok(Run { writes: teller.proxy.writes(), struck: teller.proxy.has_struck(), stops: teller.stops }),
        Err(why) => {
            let writes: Vec<String> =
                teller.proxy.writes().iter().map(|write| format!("{}{}", if write.changed { "" } else { "= " }, write.what)).collect();
            Err(format!("{} in {}: {why}\nwrites: {}\nthe operator said: {said}", of(fault), teller.place.name, writes.join(", ")))
        }
    }
}

fn of(fault: Option<(usize, Fault)>) -> String {
    fault.map_or_else(|| "undisturbed".to_owned(), |(at, fault)| format!("{fault:?} at write {at}"))
}

struct Teller<'a> {
    place: Place,
    proxy: Arc<Proxy>,
    expected: Option<&'a Run>,
    stops: Vec<Value>,
}

impl Teller<'_> {
    async fn tell(&mut self) -> Result<(), String> {
        let queue = self.place.queue();
        self.place.apply("taskqueues", task_queue(&queue)).await;
        self.place.apply("workflows", saying(&queue, "one")).await;
        self.stop("the first version is current", "workflows", "saying", "Live=True/Current").await?;
        let held = self.place.begin("SayingWorkflow").await?;
        self.place.apply("workflows", saying(&queue, "two")).await;
        self.stop("the second version is current", "workflows", "saying", "Live=True/Current").await?;
        self.place.servers.temporal.terminate(&held, "it is to end").await.map_err(|error| error.to_string())?;
        eventually("the first version to be gone", async || {
            self.nudge().await;
            let left = self.place.list("workerversions").await.len();
            if left == 1 { Ok(()) } else { Err(format!("{left} versions")) }
        })
        .await?;
        self.stop("the first version is gone", "workflows", "saying", "Live=True/Current").await?;
        self.place.apply("schedules", nightly()).await;
        self.stop("the schedule is kept", "schedules", "nightly", "Ready=True/Scheduled").await?;
        self.at_rest().await?;
        self.place.delete("schedules", "nightly").await;
        self.place.delete("workflows", "saying").await;
        eventually("the workflow to be gone", async || {
            if self.place.get("workflows", "saying").await.is_null() { Ok(()) } else { Err("it is there".to_owned()) }
        })
        .await?;
        self.place.delete("taskqueues", &queue).await;
        eventually("all to be gone", async || {
            self.nudge().await;
            let left = self.place.list("taskqueues").await.len()
                + self.place.list("schedules").await.len()
                + self.place.list("configmaps").await.len();
            if left == 0 { Ok(()) } else { Err(format!("{left} objects")) }
        })
        .await?;
        self.same("all is gone").await
    }

    /// The server tells nobody that a version is drained or a poller forgotten: the operator looks every few seconds, and here sooner.
    async fn nudge(&self) {
        tokio::time::sleep(Duration::from_millis(900)).await;
        let now = format!("{:?}", Instant::now());
        self.place.patch("taskqueues", &self.place.queue(), json!({"metadata": {"annotations": {"nudged": now}}})).await;
    }

    /// Waits until a condition is as it is meant to be, and all else as in the undisturbed run.
    async fn stop(&mut self, what: &str, kind: &str, name: &str, wanted: &str) -> Result<(), String> {
        let (condition_type, wanted) = wanted.split_once('=').unwrap();
        eventually(what, async || {
            let object = self.place.get(kind, name).await;
            let found = condition(&object, condition_type);
            let seen = &object["status"]["observedGeneration"];
            if found == wanted && *seen == object["metadata"]["generation"] {
                Ok(())
            } else {
                Err(format!("{kind}/{name} {condition_type}: {found}, {}", object["status"]))
            }
        })
        .await?;
        self.same(what).await
    }

    /// Waits until all is as in the undisturbed run; that one waits until nothing moves.
    async fn same(&mut self, what: &str) -> Result<(), String> {
        let begun = Instant::now();
        let mut still = (Value::Null, Instant::now());
        loop {
            let found = self.place.snapshot(&self.proxy.temporal).await;
            let differs = match self.expected {
                Some(expected) => difference(&expected.stops[self.stops.len()], &found),
                None => {
                    if found != still.0 {
                        still = (found.clone(), Instant::now());
                    }
                    if still.1.elapsed() > Duration::from_millis(6500) { Vec::new() } else { vec!["it moves".to_owned()] }
                }
            };
            if differs.is_empty() {
                self.stops.push(found);
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("when {what}:\n  {}", differs.join("\n  ")));
            }
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
    }

    /// The operator is killed where there is nothing to do: another one finds nothing to do either.
    async fn at_rest(&mut self) -> Result<(), String> {
        self.quiet(&[]).await?;
        let before = self.proxy.writes().len();
        self.proxy.listen_anew();
        self.proxy.kill();
        self.quiet(&["DescribeWorkerDeployment", "DescribeSchedule"]).await?;
        let more: Vec<String> =
            self.proxy.writes().split_off(before).into_iter().map(|write| format!("{} {}", write.what, write.body)).collect();
        if more.is_empty() { Ok(()) } else { Err(format!("at rest, after a restart, there were writes: {more:#?}")) }
    }

    /// Waits until those requests have come, and none for a while.
    async fn quiet(&self, wanted: &[&str]) -> Result<(), String> {
        eventually("the operator to be quiet", async || {
            let (heard, since) = self.proxy.heard();
            let missing = wanted.iter().find(|wanted| !heard.iter().any(|heard| heard == *wanted));
            if missing.is_none() && since > Duration::from_millis(1200) { Ok(()) } else { Err(format!("{missing:?} {since:?}")) }
        })
        .await
    }
}

/// How often each thing was changed.
pub fn changes(run: &Run) -> BTreeMap<String, usize> {
    let mut changes = BTreeMap::new();
    for write in run.writes.iter().filter(|write| write.changed) {
        let what = write
            .what
            .split("faults-")
            .enumerate()
            .map(|(at, part)| if at == 0 { part } else { part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-') });
        *changes.entry(what.collect::<String>()).or_default() += 1;
    }
    changes
}

fn task_queue(name: &str) -> Value {
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "TaskQueue", "metadata": {"name": name},
        "spec": {"replicas": 1, "sunset": {"scaleDownDelay": "0s", "deleteDelay": "0s"}},
    })
}

/// A workflow that returns a text.
pub fn saying(queue: &str, text: &str) -> Value {
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "Workflow", "metadata": {"name": "saying"},
        "spec": {"taskQueue": queue, "definition": {
            "nodes": [{"id": "start", "type": "trigger"}, {"id": "end", "type": "exit", "config": {"returnValue": {"$literal": text}}}],
            "edges": [{"source": "start", "target": "end"}],
        }},
    })
}

fn nightly() -> Value {
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "Schedule", "metadata": {"name": "nightly"},
        "spec": {"workflow": "saying", "cron": "0 3 1 1 *", "timeZone": "Europe/Warsaw"},
    })
}
