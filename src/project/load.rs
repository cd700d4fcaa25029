//! From file names to compiled and checked code.

use super::Error;
use super::packages::{self, Package};
use super::schedules::{self, Planned};
use crate::compile::{self, Output};
use crate::definition::{self, ActivityModule, Documents, SourceFile};
use crate::diagnostic::{Diagnostic, Report};
use crate::typecheck::Checker;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Files that were read and compiled.
#[derive(Debug)]
pub struct Loaded {
    /// The documents.
    pub documents: Documents,
    /// The generated code.
    pub output: Output,
    /// When workflows are started by themselves.
    pub schedules: Vec<Planned>,
    /// The packages of the activity modules, by the modules' names.
    pub packages: BTreeMap<String, Package>,
    /// What was found, in order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads and compiles `names`: files, folders (their `.yaml`, `.yml` and `.json` files), or `-` for standard input. What is wrong
/// with them is in the result's diagnostics.
///
/// # Errors
/// Files that aren't there or can't be read.
pub fn load(names: &[PathBuf]) -> Result<Loaded, Error> {
    let files = read(names)?;
    let report = Report::new();
    let documents = definition::read(files, &report);
    let mut packages = BTreeMap::new();
    let mut modules = Vec::new();
    for module in &documents.modules {
        let package = packages::find(module, &documents, &report);
        modules.push((module.clone(), package.as_ref().and_then(|package| package.declarations.as_ref()).map(|found| found.types.clone())));
        packages.extend(package.map(|package| (module.name.clone(), package)));
    }
    let output = compile::compile(&documents.workflows, &modules, &report);
    let schedules = schedules::read(&documents.schedules, &output.workflows, &report);
    let diagnostics = sorted(report.into_found(), &documents);
    Ok(Loaded { documents, output, schedules, packages, diagnostics })
}

/// Reads `names` as [`load`] does, without compiling: the documents, and what is wrong with them by themselves.
///
/// # Errors
/// Files that aren't there or can't be read.
pub fn documents(names: &[PathBuf]) -> Result<(Documents, Vec<Diagnostic>), Error> {
    let report = Report::new();
    let documents = definition::read(read(names)?, &report);
    let found = sorted(report.into_found(), &documents);
    Ok((documents, found))
}

/// A file with objects.
#[derive(Debug)]
pub struct Manifest {
    /// The file.
    pub file: PathBuf,
    /// Its documents, whatever they are; none where it can't be read to its end.
    pub documents: Option<Vec<Value>>,
}

/// The files of `names` as they stand there.
///
/// # Errors
/// Files that aren't there or can't be read.
pub fn manifests(names: &[PathBuf]) -> Result<Vec<Manifest>, Error> {
    let manifest = |source: SourceFile| Manifest { documents: definition::values(&source), file: PathBuf::from(source.name) };
    Ok(read(names)?.into_iter().map(manifest).collect())
}

/// The package of a module that lies on this machine; none where it does not, or is not whole.
#[must_use]
pub fn package(module: &ActivityModule, documents: &Documents) -> Option<Package> {
    packages::find(module, documents, &Report::new())
}

fn sorted(found: Vec<Diagnostic>, documents: &Documents) -> Vec<Diagnostic> {
    let located = Report::new();
    located
        .extend(found.into_iter().map(|diagnostic| if diagnostic.location.is_some() { diagnostic } else { documents.locate(diagnostic) }));
    located.into_sorted()
}

impl Loaded {
    /// Type-checks the code and adds what is found to the diagnostics.
    ///
    /// # Errors
    /// The check itself could not be done.
    pub async fn check(&mut self, checker: &Checker) -> Result<(), Error> {
        let declared = self.packages.values().filter_map(|package| package.declarations.as_ref());
        let packages: Vec<(String, PathBuf)> = declared.map(|found| (found.types.specifier.clone(), found.file.clone())).collect();
        // The inputs of schedules are looked at beside the code, and are no part of it.
        let files = self.output.files.len();
        let inputs = self.input_files();
        self.output.files.extend(inputs);
        let found = checker.check(&self.output, &packages, &std::env::temp_dir()).await;
        self.output.files.truncate(files);
        let found = found.map_err(|error| Error::Machine(error.to_string()))?;
        let found: Vec<Diagnostic> = found.into_iter().map(|found| self.about_inputs(found)).collect();
        self.diagnostics.extend(found);
        self.diagnostics = sorted(std::mem::take(&mut self.diagnostics), &self.documents);
        Ok(())
    }
}

fn read(names: &[PathBuf]) -> Result<Vec<SourceFile>, Error> {
    let mut files = Vec::new();
    for name in names {
        let shown = name.display().to_string();
        if shown == "-" {
            let text = std::io::read_to_string(std::io::stdin())
                .map_err(|error| Error::Machine(format!("cannot read standard input: {error}")))?;
            files.push(SourceFile { name: shown, text });
        } else if name.is_dir() {
            files.extend(read(&in_folder(name)?)?);
        } else {
            let bytes = std::fs::read(name).map_err(|error| Error::Machine(format!("cannot read {shown}: {error}")))?;
            let text = String::from_utf8(bytes).map_err(|_| Error::Machine(format!("cannot read {shown}: it is not UTF-8 text")))?;
            files.push(SourceFile { name: shown, text });
        }
    }
    if files.is_empty() {
        return Err(Error::Usage("there are no .yaml, .yml or .json files in what was named".into()));
    }
    Ok(files)
}

fn in_folder(folder: &std::path::Path) -> Result<Vec<PathBuf>, Error> {
    let fail = |error: std::io::Error| Error::Machine(format!("cannot read {}: {error}", folder.display()));
    let entries = std::fs::read_dir(folder).map_err(fail)?.collect::<Result<Vec<_>, _>>().map_err(fail)?;
    let wanted =
        |path: &PathBuf| path.is_file() && matches!(path.extension().and_then(|ending| ending.to_str()), Some("yaml" | "yml" | "json"));
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(wanted).collect();
    files.sort();
    Ok(files)
}
