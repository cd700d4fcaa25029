//! Seeing inside: `warpline.position`, `warpline.state` and `warpline.definition` in the middle of every node type, and after the end;
//! what is redacted; histories that were recorded before there was anything to see.

mod children;
mod endings;
mod nodes;
mod recorded;
mod terminal;
mod watch;

use serde_json::Value;

use crate::execution::Execution;

/// The definitions, as file name and text.
pub fn definitions() -> Vec<(&'static str, &'static str)> {
    [nodes::DEFINITIONS, children::DEFINITIONS, endings::DEFINITIONS].concat()
}

/// What a position says of a node; null where it has not run.
pub fn node<'p>(position: &'p Value, id: &str) -> &'p Value {
    position["nodes"].as_array().unwrap().iter().find(|node| node["id"] == id).unwrap_or(&Value::Null)
}

/// What the only thing that a node waits for is.
pub fn wait<'p>(position: &'p Value, id: &str) -> &'p Value {
    let waits = node(position, id)["waits"].as_array().unwrap_or_else(|| panic!("{id} waits for nothing: {position:#}"));
    assert_eq!(waits.len(), 1, "{position:#}");
    &waits[0]
}

/// The position, once the node waits.
pub async fn waiting(execution: &Execution, id: &str) -> Value {
    execution.query_until("warpline.position", |position| node(position, id)["status"] == "waiting").await
}
