//! What a workflow costs at run time, on an embedded server: startup, activities, state mutations, code size, and generated code beside
//! hand-written code. Times are the server's, read from histories. Prints both numbers of every comparison; asserts nothing about time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench fails loudly")]

mod ground;
mod history;

use ground::Ground;
use history::Events;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How many state mutations are in one workflow task.
const MUTATIONS: usize = 1_000;

#[tokio::main]
async fn main() {
    code_size();
    let ground = Ground::lay(&mutations(MUTATIONS)).await;
    println!("\nOn an embedded server, {} (medians and 95th percentiles of times in histories)\n", ground.about());
    startup(&ground).await;
    activities(&ground).await;
    state_mutations(&ground).await;
    against_hand_written(&ground).await;
    ground.clear().await;
}

/// From the start that is asked for to the workflow's first command.
async fn startup(ground: &Ground) {
    let (mut first_task, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        let begun = Instant::now();
        let events = ground.run("generated", "EmptyWorkflow", json!({})).await;
        whole.push(begun.elapsed());
        first_task.push(events.between("WORKFLOW_EXECUTION_STARTED", "WORKFLOW_TASK_COMPLETED"));
    }
    row("workflow startup: started to first workflow task done", &mut first_task, "< 500 ms");
    row("  the same with start and result over the network", &mut whole, "");
}

/// From one activity's schedule to the next's: server, worker and workflow code, and an activity that does nothing.
async fn activities(ground: &Ground) {
    let events = ground.run("generated", "CallsWorkflow", json!({"calls": 200})).await;
    let scheduled = events.all("ACTIVITY_TASK_SCHEDULED");
    let mut gaps: Vec<Duration> = scheduled.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    row("activity: from one no-op's schedule to the next's", &mut gaps, "< 50 ms");
}

/// A workflow task with many mutations, less one with none, by their number.
async fn state_mutations(ground: &Ground) {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let task = |events: &Events| events.between("WORKFLOW_TASK_STARTED", "WORKFLOW_TASK_COMPLETED");
        with.push(task(&ground.run("generated", "MutationsWorkflow", json!({})).await));
        without.push(task(&ground.run("generated", "EmptyWorkflow", json!({})).await));
    }
    row(&format!("a workflow task with {MUTATIONS} state mutations"), &mut with, "");
    row("a workflow task with none", &mut without, "");
    let each = middle(&mut with).saturating_sub(middle(&mut without)) / u32::try_from(MUTATIONS).unwrap();
    println!(
        "{:<56} {:>9} {:>19} {:>10}",
        "state mutation: the difference by their number",
        format!("{:.2} µs", each.as_secs_f64() * 1e6),
        "",
        "< 10 ms"
    );
}

/// The same work by generated and by hand-written code, in turns.
async fn against_hand_written(ground: &Ground) {
    const PARTS: usize = 20;
    const ROUNDS: usize = 10;
    println!(
        "\nGenerated beside hand-written: {PARTS} parts in child workflows, at most 4 at once, 3 no-op activities each; {ROUNDS} rounds in turns\n"
    );
    let queues = ["generated", "handwritten"];
    let mut walls = [Vec::new(), Vec::new()];
    let mut counts: [Vec<Value>; 2] = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (side, queue) in queues.into_iter().enumerate() {
            let id = format!("{queue}-{round}");
            let events = ground.run(queue, "OrderWorkflow", json!({"orderId": id, "parts": PARTS})).await;
            let part = ground.history(&format!("{id}-part-0")).await;
            // The first round of each warms caches.
            if round > 0 {
                walls[side].push(events.duration());
                counts[side].push(json!({"order": events.work(), "part": part.work(), "part, with workflow tasks": part.len()}));
            }
        }
    }
    let [generated, handwritten] = &mut walls;
    row("generated", generated, "");
    row("hand-written", handwritten, "");
    println!("{:<56} {:>9.3}", "generated ÷ hand-written", middle(generated).as_secs_f64() / middle(handwritten).as_secs_f64());
    for (side, queue) in queues.into_iter().enumerate() {
        counts[side].dedup();
        println!("events that are work, of {queue:<12} {}", counts[side].iter().map(Value::to_string).collect::<Vec<_>>().join(" or "));
    }
    assert_eq!(counts[0][0]["order"], counts[1][0]["order"], "generated code makes other events than hand-written code");
}

/// How large the code of the example's workflows is.
fn code_size() {
    let example = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("manifests/examples/package-builder");
    let loaded = warpline::project::load(&[example]).expect("the example is readable");
    assert!(!warpline::diagnostic::has_errors(&loaded.diagnostics), "the example has errors: build its activities with `make activities`");
    println!("Generated code (reach: < 100 kB a workflow)\n\n{:<34} {:>12} {:>12}", "workflow", "TypeScript", "JavaScript");
    for workflow in &loaded.output.workflows {
        let file = loaded.output.files.iter().find(|file| file.path == workflow.path).expect("its file");
        let script = warpline::version::script(file, workflow).expect("JavaScript");
        let kilobytes = |text: &str| format!("{}.{} kB", text.len() / 1000, text.len() % 1000 / 100);
        println!("{:<34} {:>12} {:>12}", workflow.workflow_type, kilobytes(&file.printed.text), kilobytes(&script.text));
    }
}

/// A workflow whose only task mutates the state `count` times.
fn mutations(count: usize) -> Value {
    let step = |at: usize| {
        let config = json!({"target": "state.names", "operation": "push", "value": format!("`name ${{state.names.length}} of {at}`")});
        json!({"id": format!("n{at}"), "type": "state-mutation", "config": config})
    };
    let state = json!({"name": "state", "operation": "set", "value": {"names": "[] as string[]"}});
    let mut nodes = vec![json!({"id": "start", "type": "trigger"}), json!({"id": "n0", "type": "state-variable", "config": state})];
    nodes.extend((1..=count).map(step));
    nodes.push(json!({"id": format!("n{}", count + 1), "type": "exit", "config": {"returnValue": "state.names.length"}}));
    let mut edges = vec![json!({"id": "first", "source": "start", "target": "n0"})];
    edges.extend((0..=count).map(|at| json!({"id": format!("e{at}"), "source": format!("n{at}"), "target": format!("n{}", at + 1)})));
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "Workflow", "metadata": {"name": "mutations"},
        "spec": {"taskQueue": "generated", "definition": {"nodes": nodes, "edges": edges}},
    })
}

fn row(what: &str, times: &mut [Duration], reach: &str) {
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let typical = middle(times);
    let slow = times[times.len() * 95 / 100];
    println!("{what:<56} {:>9} {:>19} {reach:>10}", ms(typical), format!("p95 {}", ms(slow)));
}

fn middle(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
