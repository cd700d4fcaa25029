//! One call of the server: its turn on the connection, its deadline, its retries, and what we do when the server says
//! that it is too much, or is not reached. Knows no particular call.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use leaky_bucket::RateLimiter;
use temporalio_client::Connection;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::request_extensions::NoRetryOnMatching;
use temporalio_client::tonic::{Code, Request, Response, Status};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::error::unreached;
use super::pause::Pause;

/// How calls are made on a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How long one try may take.
    pub attempt: Duration,
    /// How long a call may take, tries and pauses together.
    pub call: Duration,
    /// How long a call that failed in a way that may pass is tried again.
    pub retries: Duration,
    /// How many calls are begun a second; also how many may begin at once after a silence.
    pub rate: usize,
}

impl Limits {
    /// For somebody who waits for one thing, on a server of their own.
    pub(super) const INTERACTIVE: Self =
        Self { attempt: Duration::from_secs(30), call: Duration::from_secs(60), retries: Duration::from_secs(30), rate: 1000 };
    /// For a program that asks much of a server that others need too, and asks again later by itself. By default a
    /// server allows 50 looks at deployments a second in a namespace, from everybody.
    pub(super) const SHARED: Self =
        Self { attempt: Duration::from_secs(10), call: Duration::from_secs(20), retries: Duration::from_secs(3), rate: 40 };
}

/// A connection, with what all who call on it share.
pub(super) struct Line {
    connection: Connection,
    limits: Limits,
    bucket: RateLimiter,
    /// While it lasts no call is begun: the server said that it is too much.
    crowded: Mutex<Pause<Status>>,
    /// While it lasts calls fail at once: the server was not reached.
    cut: Mutex<Pause<Status>>,
}

impl Line {
    pub(super) fn new(connection: Connection, limits: Limits) -> Self {
        let bucket = RateLimiter::builder()
            .max(limits.rate)
            .initial(limits.rate)
            .interval(Duration::from_millis(100))
            .refill(limits.rate.div_ceil(10))
            .build();
        Self { connection, limits, bucket, crowded: Mutex::default(), cut: Mutex::default() }
    }

    /// Who we say we are.
    pub(super) fn identity(&self) -> &str {
        self.connection.identity()
    }

    /// Makes a call; `method` is one of the service's. What the server finds too much is asked again, after a pause for
    /// everybody on the line, while the deadline allows.
    pub(super) async fn call<Q, A, M>(&self, message: Q, method: M) -> Result<A, Status>
    where
        Q: Clone,
        M: for<'a> Fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>,
    {
        let deadline = Instant::now() + self.limits.call;
        let attempt = || {
            let mut request = Request::new(message.clone());
            request.set_timeout(self.limits.attempt);
            timeout_at(deadline, self.once(request, &method)).map(|answer| answer.unwrap_or_else(|_| Err(self.late())))
        };
        self.while_crowded(deadline, attempt).await
    }

    /// Makes a long poll, to which the connection gives a deadline of its own.
    pub(super) async fn poll<Q, A, M>(&self, message: Q, method: M) -> Result<A, Status>
    where
        Q: Clone,
        M: for<'a> Fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>,
    {
        let attempt = || self.once(Request::new(message.clone()), &method);
        self.while_crowded(Instant::now() + self.limits.call, attempt).await
    }

    /// Makes an attempt in its turn, and others while the server finds it too much and the deadline allows.
    async fn while_crowded<A, F>(&self, deadline: Instant, attempt: impl Fn() -> F) -> Result<A, Status>
    where
        F: Future<Output = Result<A, Status>>,
    {
        loop {
            timeout_at(deadline, self.turn()).await.map_err(|_| self.crowded().why().unwrap_or_else(|| self.late()))??;
            match attempt().await {
                Err(status) if is_crowded(&status) && self.crowded().begin(status.clone()) <= deadline => {}
                answer => return answer,
            }
        }
    }

    fn late(&self) -> Status {
        Status::deadline_exceeded(format!("nothing came back within {} s", self.limits.call.as_secs()))
    }

    async fn once<Q, A, M>(&self, mut request: Request<Q>, method: &M) -> Result<A, Status>
    where
        M: for<'a> Fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>,
    {
        request.extensions_mut().insert(NoRetryOnMatching { predicate: is_answer });
        let answer = method(&mut self.connection.clone(), request).await;
        match &answer {
            Err(status) if unreached(status).is_some() => {
                self.cut().begin(status.clone());
            }
            Err(status) if is_crowded(status) => {}
            _ => {
                self.cut().end();
                self.crowded().end();
            }
        }
        answer.map(Response::into_inner)
    }

    /// Waits for our turn, unless it is known that nothing is reached.
    async fn turn(&self) -> Result<(), Status> {
        if let Some(status) = self.cut().why() {
            return Err(status);
        }
        while let Some(until) = { self.crowded().until() } {
            sleep_until(until).await;
        }
        self.bucket.acquire_one().await;
        Ok(())
    }

    fn crowded(&self) -> MutexGuard<'_, Pause<Status>> {
        self.crowded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self) -> MutexGuard<'_, Pause<Status>> {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the server says that it is asked too much; a message that is too large stays so.
fn is_crowded(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted && !status.message().starts_with("grpc: ")
}

/// What the connection doesn't ask again by itself: what we ask again with more care, and a refusal that looks like a
/// failure.
fn is_answer(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted || super::removal::has_versions(status)
}
