//! The door to a Temporal server: executions, worker deployments, histories, over its gRPC API.
//! Every call has a deadline and is retried with back-off while the server is unavailable. Knows nothing of
//! definitions, versions' contents or workers: names in, names out.

mod connections;
mod deployment;
mod error;
mod execution;
mod failure;
pub mod follow;
mod history;
mod open;
mod payload;

use std::time::Duration;

use temporalio_client::tonic::{Request, Response, Status};
use temporalio_client::{ClientTlsOptions, Connection, ConnectionOptions, RetryOptions, TlsOptions, Url};
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

pub use connections::{Connections, Target, Tls};
pub use deployment::{Deleted, Deployment, Ramp, Version, VersionStatus};
pub use error::Error;
pub use execution::{Description, ExecutionId, OpenExecution, Outcome, Start, Status as ExecutionStatus};
pub use failure::{Failure, Kind as FailureKind};
pub use history::History;
pub use open::OpenFilter;

/// How long one try of a call may take; long polls have their own.
const DEADLINE: Duration = Duration::from_secs(30);

/// A connection to one namespace of a Temporal server. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    connection: Connection,
    address: String,
    namespace: String,
}

impl Client {
    /// Connects to `address` (`host:port`, or an URL); whether the namespace exists is not asked.
    ///
    /// # Errors
    /// [`Error::Address`] or [`Error::Unreachable`].
    pub async fn connect(address: &str, namespace: &str) -> Result<Self, Error> {
        let target = Target { address: address.to_owned(), namespace: namespace.to_owned(), tls: None, api_key: None };
        Self::connect_to(&target, &format!("warpline@{}", std::process::id())).await
    }

    /// Connects to `target`, as `identity`; whether the namespace exists is not asked.
    ///
    /// # Errors
    /// [`Error::Address`] or [`Error::Unreachable`].
    pub async fn connect_to(target: &Target, identity: &str) -> Result<Self, Error> {
        let Target { address, namespace, tls, api_key } = target;
        let scheme = if tls.is_some() || api_key.is_some() { "https" } else { "http" };
        let with_scheme = if address.contains("://") { address.clone() } else { format!("{scheme}://{address}") };
        let url = Url::parse(&with_scheme).map_err(|error| Error::Address { address: address.clone(), problem: error.to_string() })?;
        let options = ConnectionOptions::new(url)
            .identity(identity)
            .connect_timeout(Duration::from_secs(10))
            .retry_options(RetryOptions::builder().max_elapsed_time(Some(Duration::from_secs(30))).max_retries(20).build())
            .maybe_tls_options(tls.as_ref().map(tls_options))
            .maybe_api_key(api_key.clone())
            // One address, given by name or number: nothing to balance.
            .dns_load_balancing(None)
            .build();
        let connection = Connection::connect(options)
            .await
            .map_err(|error| Error::Unreachable { address: address.clone(), problem: error::chain(&error) })?;
        Ok(Self { connection, address: address.clone(), namespace: namespace.clone() })
    }

    /// The namespace that every call is about.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Who we say we are, in every history and deployment.
    #[must_use]
    pub fn identity(&self) -> &str {
        self.connection.identity()
    }

    /// Asks whether the namespace is there and this server serves it.
    ///
    /// # Errors
    /// [`Error::NamespaceNotFound`] when it isn't.
    pub async fn check_namespace(&self) -> Result<(), Error> {
        let request = service::DescribeNamespaceRequest { namespace: self.namespace.clone(), ..Default::default() };
        let about = || format!("namespace `{}`", self.namespace);
        match self.answer(about, self.service().describe_namespace(self.request(request)).await) {
            Ok(_) => Ok(()),
            Err(Error::NotFound { .. }) => {
                Err(Error::NamespaceNotFound { namespace: self.namespace.clone(), address: self.address.clone() })
            }
            Err(error) => Err(error),
        }
    }

    /// The raw service; its calls retry by the connection's policy.
    fn service(&self) -> Box<dyn temporalio_client::grpc::WorkflowService> {
        Box::new(self.connection.clone())
    }

    /// A request with our deadline.
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(DEADLINE);
        request
    }

    /// A response's message, or the error that names what the call was about.
    fn answer<T>(&self, about: impl FnOnce() -> String, answer: Result<Response<T>, Status>) -> Result<T, Error> {
        answer.map(Response::into_inner).map_err(|status| Error::from_status(&self.address, about(), &status))
    }
}

fn tls_options(tls: &Tls) -> TlsOptions {
    let certificate = tls
        .certificate
        .clone()
        .map(|(certificate, key)| ClientTlsOptions::builder().client_cert(certificate).client_private_key(key).build());
    TlsOptions::builder()
        .maybe_server_root_ca_cert(tls.ca.clone())
        .maybe_domain(tls.server_name.clone())
        .maybe_client_tls_options(certificate)
        .build()
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("address", &self.address).field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
