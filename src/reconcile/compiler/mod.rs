//! The compiler as a service: one Workflow at a time with what it refers to, in a bounded pool, never on a watch's task.
//! Uses `definition`, `compile`, `version` and the type checker.

mod declarations;
mod related;
mod unit;

pub use declarations::DeclarationFiles;
pub use related::{Inputs, inputs, inputs_with};
pub use unit::{Compiled, Unit, status_diagnostic};

use crate::api::{AcceptedBuild, StatusDiagnostic};
use crate::compile::Output;
use crate::diagnostic::Diagnostic;
use crate::plan::workflow::Outcome;
use crate::project::Declarations;
use crate::reconcile::registries::Registries;
use crate::typecheck::{self, Checker, Checks, Difference};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tracing::Instrument;

/// How many compiled workflows are kept in memory: enough that an edit of a large queue compiles only what changed.
const KEPT: usize = 512;
/// How long one definition may take; that it waits for its turn is not counted.
const LONGEST: Duration = Duration::from_secs(60);

/// Why the compiler made nothing.
enum NoWork {
    Stopping,
    Failed(tokio::task::JoinError),
    TooLong,
}

impl NoWork {
    /// In a sentence; `what` is what it worked on.
    fn why(&self, what: &str) -> String {
        match self {
            Self::Stopping => "the operator is stopping".to_owned(),
            Self::Failed(panic) => format!("the compiler failed on this {what} ({panic}): please report it"),
            Self::TooLong => format!("the {what} took more than {} s to compile: make it smaller", LONGEST.as_secs()),
        }
    }
}

/// Compiles and type-checks, a few definitions at a time.
pub struct Compiler {
    checks: Checks,
    permits: Semaphore,
    declarations: DeclarationFiles,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    units: HashMap<String, Arc<Compiled>>,
    order: VecDeque<String>,
}

impl Compiler {
    /// `concurrency` definitions at a time; files for the type checker go below `scratch`, as do the declarations of modules from `registries`; those of packages that
    /// are kept on this machine are below `local`.
    #[must_use]
    pub fn new(checker: Checker, scratch: PathBuf, concurrency: usize, registries: Arc<Registries>, local: Option<PathBuf>) -> Self {
        let declarations = DeclarationFiles::new(&scratch, registries, local);
        let checks = Checks::new(checker, scratch, concurrency);
        Self { checks, permits: Semaphore::new(concurrency.max(1)), declarations, kept: Mutex::default() }
    }

    /// The functions that a module of a package exports; `package` is its name and its folder.
    ///
    /// # Errors
    /// In a sentence: why the type checker can't tell.
    pub async fn functions(&self, specifier: String, package: (String, PathBuf)) -> Result<Vec<String>, String> {
        let scratch = tempfile::tempdir_in(self.checks.scratch()).map_err(|error| error.to_string())?;
        let checker = self.checks.checker();
        let found = checker.modules(&[specifier], &[package], &scratch.path().join("exports")).await.map_err(|error| error.to_string())?;
        Ok(found.modules.into_iter().next().and_then(|module| module.functions).unwrap_or_default())
    }

    /// The declarations of builds, by the modules' names.
    pub async fn declarations(
        &self,
        namespace: &str,
        builds: &BTreeMap<String, AcceptedBuild>,
    ) -> Result<BTreeMap<String, Declarations>, String> {
        self.declarations.of(namespace, builds).await
    }

    /// Compiles and type-checks, or remembers. How long it took is in the result where it was done now.
    pub async fn compile(&self, inputs: Inputs) -> (Arc<Compiled>, Option<Duration>) {
        if let Some(known) = self.known(&inputs.digest, true) {
            return (known, None);
        }
        let begun = Instant::now();
        let compiled = Arc::new(self.compile_now(inputs, true, BTreeMap::new()).await);
        // What failed for a reason that may pass is tried again.
        if !matches!(compiled.outcome, Outcome::Unfinished(_)) {
            self.keep(&compiled);
        }
        (compiled, Some(begun.elapsed()))
    }

    /// Compiles and type-checks against the declarations of packages that are not built, by the modules' names, in place of those of builds.
    pub async fn compile_against(&self, inputs: Inputs, local: BTreeMap<String, Declarations>) -> Arc<Compiled> {
        Arc::new(self.compile_now(inputs, true, local).await)
    }

