//! Two operators and one lease: who does not hold it writes nothing, and who lost it never writes again.

use super::ground::{eventually, runtime, servers};
use super::operator::Once;
use super::place::Place;
use super::proxy::Proxy;
use super::story::objects::{saying, task_queue};
use serde_json::{Value, json};
use std::sync::Arc;

/// Two operators of one namespace, each behind a proxy of its own.
struct Two {
    place: Place,
    proxies: [Arc<Proxy>; 2],
    operators: Vec<Once>,
}

impl Two {
    /// The first one leads, and has made a version current; the second one waits.
    async fn start() -> Self {
        let place = Place::new(servers().await, "faults-leaders").await;
        let proxies = [Arc::new(Proxy::start(&place).await), Arc::new(Proxy::start(&place).await)];
        let mut two = Self { place, proxies, operators: Vec::new() };
        two.begin("first");
        two.place.apply("taskqueues", task_queue(&two.place.queue())).await;
        two.say("one").await;
        two.begin("second");
        eventually("the second operator to ask for the lease", async || {
            if two.operators[1].said().contains("waiting for the lease") { Ok(()) } else { Err(two.operators[1].said()) }
        })
        .await
        .unwrap();
        two
    }

    fn begin(&mut self, name: &str) {
        let proxy = &self.proxies[self.operators.len()];
        let lease = ["--lease-namespace", &self.place.name, "--lease-name", "operator"];
        self.operators.push(Once::start(self.place.servers, &self.place.name, name, proxy, &lease));
    }

    /// An edit, which becomes current.
    async fn say(&self, text: &str) {
        self.place.apply("workflows", saying(&self.place.queue(), text)).await;
        let generation = self.place.get("workflows", "saying").await["metadata"]["generation"].clone();
        eventually(text, async || {
            let object = self.place.get("workflows", "saying").await;
            let is_live = |condition: &Value| {
                condition["type"] == "Live" && condition["status"] == "True" && condition["observedGeneration"] == generation
            };
            let is_live = object["status"]["conditions"].as_array().into_iter().flatten().any(is_live);
            if is_live { Ok(()) } else { Err(object["status"].to_string()) }
        })
        .await
        .unwrap();
    }

    async fn lease(&self) -> Value {
        let path = format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases/operator", self.place.name);
        self.place.servers.kube.request(http::Request::get(path).body(Vec::new()).unwrap()).await.unwrap()
    }

    /// What one of them wrote.
    fn wrote(&self, which: usize) -> Vec<String> {
        self.proxies[which].writes().into_iter().map(|write| write.what).collect()
    }
}

/// The seconds from a record of the lease to a later one: between the last renewal of the one and the other's taking over.
fn between(before: &Value, after: &Value) -> f64 {
    let time = |text: &Value| text.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    time(&after["spec"]["acquireTime"]).duration_since(time(&before["spec"]["renewTime"])).as_secs_f64()
}

#[test]
fn when_the_leader_is_killed_the_other_goes_on_once_the_lease_is_over() {
    runtime().block_on(async {
        let mut two = Two::start().await;
        assert_eq!(two.wrote(1), Vec::<String>::new(), "only who leads writes");
        two.operators[0].kill().await;
        let before = two.lease().await;
        assert_eq!(before["spec"]["holderIdentity"], "first");
        let by_first = two.wrote(0).len();
        two.say("two").await;
        let after = two.lease().await;
        assert_eq!(after["spec"]["holderIdentity"], "second");
        let passed = between(&before, &after);
        assert!(passed >= before["spec"]["leaseDurationSeconds"].as_f64().unwrap(), "it took a lease that was not over: {passed} s");
        assert_eq!(two.wrote(0).len(), by_first);
        println!("the other one led {passed:.1} s after the last renewal of the one that was killed");
    });
}

#[test]
fn a_leader_that_stood_still_for_longer_than_its_lease_never_writes_again() {
    runtime().block_on(async {
        let mut two = Two::start().await;
        two.operators[0].signal(rustix::process::Signal::STOP);
        two.say("two").await;
        assert_eq!(two.lease().await["spec"]["holderIdentity"], "second");
        let by_first = two.wrote(0);
        // It wakes up with work that it thinks is its own: the queue is looked at, and an edit comes.
        two.operators[0].signal(rustix::process::Signal::CONT);
        two.place.patch("taskqueues", &two.place.queue(), json!({"metadata": {"annotations": {"nudged": "yes"}}})).await;
        two.say("three").await;
        two.operators[0].ended().await;
        assert_eq!(two.wrote(0), by_first, "{}", two.operators[0].said());
        assert!(two.operators[0].said().contains("the lease was lost"), "{}", two.operators[0].said());
    });
}
