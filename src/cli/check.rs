//! `warpline check`

use super::Stop;
use super::load::{self, load};
use super::output::Printer;
use crate::local::toolchain::Toolchain;
use crate::project::Planned;
use crate::typecheck::Checker;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use std::path::PathBuf;

/// Compile definitions and check their types.
///
/// Everything that can be wrong with a definition is found here, before anything runs: the drawing, the fields, the expressions, and the types of
/// what activities and children are given, by the TypeScript compiler in its strict mode.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Check all definitions in a folder
  warpline check manifests/examples/package-builder

  # Check an export of the UI builder, for a program
  warpline check export.json --output json")]
pub(super) struct Check {
    /// Files or folders; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Check {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let mut loaded = load(&self.files, printer)?;
        load::check(&mut loaded, &checker(printer).await?, printer).await?;
        printer.diagnostics(&loaded.diagnostics, &loaded.documents);
        for workflow in &loaded.output.workflows {
            let activities: usize = workflow.activities.values().map(std::collections::BTreeSet::len).sum();
            printer.note(&format!("{} is fine: {activities} activities, task queue {}", workflow.workflow_type, workflow.task_queue));
        }
        say_schedules(&loaded.schedules, Timestamp::now(), printer);
        Ok(())
    }
}

/// How many of the next runs are shown.
const NEXT: usize = 5;

/// Each schedule with its next runs: for people in the schedule's own time zone, for programs as one more line.
fn say_schedules(schedules: &[Planned], now: Timestamp, printer: &Printer) {
    if schedules.is_empty() {
        return;
    }
    let next = |planned: &Planned| {
        planned.times().map_or_else(Vec::new, |times| times.after(now).take(NEXT).map(|time| (time, times.shown(time))).collect())
    };
    if printer.is_json() {
        let one = |planned: &Planned| {
            let next: Vec<String> = next(planned).into_iter().map(|(time, _)| time.to_string()).collect();
            json!({"object": planned.object, "workflow": planned.workflow, "when": planned.when, "timeZone": planned.timing.time_zone,
                "paused": planned.paused, "nextRuns": next})
        };
        let all: Vec<_> = schedules.iter().map(one).collect();
        printer.line(&json!({"schedules": all}).to_string());
        return;
    }
    for planned in schedules {
        let next = next(planned);
        let paused = if planned.paused { ", paused" } else { "" };
        let runs = if next.is_empty() { "and never runs again" } else { "and would run next at" };
        printer.note(&format!("{} starts Workflow/{} {}{paused}, {runs}", planned.object, planned.workflow, planned.when));
        next.iter().for_each(|(_, shown)| printer.note(&format!("  {shown}")));
    }
}

/// The TypeScript compiler, fetched if need be.
pub(super) async fn checker(printer: &Printer) -> Result<Checker, Stop> {
    let found = Toolchain::ensure_checker(&|step| printer.note(&step.to_string())).await.map_err(Stop::machine)?;
    Ok(Checker { tsc: found.tsc, packages: found.node_modules })
}
