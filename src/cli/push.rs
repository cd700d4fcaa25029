//! `warpline push`

use super::Stop;
use super::output::Printer;
use super::pack::client;
use crate::{pack, registry};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Push a folder of activity sources to a registry, as an artifact that is named by its digest.
///
/// Takes the files that `npm pack` would take (`files` of package.json, .npmignore, .gitignore), and the package-lock.json, without which nothing is built.
/// Prints the artifact by its digest. The same files give the same digest.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Push; what is printed names these very files
  warpline push activities --to registry.example/acme/activities-source

  # A tag for people, besides
  warpline push activities --to registry.example/acme/activities-source:main")]
pub(super) struct Push {
    /// The folder, with package.json and package-lock.json.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Where it goes; a tag is set where one is given.
    #[arg(long, value_name = "REGISTRY/PATH[:TAG]")]
    to: String,
    /// The registry speaks HTTP without TLS.
    #[arg(long)]
    plain_http: bool,
    /// A docker config.json with the registry's credentials; by default the user's own, where there is one.
    #[arg(long, value_name = "FILE")]
    registry_config: Option<PathBuf>,
}

impl Push {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let pushed = self.push().await.map_err(Stop::machine)?;
        let text = if printer.is_text() {
            pushed.artifact.to_string()
        } else {
            json!({"artifact": pushed.artifact.to_string(), "files": pushed.files, "pushedBytes": pushed.pushed}).to_string()
        };
        printer.note(&format!("{} files, {} bytes sent", pushed.files, pushed.pushed));
        printer.line(&text);
        Ok(())
    }

    async fn push(&self) -> Result<pack::PushedSource, pack::Error> {
        let config = self.registry_config.clone().or_else(users_config);
        let registry = client(self.plain_http, config.as_deref())?;
        pack::push(&self.folder, &registry::reference(&self.to)?, &registry).await
    }
}

/// The docker config.json of whoever runs this.
fn users_config() -> Option<PathBuf> {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".docker")));
    folder.map(|folder| folder.join("config.json")).filter(|file| file.is_file())
}
