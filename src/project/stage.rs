//! Lays versions out in folders, as the worker takes them, with source maps that lead back to nodes and expressions.

use super::{Error, Loaded, Package};
use crate::compile::{GeneratedFile, Output};
use crate::definition::Documents;
use crate::diagnostic::{Code, Diagnostic, JsonPath};
use crate::version::{self, Content};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A version in a folder.
#[derive(Debug)]
pub struct Staged {
    /// The folder.
    pub folder: PathBuf,
    /// The worker deployment.
    pub deployment: String,
    /// The build ID.
    pub build_id: String,
    /// The task queue.
    pub task_queue: String,
}

/// Lays out a version for each task queue, below `folder`. `runtime` is the digest of the worker's runtime.
///
/// # Errors
/// A module without a package on this machine, or files that can't be read or written.
pub fn stage(loaded: &Loaded, runtime: &str, folder: &Path) -> Result<Vec<Staged>, Error> {
    let Loaded { documents, output, packages, .. } = loaded;
    let mut staged = Vec::new();
    let mut folders = Folders::default();
    for (queue, served) in version::queues(output) {
        let scripts = scripts(output, &served)?;
        let mut digests = BTreeMap::new();
        let mut activities = Vec::new();
        for (module, names) in &served.activities {
            let package = packages.get(*module).ok_or_else(|| {
                Error::Usage(format!(
                    "ActivityModule/{module} has no `path`, so its activities cannot run here; give it the path of its package, beside `npm`, `source` or `image` that a cluster uses"
                ))
            })?;
            digests.insert((*module).to_owned(), json!([folders.digest(package)?, names]).to_string());
            activities.push(json!({"module": module, "path": package.entry, "names": names}));
        }
        let texts = scripts.iter().map(|(workflow_type, (_, script))| (workflow_type.clone(), script.text.clone())).collect();
        let build_id = version::build_id(&Content { scripts: &texts, runtime, activities: &digests });
        let deployment = version::deployment_name(queue);
        let workflows: Vec<&str> = served.workflows.iter().map(|workflow| workflow.workflow_type.as_str()).collect();
        let record = json!({"deploymentName": deployment, "buildId": build_id, "taskQueue": queue, "workflows": workflows, "activities": activities});
        // One level, whatever is in the name.
        let version = folder.join(deployment.replace('%', "%25").replace('/', "%2F")).join(&build_id);
        let write = |name: &str, text: &str| {
            let path = version.join(name);
            std::fs::write(&path, text).map_err(|error| Error::Machine(format!("cannot write {}: {error}", path.display())))
        };
        std::fs::create_dir_all(&version).map_err(|error| Error::Machine(format!("cannot write {}: {error}", version.display())))?;
        write("version.json", &record.to_string())?;
        for (workflow_type, (file, script)) in &scripts {
            write(&format!("{workflow_type}.js"), &script.text)?;
            write(&format!("{workflow_type}.js.map"), &script_map(script, file, documents))?;
        }
        staged.push(Staged { folder: version, deployment, build_id, task_queue: queue.to_owned() });
    }
    Ok(staged)
}

/// The digests of packages: modules of one package share its folder, which is read once.
#[derive(Default)]
struct Folders<'a>(BTreeMap<&'a Path, String>);

impl<'a> Folders<'a> {
    fn digest(&mut self, package: &'a Package) -> Result<String, Error> {
        if let Some(known) = self.0.get(package.folder.as_path()) {
            return Ok(known.clone());
        }
        let digest = package.digest().map_err(|error| Error::Machine(format!("cannot read {}: {error}", package.folder.display())))?;
        self.0.insert(&package.folder, digest.clone());
        Ok(digest)
    }
}

/// The source map of a generated TypeScript file: from its lines to the definition's file, with the nodes as names.
#[must_use]
pub fn source_map(file: &GeneratedFile, documents: &Documents) -> String {
    let mut map = sourcemap::SourceMapBuilder::new(Some(&file.path));
    let mut places = Places::new(documents);
    for mapping in &file.printed.mappings {
        places.add(&mut map, file, (mapping.line, mapping.column), mapping.origin);
    }
    version::source_map_text(&map.into_sourcemap())
}

/// A generated file, and the script that was made of it.
type Scripted<'a> = (&'a GeneratedFile, version::Script);

/// The scripts of the workflows of a queue, by type.
fn scripts<'a>(output: &'a Output, served: &version::Queue) -> Result<BTreeMap<String, Scripted<'a>>, Error> {
    let mut scripts = BTreeMap::new();
    for workflow in &served.workflows {
        let Some(file) = output.files.iter().find(|file| file.path == workflow.path) else { continue };
        let script = version::script(file, workflow).map_err(Error::Machine)?;
        scripts.insert(workflow.workflow_type.clone(), (file, script));
    }
    Ok(scripts)
}

fn script_map(script: &version::Script, file: &GeneratedFile, documents: &Documents) -> String {
    let mut map = sourcemap::SourceMapBuilder::new(None);
    let mut places = Places::new(documents);
    for &(line, column, file_line, file_column) in &script.mappings {
        if let Some(origin) = file.origin_on_line(file_line, file_column) {
            places.add(&mut map, file, (line, column), origin);
        }
    }
    version::source_map_text(&map.into_sourcemap())
}

/// Positions of strings of the definition in its file; each string is looked up once.
struct Places<'a> {
    documents: &'a Documents,
    known: std::collections::HashMap<(String, crate::compile::origin::Origin), Option<Place>>,
}

#[derive(Clone)]
struct Place {
    file: String,
    line: u32,
    column: u32,
    node: Option<String>,
}

impl<'a> Places<'a> {
    fn new(documents: &'a Documents) -> Self {
        Self { documents, known: std::collections::HashMap::new() }
    }

    fn add(&mut self, map: &mut sourcemap::SourceMapBuilder, file: &GeneratedFile, at: (u32, u32), origin: crate::compile::origin::Origin) {
        let documents = self.documents;
        let place = self.known.entry((file.object.clone(), origin)).or_insert_with(|| {
            let mut diagnostic = Diagnostic::error(Code::TYPE, &JsonPath::root(), "");
            diagnostic.object.clone_from(&file.object);
            let located = documents.locate(file.sources.locate(diagnostic, origin));
            let location = located.location?;
            let from_zero = |number: usize| u32::try_from(number.saturating_sub(1)).unwrap_or(u32::MAX);
            Some(Place { file: location.file, line: from_zero(location.line), column: from_zero(location.column), node: located.node })
        });
        if let Some(place) = place {
            map.add(at.0, at.1, place.line, place.column, Some(&place.file), place.node.as_deref(), false);
        }
    }
}
