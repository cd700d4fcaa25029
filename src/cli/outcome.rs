//! How an execution ended: its result on standard output, or why it did not end well.

use super::Stop;
use super::output::Printer;
use crate::temporal::Outcome;

/// Prints how it ended.
pub(super) fn report(workflow_type: &str, outcome: Outcome, printer: &Printer) -> Result<(), Stop> {
    let failed = |message: String| {
        printer.failure(&message);
        Err(Stop::Workflow)
    };
    match outcome {
        Outcome::Completed { result } => {
            let text = if printer.is_text() {
                serde_json::to_string_pretty(&result)
            } else {
                serde_json::to_string(&serde_json::json!({"result": result}))
            };
            printer.line(&text.unwrap_or_default());
            Ok(())
        }
        Outcome::Failed { failure } => failed(format!("{workflow_type} failed: {failure}")),
        Outcome::Canceled => failed(format!("{workflow_type} was cancelled")),
        Outcome::Terminated { reason } => failed(format!("{workflow_type} was terminated: {reason}")),
        Outcome::TimedOut => failed(format!("{workflow_type} timed out")),
    }
}
