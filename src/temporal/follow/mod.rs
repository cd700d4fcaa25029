//! Follows an execution and everything below it while it runs: children as they start, runs as they continue, attempts
//! of activities as they fail. By long polls of histories; nothing is asked of workers.

mod event;
mod pending;
mod translate;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use temporalio_client::tonic::Code;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};

pub use event::{Activity, Child, Event, What};
use translate::Run;

use super::{Client, Error, ExecutionId};

/// How long after an activity's scheduling, and how often, the server is asked for its attempts, per execution that
/// has open activities. Multiplied where many have: the server is asked ten times a second at most.
const LOOK: Duration = Duration::from_millis(400);
const LOOKS_AT_ONCE: u32 = 4;
/// How long descendants that are closed may take to be read to their end after the root is.
const REST: Duration = Duration::from_secs(2);

/// What happens in an execution and below it, until it ends. Dropped, it asks no more.
#[derive(Debug)]
pub struct Follow {
    events: UnboundedReceiver<Result<Event, Error>>,
    task: AbortHandle,
}

impl Follow {
    /// The next event; none when the execution (with its successors) has ended. Events of one run come in order, the
    /// root's end is the last of all. What an abandoned child does after that is not told.
    ///
    /// # Errors
    /// What the server answers when it doesn't come back; nothing follows then.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        self.events.recv().await
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Client {
    /// Follows `id` and everything below it from its beginning.
    #[must_use]
    pub fn follow(&self, id: &ExecutionId) -> Follow {
        let (sender, events) = mpsc::unbounded_channel();
        let task = tokio::spawn(follow_tree(self.clone(), id.clone(), sender)).abort_handle();
        Follow { events, task }
    }
}

impl Client {
    /// Follows `id` and its successors from its beginning, but not its children: of these only their beginnings and ends are told.
    #[must_use]
    pub fn follow_alone(&self, id: &ExecutionId) -> Follow {
        let (sender, events) = mpsc::unbounded_channel();
        // Nobody listens for children.
        let (children, _) = mpsc::unbounded_channel();
        let tree = Tree { client: self.clone(), events: sender.clone(), children, looking: Arc::default() };
        let chain = tree.follow_chain(id.clone(), String::new());
        let task = tokio::spawn(async move {
            let _ = sender.send(chain.await);
        });
        Follow { events, task: task.abort_handle() }
    }
}

/// What every follower of one tree has.
#[derive(Clone)]
struct Tree {
    client: Client,
    events: UnboundedSender<Result<Event, Error>>,
    children: UnboundedSender<Child>,
    /// How many followers look for attempts.
    looking: Arc<AtomicU32>,
}

async fn follow_tree(client: Client, root: ExecutionId, events: UnboundedSender<Result<Event, Error>>) {
    let (children, mut started) = mpsc::unbounded_channel();
    let tree = Tree { client, events: events.clone(), children, looking: Arc::default() };
    // Dropping the set ends every follower.
    let mut followers = JoinSet::new();
    let mut root = Box::pin(tree.clone().follow_chain(root, String::new()));
    let last = loop {
        tokio::select! {
            last = &mut root => break last,
            Some(child) = started.recv() => {
                let id = ExecutionId { workflow_id: child.workflow_id, run_id: child.run_id };
                followers.spawn(tree.clone().follow_child(id, child.workflow_type));
            }
            Some(_) = followers.join_next() => {}
        }
    };
    // Children that the root saw ending are closed on the server: their rest comes at once.
    let _ = timeout(REST, async { while followers.join_next().await.is_some() {} }).await;
    let _ = events.send(last);
}

impl Tree {
    async fn follow_child(self, id: ExecutionId, workflow_type: String) {
        let events = self.events.clone();
        // The receiver is gone when nobody listens any more.
        let _ = match self.follow_chain(id, workflow_type).await {
            // A child that is gone (retention, deletion) is no fault of the root's.
            Err(Error::NotFound { .. }) => Ok(()),
            last => events.send(last),
        };
    }

