//! `warpline crds`

use super::Stop;
use super::output::Printer;
use crate::api;
use clap::Args;

/// Print the definitions of the custom resources.
///
/// They are what `crds/` and the chart `warpline-crds` hold.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Install or upgrade them without Helm
  warpline crds | kubectl apply --server-side -f -")]
pub(super) struct Crds {}

impl Crds {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        for crd in api::crds() {
            let value = serde_json::to_value(&crd).map_err(Stop::machine)?;
            let yaml = serde_saphyr::to_string(&value).map_err(Stop::machine)?;
            printer.line(&format!("---\n{}", yaml.trim_end()));
        }
        Ok(())
    }
}
