//! Why a call of a registry failed: which registry, what about, what it said, what to do next.

use std::path::PathBuf;
use std::time::Duration;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client could not be made.
    #[error("cannot talk to registries: {problem}; check this machine's certificate authorities (SSL_CERT_FILE names them)")]
    Client {
        /// Why.
        problem: String,
    },
    /// No name of an image.
    #[error("`{text}` is no name of an image ({problem}): write REGISTRY/PATH, REGISTRY/PATH:TAG or REGISTRY/PATH@sha256:…")]
    Reference {
        /// What was given.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The credentials can't be used as they are.
    #[error("the registry credentials can't be used: {problem}; give a docker config.json with `auths`")]
    Credentials {
        /// What is wrong with them.
        problem: String,
    },
    /// No registry answers, or it failed for as long as we had patience.
    #[error("the registry {registry} does not answer ({about}): {problem}; check its address, that it runs, and whether it speaks TLS")]
    Unreachable {
        /// The registry's host and port.
        registry: String,
        /// What the call was about.
        about: String,
        /// The last answer of the network or the server.
        problem: String,
    },
    /// The registry doesn't accept who we are, or we may not do this.
    #[error(
        "the registry {registry} refuses {who} ({about}): {problem}; check the docker config.json, and that its user may pull and push there"
    )]
    Unauthorized {
        /// The registry's host and port.
        registry: String,
        /// Who we said we are, as `the user robot` or `anonymous access`.
        who: String,
        /// What the call was about.
        about: String,
        /// The registry's words.
        problem: String,
    },
    /// It isn't there.
    #[error("{about} is not in the registry {registry}: check its name")]
    NotFound {
        /// The registry's host and port.
        registry: String,
        /// What the call was about.
        about: String,
    },
    /// The registry has no room left.
    #[error("the registry {registry} has no space left ({about}): {problem}; remove images there, or give it more")]
    NoSpace {
        /// The registry's host and port.
        registry: String,
        /// What the call was about.
        about: String,
        /// The registry's words.
        problem: String,
    },
    /// It asks to be left alone for longer than we have patience.
    #[error("the registry {registry} takes no more calls for now ({about}): {problem}; try again later, or ask for a higher limit")]
    Busy {
        /// The registry's host and port.
        registry: String,
        /// What the call was about.
        about: String,
        /// The registry's words.
        problem: String,
        /// When it may be asked again, where it says so.
        after: Option<Duration>,
    },
    /// The call did not end in time.
    #[error("the registry {registry} is too slow ({about}): nothing came for {}s; try again, or look at the network between", waited.as_secs())]
    TooSlow {
        /// The registry's host and port.
        registry: String,
        /// What the call was about.
        about: String,
        /// How long we waited.
        waited: Duration,
    },
    /// What came is not what was asked for.
    #[error("{about} came damaged from the registry {registry}: its digest is {found}, not {wanted}; push it anew")]
    Damaged {
        /// The registry's host and port.
        registry: String,
        /// What the call was about.
        about: String,
        /// The digest that was asked for.
        wanted: String,
        /// The digest of what came.
        found: String,
    },
    /// What came is larger than we read.
    #[error("{about} in the registry {registry} is larger than {limit} bytes, which is all that is read of it")]
    TooLarge {
        /// The registry's host and port.
        registry: String,
        /// What the call was about.
        about: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// What came has not the form that it must have.
    #[error("{about} in the registry {registry} can't be read: {problem}")]
    Malformed {
        /// The registry's host and port.
        registry: String,
        /// What the call was about.
        about: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The registry can't do this at all.
    #[error("the registry {registry} does not support this ({about}): {problem}; allow it in its configuration")]
    Unsupported {
        /// The registry's host and port.
        registry: String,
        /// What the call was about.
        about: String,
        /// The registry's words.
        problem: String,
    },
    /// The registry refused for a reason of its own.
    #[error("the registry {registry} refuses ({about}): {status} {problem}")]
    Refused {
        /// The registry's host and port.
        registry: String,
        /// What the call was about.
        about: String,
        /// The HTTP status.
        status: u16,
        /// The registry's words.
        problem: String,
    },
    /// A file that is to be pushed can't be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Images that can't be made one.
    #[error("{image} can't be joined with others: {problem}; build it again")]
    Compose {
        /// The image.
        image: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Error {
    /// One CamelCase word for a condition, a metric label, a log, a termination message.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Client { .. } => "RegistryClientFailed",
            Self::Reference { .. } => "ReferenceInvalid",
            Self::Credentials { .. } => "CredentialsInvalid",
            Self::Unreachable { .. } => "RegistryUnreachable",
            Self::Unauthorized { .. } => "Unauthorized",
            Self::NotFound { .. } => "NotFound",
            Self::NoSpace { .. } => "NoSpace",
            Self::Busy { .. } => "RegistryBusy",
            Self::TooSlow { .. } => "TooSlow",
            Self::Damaged { .. } => "DigestMismatch",
            Self::TooLarge { .. } => "TooLarge",
            Self::Malformed { .. } => "RegistryAnswerInvalid",
            Self::Unsupported { .. } => "RegistryUnsupported",
            Self::Refused { .. } => "RegistryRefused",
            Self::File { .. } => "FileFailed",
            Self::Compose { .. } => "ImageInvalid",
        }
    }

    /// Whether it may go well later, without anybody doing something.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. } | Self::TooSlow { .. })
    }
}

/// An error with all that it was caused by, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}