    /// Compiles without a type check, or remembers: for a definition that passed it before.
    pub async fn compile_checked_before(&self, inputs: Inputs) -> Arc<Compiled> {
        match self.known(&inputs.digest, false) {
            Some(known) => known,
            None => {
                let compiled = Arc::new(self.compile_now(inputs, false, BTreeMap::new()).await);
                if !matches!(compiled.outcome, Outcome::Unfinished(_)) {
                    self.keep(&compiled);
                }
                compiled
            }
        }
    }

    /// What is wrong with an input of `object` for a workflow that compiles; nothing where it fits.
    ///
    /// # Errors
    /// Why that can't be told for now.
    pub async fn check_input(&self, inputs: Inputs, object: &str, input: &Value) -> Result<Vec<StatusDiagnostic>, String> {
        let declarations = self.declarations.of(&inputs.namespace, &inputs.builds).await?;
        let packages = unit::packages(&declarations);
        let (name, input) = (object.to_owned(), input.clone());
        let output =
            self.work(move || unit::with_input(inputs, &declarations, &name, &input)).await.map_err(|lack| lack.why("input"))??;
        let found = self.checks.check(&output, &packages).await.map_err(|error| error.to_string())?;
        Ok(found.iter().filter(|diagnostic| diagnostic.object == object).map(|diagnostic| status_diagnostic(diagnostic, object)).collect())
    }

    /// What is wrong with the types of what was compiled.
    ///
    /// # Errors
    /// Why that can't be told.
    pub async fn check(&self, output: &Output, declarations: &BTreeMap<String, Declarations>) -> Result<Vec<Diagnostic>, String> {
        self.checks.check(output, &unit::packages(declarations)).await.map_err(|error| error.to_string())
    }

    /// Whether what `before` declares is what `now` takes, both as declarations of a state's form; else why not.
    pub async fn compare_states(&self, before: &str, now: &str) -> Result<Option<Difference>, typecheck::Error> {
        let _permit = self.permits.acquire().await;
        self.checks.checker().compare_states(before, now, self.checks.scratch()).await
    }

    async fn compile_now(&self, mut inputs: Inputs, is_checked: bool, local: BTreeMap<String, Declarations>) -> Compiled {
        inputs.builds.retain(|module, _| !local.contains_key(module));
        let mut declarations = match self.declarations.of(&inputs.namespace, &inputs.builds).await {
            Ok(declarations) => declarations,
            Err(why) => return Compiled::defect(inputs.digest, inputs.name, why),
        };
        declarations.extend(local);
        let (digest, name) = (inputs.digest.clone(), inputs.name.clone());
        let span = tracing::info_span!("compile", workflow = name, definition_digest = digest);
        let work = async {
            let packages = unit::packages(&declarations);
            let draft = self.work(move || unit::compile(inputs, &declarations)).await?;
            if !is_checked || !draft.is_compiled() {
                return self.work(move || draft.unchecked()).await;
            }
            let checked = self.checks.check(&draft.output, &packages).instrument(tracing::info_span!("type-check")).await;
            self.work(move || draft.checked(checked)).await
        };
        work.instrument(span).await.unwrap_or_else(|lack| Compiled::defect(digest, name, lack.why("definition")))
    }

    /// Work for the compiler, on a thread of its own, when it is its turn.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, NoWork> {
        let _permit = self.permits.acquire().await.map_err(|_| NoWork::Stopping)?;
        let span = tracing::Span::current();
        let work = tokio::task::spawn_blocking(move || span.in_scope(work));
        tokio::time::timeout(LONGEST, work).await.map_err(|_| NoWork::TooLong)?.map_err(NoWork::Failed)
    }

    fn known(&self, digest: &str, is_checked: bool) -> Option<Arc<Compiled>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.units.get(digest).filter(|known| known.is_checked || !is_checked).cloned()
    }

    fn keep(&self, compiled: &Arc<Compiled>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.units.insert(compiled.digest.clone(), compiled.clone()).is_none() {
            kept.order.push_back(compiled.digest.clone());
        }
        while kept.order.len() > KEPT {
            if let Some(oldest) = kept.order.pop_front() {
                kept.units.remove(&oldest);
            }
        }
    }
}
