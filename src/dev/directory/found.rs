//! What is wrong with the files, as text with excerpts: the compiler's findings and the type checker's, by the files that people edit.

use crate::diagnostic::{has_errors, render};
use crate::project;
use crate::typecheck::Checker;
use std::path::{Path, PathBuf};

/// The findings; empty where there are none.
///
/// # Errors
/// In a sentence: files can't be read, the type checker can't be run.
pub async fn found(folder: &Path, checker: &Checker, colour: bool) -> Result<String, String> {
    let files: PathBuf = folder.to_owned();
    // The compiler's report stays on one thread.
    let loaded = tokio::task::spawn_blocking(move || project::load(&[files])).await.map_err(|error| error.to_string())?;
    let mut loaded = match loaded {
        Ok(loaded) => loaded,
        Err(project::Error::Usage(_)) => return Ok(String::new()),
        Err(error) => return Err(error.to_string()),
    };
    if !has_errors(&loaded.diagnostics) {
        loaded.check(checker).await.map_err(|error| error.to_string())?;
    }
    let text_of = |file: &str| loaded.documents.text_of(file).map(str::to_owned);
    if loaded.diagnostics.is_empty() {
        return Ok(String::new());
    }
    Ok(render::text(&loaded.diagnostics, &text_of, colour).trim_end().to_owned())
}
