//! Activities that go wrong in pods: each is a failure of its own in words, and what else the worker runs goes on and ends.

use super::calling;
use crate::ground::npm::{Package, module};
use crate::ground::{Namespace, PATIENCE, task_queue};
use serde_json::json;
use warpline::temporal::Outcome;

const CODE: &str = r"
const { Context } = require('@temporalio/activity');
const { setTimeout } = require('node:timers/promises');
exports.throws = async () => { throw new RangeError('no such thing'); };
exports.hangs = () => new Promise(() => setInterval(() => undefined, 1000));
exports.silent = () => new Promise(() => setInterval(() => undefined, 1000));
exports.exits = async () => { process.exit(7); };
exports.crashes = () => new Promise(() => globalThis.setTimeout(() => { throw new Error('in a timer'); }, 10));
exports.leaks = async () => { for (const all = [];; await setTimeout(10)) all.push(Buffer.alloc(1e7, 1)); };
exports.bigint = async () => ({ sizes: [1, 2n] });
exports.method = async () => () => 1;
exports.circular = async () => { const value = {}; value.self = value; return value; };
exports.large = async () => 'x'.repeat(3 * 1024 * 1024);
// Until it is told to end; another attempt goes on where the last heartbeat was.
exports.steady = async (name) => {
  const context = Context.current();
  for (let beat = context.info.heartbeatDetails ?? 0; beat < 80; beat += 1) { context.heartbeat(beat + 1); await setTimeout(100); }
  return name + ' after ' + (context.info.attempt > 1 ? 'another attempt' : 'one attempt');
};
";

/// What goes wrong, and what the execution's failure says of it.
const FAULTS: [(&str, &str); 9] = [
    ("throws", "activity throws failed: RangeError: no such thing"),
    ("hangs", "activity hangs failed: heartbeat timeout"),
    ("silent", "activity silent failed: startToClose timeout"),
    ("exits", "activity exits failed: ProcessExit: activity exits called process.exit(7)"),
    ("crashes", "activity crashes failed: in a timer"),
    ("bigint", "activity bigint failed: ResultNotSerializable: activity bigint returned what JSON can't hold: result.sizes[1] is a bigint"),
    ("method", "activity method failed: ResultNotSerializable: activity method returned what JSON can't hold: the result is a function"),
    (
        "circular",
        "activity circular failed: ResultNotSerializable: activity circular returned what JSON can't hold: result.self is the result",
    ),
    ("large", "activity large failed: ResultTooLarge: activity large returned 3145794 bytes, and the server takes at most 2097152"),
];

async fn failure(namespace: &Namespace, activity: &str) -> String {
    let input = json!({"name": "Ada"});
    let id = namespace.start(&format!("{}Workflow", activity[..1].to_uppercase() + &activity[1..]), activity, input).await;
    match tokio::time::timeout(PATIENCE, namespace.temporal.outcome(&id)).await {
        Ok(Ok(Outcome::Failed { failure })) => failure.to_string(),
        other => panic!("{activity}: {other:?}\n{}", namespace.story()),
    }
}

#[tokio::test]
async fn each_fault_of_an_activity_is_its_own_and_the_others_go_on() {
    let namespace = Namespace::new("faults").await;
    let names: Vec<&str> = FAULTS.iter().map(|(name, _)| *name).chain(["leaks", "steady"]).collect();
    let declarations: String =
        names.iter().map(|name| format!("export declare function {name}(name: string): Promise<unknown>;\n")).collect();
    Package::new(&namespace, "faulty", "1.0.0").code(CODE, &declarations).publish(&namespace);
    let mut faulty = module(&namespace, "faulty", "faulty", "1.0.0");
    faulty["spec"]["timeout"] = json!({"startToClose": "30s"});
    faulty["spec"]["activities"] = json!({
        "hangs": {"timeout": {"heartbeat": "2s"}}, "silent": {"timeout": {"startToClose": "3s"}},
        "leaks": {"timeout": {"startToClose": "60s", "heartbeat": "5s"}},
        "steady": {"timeout": {"startToClose": "90s", "heartbeat": "5s"}, "retry": {"maximumAttempts": 10}},
    });
    let limits = json!({"containers": [{"name": "worker", "resources": {"limits": {"memory": "450Mi"}}}]});
    let mut objects = vec![task_queue(&namespace, json!({"podTemplate": {"spec": limits}})), faulty];
    objects.extend(names.iter().map(|name| calling(&namespace, name, name)));
    namespace.apply(&objects);
    for name in &names {
        namespace.live(name).await;
    }

    // Beside one that runs all the while, in the same process.
    let steady = namespace.start("SteadyWorkflow", "steady", json!({"name": "Ada"})).await;
    let said = futures::future::join_all(FAULTS.iter().map(|(activity, _)| failure(&namespace, activity))).await;
    for ((activity, wanted), said) in FAULTS.iter().zip(said) {
        assert!(said.starts_with(wanted), "{activity}: {said}");
    }
    assert_eq!(namespace.result(&steady).await, "Ada after one attempt");

    // The kernel ends the whole process: what it ran beside is tried again on the next one.
    let steady = namespace.start("SteadyWorkflow", "again", json!({"name": "Ada"})).await;
    namespace.events(&steady, 5).await;
    assert_eq!(failure(&namespace, "leaks").await, "activity leaks failed: heartbeat timeout");
    assert_eq!(namespace.result(&steady).await, "Ada after another attempt");
    let events = namespace.list("events");
    let told = events.iter().find(|event| event["reason"] == "OutOfMemory").unwrap_or_else(|| panic!("{}", namespace.story()));
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("was killed at its memory limit") && message.contains("spec.podTemplate"), "{message}");
}
