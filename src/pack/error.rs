//! Why a tree could not be packed: what is wrong with it, where, and what to do next.

use std::path::PathBuf;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder can't be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A link leads out of the tree.
    #[error("the link {path} leads to {target}, which is not in the tree: a package may link only to what is installed with it")]
    LinkOut {
        /// The link, from the tree.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// A link of a dependency leads into the package itself.
    #[error("the link {path} leads from a dependency to {target} in the package: install the package without linking others into it")]
    LinkIn {
        /// The link, from the tree.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// Something that is neither a file, a folder nor a link.
    #[error("{path} is {what}: a package may hold files, folders and links only")]
    Special {
        /// The path, from the tree.
        path: String,
        /// As `a device`.
        what: &'static str,
    },
    /// A name that no package needs.
    #[error("the name {path} {problem}: rename the file in the package")]
    Name {
        /// The path, from the tree, escaped.
        path: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// More than is packed.
    #[error("the tree has more than {limit} ({path}): leave out what the activities don't need")]
    TooLarge {
        /// The limit, as `4096 MiB`.
        limit: String,
        /// Where it was reached, from the tree.
        path: String,
    },
    /// The package isn't there.
    #[error("the package {package} is not in the tree: {problem}")]
    NoPackage {
        /// Its name.
        package: String,
        /// What was looked for, or is wrong.
        problem: String,
    },
    /// A tree that is not locked.
    #[error("the tree has no package-lock.json that can be read ({problem}): install it with npm, which writes one")]
    NoLockfile {
        /// Why.
        problem: String,
    },
    /// What is said of the resolution can't be read.
    #[error("the resolution {} can't be read: {problem}", path.display())]
    Resolution {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The package has no such export.
    #[error("the package {package} has no export `{export}`{}", known(exports))]
    NoExport {
        /// The package.
        package: String,
        /// The export that was asked for.
        export: String,
        /// Those that it has.
        exports: Vec<String>,
    },
    /// Nothing says what an export holds.
    #[error(
        "{specifier} has no type declarations: ship .d.ts files with the package, or declare the activities' signatures in the ActivityModule"
    )]
    NoTypes {
        /// The export, as it is imported.
        specifier: String,
    },
    /// The compiler could not be asked.
    #[error("{0}")]
    Types(#[from] crate::typecheck::Error),
    /// The base is no image that others can stand on.
    #[error("nothing can be built on {image}: {problem}")]
    Base {
        /// The image.
        image: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A key that can't sign.
    #[error("the key {} can't sign: {problem}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// What is named is no pushed folder.
    #[error("{artifact} is no folder that `warpline push` pushed: {problem}")]
    NoSource {
        /// The artifact.
        artifact: String,
        /// What it is, or what is wrong with it.
        problem: String,
    },
    /// The registry failed.
    #[error(transparent)]
    Registry(#[from] crate::registry::Error),
}

impl Error {
    /// One CamelCase word for a condition, a metric label, a log, a termination message.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => "NoSpace",
            Self::File { .. } => "FileFailed",
            Self::LinkOut { .. } | Self::LinkIn { .. } => "UnsafeLink",
            Self::Special { .. } => "UnsafeFile",
            Self::Name { .. } => "UnsafeName",
            Self::TooLarge { .. } => "TreeTooLarge",
            Self::NoPackage { .. } => "PackageNotFound",
            Self::NoLockfile { .. } => "LockfileMissing",
            Self::Resolution { .. } => "ResolutionInvalid",
            Self::NoExport { .. } => "NoSuchExport",
            Self::NoTypes { .. } => "NoTypes",
            Self::Types(error) => error.reason(),
            Self::Base { .. } => "BaseInvalid",
            Self::Key { .. } => "KeyInvalid",
            Self::NoSource { .. } => "SourceInvalid",
            Self::Registry(error) => error.reason(),
        }
    }

    /// An error of the file system, for `map_err`.
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}

fn known(exports: &[String]) -> String {
    if exports.is_empty() { ": it has none".to_owned() } else { format!(": it has {}", exports.join(", ")) }
}
