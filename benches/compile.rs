//! Compile time against size: from the text of a definition to TypeScript, on one core. Prints a table; asserts nothing about time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench fails loudly")]

use serde_json::{Value, json};
use std::time::Duration;
use warpline::compile::compile;
use warpline::definition::{self, SourceFile};
use warpline::diagnostic::{Report, render};

const SIZES: [usize; 4] = [20, 100, 1_000, 10_000];
const MODULE: &str = r#"{"apiVersion": "warpline.dev/v1alpha1", "kind": "ActivityModule", "metadata": {"name": "steps"},
    "spec": {"timeout": {"startToClose": "1m"}, "activities": {"doStep": {"signature": "(step: {name: string, count: number}) => Promise<void>"}}}}"#;
/// How long each measurement goes on, at least.
const PATIENCE: Duration = Duration::from_secs(2);

fn main() {
    println!("Compile time against size, from the text of a definition to TypeScript (processor time of one thread, medians)\n");
    println!(
        "{:<14} {:>7} {:>10} {:>10} {:>10} {:>12} {:>10}",
        "shape", "nodes", "read", "compile", "together", "µs per node", "TypeScript"
    );
    for (shape, definition) in [("chain", chain as fn(usize) -> Value), ("mixed", mixed)] {
        let per_node: Vec<f64> = SIZES.into_iter().map(|size| measure(shape, &definition(size))).collect();
        println!("{shape}: a node of 10 000 costs {:.2} times a node of 1 000\n", per_node[3] / per_node[2]);
    }
    many(20);
}

/// Prints a line of the table; answers the microseconds of a node.
fn measure(shape: &str, definition: &Value) -> f64 {
    let (text, nodes) = (definition.to_string(), count(definition));
    let (mut reading, mut compiling, mut bytes) = (Vec::new(), Vec::new(), 0);
    let begun = now();
    while reading.len() < 5 || now() < begun + PATIENCE {
        let (read, compiled, size) = once(&text);
        reading.push(read);
        compiling.push(compiled);
        bytes = size;
    }
    let (read, compiled) = (median(&mut reading), median(&mut compiling));
    let per_node = (read + compiled).as_secs_f64() * 1e6 / f64::from(nodes);
    let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
    println!(
        "{shape:<14} {nodes:>7} {:>10} {:>10} {:>10} {per_node:>12.1} {:>7} kB",
        ms(read),
        ms(compiled),
        ms(read + compiled),
        bytes / 1000
    );
    per_node
}

/// How many workflows of `size` nodes are compiled in a second, one after the other.
fn many(size: usize) {
    for (shape, definition) in [("chain", chain(size)), ("mixed", mixed(size))] {
        let (text, begun, mut done) = (definition.to_string(), now(), 0_u32);
        while now() < begun + PATIENCE {
            once(&text);
            done += 1;
        }
        let took = now().saturating_sub(begun).as_secs_f64();
        println!("{shape}: {:.0} workflows of {} nodes a second", f64::from(done) / took, count(&definition));
    }
}

/// Reads and compiles; how long each took, and the size of the code in bytes.
fn once(text: &str) -> (Duration, Duration, usize) {
    let begun = now();
    let report = Report::new();
    let file = |name: &str, text: &str| SourceFile { name: name.to_owned(), text: text.to_owned() };
    let documents = definition::read(vec![file("workflow.json", text), file("module.json", MODULE)], &report);
    let was_read = now();
    let modules: Vec<_> = documents.modules.iter().map(|module| (module.clone(), None)).collect();
    let output = compile(&documents.workflows, &modules, &report);
    let was_compiled = now();
    let found = report.into_sorted();
    assert!(found.is_empty(), "{}", render::text(&found, &|file| documents.text_of(file).map(str::to_owned), false));
    (was_read.saturating_sub(begun), was_compiled.saturating_sub(was_read), output.files.iter().map(|file| file.printed.text.len()).sum())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The processor time of this thread so far: other work on the machine doesn't count.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a time")
}

/// All nodes, those in containers too.
fn count(definition: &Value) -> u32 {
    u32::try_from(definition["spec"]["definition"]["nodes"].as_array().expect("nodes").len()).expect("a count")
}

