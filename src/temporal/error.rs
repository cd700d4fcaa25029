//! Why a call of the Temporal server failed: what it was about, what the server said, what to do next.

use std::error::Error as StdError;

use prost::Message;
use temporalio_client::tonic::{Code, Status, TimeoutExpired};
use temporalio_common::protos::google::rpc::Status as RpcStatus;

use super::Failure;
use super::handshake::tls;

/// What went wrong.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The address is none.
    #[error("`{address}` is no address of a Temporal server ({problem}): write host:port, as 127.0.0.1:7233")]
    Address {
        /// The address, as given.
        address: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A credential can't be used as it is.
    #[error("{what} can't be used: {problem}")]
    Credentials {
        /// Which one, as `the API key`.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The server and we can't agree on TLS.
    #[error("TLS with {address} fails: {problem}; {advice}")]
    Tls {
        /// The address.
        address: String,
        /// What went wrong.
        problem: String,
        /// What to do, as a clause.
        advice: &'static str,
    },
    /// The server doesn't accept who we say we are.
    #[error(
        "the Temporal server at {address} doesn't accept our credentials: {problem}; check the API key or certificate, that it is for this server, and that it hasn't expired"
    )]
    Unauthenticated {
        /// The address.
        address: String,
        /// The server's words.
        problem: String,
    },
    /// No server answers at the address.
    #[error(
        "no Temporal server answers at {address}: {problem}; check that it runs, that the address is its gRPC frontend's, and whether it wants TLS"
    )]
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
        "the Temporal server at {address} has no namespace `{namespace}`: make it (`temporal operator namespace create --namespace {namespace}`), or name another"
    )]
    NamespaceNotFound {
        /// The address.
        address: String,
        /// The namespace.
        namespace: String,
    },
    /// It is not as it was when it was looked at.
    #[error("{about} was changed meanwhile ({problem}): look again")]
    Conflict {
        /// What the call was about.
        about: String,
        /// The server's words.
        problem: String,
    },
    /// The server doesn't know all workers that the version must have.
    #[error("{about} can't take executions yet: {problem}; its workers may be on their way, else look at their logs and task queues")]
    VersionNotReady {
        /// The version.
        about: String,
        /// The server's words.
        problem: String,
    },
    /// The server is asked too much.
    #[error("{about}: the server is asked too much: {problem}; raise the namespace's limits if this lasts")]
    Busy {
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
    #[error("{about}: no answer in time ({problem}): look at the server; a query or an update also needs a worker that polls")]
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
            Self::Credentials { .. } => "TemporalCredentialsInvalid",
            Self::Tls { .. } => "TemporalTLSFailed",
            Self::Unauthenticated { .. } => "TemporalUnauthenticated",
            Self::Unreachable { .. } => "TemporalUnreachable",
            Self::NamespaceNotFound { .. } => "TemporalNamespaceNotFound",
            Self::Conflict { .. } => "TemporalConflict",
            Self::VersionNotReady { .. } => "VersionNotReady",
            Self::Busy { .. } => "TemporalBusy",
            Self::NotFound { .. } => "TemporalNotFound",
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

    /// Whether it may pass by itself, so that the same call is worth another try soon. Otherwise somebody must change
    /// something first.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Conflict { .. }
                | Self::VersionNotReady { .. }
                | Self::Busy { .. }
                | Self::NoPollers { .. }
                | Self::Deadline { .. }
                | Self::Server { .. }
        )
    }

    /// What a status means that the server at `address` gave to a call about `about` in `namespace`.
    pub(super) fn from_status(address: &str, namespace: &str, about: String, status: &Status) -> Self {
        if let Some(error) = tls(address, status) {
            return error;
        }
        let address = address.to_owned();
        let problem = status.message().to_owned();
        match status.code() {
            _ if let Some(cause) = unreached(status) => Self::Unreachable { address, problem: chain(cause) },
            Code::NotFound if is_namespace(status) => Self::NamespaceNotFound { address, namespace: namespace.to_owned() },
            Code::NotFound => Self::NotFound { about, problem },
            Code::AlreadyExists => Self::AlreadyExists { about, problem },
            Code::Unauthenticated => Self::Unauthenticated { address, problem },
            Code::PermissionDenied => Self::Denied { about, problem },
            Code::InvalidArgument | Code::FailedPrecondition => Self::Refused { about, problem },
            Code::DeadlineExceeded | Code::Cancelled => Self::Deadline { about, problem },
            Code::ResourceExhausted => Self::Busy { about, problem },
            Code::Unavailable => Self::Unreachable { address, problem },
            code => Self::Server { about, code: format!("{code:?}"), problem },
        }
    }
}

/// What a failure of the network means.
pub(super) fn transport(address: &str, error: &(dyn StdError + 'static)) -> Error {
    tls(address, error).unwrap_or_else(|| Error::Unreachable { address: address.to_owned(), problem: chain(error) })
}

/// Why the server was not reached, of a status that the network made and not the server.
pub(super) fn unreached(status: &Status) -> Option<&(dyn StdError + 'static)> {
    let is_network = matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::Unknown);
    // A deadline of ours that passed says nothing of the network.
    status.source().filter(|_| is_network).filter(|cause| !causes(*cause).any(|cause| cause.is::<TimeoutExpired>()))
}

/// Whether a status says that the namespace isn't there.
fn is_namespace(status: &Status) -> bool {
    let details = RpcStatus::decode(status.details()).unwrap_or_default().details;
    details.iter().any(|detail| detail.type_url.ends_with(".NamespaceNotFoundFailure"))
}

/// An error and its causes.
pub(super) fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// An error with its causes, each once.
pub(super) fn chain(error: &(dyn StdError + 'static)) -> String {
    causes(error).fold(String::new(), |text, error| match error.to_string() {
        words if text.contains(&words) => text,
        words if text.is_empty() => words,
        words => text + ": " + &words,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_becomes_what_it_means() {
        let error = |code| Error::from_status("here:1", "default", "workflow `a`".to_owned(), &Status::new(code, "why"));
        assert_eq!(error(Code::NotFound).to_string(), "workflow `a` is not there: why; check its name and the namespace");
        assert_eq!(error(Code::Unavailable).reason(), "TemporalUnreachable");
        assert_eq!(error(Code::FailedPrecondition).reason(), "TemporalRefused");
        assert_eq!(error(Code::Internal).to_string(), "workflow `a`: the server failed (Internal): why; its log says more");
    }
}
