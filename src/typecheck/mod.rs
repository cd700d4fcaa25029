//! Type-checks generated code with the TypeScript compiler, as a process, and says at which node and expression an error is.
//! A door: writes files to a folder of its own and runs a program. Must not know how code was generated, only where its parts came from.

mod exports;
mod messages;
mod states;
mod together;

pub use exports::{Module, Modules};
pub use states::Difference;
pub use together::Checks;

use crate::compile::{GeneratedFile, Output};
use crate::diagnostic::{Code, Diagnostic, JsonPath};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use together::Part;

/// The TypeScript compiler and what it needs to know of packages.
#[derive(Clone, Debug)]
pub struct Checker {
    /// The native compiler.
    pub tsc: PathBuf,
    /// A `node_modules` folder that holds the Temporal SDK.
    pub packages: PathBuf,
}

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be written.
    #[error("cannot write {path}: {source}; free some space, or set TMPDIR to a folder that can be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The compiler isn't there.
    #[error("there is no TypeScript compiler at {path}; set --typescript to the folder that holds its node_modules")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The compiler could not be run.
    #[error("cannot run the TypeScript compiler {path}: {source}; remove the tool cache, so that it is fetched again")]
    Run {
        /// The compiler.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The compiler ended with something that is no list of errors.
    #[error("the TypeScript compiler failed: {0}")]
    Compiler(String),
    /// The compiler did not end in so many seconds.
    #[error("the type check took more than {0} s: make the definition smaller")]
    TooLong(u64),
}

impl Error {
    /// One word for conditions, metrics and logs.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Write { .. } => "TypeCheckFilesFailed",
            Self::Missing { .. } | Self::Run { .. } => "TypeCheckerMissing",
            Self::Compiler(_) => "TypeCheckerFailed",
            Self::TooLong(_) => "TypeCheckTooLong",
        }
    }
}

/// A new folder under `scratch`, which goes with the check that it is for, also where that is given up.
async fn folder(scratch: &Path) -> Result<tempfile::TempDir, Error> {
    let write = |source| Error::Write { path: scratch.to_owned(), source };
    tokio::fs::create_dir_all(scratch).await.map_err(write)?;
    tempfile::Builder::new().prefix("typecheck-").tempdir_in(scratch).map_err(write)
}

impl Checker {
    /// The compiler and the SDK as they are installed below `folder`, as its node_modules.
    ///
    /// # Errors
    /// There is no compiler for this machine.
    pub fn installed(folder: &Path) -> Result<Self, Error> {
        let packages = folder.join("node_modules");
        let platform = if cfg!(target_arch = "aarch64") { "linux-arm64" } else { "linux-x64" };
        let tsc = packages.join(format!("@typescript/typescript-{platform}/lib/tsc"));
        if tsc.is_file() { Ok(Self { tsc, packages }) } else { Err(Error::Missing { path: tsc }) }
    }

    /// Checks the files of `output`, in a new folder under `scratch` that is removed afterwards. `packages` says where the declarations of each activity
    /// package are: the specifier that the files import, and a `.d.ts` file.
    ///
    /// # Errors
    /// The check itself could not be done. Type errors are no such errors: they are the result.
    pub async fn check(&self, output: &Output, packages: &[(String, PathBuf)], scratch: &Path) -> Result<Vec<Diagnostic>, Error> {
        let part = Part::new(output, packages);
        if part.files.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.messages(&[&part], scratch).await?;
        Ok(diagnostics(output, &found.concat()))
    }

    /// What the compiler says of each of `parts`, which import the same packages, each in a folder of its own below a new one under `scratch`.
    async fn messages(&self, parts: &[&Part], scratch: &Path) -> Result<Vec<Vec<messages::Message>>, Error> {
        let folder = folder(scratch).await?;
        let all = parts.iter().enumerate().flat_map(|(number, part)| part.files.iter().map(move |file| (number, file)));
        let mut files: Vec<_> = all.map(|(number, (path, text))| (format!("{number}/{path}"), text.clone())).collect();
        let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        let config = self.config(&paths, parts.first().map_or(&[], |part| &part.packages));
        files.push(("tsconfig.json".to_owned(), config.to_string()));
        let found = self.run(folder.path(), &files).await?;
        let mut told: Vec<Vec<messages::Message>> = parts.iter().map(|_| Vec::new()).collect();
        for mut message in found {
            let place = message.file.split_once('/').and_then(|(number, path)| Some((number.parse::<usize>().ok()?, path.to_owned())));
            match place.and_then(|(number, path)| Some((told.get_mut(number)?, path))) {
                Some((told, path)) => {
                    message.file = path;
                    told.push(message);
                }
                // A package's declarations, say: all of them import it.
                None => told.iter_mut().for_each(|told| told.push(message.clone())),
            }
        }
        Ok(told)
    }

