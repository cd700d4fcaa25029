//! Why a call of the Temporal server failed: what it was about, what the server said, what to do next.

use std::error::Error as StdError;

use temporalio_client::tonic::{Code, Status};

use super::Failure;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is none.
    #[error("`{address}` is no address of a Temporal server ({problem}): write host:port, as 127.0.0.1:7233")]
    Address {
        /// The address, as given.
        address: String,
        /// What is wrong with it.
        problem: String,
    },
    /// No server answers at the address.
    #[error("no Temporal server answers at {address}: {problem}; check that it runs and that the address is its gRPC frontend's")]
    Unreachable {
        /// The address.
        address: String,
        /// The last answer of the network or the server.
        problem: String,
    },
    /// What the call was about isn't there.
    #[error("{about} is not there: {problem}; check its name and the namespace")]
    NotFound {
        /// What the call was about.
        about: String,
        /// The server's words.
        problem: String,
    },
    /// The namespace isn't there.
    #[error(
        "the Temporal server at {address} has no namespace `{namespace}`: make it (`temporal operator namespace create {namespace}`), or name another"
    )]
    NamespaceNotFound {
        /// The namespace.
        namespace: String,
        /// The server's address.
        address: String,
    },
    /// Somebody changed it between our look and our write.
    #[error("{about} was changed meanwhile: {problem}")]
    Conflict {
        /// What the call was about.
        about: String,
        /// The server's words.
        problem: String,
    },
    /// An execution of that ID is there already.
    #[error("{about} is there already: {problem}; give another ID, or end the old one first")]
    AlreadyExists {
        /// What the call was about.
        about: String,
        /// The server's words.
        problem: String,
    },
    /// We may not do that.
    #[error("{about}: permission denied: {problem}; check the credentials for this namespace")]
    Denied {
        /// What the call was about.
        about: String,
        /// The server's words.
        problem: String,
    },
    /// Somebody else manages the deployment.
    #[error(
        "{about} is managed by `{manager}`: it stays as it is until that is unset (`temporal worker deployment manager-identity unset`)"
    )]
    Managed {
        /// The deployment.
        about: String,
        /// The identity that manages it.
        manager: String,
    },
    /// The server can't do it in the state that the object is in.
    #[error("{about}: {problem}")]
    Refused {
        /// What the call was about.
        about: String,
        /// The server's words.
        problem: String,
    },
    /// No worker made itself known for the version in time.
    #[error("no worker polls for {about} after {waited} s: look at the workers' logs and the task queue's name")]
    NoPollers {
        /// The version.
        about: String,
        /// How long we waited, in seconds.
        waited: u64,
    },
    /// The server did not answer in time.
    #[error("{about}: no answer in time: {problem}; a query or an update needs a worker that polls, so look at that first")]
    Deadline {
        /// What the call was about.
        about: String,
        /// The server's words.
        problem: String,
    },
    /// A query's handler failed, or there is none.
    #[error("{about} failed: {problem}")]
    Query {
        /// The query and its workflow.
        about: String,
        /// The handler's words.
        problem: String,
    },
    /// An update was rejected, or its handler failed.
    #[error("{about} failed: {failure}")]
    Update {
        /// The update and its workflow.
        about: String,
        /// The handler's failure.
        failure: Box<Failure>,
    },
    /// A value can't be read.
    #[error("{about}: {problem}")]
    Payload {
        /// Whose value it is.
        about: String,
        /// Why it can't be read.
        problem: String,
    },
    /// The server failed.
    #[error("{about}: the server failed ({code}): {problem}; its log says more")]
    Server {
        /// What the call was about.
        about: String,
        /// The gRPC code.
        code: String,
        /// The server's words.
        problem: String,
    },
}

impl Error {
    /// One CamelCase word for a condition, a metric label, a log.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Address { .. } => "TemporalAddressInvalid",
            Self::Unreachable { .. } => "TemporalUnreachable",
            Self::NotFound { .. } => "TemporalNotFound",
            Self::NamespaceNotFound { .. } => "TemporalNamespaceNotFound",
            Self::Conflict { .. } => "TemporalConflict",
            Self::AlreadyExists { .. } => "TemporalAlreadyExists",
            Self::Denied { .. } => "TemporalPermissionDenied",
            Self::Managed { .. } => "DeploymentManagedByOther",
            Self::Refused { .. } => "TemporalRefused",
            Self::NoPollers { .. } => "VersionHasNoPollers",
            Self::Deadline { .. } => "TemporalDeadlineExceeded",
            Self::Query { .. } => "QueryFailed",
            Self::Update { .. } => "UpdateFailed",
            Self::Payload { .. } => "PayloadUnreadable",
            Self::Server { .. } => "TemporalFailed",
        }
    }

    pub(super) fn from_status(address: &str, about: String, status: &Status) -> Self {
        let problem = if status.message().is_empty() { chain(status) } else { status.message().to_owned() };
        match status.code() {
            Code::NotFound => Self::NotFound { about, problem },
            Code::AlreadyExists => Self::AlreadyExists { about, problem },
            Code::PermissionDenied | Code::Unauthenticated => Self::Denied { about, problem },
            Code::InvalidArgument | Code::FailedPrecondition => Self::Refused { about, problem },
            Code::DeadlineExceeded | Code::Cancelled => Self::Deadline { about, problem },
            Code::Unavailable => Self::Unreachable { address: address.to_owned(), problem },
            code => Self::Server { about, code: format!("{code:?}"), problem },
        }
    }
}

/// An error with its causes, each once.
pub(super) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = text + ": " + &words;
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_becomes_what_it_means() {
        let error = |code| Error::from_status("here:1", "workflow `a`".to_owned(), &Status::new(code, "why"));
        assert_eq!(error(Code::NotFound).to_string(), "workflow `a` is not there: why; check its name and the namespace");
        assert_eq!(error(Code::Unavailable).reason(), "TemporalUnreachable");
        assert_eq!(error(Code::FailedPrecondition).reason(), "TemporalRefused");
        assert_eq!(error(Code::Internal).to_string(), "workflow `a`: the server failed (Internal): why; its log says more");
    }
}
