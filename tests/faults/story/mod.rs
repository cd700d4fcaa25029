//! What happens in every run, told in stages: a version, an edit while an execution runs, a schedule, activities on another queue, everybody's end.
//! At each stop the run waits until all is as in the undisturbed one; that one says how it is.

pub mod objects;
mod stage;

pub use stage::Stage;

use super::ground::{PATIENCE, Servers, condition, eventually};
use super::operator::Operator;
use super::place::{Place, difference};
use super::proxy::{Proxy, Strike, Write};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use warpline::temporal::ExecutionId;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Run {
    /// How everything was at each stop.
    pub stops: Vec<Value>,
    /// The writes.
    pub writes: Vec<Write>,
    /// What was on its way when the operator was killed.
    pub doubtful: Vec<String>,
    /// Whether the fault has happened.
    pub struck: bool,
}

/// One run of a stage; `expected` is the undisturbed one.
pub async fn run(servers: &'static Servers, stage: Stage, strike: Option<Strike>, expected: Option<&Run>) -> Result<Run, String> {
    let mut place = Place::new(servers, "faults").await;
    place.hides_builds = stage == Stage::Module;
    let proxy = Arc::new(Proxy::start(&place).await);
    let operator = Operator::start(servers, &place.name, proxy.clone(), &["--leader-election=false"]);
    let mut teller = Teller { place, proxy, expected, stage, held: None, stops: Vec::new() };
    let told = teller.run(strike.clone()).await;
    let said = operator.said();
    operator.stop().await;
    teller.place.end().await;
    match told {
        Ok(()) => {
            let (writes, doubtful, struck) = (teller.proxy.writes(), teller.proxy.doubtful(), teller.proxy.has_struck());
            Ok(Run { stops: teller.stops, writes, doubtful, struck })
        }
        Err(why) => {
            let writes: Vec<String> =
                teller.proxy.writes().iter().map(|write| format!("{}{}", if write.changed { "" } else { "= " }, write.what)).collect();
            let fault = strike.map_or_else(|| "undisturbed".to_owned(), |strike| strike.to_string());
            Err(format!("{stage:?}, {fault} in {}: {why}\nwrites: {}\nthe operator said: {said}", teller.place.name, writes.join(", ")))
        }
    }
}

struct Teller<'a> {
    place: Place,
    proxy: Arc<Proxy>,
    expected: Option<&'a Run>,
    stage: Stage,
    /// An execution on the first version.
    held: Option<ExecutionId>,
    stops: Vec<Value>,
}

impl Teller<'_> {
    async fn run(&mut self, strike: Option<Strike>) -> Result<(), String> {
        self.prepare().await.map_err(|why| format!("before the stage: {why}"))?;
        self.proxy.begin(strike);
        self.tell().await?;
        self.at_rest().await
    }

    /// The build ID that new executions begin on.
    async fn current(&self) -> Option<String> {
        self.place.servers.temporal.deployment(&self.place.deployment()).await.ok()??.current
    }

    /// The server tells nobody that a version is drained or a poller forgotten: the operator looks every few seconds, and here sooner.
    async fn nudge(&self) {
        tokio::time::sleep(Duration::from_millis(900)).await;
        let now = format!("{:?}", Instant::now());
        self.place.patch("taskqueues", &self.place.queue(), json!({"metadata": {"annotations": {"nudged": now}}})).await;
    }

    /// Waits until a condition is as it is meant to be, and all else as in the undisturbed run.
    async fn stop(&mut self, what: &str, kind: &str, name: &str, wanted: &str) -> Result<(), String> {
        self.seen(kind, name, wanted).await?;
        self.same(what).await
    }

    /// Waits until a condition is as it is meant to be.
    async fn seen(&self, kind: &str, name: &str, wanted: &str) -> Result<(), String> {
        let (condition_type, wanted) = wanted.split_once('=').unwrap();
        eventually(wanted, async || {
            let object = self.place.get(kind, name).await;
            let found = condition(&object, condition_type);
            let seen = &object["status"]["observedGeneration"];
            if found == wanted && *seen == object["metadata"]["generation"] {
                Ok(())
            } else {
                Err(format!("{kind}/{name} {condition_type}: {found}, {}", object["status"]))
            }
        })
        .await
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

    /// Where there is nothing to do, another look finds nothing to do either; and in the undisturbed run another operator doesn't.
    async fn at_rest(&mut self) -> Result<(), String> {
        if self.stage == Stage::Deletion {
            return Ok(());
        }
        self.quiet(&[]).await?;
        let before = self.proxy.writes().len();
        self.proxy.listen_anew();
        if self.expected.is_some() {
            self.nudge().await;
        } else {
            self.proxy.kill();
        }
        self.quiet(&["DescribeWorkerDeployment"]).await?;
        let more: Vec<String> =
            self.proxy.writes().split_off(before).into_iter().map(|write| format!("{} {}", write.what, write.body)).collect();
        if more.is_empty() { Ok(()) } else { Err(format!("at rest there were writes: {more:#?}")) }
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
        *changes.entry(write.what.clone()).or_default() += 1;
    }
    changes
}
