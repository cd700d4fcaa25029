//! The door to a Temporal server: executions, worker deployments, histories, over its gRPC API.
//! Every call has a deadline, takes its turn, and is retried with back-off while the server is unavailable. Knows nothing
//! of definitions, versions' contents or workers: names in, names out.

mod call;
mod connect;
mod connections;
mod deployment;
mod error;
mod execution;
mod failure;
pub mod follow;
mod handshake;
mod history;
mod open;
mod pause;
mod payload;
mod refusal;
mod removal;
mod routing;
mod schedule;
mod target;
mod turns;
mod versioning;

use std::sync::Arc;

use futures::future::BoxFuture;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{Request, Response, Status};
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

use call::{Caller, Limits, Line};
pub use connections::Connections;
pub use deployment::{Deployment, Load, Ramp, TaskQueueType, Version, VersionDetail, VersionStatus};
pub use error::Error;
pub use execution::{Description, ExecutionId, Outcome, Start, Status as ExecutionStatus};
pub use failure::{Failure, Kind as FailureKind};
pub use history::History;
pub use open::{OpenExecution, OpenFilter};
pub use removal::Deleted;
pub use schedule::{Described as DescribedSchedule, Started};
pub use target::{Target, Tls};
pub use versioning::{Behavior, Event, Override, Reset, Versioning};

/// A connection to one namespace of a Temporal server. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    caller: Caller,
    address: String,
    namespace: String,
}

impl Client {
    /// Connects to `address` (`host:port`, or an URL) for somebody who waits; whether the namespace exists is not asked.
    ///
    /// # Errors
    /// As [`Self::connect_to`].
    pub async fn connect(address: &str, namespace: &str) -> Result<Self, Error> {
        Self::connect_with(&Target::plain(address, namespace)).await
    }

    /// Connects to `target` for somebody who waits; whether the namespace exists is not asked.
    ///
    /// # Errors
    /// As [`Self::connect_to`].
    pub async fn connect_with(target: &Target) -> Result<Self, Error> {
        let identity = format!("warpline@{}", std::process::id());
        let connection = connect::connect(target, &identity, &Limits::INTERACTIVE).await?;
        Ok(Self::on(&Arc::new(Line::new(connection, Limits::INTERACTIVE)), target))
    }

    /// Connects to `target` as `identity`, for a program that shares the server with others: it asks seldomer and gives
    /// up sooner. Whether the namespace exists is not asked.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Credentials`], [`Error::Tls`], [`Error::Unauthenticated`] or [`Error::Unreachable`].
    pub async fn connect_to(target: &Target, identity: &str) -> Result<Self, Error> {
        let connection = connect::connect(target, identity, &Limits::SHARED).await?;
        Ok(Self::on(&Arc::new(Line::new(connection, Limits::SHARED)), target))
    }

    fn on(line: &Arc<Line>, target: &Target) -> Self {
        Self { caller: line.caller(&target.namespace), address: target.address.clone(), namespace: target.namespace.clone() }
    }

    /// The namespace that every call is about.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Who we say we are, in every history and deployment.
    #[must_use]
    pub fn identity(&self) -> &str {
        self.caller.identity()
    }

    /// Asks whether the namespace is there and this server serves it.
    ///
    /// # Errors
    /// [`Error::NamespaceNotFound`] when it isn't.
    pub async fn check_namespace(&self) -> Result<(), Error> {
        let request = service::DescribeNamespaceRequest { namespace: self.namespace.clone(), ..Default::default() };
        self.call(|| format!("namespace `{}`", self.namespace), request, |service, request| service.describe_namespace(request)).await?;
        Ok(())
    }

    /// Makes a call of the raw service; its answer, or the error that names what the call was about.
    async fn call<Q, A, M>(&self, about: impl FnOnce() -> String, message: Q, method: M) -> Result<A, Error>
    where
        Q: Clone,
        M: for<'a> Fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>,
    {
        self.caller.call(message, method).await.map_err(|status| self.failed(about(), &status))
    }

    /// As [`Self::call`], of a schedule: there may be many, and what else is asked waits for none of them.
    async fn look<Q, A, M>(&self, about: String, message: Q, method: M) -> Result<A, Error>
    where
        Q: Clone,
        M: for<'a> Fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>,
    {
        self.caller.look(message, method).await.map_err(|status| self.failed(about, &status))
    }

    /// What a status means, of a call about `about`.
    fn failed(&self, about: String, status: &Status) -> Error {
        Error::from_status(&self.address, &self.namespace, about, status)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("address", &self.address).field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
