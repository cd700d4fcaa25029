//! `warpline pack`

use super::Stop;
use super::output::Printer;
use crate::pack::{self, Packed, Request};
use crate::registry::{self, Credentials, Options, PlainHttp, Registry};
use crate::typecheck::Checker;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// As much as a pod's termination message may have.
const MESSAGE: usize = 4096;

/// Pack an installed npm tree into an image of a worker with activities, and push it.
///
/// The image is the base's layers, a layer of dependencies and a layer of the package. The same tree on the same base is the same image, byte for byte,
/// and nothing that the registry has is sent again. What was installed is read and never run. Prints the image and its record as JSON; in a pod it is
/// also the termination message, as is the reason of a failure.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # What npm has installed in a folder whose package.json depends on @acme/activities
  warpline pack --tree . --package @acme/activities --base registry.example/warpline/worker:0.1.0 --repository registry.example/acme/activities")]
pub(super) struct Pack {
    /// The folder in which npm has installed: with package.json, package-lock.json and node_modules.
    #[arg(long, value_name = "FOLDER")]
    tree: PathBuf,
    /// The package that holds the activities: a dependency of the tree, or the tree itself; without it, what the resolution names.
    #[arg(long, value_name = "NAME", required_unless_present = "resolution")]
    package: Option<String>,
    /// The worker's image, which the new one stands on.
    #[arg(long, value_name = "IMAGE")]
    base: String,
    /// Where the image goes.
    #[arg(long, value_name = "REGISTRY/PATH")]
    repository: String,
    /// A file that says how the tree was resolved: JSON with version, integrity and registry.
    #[arg(long, value_name = "FILE")]
    resolution: Option<PathBuf>,
    /// An export with activities; without it, all exports that are code.
    #[arg(long, value_name = "EXPORT")]
    export: Vec<String>,
    /// The activities' signatures are declared elsewhere: an export needs no types.
    #[arg(long)]
    declared: bool,
    /// A folder for what is made on the way; by default one of the system's, which is removed.
    #[arg(long, value_name = "FOLDER")]
    scratch: Option<PathBuf>,
    /// The registries speak HTTP without TLS.
    #[arg(long)]
    plain_http: bool,
    /// A docker config.json with the registries' credentials.
    #[arg(long, value_name = "FILE")]
    registry_config: Option<PathBuf>,
    /// A private key that the provenance is signed with: Ed25519 or ECDSA on P-256, PKCS#8 in PEM.
    #[arg(long, value_name = "FILE")]
    sign_key: Option<PathBuf>,
    /// The folder with the TypeScript compiler and the SDK's types, as node_modules.
    #[arg(long, value_name = "FOLDER", env = "WARPLINE_TYPESCRIPT", default_value = "/opt/warpline/typescript")]
    typescript: PathBuf,
    /// Where a program that watches over this one reads how it ended.
    #[arg(long, value_name = "FILE", default_value = "/dev/termination-log", hide = true)]
    termination_log: PathBuf,
}

impl Pack {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let packed = match self.pack().await {
            Ok(packed) => packed,
            Err(error) => {
                leave(&self.termination_log, &failed(&error));
                return Err(Stop::machine(error));
            }
        };
        let Packed { image, record, pushed, mounted, .. } = packed;
        let text = json!({"image": image.to_string(), "record": record, "pushedBytes": pushed, "mountedBytes": mounted}).to_string();
        leave(&self.termination_log, &text);
        printer.line(&text);
        Ok(())
    }

    async fn pack(&self) -> Result<Packed, pack::Error> {
        let registry = client(self.plain_http, self.registry_config.as_deref())?;
        let checker = Checker::installed(&self.typescript)?;
        let scratch = Scratch::new(self.scratch.as_deref())?;
        let request = Request {
            tree: self.tree.clone(),
            package: match (&self.package, &self.resolution) {
                (None, Some(resolution)) => pack::resolved_package(resolution)?,
                (package, _) => package.clone().unwrap_or_default(),
            },
            exports: self.export.clone(),
            is_declared: self.declared,
            resolution: self.resolution.clone(),
            base: registry::reference(&self.base)?,
            repository: registry::reference(&self.repository)?,
            scratch: scratch.folder.clone(),
            key: self.sign_key.clone(),
        };
        pack::pack(&request, &checker, &registry).await
    }
}

/// Leaves a message where a pod has a place for it.
pub(super) fn leave(termination_log: &Path, text: &str) {
    if termination_log.exists() {
        // Whoever waits for it sees the exit code, too.
        let _ = std::fs::write(termination_log, text);
    }
}

/// What a program that failed leaves.
pub(super) fn failed(error: &pack::Error) -> String {
    json!({"reason": error.reason(), "message": shortened(&error.to_string())}).to_string()
}

/// A client of the registries.
pub(super) fn client(plain_http: bool, config: Option<&Path>) -> Result<Registry, pack::Error> {
    let plain_http = if plain_http { PlainHttp::All } else { PlainHttp::None };
    let credentials = match config {
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|source| pack::Error::File { action: "read", path: path.to_owned(), source })?;
            Credentials::from_docker_config(&bytes)?
        }
        None => Credentials::default(),
    };
    Ok(Registry::new(Options { plain_http, credentials, ..Options::default() })?)
}

fn shortened(message: &str) -> String {
    message.chars().take(MESSAGE / 4).collect()
}

/// A folder for what is made on the way. It is removed in the end.
pub(super) struct Scratch {
    /// The folder.
    pub(super) folder: PathBuf,
}

impl Scratch {
    pub(super) fn new(parent: Option<&Path>) -> Result<Self, pack::Error> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let folder = parent.join(format!("warpline-pack-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|source| pack::Error::File { action: "make", path: folder.clone(), source })?;
        Ok(Self { folder })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left behind in a scratch folder harms nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
