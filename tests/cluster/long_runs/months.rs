//! Months in minutes: a poller on a schedule feeds a builder through more than twenty runs and five versions, while workers, the operator and the
//! Temporal server die. Each package that was submitted was built exactly once, or is reported; each question was answered; each history replays.
//!
//! What "exactly once" says: activities are attempted at least once, as Temporal has it, so the activity writes under the ID of the execution that
//! asks, and a second attempt changes nothing. One child is started for each package, over all runs and versions, and each has one entry in the ledger.

use super::asking::Asking;
use super::builder::{builder, part, poller};
use super::ledger::{self, Ledger};
use super::replayed::{chain, replayed};
use crate::crashes::kill_operator;
use crate::ground::{Namespace, OwnTemporal, PATIENCE, task_queue};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use warpline::temporal::{Client, ExecutionId, Outcome, Start};

/// Builds of a run, about: what runs when the last of them ends belongs to it, too.
const THRESHOLD: u32 = 2;
/// How often the builder continues as new, at least.
const RUNS: usize = 21;

#[tokio::test]
async fn months_of_a_builder_lose_nothing_and_do_nothing_twice() {
    let namespace = Namespace::new("months").await;
    let temporal = OwnTemporal::start(namespace.cluster, 7300).await;
    let life = Life::begin(&namespace, &temporal).await;
    let asking = Asking::begin(life.client.clone(), life.id.clone(), "getStatus");

    life.kill_worker().await;
    life.release(2).await;
    life.kill_worker().await;
    life.pause_and_resume().await;
    life.kill_worker().await;
    life.begin_release(3);
    kill_operator(&namespace);
    let three = namespace.live("builder").await;
    life.until_on(&three).await;
    life.kill_worker().await;
    temporal.restart().await;
    life.kill_worker().await;
    // Nobody goes there: its state is another.
    let four = life.release(4).await;
    for _ in 0..2 {
        life.kill_worker().await;
    }
    assert_eq!(life.on().await.1, three);
    life.begin_release(5);
    kill_operator(&namespace);
    let five = namespace.live("builder").await;
    life.until_on(&five).await;
    for _ in 0..3 {
        life.kill_worker().await;
    }
    life.until_runs(RUNS).await;
    life.end_polls().await;

    life.signal("drain").await;
    let result = life.result(&life.id).await;
    let (answered, unanswered) = asking.end().await;
    assert!(unanswered.is_empty() && answered > RUNS, "{answered} answered; {unanswered:?}");
    let stopped = life.stopped_in_an_emergency().await;
    life.account(&result, &stopped, &four).await;
}

/// A builder's life on the cluster.
struct Life<'a> {
    namespace: &'a Namespace,
    client: Client,
    first: ExecutionId,
    id: ExecutionId,
}

impl<'a> Life<'a> {
    async fn begin(namespace: &'a Namespace, temporal: &OwnTemporal) -> Self {
        let client = Client::connect(&temporal.address(), "default").await.unwrap();
        let name = format!("{}/builder", namespace.name);
        let kept = json!({"scaleDownDelay": "1h", "deleteDelay": "1h"});
        let queue = task_queue(
            namespace,
            json!({"temporal": {"address": temporal.address()}, "sunset": kept, "podTemplate": ledger::template(), "gracePeriod": "1s"}),
        );
        let mut objects = ledger::objects(&ledger::image(namespace));
        objects.extend([queue, builder(namespace, 1, THRESHOLD), part(namespace, true), poller(namespace)]);
        namespace.apply(&objects);
        namespace.live("builder").await;
        let first = client.start(&Start::new("BuilderWorkflow", &name, namespace.queue(), vec![Value::Null])).await.unwrap();
        let life = Self { namespace, client, id: ExecutionId::newest(&name), first };
        life.schedule(false);
        life
    }

    /// The poller's schedule: much faster than anybody's, so that months pass.
    fn schedule(&self, paused: bool) {
        self.namespace.apply(&[json!({
            "apiVersion": "warpline.dev/v1alpha1", "kind": "Schedule", "metadata": {"name": "poller"},
            "spec": {"workflow": "poller", "every": "4s", "overlapPolicy": "BufferOne", "paused": paused, "input": {"builder": self.id.workflow_id}},
        })]);
    }

