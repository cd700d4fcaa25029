//! `warpline pull`

use super::Stop;
use super::output::Printer;
use super::pack::{client, failed, leave};
use crate::{pack, registry};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Fetch a folder that `warpline push` pushed.
///
/// Builds of ActivityModules with `spec.source.oci` begin so. In a pod, the reason of a failure is also the termination message.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # What was pushed, by the name that `warpline push` printed
  warpline pull registry.example/acme/activities-source@sha256:… --into activities")]
pub(super) struct Pull {
    /// The artifact, by its digest.
    #[arg(value_name = "REGISTRY/PATH@DIGEST")]
    artifact: String,
    /// Where its files go; made where it is not there.
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
    /// The registry speaks HTTP without TLS.
    #[arg(long)]
    plain_http: bool,
    /// A docker config.json with the registry's credentials.
    #[arg(long, value_name = "FILE")]
    registry_config: Option<PathBuf>,
    /// Where a program that watches over this one reads how it ended.
    #[arg(long, value_name = "FILE", default_value = "/dev/termination-log", hide = true)]
    termination_log: PathBuf,
}

impl Pull {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let files = self.pull().await.map_err(|error| {
            leave(&self.termination_log, &failed(&error));
            Stop::machine(error)
        })?;
        let into = self.into.display();
        printer.line(&if printer.is_text() { format!("{files} files in {into}") } else { json!({"files": files}).to_string() });
        Ok(())
    }

    async fn pull(&self) -> Result<usize, pack::Error> {
        let made = std::fs::create_dir_all(&self.into);
        made.map_err(|source| pack::Error::File { action: "make", path: self.into.clone(), source })?;
        let registry = client(self.plain_http, self.registry_config.as_deref())?;
        pack::pull(&registry::reference(&self.artifact)?, &self.into, &registry).await
    }
}
