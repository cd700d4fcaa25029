//! From files to objects: every document of every file, all that is wrong with them in one go.
//! Depends on the readers and on `object`; texts are handed in, nothing is read from a disk.

use super::object::{self, Object};
use super::places::{Documents, File};
use super::tree::{Problem, Tree};
use super::{json, yaml};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report};
use serde_json::Value;
use std::path::Path;

/// A file as it was read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The name to show in diagnostics; a bare export without a name is called like the file.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// Reads every document of the files: `Workflow`s, `ActivityModule`s, `Schedule`s and bare exports of the builder.
/// Everything that is wrong goes to `report`, with its place; what could be read is in the result all the same.
pub fn read(files: Vec<SourceFile>, report: &Report) -> Documents {
    let mut documents = Documents::default();
    for SourceFile { name, text } in files {
        let file = File::new(name, text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text));
        let (trees, problems) = parse(&file);
        let has_problems = !problems.is_empty();
        report.extend(problems.into_iter().map(|problem| syntax(&file, problem)));
        if trees.is_empty() && !has_problems {
            let mut diagnostic = Diagnostic::warning(Code::UNKNOWN_KIND, &JsonPath::root(), "the file holds no document");
            diagnostic.location = Some(file.location(0..0));
            report.push(diagnostic);
        }
        let index = documents.add_file(file);
        for tree in trees {
            read_document(&mut documents, index, tree, report);
        }
    }
    documents
}

/// The documents of a file as they stand in it, whatever they are; none where it can't be read to its end.
#[must_use]
pub fn values(file: &SourceFile) -> Option<Vec<Value>> {
    let file = File::new(file.name.clone(), file.text.trim_start_matches('\u{feff}').to_owned());
    let (trees, problems) = parse(&file);
    problems.is_empty().then(|| trees.into_iter().map(|tree| tree.value).collect())
}

fn parse(file: &File) -> (Vec<Tree>, Vec<Problem>) {
    if json::looks_like_json(&file.text) {
        match json::document(&file.text) {
            Ok((tree, problems)) => return (tree.into_iter().collect(), problems),
            Err(problem) if has_extension(&file.name, "json") => return (Vec::new(), vec![problem]),
            Err(_) => {}
        }
    }
    yaml::documents(&file.text)
}

fn read_document(documents: &mut Documents, file: usize, tree: Tree, report: &Report) {
    let found = Report::new();
    let stem = documents.file(file).map(|file| stem(&file.name).to_owned()).unwrap_or_default();
    let identity = object::identify(&tree.value, &stem, &found);
    let name = identity.as_ref().map(object::Identity::object).unwrap_or_default();
    let object = identity.and_then(|identity| object::read(&identity, &found));
    let found = found.into_sorted().into_iter().map(|mut diagnostic| {
        diagnostic.object.clone_from(&name);
        documents.locate_in(file, &tree, diagnostic)
    });
    let mut found: Vec<_> = found.collect();
    if !name.is_empty() {
        if let Some(diagnostic) = documents.add_object(&name, file, tree) {
            report.extend(found);
            report.push(diagnostic);
            return;
        }
        match object {
            Some(Object::Workflow(workflow)) => {
                found.extend(documents.add_workflow(workflow));
            }
            Some(Object::Module(module)) => documents.modules.push(module),
            Some(Object::Schedule(schedule)) => documents.schedules.push(schedule),
            None => {}
        }
    }
    report.extend(found);
}

fn syntax(file: &File, problem: Problem) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(Code::SYNTAX, &JsonPath::root(), problem.message);
    diagnostic.suggestion = problem.suggestion;
    diagnostic.location = Some(file.location(problem.span));
    diagnostic
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// The file's name without folders and endings: `package-build` of `flows/package-build.workflow.yaml`.
fn stem(name: &str) -> &str {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    base.split('.').find(|part| !part.is_empty()).unwrap_or(base)
}