    fn begin_release(&self, version: u32) {
        self.namespace.apply(&[builder(self.namespace, version, THRESHOLD)]);
    }

    async fn release(&self, version: u32) -> String {
        self.begin_release(version);
        self.namespace.live("builder").await
    }

    /// The newest run, and the version that it is on.
    async fn on(&self) -> (String, String) {
        self.eventually("the newest run to have begun", async || {
            let now = self.client.describe(&self.id).await.ok()?;
            (now.history_length > 3).then_some((now.id.run_id, now.build_id?))
        })
        .await
    }

    async fn until_on(&self, build_id: &str) {
        self.eventually(&format!("the builder to be on {build_id}"), async || (self.on().await.1 == build_id).then_some(())).await;
    }

    /// Kills the pods of the version that the builder is on without a word, and waits until it has gone on to another run.
    async fn kill_worker(&self) {
        let (run_id, build_id) = self.on().await;
        let selector = format!("warpline.dev/build-id={build_id}");
        let killed = self.namespace.kubectl(&["delete", "pod", "--selector", &selector, "--force", "--grace-period=0", "--wait=false"]);
        assert!(killed.contains("deleted"), "no pod of {build_id} was there to be killed");
        self.eventually("the builder to go on", async || (self.on().await.0 != run_id).then_some(())).await;
    }

    async fn status(&self) -> Option<Value> {
        self.client.query(&self.id, "getStatus", &[]).await.ok()
    }

    async fn signal(&self, name: &str) {
        self.client.signal(&self.id, name, &[]).await.unwrap();
    }

    /// Paused, it begins nothing and remembers what comes.
    async fn pause_and_resume(&self) {
        self.signal("pause").await;
        let count = |status: &Value, list: &str| status[list].as_array().map_or(0, Vec::len);
        let ended = |status: &Value| count(status, "built") + count(status, "failed");
        let before =
            self.eventually("what runs to end", async || self.status().await.filter(|status| count(status, "interrupted") == 0)).await;
        let wanted = count(&before, "left") + 3;
        let after = self.eventually("more to come", async || self.status().await.filter(|status| count(status, "left") >= wanted)).await;
        assert_eq!((ended(&before), count(&after, "interrupted")), (ended(&after), 0), "{before} {after}");
        self.signal("resume").await;
    }

    async fn until_runs(&self, runs: usize) {
        self.eventually("enough runs", async || (chain(&self.client, &self.first).await.runs.len() > runs).then_some(())).await;
    }

    /// Pauses the schedule and waits until what it began has ended.
    async fn end_polls(&self) {
        self.schedule(true);
        self.namespace.until("schedule", "poller", "Ready", "True/Paused").await;
        self.eventually("the polls to end", async || {
            let open = warpline::temporal::OpenFilter { workflow_type: Some("PollerWorkflow"), ..Default::default() };
            (self.client.count_open(&open).await.ok()? == 0).then_some(())
        })
        .await;
    }

    async fn result(&self, id: &ExecutionId) -> Value {
        match tokio::time::timeout(PATIENCE, self.client.outcome(id)).await {
            Ok(Ok(Outcome::Completed { result })) => result,
            other => panic!("{id}: {other:?}\n{}", self.namespace.story()),
        }
    }

    /// Another builder is stopped while it builds: it reports what it was at, and what it never began.
    async fn stopped_in_an_emergency(&self) -> ExecutionId {
        let name = format!("{}/stopped", self.namespace.name);
        let first = self.client.start(&Start::new("BuilderWorkflow", &name, self.namespace.queue(), vec![Value::Null])).await.unwrap();
        let id = ExecutionId::newest(name);
        self.client.signal(&id, "submit", &[json!(["quick", "a-slow", "b-slow", "never"])]).await.unwrap();
        self.eventually("both slow ones to run", async || {
            let status = self.client.query(&id, "getStatus", &[]).await.ok()?;
            (status["built"] == json!(["quick"]) && status["interrupted"] == json!(["a-slow", "b-slow"])).then_some(())
        })
        .await;
        self.client.signal(&id, "emergencyStop", &[]).await.unwrap();
        let result = self.result(&id).await;
        let expected = json!({"version": 5, "built": ["quick"], "failed": [], "interrupted": ["a-slow", "b-slow"], "left": ["never"]});
        assert_eq!(result, expected);
        first
    }

