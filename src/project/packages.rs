//! Where the activities of an `ActivityModule` are on this machine: the package's folder, the module's code and its declarations.

use super::exports;
use crate::compile::program::PackageTypes;
use crate::definition::{ActivityModule, Documents};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A module's package, as it lies in a folder.
#[derive(Clone, Debug)]
pub struct Package {
    /// The folder.
    pub folder: PathBuf,
    /// The code of the module.
    pub entry: PathBuf,
    /// The declarations of the module; none where it has none and the `ActivityModule` declares its activities.
    pub declarations: Option<Declarations>,
}

/// The declarations of a module of a package.
#[derive(Clone, Debug)]
pub struct Declarations {
    /// The file that holds or refers to all of them.
    pub file: PathBuf,
    /// Their texts.
    pub types: PackageTypes,
}

/// Finds the package of `module`, which names a folder relative to its file. What is missing is reported; `None` where it names no folder.
pub(super) fn find(module: &ActivityModule, documents: &Documents, report: &Report) -> Option<Package> {
    let Some(path) = module.path_in_source.as_ref() else {
        say_where_it_is(module, report);
        return None;
    };
    let fail = |at: &JsonPath, message: String, suggestion: &str| {
        let mut diagnostic = Diagnostic::error(Code::UNREADABLE, at, message).suggest(suggestion);
        diagnostic.object.clone_from(&module.object);
        report.push(diagnostic);
        None
    };
    let base = documents.file_of(&module.object).and_then(|file| Path::new(file).parent()).unwrap_or(Path::new("."));
    let folder = match base.join(&path.text).canonicalize() {
        Ok(folder) => folder,
        Err(error) => {
            return fail(
                &path.path,
                format!("cannot read the folder {}: {error}", base.join(&path.text).display()),
                "name a folder with a package.json, relative to this file",
            );
        }
    };
    let manifest: Value = match std::fs::read_to_string(folder.join("package.json"))
        .map_err(|error| error.to_string())
        .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
    {
        Ok(manifest) => manifest,
        Err(error) => {
            return fail(
                &path.path,
                format!("cannot read {}: {error}", folder.join("package.json").display()),
                "name a folder with a package.json",
            );
        }
    };
    let name = manifest.get("name").and_then(Value::as_str).unwrap_or(&module.name).to_owned();
    let export = module.module.as_ref().map_or(".", |module| module.text.as_str());
    let place = module.module.as_ref().map_or(&path.path, |module| &module.path);
    let Some((entry, declarations)) = exports::code(&manifest, export).zip(exports::types(&manifest, export)) else {
        return fail(place, format!("the package {name} has no export `{export}`"), "name one of the `exports` in its package.json");
    };
    let (entry, declarations) = (folder.join(entry), folder.join(declarations));
    let is_declared = !module.activities.is_empty() && !declarations.is_file();
    for file in [&entry, &declarations] {
        if !(file.is_file() || is_declared && file == &declarations) {
            return fail(place, format!("{} is not there", file.display()), "build the package: `npm ci && npm run build` in its folder");
        }
    }
    if is_declared {
        return Some(Package { folder, entry, declarations: None });
    }
    let specifier = match export.strip_prefix("./") {
        Some(subpath) => format!("{name}/{subpath}"),
        None => name,
    };
    Some(Package { folder, entry, declarations: Some(self::declarations(specifier, declarations)) })
}

/// A module that only a cluster builds: without its package or its signatures nothing is known of it here.
fn say_where_it_is(module: &ActivityModule, report: &Report) {
    let (at, what, how) = match (&module.npm, &module.source) {
        _ if !module.activities.is_empty() => return,
        (Some(npm), _) => {
            let package = &npm.package.text;
            let how = format!(
                "run `npm install {package} --prefix FOLDER` and add `path: FOLDER/node_modules/{package}`; a cluster goes on building `npm`"
            );
            (&npm.package.path, format!("the activities of the npm package {package} are not on this machine"), how)
        }
        (None, Some(source)) => (
            &source.path,
            "the activities of a `source` are not on this machine".to_owned(),
            "add `path`, the folder with the same files".to_owned(),
        ),
        (None, None) => return,
    };
    let mut diagnostic = Diagnostic::error(Code::UNREADABLE, at, what).suggest(how);
    diagnostic.object.clone_from(&module.object);
    report.push(diagnostic);
}

/// The declarations of a module that is imported as `specifier`: those of `file`, and of the files that it refers to.
#[must_use]
pub fn declarations(specifier: String, file: PathBuf) -> Declarations {
    let mut files = Vec::new();
    gather(&file, &mut files, &mut BTreeSet::new());
    Declarations { file, types: PackageTypes { specifier, files } }
}

/// Reads a declaration file and those that it refers to by relative paths.
fn gather(file: &Path, files: &mut Vec<(String, String)>, seen: &mut BTreeSet<PathBuf>) {
    if !seen.insert(file.to_owned()) {
        return;
    }
    let Ok(text) = std::fs::read_to_string(file) else { return };
    let referred = crate::compile::expr::declarations(&text).map(|declarations| {
        let imports = declarations.imports.into_iter().map(|import| import.from);
        imports.chain(declarations.reexports.into_iter().map(|reexport| reexport.from)).collect::<Vec<_>>()
    });
    files.push((file.display().to_string(), text));
    let folder = file.parent().unwrap_or(Path::new("."));
    for from in referred.unwrap_or_default().iter().filter(|from| from.starts_with('.')) {
        let stem = from.strip_suffix(".js").unwrap_or(from);
        let candidates = [format!("{stem}.d.ts"), format!("{stem}/index.d.ts")];
        if let Some(found) = candidates.iter().map(|candidate| folder.join(candidate)).find(|path| path.is_file()) {
            gather(&found, files, seen);
        }
    }
}

impl Package {
    /// The digest of the package's code: every file but those of `node_modules`, tests and version control.
    ///
    /// # Errors
    /// A file or folder that cannot be read.
    pub fn digest(&self) -> std::io::Result<String> {
        let mut contents = Vec::new();
        collect(&self.folder, &self.folder, &mut contents)?;
        contents.sort();
        Ok(crate::version::digest(contents.iter().map(|(path, content)| (path.as_str(), content.as_slice()))))
    }
}

fn collect(root: &Path, folder: &Path, contents: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let skipped = name.starts_with('.') || matches!(name.as_str(), "node_modules" | "test" | "tests" | "build-tests" | "src");
        if path.is_dir() && !skipped {
            collect(root, &path, contents)?;
        } else if path.is_file()
            && matches!(path.extension().and_then(|ending| ending.to_str()), Some("js" | "cjs" | "mjs" | "json" | "node"))
        {
            let relative = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            contents.push((relative, std::fs::read(&path)?));
        }
    }
    Ok(())
}
