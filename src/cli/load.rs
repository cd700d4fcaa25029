//! From file names to compiled code: what `compile`, `check` and `run` begin with, and the printing of what is wrong with it.

use super::Stop;
use super::output::Printer;
use crate::diagnostic::has_errors;
use crate::project::{self, Loaded};
use crate::typecheck::Checker;
use std::path::PathBuf;

/// Reads and compiles `names`. Problems are printed unless they are only warnings: those the caller prints.
pub(super) fn load(names: &[PathBuf], printer: &Printer) -> Result<Loaded, Stop> {
    let loaded = project::load(names)?;
    stop_at_errors(&loaded, printer)?;
    Ok(loaded)
}

/// Type-checks the code; as [`load`].
pub(super) async fn check(loaded: &mut Loaded, checker: &Checker, printer: &Printer) -> Result<(), Stop> {
    loaded.check(checker).await?;
    stop_at_errors(loaded, printer)
}

fn stop_at_errors(loaded: &Loaded, printer: &Printer) -> Result<(), Stop> {
    if has_errors(&loaded.diagnostics) {
        printer.diagnostics(&loaded.diagnostics, &loaded.documents);
        return Err(Stop::Definition);
    }
    Ok(())
}
