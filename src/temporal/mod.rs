//! The door to a Temporal server: executions, worker deployments, histories, over its gRPC API.
//! Every call has a deadline and is retried with back-off while the server is unavailable. Knows nothing of
//! definitions, versions' contents or workers: names in, names out.

mod deployment;
mod error;
mod execution;
mod failure;
pub mod follow;
mod history;
mod payload;

use std::time::Duration;

use temporalio_client::tonic::{Request, Response, Status};
use temporalio_client::{Connection, ConnectionOptions, RetryOptions, Url};
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

pub use deployment::Deployment;
pub use error::Error;
pub use execution::{Description, ExecutionId, OpenExecution, Outcome, Start, Status as ExecutionStatus};
pub use failure::{Failure, Kind as FailureKind};
pub use history::History;

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
        let with_scheme = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let target =
            Url::parse(&with_scheme).map_err(|error| Error::Address { address: address.to_owned(), problem: error.to_string() })?;
        let options = ConnectionOptions::new(target)
            .identity(format!("warpline@{}", std::process::id()))
            .connect_timeout(Duration::from_secs(10))
            .retry_options(RetryOptions::builder().max_elapsed_time(Some(Duration::from_secs(30))).max_retries(20).build())
            // One address, given by name or number: nothing to balance.
            .dns_load_balancing(None)
            .build();
        let connection = Connection::connect(options)
            .await
            .map_err(|error| Error::Unreachable { address: address.to_owned(), problem: error::chain(&error) })?;
        Ok(Self { connection, address: address.to_owned(), namespace: namespace.to_owned() })
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
    /// [`Error::NotFound`] when it isn't.
    pub async fn check_namespace(&self) -> Result<(), Error> {
        let request = service::DescribeNamespaceRequest { namespace: self.namespace.clone(), ..Default::default() };
        let about = || format!("namespace `{}`", self.namespace);
        self.answer(about, self.service().describe_namespace(self.request(request)).await)?;
        Ok(())
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

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("address", &self.address).field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
