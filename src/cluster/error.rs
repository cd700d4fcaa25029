//! Why a call of the API server failed.

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another instance leads, so this one writes nothing.
    #[error("another instance of the operator leads")]
    NotLeading,
    /// The lease can't be had.
    #[error("the lease {name}: {problem}; the service account needs get, create, patch and update on leases there")]
    Lease {
        /// Namespace and name.
        name: String,
        /// Why.
        problem: String,
    },
    /// The API server refused, or could not be reached.
    #[error("{about}: {source}")]
    Api {
        /// What the call was about.
        about: String,
        /// Why.
        source: Box<kube::Error>,
    },
}

impl Error {
    pub(super) fn api(about: impl FnOnce() -> String) -> impl FnOnce(kube::Error) -> Self {
        |source| Self::Api { about: about(), source: Box::new(source) }
    }

    /// One CamelCase word for a condition, a metric label, a log.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotLeading => "NotLeading",
            Self::Lease { .. } => "LeaseFailed",
            Self::Api { source, .. } => match code(source) {
                Some(403) => "ApiForbidden",
                Some(404) => "ApiNotFound",
                Some(409) => "ApiConflict",
                Some(422) => "ApiInvalid",
                Some(429 | 500..) => "ApiUnavailable",
                Some(_) => "ApiRefused",
                None => "ApiUnreachable",
            },
        }
    }
}

/// The HTTP status of an answer.
pub(super) fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}