    /// What was submitted against what was built; and every history on its version.
    async fn account(&self, result: &Value, stopped: &ExecutionId, four: &str) {
        let builder = chain(&self.client, &self.first).await.runs;
        let on: BTreeSet<String> = builder.iter().map(|run| run.build_id.clone()).collect();
        assert_eq!((on.len(), on.contains(four)), (4, false), "{on:?}");
        let ledger = ledger::read(self.namespace, &self.pod().await);
        let submitted: BTreeSet<&String> = ledger.submitted.values().flatten().collect();
        let reported = |list: &str| -> Vec<String> { serde_json::from_value(result[list].clone()).unwrap() };
        let (built, failed) = (reported("built"), reported("failed"));
        assert_eq!((reported("interrupted"), reported("left")), (Vec::new(), Vec::new()));
        let ended: Vec<&String> = built.iter().chain(&failed).collect();
        assert_eq!(ended.iter().copied().collect::<BTreeSet<_>>(), submitted, "each submitted package is reported");
        assert_eq!(ended.len(), submitted.len(), "and once");
        assert!(failed.iter().all(|name| name.ends_with("bad")) && built.iter().all(|name| !name.ends_with("bad")));
        let mut children = Vec::new();
        for run in &builder {
            children.extend(run.children());
        }
        assert_eq!(once(children.iter().map(|child| &child.workflow_id)), ended.len(), "one execution for each package");
        done_once(&ledger, &children, &built);

        let mut all = builder;
        all.extend(chain(&self.client, stopped).await.runs);
        children.extend(all.last().unwrap().children());
        children.extend(ledger.submitted.keys().map(ExecutionId::newest));
        for id in children {
            all.extend(chain(&self.client, &self.whole(&id).await).await.runs);
        }
        let (count, different) = replayed(self.namespace, &all).await;
        assert_eq!((count, different), (all.len(), Vec::<String>::new()));
        let attempts: usize = ledger.attempts.values().sum();
        eprintln!("{} packages, {attempts} attempts, {count} histories, versions {on:?}", submitted.len());
    }

    async fn whole(&self, id: &ExecutionId) -> ExecutionId {
        self.client.describe(id).await.unwrap().id
    }

    /// A pod of the version that the builder was on last.
    async fn pod(&self) -> String {
        let build_id = self.client.describe(&self.id).await.unwrap().build_id.unwrap();
        self.eventually("a ready pod", async || crate::versions::pods(self.namespace, &build_id).into_iter().next()).await.0
    }

    async fn eventually<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "waited for {what}\n{}", self.namespace.story());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// How many there are; none of them may be there twice.
fn once<'a>(all: impl Iterator<Item = &'a String>) -> usize {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    all.for_each(|each| *counts.entry(each).or_default() += 1);
    let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    counts.len()
}

/// The ledger has one entry for each child whose package is reported as built, and no other but those of the builder that was stopped.
fn done_once(ledger: &Ledger, children: &[ExecutionId], built: &[String]) {
    let of_builder: Vec<_> = ledger.built.iter().filter(|(name, ..)| name != "quick").collect();
    assert_eq!(once(of_builder.iter().map(|(name, ..)| name)), built.len());
    let asked: BTreeSet<(&str, &str)> = children.iter().map(|child| (child.workflow_id.as_str(), child.run_id.as_str())).collect();
    for (name, workflow_id, run_id) in of_builder {
        assert!(built.contains(name) && asked.contains(&(workflow_id.as_str(), run_id.as_str())), "{name} {workflow_id} {run_id}");
    }
}
