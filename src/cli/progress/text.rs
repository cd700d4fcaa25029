//! The words of progress: durations, names, lines of what is running. Pure.

use std::time::Duration;

use console::{Style, truncate_str};
use jiff::Timestamp;

use crate::temporal::follow::Activity;

use super::model::{Execution, Mark, Model, Note, Running};

/// After how many seconds an activity that nobody took is said to wait: what is under way is seen a moment late.
const WAITS_FOR_WORKER: i64 = 3;

/// The characters a line may have and the lines that the live area may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub columns: usize,
    pub rows: usize,
}

/// `340 ms`, `3.2 s`, `2 m 5 s`, `1 h 3 m`.
pub(in crate::cli) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{} m {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// ` in 3.2 s`.
pub(super) fn took(from: Timestamp, to: Timestamp) -> String {
    format!(" in {}", duration(between(from, to)))
}

/// ` (6 activities, 1 retry)`; nothing for nothing.
pub(super) fn work(activities: u32, retries: u32) -> String {
    let counted = |count: u32, one: &str, many: &str| (count > 0).then(|| format!("{count} {}", if count == 1 { one } else { many }));
    let parts: Vec<_> =
        [counted(activities, "activity", "activities"), counted(retries, "retry", "retries")].into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// An activity: its name, and what the code says of the call.
pub(super) fn activity(activity: &Activity) -> String {
    match &activity.summary {
        Some(summary) => format!("{} ({summary})", activity.name),
        None => activity.name.clone(),
    }
}

/// An execution: its type and ID; the type alone where the ID is random or says no more.
pub(super) fn name(execution: &Execution) -> String {
    let Execution { workflow_type, workflow_id, .. } = execution;
    if is_random(workflow_id) || workflow_id == workflow_type { workflow_type.clone() } else { format!("{workflow_type} {workflow_id}") }
}

/// An execution in one word.
pub(super) fn short_name(execution: &Execution) -> &str {
    if is_random(&execution.workflow_id) { &execution.workflow_type } else { &execution.workflow_id }
}

/// Whether `id` is a UUID.
fn is_random(id: &str) -> bool {
    id.len() == 36 && id.char_indices().all(|(at, c)| if matches!(at, 8 | 13 | 18 | 23) { c == '-' } else { c.is_ascii_hexdigit() })
}

/// A note as a line; the time since `begun` before it.
pub(super) fn note(note: &Note, begun: Timestamp, colours: bool) -> String {
    let (sign, style) = match note.mark {
        Mark::Begun => ("•", Style::new().cyan()),
        Mark::Done => ("✓", Style::new().green()),
        Mark::Retry => ("↻", Style::new().yellow()),
        Mark::Failed => ("✗", Style::new().red()),
    };
    let since = format!("{:>8}", duration(between(begun, note.time)));
    let paint = |style: Style, text: &str| style.force_styling(colours).apply_to(text).to_string();
    format!("{} {} {}", paint(Style::new().dim(), &since), paint(style, sign), note.text)
}

/// What is running, and what was counted, as lines that fit `size`.
pub(super) fn view(model: &Model, now: Timestamp, size: Size, colours: bool) -> Vec<String> {
    let Some(began) = model.began() else { return Vec::new() };
    let running = model.running();
    let room = size.rows.saturating_sub(3).max(1);
    let shown = if running.len() > room { room.saturating_sub(1) } else { running.len() };
    let mut lines: Vec<String> = running[..shown].iter().map(|execution| line(model, execution, now)).collect();
    if running.len() > shown {
        lines.push(format!("  … and {} more", running.len() - shown));
    }
    let mut lines: Vec<_> = lines.into_iter().map(|line| truncate_str(&line, size.columns, "…").into_owned()).collect();
    let totals = totals(model, running.len());
    let footer = truncate_str(&format!("{totals}  {}", duration(between(began, now))), size.columns, "…").into_owned();
    lines.push(Style::new().dim().force_styling(colours).apply_to(footer).to_string());
    lines
}

fn totals(model: &Model, running: usize) -> String {
    let totals = model.totals();
    let count = |count: u32, word: &str| (count > 0).then(|| format!("{count} {word}"));
    let parts = [
        Some(format!("{running} running")),
        count(totals.children_done, "children done"),
        count(totals.activities_done, "activities done"),
        count(totals.retries, "retried"),
        count(totals.children_failed + totals.activities_failed, "failed"),
        count(totals.continued, "continued as new"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// One execution and what it waits for.
fn line(model: &Model, execution: &Execution, now: Timestamp) -> String {
    let mut waits: Vec<String> = execution.activities.values().map(|running| waits(running, now)).collect();
    let children = model.open_children(execution);
    if children > 0 {
        waits.push(format!("{children} {}", if children == 1 { "child" } else { "children" }));
    }
    if let Some(fires) = execution.timers.values().flatten().min()
        && waits.is_empty()
    {
        waits.push(format!("timer, {} left", duration(between(now, *fires))));
    }
    if let Some(why) = &execution.stuck {
        waits.push(format!("stuck: {why}"));
    }
    let indent = "  ".repeat(execution.depth + 1);
    format!("{indent}{}  {}  {}", name(execution), duration(between(execution.started, now)), waits.join(", ")).trim_end().to_owned()
}

fn waits(running: &Running, now: Timestamp) -> String {
    let name = activity(&running.activity);
    let long = duration(between(running.scheduled, now));
    match (&running.failed, running.attempt) {
        (None, 0) if now.duration_since(running.scheduled).as_secs() >= WAITS_FOR_WORKER => {
            format!("{name} waits for a worker since {long}")
        }
        (None, _) => format!("{name} {long}"),
        (Some((failed, why)), 0) => format!("{name} waits for attempt {}: {why}", failed + 1),
        (Some((_, why)), attempt) => format!("{name} {long}, attempt {attempt} after: {why}"),
    }
}

/// The time from one to the other; zero where the clocks disagree.
pub(in crate::cli) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let words = [340, 3_249, 125_000, 3_780_000].map(|ms| duration(Duration::from_millis(ms)));
        assert_eq!(words, ["340 ms", "3.2 s", "2 m 5 s", "1 h 3 m"]);
    }

    #[test]
    fn work_is_counted() {
        assert_eq!(work(6, 1), " (6 activities, 1 retry)");
        assert_eq!(work(0, 0), "");
    }

    #[test]
    fn random_ids_are_no_names() {
        assert!(is_random("0192f7b4-8f2e-7cc0-a1b2-00aa11bb22cc"));
        assert!(!is_random("build-core"));
    }
}
