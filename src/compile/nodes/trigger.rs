//! `trigger`: where the workflow begins, and when it is started by itself.

use crate::definition::{Field, Fields, Node, Text};
use crate::diagnostic::{Code, Diagnostic, Level, Report};
use crate::schedule::{self, Fault, check_zone};

/// When a workflow is started by itself, as its trigger says.
#[derive(Clone, Debug, PartialEq)]
pub struct TriggerSchedule {
    /// The cron expression.
    pub cron: Text,
    /// Its time zone; UTC where absent.
    pub time_zone: Option<Text>,
    /// The input that it is started with.
    pub input: Option<Field>,
}

/// The schedule that a trigger asks for. Problems are reported.
pub(in crate::compile) fn schedule(node: &Node, report: &Report) -> Option<TriggerSchedule> {
    let fields = Fields::new(&node.config, Some(&node.id), "a trigger node", report);
    let (written, time_zone, input) = (fields.text("cronSchedule"), fields.text("timeZone"), fields.value("input"));
    fields.finish();
    let other = time_zone.as_ref().map(|zone| &zone.path).or(input.as_ref().map(|input| &input.path));
    if let (None, Some(other)) = (&written, other) {
        let message = "a time zone and an input are those of a schedule, and the trigger has no `cronSchedule`";
        report.push(Diagnostic::error(Code::CONFLICT, other, message).node(&node.id).suggest("add `cronSchedule`, or leave it out"));
    }
    let written = written?;
    let say = |at: &Text, fault: Fault, level| {
        let mut diagnostic = Diagnostic::error(Code::CRON, &at.path, fault.message).node(&node.id).excerpt(&at.text, 0..at.text.len());
        (diagnostic.level, diagnostic.suggestion) = (level, fault.suggestion);
        report.push(diagnostic);
    };
    let read = schedule::cron(&written.text).map_err(|fault| say(&written, fault, Level::Error)).ok()?;
    read.warnings.into_iter().for_each(|fault| say(&written, fault, Level::Warning));
    if let Some(zone) = &time_zone {
        check_zone(&zone.text).map_err(|fault| say(zone, fault, Level::Error)).ok()?;
    }
    Some(TriggerSchedule { cron: written, time_zone, input })
}
