//! `warpline check`

use super::Stop;
use super::load::{self, load};
use super::output::Printer;
use crate::local::toolchain::Toolchain;
use crate::typecheck::Checker;
use clap::Args;
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
            let schedule = workflow.schedule.as_ref().map_or_else(String::new, |schedule| format!(", scheduled `{}`", schedule.cron.text));
            printer.note(&format!(
                "{} is fine: {activities} activities, task queue {}{schedule}",
                workflow.workflow_type, workflow.task_queue
            ));
        }
        Ok(())
    }
}

/// The TypeScript compiler, fetched if need be.
pub(super) async fn checker(printer: &Printer) -> Result<Checker, Stop> {
    let found = Toolchain::ensure_checker(&|step| printer.note(&step.to_string())).await.map_err(Stop::machine)?;
    Ok(Checker { tsc: found.tsc, packages: found.node_modules })
}
