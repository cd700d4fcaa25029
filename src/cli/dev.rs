//! `warpline dev`

use super::Stop;
use super::operator::stopped;
use super::output::Printer;
use crate::dev::{self, Options, Ready, Say, Told};
use crate::local::Toolchain;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Run the operator on this machine, with a directory in place of a cluster.
///
/// The definitions in the directory are compiled, checked and made live as on a cluster: a change makes a new version, what runs stays on its own until
/// it ends, a broken file changes nothing that runs. Workers are processes, Temporal's server is one of this machine; Ctrl-C ends them all, and nothing is
/// kept. What a cluster would build (`npm`, `source`) or pull (`image`) is served where the ActivityModule has a `path`, too.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Serve the definitions of a folder, and every change of them
  warpline dev manifests/examples/package-builder

  # In another terminal: look, start, change
  export KUBECONFIG=$PWD/manifests/examples/package-builder/.warpline/kubeconfig
  warpline status
  warpline start package-builder --input @input.json")]
pub(super) struct Dev {
    /// The folder with definitions.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Serve Temporal's page.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    ui: bool,
}

impl Dev {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let toolchain = Toolchain::ensure(&|step| printer.note(&step.to_string())).await.map_err(Stop::machine)?;
        let shown = printer.clone();
        let say = Say::new(move |told| show(&shown, told), printer.colours());
        let options = Options { folder: self.folder.clone(), ui: self.ui };
        Box::pin(dev::run(&options, toolchain, say, stopped())).await.map_err(Stop::Machine)
    }
}

fn show(printer: &Printer, told: Told) {
    if printer.is_json() {
        let line = match told {
            Told::Ready(Ready { temporal, ui, kubeconfig, logs }) => {
                json!({"event": "ready", "temporal": temporal, "ui": ui, "kubeconfig": kubeconfig, "logs": logs})
            }
            Told::Line(line) => json!({"event": "told", "message": line}),
            Told::Warning(line) => json!({"event": "warning", "message": line}),
            Told::Text(text) => json!({"event": "found", "message": text}),
        };
        return printer.line(&line.to_string());
    }
    match told {
        Told::Ready(ready) => {
            printer.note(&format!("Temporal is at {}", ready.temporal));
            ready.ui.iter().for_each(|ui| printer.note(&format!("its page is at {ui}")));
            printer.note(&format!("logs are in {}", ready.logs.display()));
            printer.note(&format!("for another terminal: export KUBECONFIG={}", ready.kubeconfig.display()));
        }
        Told::Line(line) | Told::Text(line) => printer.note(&line),
        Told::Warning(line) => printer.warning(&line),
    }
}