    /// Runs the compiler on files (names and texts, a `tsconfig.json` among them) in a new folder: its errors.
    async fn run(&self, folder: &Path, files: &[(String, String)]) -> Result<Vec<messages::Message>, Error> {
        let write = |path: &Path, source| Error::Write { path: path.to_owned(), source };
        for (name, text) in files {
            let path = folder.join(name);
            let parent = path.parent().unwrap_or(folder);
            tokio::fs::create_dir_all(parent).await.map_err(|source| write(parent, source))?;
            tokio::fs::write(&path, text).await.map_err(|source| write(&path, source))?;
        }
        let run = |source| Error::Run { path: self.tsc.clone(), source };
        let child = tokio::process::Command::new(&self.tsc)
            .args(["--project", "tsconfig.json", "--pretty", "false"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(run)?;
        let text = String::from_utf8_lossy(&child.stdout);
        let found = messages::parse(&text);
        if found.is_empty() && !child.status.success() {
            let shown = format!("{}{}", text, String::from_utf8_lossy(&child.stderr));
            return Err(Error::Compiler(shown.chars().take(2000).collect()));
        }
        Ok(found)
    }

    fn config(&self, files: &[&str], packages: &[(String, PathBuf)]) -> serde_json::Value {
        let mut paths = serde_json::Map::new();
        for (specifier, path) in packages {
            paths.insert(specifier.clone(), serde_json::json!([path]));
        }
        paths.insert("@temporalio/*".into(), serde_json::json!([self.packages.join("@temporalio/*")]));
        serde_json::json!({
            "compilerOptions": {
                "strict": true, "noEmit": true, "skipLibCheck": true, "target": "es2023", "lib": ["es2023"], "types": [],
                "module": "preserve", "moduleResolution": "bundler", "paths": paths,
            },
            "files": files,
        })
    }
}

/// The whole string at a diagnostic, where it is one word: a node's value may not have been meant.
fn lone_word(diagnostic: &Diagnostic) -> Option<&str> {
    diagnostic.node.as_ref()?;
    let text = diagnostic.excerpt.as_ref()?.text.as_str();
    let is_word = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    (is_word
        && !matches!(text, "input" | "state" | "result" | "item" | "index" | "args" | "error")
        && !text.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()))
    .then_some(text)
}

/// An activity of a package that is not what its module declares.
fn not_as_declared(check: &GeneratedFile, message: &messages::Message, text: &str) -> Diagnostic {
    let text = format!("the package's activity is not what is declared: {text}");
    let found = check.locate(Diagnostic::error(Code::SIGNATURE, &JsonPath::root(), text), message.line, message.column);
    found.suggest("correct the signature, or leave it out: then the package's own types are used")
}

fn diagnostics(output: &Output, found: &[messages::Message]) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for message in found {
        let text = format!("{} (TS{})", message.text, message.code);
        if let Some(check) = output.checks.iter().find(|check| check.path == message.file) {
            diagnostics.push(not_as_declared(check, message, &text));
            continue;
        }
        let file = output.files.iter().find(|file| file.path == message.file);
        let mut diagnostic = match file {
            Some(file) => file.locate(Diagnostic::error(Code::TYPE, &JsonPath::root(), text), message.line, message.column),
            None => Diagnostic::error(Code::TYPE_GENERATED, &JsonPath::root(), format!("{}: {text}", message.file)),
        };
        if diagnostic.path == JsonPath::root() {
            diagnostic.code = Code::TYPE_GENERATED;
        }
        if let Some(suggestion) = messages::suggestion(message.code) {
            diagnostic = diagnostic.suggest(suggestion);
        } else if let Some(word) = lone_word(&diagnostic) {
            let suggestion = format!("`{word}` means the value of a node here; for the word itself write {{$literal: {word}}}");
            diagnostic = diagnostic.suggest(suggestion);
        }
        if !diagnostics.contains(&diagnostic) {
            diagnostics.push(diagnostic);
        }
    }
    diagnostics
}