    /// Follows one execution through its runs; its last event.
    fn follow_chain(self, mut id: ExecutionId, workflow_type: String) -> BoxFuture<'static, Result<Event, Error>> {
        Box::pin(async move {
            loop {
                if id.run_id.is_empty() {
                    // A name for this run, so that a successor isn't taken for it.
                    id = self.client.describe(&id).await?.id;
                }
                let event = self.follow_run(Run::new(id.clone(), workflow_type.clone()), &id).await?;
                match &event.what {
                    What::ContinuedAsNew { next_run } | What::RunRetried { next_run, .. } => {
                        id.run_id.clone_from(next_run);
                        let _ = self.events.send(Ok(event));
                    }
                    _ => return Ok(event),
                }
            }
        })
    }

    /// Follows one run; its last event.
    async fn follow_run(&self, mut run: Run, id: &ExecutionId) -> Result<Event, Error> {
        let mut token = Vec::new();
        loop {
            let page = self.next_page(id, token, &mut run).await?;
            for event in page.0 {
                for event in run.read(&event)? {
                    let child = match &event.what {
                        What::Ended { .. } | What::ContinuedAsNew { .. } | What::RunRetried { .. } => return Ok(event),
                        What::ChildStarted { child } => Some(child.clone()),
                        _ => None,
                    };
                    let _ = self.events.send(Ok(event));
                    if let Some(child) = child {
                        let _ = self.children.send(child);
                    }
                }
            }
            token = page.1;
            if token.is_empty() {
                return Err(Error::Payload {
                    about: format!("the history of {id}"),
                    problem: "it has no end, yet the server says that it is closed".to_owned(),
                });
            }
        }
    }

    /// Waits for the next events, telling of attempts meanwhile; the events and where the next ones begin.
    async fn next_page(&self, id: &ExecutionId, token: Vec<u8>, run: &mut Run) -> Result<(Vec<HistoryEvent>, Vec<u8>), Error> {
        let mut page = Box::pin(self.poll(id, token));
        if !run.pending.any() {
            return page.await;
        }
        let _looking = Looking::new(&self.looking);
        let mut look = Instant::now() + self.pause();
        loop {
            tokio::select! {
                page = &mut page => return page,
                () = sleep_until(look) => {}
            }
            // A look that fails is made again: the long poll tells of lasting trouble.
            if let Ok(description) = self.client.describe_raw(id).await {
                for (time, what) in run.pending.described(&description.pending_activities) {
                    let _ = self.events.send(Ok(run.event(time.unwrap_or_else(Timestamp::now), what)));
                }
            }
            look = Instant::now() + self.pause();
        }
    }

    fn pause(&self) -> Duration {
        LOOK * self.looking.load(Ordering::Relaxed).div_ceil(LOOKS_AT_ONCE).max(1)
    }

    async fn poll(&self, id: &ExecutionId, token: Vec<u8>) -> Result<(Vec<HistoryEvent>, Vec<u8>), Error> {
        loop {
            let request = service::GetWorkflowExecutionHistoryRequest {
                namespace: self.client.namespace().to_owned(),
                execution: Some(id.proto()),
                next_page_token: token.clone(),
                wait_new_event: true,
                ..Default::default()
            };
            match self.client.caller.poll(request, |service, request| service.get_workflow_execution_history(request)).await {
                Err(status) if matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled) => sleep(Duration::from_millis(100)).await,
                answer => {
                    let answer = answer.map_err(|status| self.client.failed(id.to_string(), &status))?;
                    return Ok((answer.history.unwrap_or_default().events, answer.next_page_token));
                }
            }
        }
    }
}

/// Counts one follower that looks for attempts, while it lives.
struct Looking(Arc<AtomicU32>);

impl Looking {
    fn new(count: &Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
