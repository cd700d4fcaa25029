//! What an execution is given, as options of the command line.

use super::Stop;
use serde_json::Value;

/// The input: JSON, or `@` and the name of a file that holds it; an empty object where there is none.
pub(super) fn read(input: Option<&str>) -> Result<Value, Stop> {
    let Some(input) = input else { return Ok(serde_json::json!({})) };
    let text = match input.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).map_err(|error| Stop::Usage(format!("cannot read the input {file}: {error}")))?,
        None => input.to_owned(),
    };
    serde_json::from_str(&text).map_err(|error| Stop::Usage(format!("the input is no JSON: {error}")))
}

/// A workflow ID that nobody else has: the type's name and the time.
pub(super) fn new_id(workflow_type: &str) -> String {
    let now = jiff::Timestamp::now().as_millisecond();
    format!("{}-{now}", crate::compile::lower::kebab(workflow_type))
}
