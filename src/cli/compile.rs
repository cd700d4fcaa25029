//! `warpline compile`

use super::Stop;
use super::load::load;
use super::output::Printer;
use crate::compile::GeneratedFile;
use crate::definition::Documents;
use clap::Args;
use std::path::PathBuf;

/// Compile definitions to TypeScript.
///
/// Reads Workflows, ActivityModules and exports of the UI builder (YAML or JSON, several documents in a file) and prints the TypeScript that they
/// become. With --out, each file is written into a folder with a source map that leads back to nodes and expressions. Types are not checked: use
/// `warpline check`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Print the TypeScript of all definitions in a folder
  warpline compile manifests/examples/package-builder

  # Write it into a folder, with source maps
  warpline compile workflows.yaml modules.yaml --out generated")]
pub(super) struct Compile {
    /// Files or folders; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The folder to write to, in place of standard output.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Only this workflow, by its type or its object's name.
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
}

impl Compile {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let loaded = load(&self.files, printer)?;
        printer.diagnostics(&loaded.diagnostics, &loaded.documents);
        let wanted = match &self.workflow {
            None => None,
            Some(name) => Some(super::run::find(&loaded.output, name)?.path.clone()),
        };
        let files: Vec<&GeneratedFile> =
            loaded.output.files.iter().filter(|file| wanted.as_ref().is_none_or(|path| file.path == *path)).collect();
        match &self.out {
            Some(folder) => write(folder, &files, &loaded.documents, printer),
            None => {
                print(&files, printer);
                Ok(())
            }
        }
    }
}

fn print(files: &[&GeneratedFile], printer: &Printer) {
    if !printer.is_text() {
        return;
    }
    for (position, file) in files.iter().enumerate() {
        if files.len() > 1 {
            let gap = if position > 0 { "\n" } else { "" };
            printer.line(&format!("{gap}// {}", file.path));
        }
        printer.line(file.printed.text.trim_end());
    }
}

fn write(folder: &PathBuf, files: &[&GeneratedFile], documents: &Documents, printer: &Printer) -> Result<(), Stop> {
    let fail = |path: &PathBuf, error: std::io::Error| Stop::Machine(format!("cannot write {}: {error}", path.display()));
    std::fs::create_dir_all(folder).map_err(|error| fail(folder, error))?;
    for file in files {
        let path = folder.join(&file.path);
        let map = folder.join(format!("{}.map", file.path));
        let text = format!("{}//# sourceMappingURL={}.map\n", file.printed.text, file.path);
        std::fs::write(&path, text).map_err(|error| fail(&path, error))?;
        std::fs::write(&map, crate::project::source_map(file, documents)).map_err(|error| fail(&map, error))?;
        printer.note(&format!("wrote {}", path.display()));
    }
    Ok(())
}
