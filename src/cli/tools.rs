//! `warpline tools`

use super::Stop;
use super::output::Printer;
use crate::local::toolchain::Toolchain;
use clap::Args;
use serde_json::json;

/// Find or fetch the tools that a run needs, and say where they are.
///
/// Does beforehand what `warpline run` would do at its first start, so that later runs need no network. Prints the paths as JSON: Node, Temporal's
/// command line, the worker, its packages, the TypeScript compiler and the base bundle.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Fetch everything now
  warpline tools

  # Use Temporal's command line from the tool cache
  $(warpline tools | jq -r .temporal) workflow list")]
pub(super) struct Tools {}

impl Tools {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let tools = Toolchain::ensure(&|step| printer.note(&step.to_string())).await.map_err(Stop::machine)?;
        let paths = json!({
            "node": tools.node, "temporal": tools.temporal, "worker": tools.worker, "packages": tools.node_modules,
            "tsc": tools.tsc, "bundle": tools.bundle, "sdkVersion": tools.sdk_version,
        });
        printer.line(&serde_json::to_string_pretty(&paths).unwrap_or_default());
        Ok(())
    }
}