/// A straight line: a trigger, then steps of several types, then an exit.
fn chain(size: usize) -> Value {
    let mut drawing = Drawing::new();
    while drawing.nodes.len() < size - 1 {
        drawing.step(None);
    }
    drawing.end()
}

/// Blocks of seven nodes: a decision whose sides come together, a loop and a phase with steps inside.
fn mixed(size: usize) -> Value {
    let mut drawing = Drawing::new();
    while drawing.nodes.len() + 8 <= size {
        let at = drawing.nodes.len();
        let decision = drawing.node("condition", json!({"expression": format!("state.count > {at}")}), None);
        drawing.connect(&decision);
        let side = drawing.node("state-mutation", json!({"target": "state.count", "operation": "increment"}), None);
        drawing.edge(&decision, &side, Some("true"));
        let each = drawing.node("loop", json!({"forEach": "input.items"}), None);
        drawing.edge(&decision, &each, Some("false"));
        drawing.edge(&side, &each, None);
        drawing.node("state-mutation", json!({"target": "state.names", "operation": "push", "value": "`${item}-${index}`"}), Some(&each));
        let phase = drawing.node("phase", json!({"name": format!("phase-{at}")}), None);
        drawing.edge(&each, &phase, None);
        drawing.last = phase.clone();
        let inside = drawing.node("state-mutation", json!({"target": "state.count", "operation": "increment", "value": 2}), Some(&phase));
        let after = drawing.node("timer", json!({"duration": "1s"}), Some(&phase));
        drawing.edge(&inside, &after, None);
    }
    while drawing.nodes.len() < size - 1 {
        drawing.step(None);
    }
    drawing.end()
}

/// A definition that is being drawn.
struct Drawing {
    nodes: Vec<Value>,
    edges: Vec<Value>,
    /// The node that the next step follows.
    last: String,
}

impl Drawing {
    fn new() -> Self {
        let mut drawing = Self { nodes: Vec::new(), edges: Vec::new(), last: String::new() };
        drawing.last = drawing.node("trigger", json!({}), None);
        let state = drawing.node(
            "state-variable",
            json!({"name": "state", "operation": "set", "value": {"count": 0, "names": "[] as string[]"}}),
            None,
        );
        drawing.connect(&state);
        drawing
    }

    fn node(&mut self, kind: &str, config: Value, parent: Option<&str>) -> String {
        let id = format!("n{}", self.nodes.len());
        let position = json!({"x": 0, "y": self.nodes.len() * 120});
        let mut node = json!({"id": id, "type": kind, "position": position, "data": {"label": format!("Step {id}"), "config": config}});
        if let Some(parent) = parent {
            node["parentId"] = parent.into();
        }
        self.nodes.push(node);
        id
    }

    fn edge(&mut self, source: &str, target: &str, handle: Option<&str>) {
        let mut edge = json!({"id": format!("e{}", self.edges.len()), "source": source, "target": target});
        if let Some(handle) = handle {
            edge["sourceHandle"] = handle.into();
        }
        self.edges.push(edge);
    }

    fn connect(&mut self, id: &str) {
        let last = std::mem::replace(&mut self.last, id.to_owned());
        self.edge(&last, id, None);
    }

    fn step(&mut self, parent: Option<&str>) {
        let at = self.nodes.len();
        let (kind, config) = match at % 4 {
            0 => ("timer", json!({"duration": "1s"})),
            1 => (
                "activity",
                json!({"activityName": "doStep", "args": {"name": format!("`step ${{state.count}} of {at}`"), "count": "state.count"}}),
            ),
            2 => ("state-mutation", json!({"target": "state.names", "operation": "push", "value": "`${input.name}-${state.count}`"})),
            _ => (
                "state-transform",
                json!({"target": "state.count", "transform": "state.names.filter(name => name.length > 3).length + state.count"}),
            ),
        };
        let id = self.node(kind, config, parent);
        self.connect(&id);
    }

    fn end(mut self) -> Value {
        let exit = self.node("exit", json!({"returnValue": {"count": "state.count"}}), None);
        self.connect(&exit);
        json!({
            "apiVersion": "warpline.dev/v1alpha1", "kind": "Workflow", "metadata": {"name": "bench"},
            "spec": {"input": {"name": "string", "items": "string[]"}, "definition": {"nodes": self.nodes, "edges": self.edges}},
        })
    }
}
