//! A queue with a version that serves, for tests of what happens to it then.

use super::ground::{condition, eventually, servers};
use super::operator::Operator;
use super::place::{Place, difference};
use super::proxy::Proxy;
use super::story::objects::{saying, task_queue};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A queue whose first version is current, and where nothing moves.
pub struct Served {
    pub place: Place,
    proxy: Arc<Proxy>,
    _operator: Operator,
    /// How everything is.
    before: Value,
}

impl Served {
    /// Starts an operator with these arguments, and waits until all is done.
    pub async fn start(more: &[&str]) -> Self {
        let place = Place::new(servers().await, "faults-hand").await;
        let proxy = Arc::new(Proxy::start(&place).await);
        let operator = Operator::start(place.servers, &place.name, proxy.clone(), &[&["--leader-election=false"], more].concat());
        place.apply("taskqueues", task_queue(&place.queue())).await;
        place.apply("workflows", saying(&place.queue(), "one")).await;
        let mut served = Self { place, proxy, _operator: operator, before: Value::Null };
        served.until("workflows", "saying", "Live", "True/Current").await;
        served.look().await;
        served.still().await;
        served.before = served.place.snapshot(&served.proxy.temporal).await;
        served
    }

    /// Waits until a condition of the newest generation is as wanted; the object.
    pub async fn until(&self, kind: &str, name: &str, condition_type: &str, wanted: &str) -> Value {
        let told = eventually(wanted, async || {
            let object = self.place.get(kind, name).await;
            let is_seen = object["status"]["observedGeneration"] == object["metadata"]["generation"];
            if is_seen && condition(&object, condition_type) == wanted { Ok(object) } else { Err(object["status"].to_string()) }
        });
        told.await.unwrap()
    }

    /// Waits until nothing is written for a while.
    pub async fn still(&self) {
        let mut before = usize::MAX;
        while before != self.proxy.writes().len() {
            before = self.proxy.writes().len();
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
    }

    /// Lets the queue be looked at.
    pub async fn look(&self) {
        let now = format!("{:?}", std::time::Instant::now());
        self.place.patch("taskqueues", &self.place.queue(), json!({"metadata": {"annotations": {"nudged": now}}})).await;
    }

    /// Waits until everything is as it was; then another look writes nothing.
    pub async fn is_as_before(&self) {
        eventually("all to be as before", async || {
            let found = self.place.snapshot(&self.proxy.temporal).await;
            let differs = difference(&self.before, &found);
            if differs.is_empty() { Ok(()) } else { Err(differs.join("\n")) }
        })
        .await
        .unwrap();
        self.still().await;
        self.writes_nothing().await;
    }

    /// Several looks write nothing.
    pub async fn writes_nothing(&self) {
        let before = self.proxy.writes().len();
        for _ in 0..4 {
            self.look().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let more: Vec<String> =
            self.proxy.writes().split_off(before).into_iter().map(|write| format!("{} {}", write.what, write.body)).collect();
        assert!(more.is_empty(), "at rest there were writes: {more:#?}");
    }

    /// The name of the version.
    pub async fn version(&self) -> String {
        self.place.list("workerversions").await[0]["metadata"]["name"].as_str().unwrap().to_owned()
    }
}
