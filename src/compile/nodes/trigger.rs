//! `trigger`: where the workflow begins, and when it is started by itself.

use crate::definition::{Fields, Node, Text};
use crate::diagnostic::{Code, Diagnostic, Report};
use croner::parser::{CronParser, Seconds, Year};

/// The widest step that makes sense in each field of a cron expression: minutes, hours, days, months, weekdays.
const WIDTHS: [(u32, &str); 5] = [(60, "minute"), (24, "hour"), (31, "day"), (12, "month"), (7, "weekday")];

/// The schedule that a trigger asks for. Problems are reported.
pub(in crate::compile) fn schedule(node: &Node, report: &Report) -> Option<Text> {
    let fields = Fields::new(&node.config, Some(&node.id), "a trigger node", report);
    let cron = fields.text("cronSchedule");
    fields.finish();
    let cron = cron?;
    let diagnostic =
        |code, message: String| Diagnostic::error(code, &cron.path, message).node(&node.id).excerpt(&cron.text, 0..cron.text.len());
    let count = cron.text.split_whitespace().count();
    if count == 6 {
        report.push(
            diagnostic(Code::CRON, "a schedule has five fields, and no seconds: Temporal matches minutes".into())
                .suggest("remove the first field"),
        );
        return None;
    }
    if count != 5 {
        let message = format!("a schedule has five fields (minute, hour, day, month, weekday), not {count}");
        report.push(diagnostic(Code::CRON, message).suggest("write, for example, `*/30 * * * *` for every 30 minutes"));
        return None;
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    if let Err(error) = parser.parse(&cron.text) {
        report.push(
            diagnostic(Code::CRON, format!("the schedule is not valid: {error}"))
                .suggest("write five fields, as in `*/30 * * * *` for every 30 minutes"),
        );
        return None;
    }
    for (position, (field, (width, name))) in cron.text.split_whitespace().zip(WIDTHS).enumerate() {
        let Some(step) = field.strip_prefix("*/").and_then(|step| step.parse::<u32>().ok()).filter(|step| *step >= width) else { continue };
        let mut warning = diagnostic(Code::CRON, format!("a step of {step} is wider than the {name} field: it runs at {name} 0 only"));
        warning.level = crate::diagnostic::Level::Warning;
        let meant = position.checked_sub(1).map(|before| {
            let mut fields: Vec<String> = cron.text.split_whitespace().map(str::to_owned).collect();
            if let Some(at) = fields.get_mut(before) {
                *at = format!("*/{step}");
            }
            if let Some(at) = fields.get_mut(position) {
                "*".clone_into(at);
            }
            fields.join(" ")
        });
        report.push(match meant {
            Some(meant) => warning.suggest(format!("to run every {step} {}s, write `{meant}`", WIDTHS[position - 1].1)),
            None => warning,
        });
    }
    Some(cron)
}
