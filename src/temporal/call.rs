//! One call of the server: its turn, its deadline, its retries, and what becomes of the next ones when the server is not
//! reached. Knows no particular call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use temporalio_client::Connection;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::request_extensions::NoRetryOnMatching;
use temporalio_client::tonic::{Code, Request, Response, Status};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, Span};

use super::error::unreached;
use super::pause::Pause;
use super::turns::Turns;

/// How calls are made on a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How long one try may take; also to connect, the first answer included.
    pub attempt: Duration,
    /// How long a call may take, tries and pauses together.
    pub call: Duration,
    /// How long a call that failed in a way that may pass is tried again.
    pub retries: Duration,
    /// How many calls begin a second in a namespace.
    pub calls: usize,
    /// How many searches begin a second in a namespace.
    pub searches: usize,
    /// How many calls about schedules begin a second in a namespace.
    pub looks: usize,
}

impl Limits {
    /// For somebody who waits for one thing, on a server of their own.
    pub(super) const INTERACTIVE: Self = Self {
        attempt: Duration::from_secs(30),
        call: Duration::from_secs(60),
        retries: Duration::from_secs(30),
        calls: 1000,
        searches: 10,
        looks: 1000,
    };
    /// For a program that asks much of a server that others need too, and asks again later by itself. By default a server
    /// answers 50 looks at deployments and 10 searches a second in a namespace, to all who ask.
    pub(super) const SHARED: Self = Self {
        attempt: Duration::from_secs(10),
        call: Duration::from_secs(20),
        retries: Duration::from_secs(3),
        calls: 40,
        searches: 8,
        looks: 20,
    };
}

/// A connection, with what all who call on it share.
pub(super) struct Line {
    connection: Connection,
    limits: Limits,
    /// While it lasts calls fail at once: the server was not reached.
    cut: Mutex<Pause<Status>>,
    shares: Mutex<HashMap<String, Arc<Share>>>,
}

/// What all who call about one namespace share: servers have their limits for each.
struct Share {
    calls: Turns,
    searches: Turns,
    looks: Turns,
}

/// A line to one namespace.
#[derive(Clone)]
pub(super) struct Caller {
    line: Arc<Line>,
    share: Arc<Share>,
}

impl Line {
    pub(super) fn new(connection: Connection, limits: Limits) -> Self {
        Self { connection, limits, cut: Mutex::default(), shares: Mutex::default() }
    }

    /// The line to one namespace.
    pub(super) fn caller(self: &Arc<Self>, namespace: &str) -> Caller {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        let limits = self.limits;
        let make =
            || Arc::new(Share { calls: Turns::new(limits.calls), searches: Turns::new(limits.searches), looks: Turns::new(limits.looks) });
        let share = shares.entry(namespace.to_owned()).or_insert_with(make).clone();
        Caller { line: self.clone(), share }
    }

    async fn once<Q, A, M>(&self, mut request: Request<Q>, method: &M) -> Result<A, Status>
    where
        M: for<'a> Fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>,
    {
        request.extensions_mut().insert(NoRetryOnMatching { predicate: is_answer });
        let span = span_of::<Q>();
        let answer = method(&mut self.connection.clone(), request).instrument(span.clone()).await;
        if let Err(status) = &answer {
            span.record("rpc.grpc.status_code", status.code() as i32).record("otel.status_code", "ERROR");
        }
        match answer.as_ref().err().filter(|status| unreached(status).is_some()) {
            Some(status) => {
                self.cut().begin(status.clone());
            }
            None => self.cut().end(),
        }
        answer.map(Response::into_inner)
    }

    fn late(&self) -> Status {
        Status::deadline_exceeded(format!("nothing came back within {} s", self.limits.call.as_secs()))
    }

    fn cut(&self) -> MutexGuard<'_, Pause<Status>> {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    /// Who we say we are.
    pub(super) fn identity(&self) -> &str {
        self.line.connection.identity()
    }

    /// Makes a call; `method` is one of the service's. What the server finds too much is asked again, after a pause for
    /// everybody who asks the like, while the deadline allows.
    pub(super) async fn call<Q, A, M>(&self, message: Q, method: M) -> Result<A, Status>
    where
        Q: Clone,
        M: for<'a> Fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>,
    {
        self.bounded(&self.share.calls, message, method).await
    }

    /// As [`Self::call`], of those that ask the index of executions, which servers allow far less of.
    pub(super) async fn search<Q, A, M>(&self, message: Q, method: M) -> Result<A, Status>
    where
        Q: Clone,
        M: for<'a> Fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>,
    {
        self.bounded(&self.share.searches, message, method).await
    }

    /// As [`Self::call`], of those about schedules, of which there may be many.
    pub(super) async fn look<Q, A, M>(&self, message: Q, method: M) -> Result<A, Status>
    where
        Q: Clone,
        M: for<'a> Fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>,
    {
        self.bounded(&self.share.looks, message, method).await
    }

    /// Makes a long poll, to which the connection gives a deadline of its own.
    pub(super) async fn poll<Q, A, M>(&self, message: Q, method: M) -> Result<A, Status>
    where
        Q: Clone,
        M: for<'a> Fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>,
    {
        let attempt = || self.line.once(Request::new(message.clone()), &method);
        self.in_turn(&self.share.calls, Instant::now() + self.line.limits.call, attempt).await
    }

    async fn bounded<Q, A, M>(&self, turns: &Turns, message: Q, method: M) -> Result<A, Status>
    where
        Q: Clone,
        M: for<'a> Fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>,
    {
        let Self { line, .. } = self;
        let deadline = Instant::now() + line.limits.call;
        let attempt = || {
            let mut request = Request::new(message.clone());
            request.set_timeout(line.limits.attempt);
            timeout_at(deadline, line.once(request, &method)).map(|answer| answer.unwrap_or_else(|_| Err(line.late())))
        };
        self.in_turn(turns, deadline, attempt).await
    }

    /// Makes an attempt in its turn, and others while the server finds it too much and the deadline allows.
    async fn in_turn<A, F>(&self, turns: &Turns, deadline: Instant, attempt: impl Fn() -> F) -> Result<A, Status>
    where
        F: Future<Output = Result<A, Status>>,
    {
        loop {
            if let Some(status) = self.line.cut().why() {
                return Err(status);
            }
            let turn = timeout_at(deadline, turns.take()).await;
            turn.map_err(|_| turns.why().unwrap_or_else(|| Status::resource_exhausted("too many calls wait for their turn")))?;
            let answer = attempt().await;
            match turns.answered(answer.as_ref().err()) {
                Some(next) if next <= deadline => {}
                _ => return answer,
            }
        }
    }
}

/// The span of a call, with the names that OpenTelemetry has for one; the method is known by the type of its request.
fn span_of<Q>() -> Span {
    let request = std::any::type_name::<Q>().rsplit("::").next().unwrap_or_default();
    let method = request.strip_suffix("Request").unwrap_or(request);
    tracing::info_span!(
        "temporal",
        otel.name = format!("temporal {method}"),
        otel.kind = "client",
        otel.status_code = tracing::field::Empty,
        rpc.system = "grpc",
        rpc.service = "temporal.api.workflowservice.v1.WorkflowService",
        rpc.method = method,
        rpc.grpc.status_code = tracing::field::Empty,
    )
}

/// What the connection doesn't ask again by itself: what is asked again in turn, and a refusal that looks like a failure.
fn is_answer(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted || super::removal::has_versions(status)
}
