//! A `Schedule`: kept on the Temporal server of its Workflow's task queue, and watched there at its own times.
//! Uses `plan::schedule` for every decision.

mod again;
mod annotations;
mod input;
mod leave;
mod moving;
mod observe;
pub mod owned;
mod say;
mod server;

pub use again::Awaited;

use super::{Again, Context, Error, Stores, temporal_target};
use crate::api::labels::FINALIZER;
use crate::api::{Schedule, ScheduleStatus, SeenAnnotations, TemporalConnection, Workflow};
use crate::diagnostic::Code;
use crate::plan::schedule::{Kept, Problem, Seen, Server, Standing, Target, desired, ended, timing};
use crate::temporal::Client;
use jiff::Timestamp;
use kube::ResourceExt;
use std::sync::Arc;
use std::time::Duration;

/// How often something that no watch tells of is looked at again.
const SLOWLY: Duration = Duration::from_secs(600);
/// How soon after something that may pass by itself.
const SOON: Duration = Duration::from_secs(15);

/// Brings a schedule one step on.
///
/// # Errors
/// The API server's, or Temporal's where that is no matter of the schedule; it is looked at again, later and later.
pub async fn reconcile(schedule: Arc<Schedule>, context: Arc<Context>) -> Result<Again, Error> {
    if schedule.metadata.deletion_timestamp.is_some() {
        return leave::leave(&schedule, &context).await;
    }
    context.cluster.hold(schedule.as_ref(), FINALIZER, true).await?;
    let mut pass = Pass::begin(&schedule, &context);
    let standing = pass.stand().await?;
    let again = again::again(&pass, &standing);
    let Pass { last, warnings, server, applied, temporal, left, input_digest, annotations, .. } = pass;
    let seen = Seen {
        now: Timestamp::now(),
        generation: schedule.metadata.generation,
        spec: &schedule.spec,
        last: &last,
        standing,
        warnings,
        server,
        applied,
        temporal,
        left,
        input_digest,
        annotations,
    };
    say::say(&schedule, &context, seen).await?;
    Ok(Some(again))
}

/// One pass over a schedule, and what it has found out.
pub(super) struct Pass<'a> {
    schedule: &'a Schedule,
    context: &'a Context,
    namespace: String,
    last: ScheduleStatus,
    warnings: Vec<String>,
    server: Option<Server>,
    applied: Option<crate::api::AppliedSchedule>,
    /// Where it was written.
    temporal: Option<TemporalConnection>,
    /// Where it was before its task queue moved and can't be deleted, and why not.
    left: Vec<(TemporalConnection, String)>,
    input_digest: Option<String>,
    annotations: SeenAnnotations,
    /// Whether the server was just asked for runs.
    has_asked: bool,
}

impl<'a> Pass<'a> {
    fn begin(schedule: &'a Schedule, context: &'a Context) -> Self {
        let last = schedule.status.clone().unwrap_or_default();
        Self {
            schedule,
            context,
            namespace: schedule.namespace().unwrap_or_default(),
            warnings: Vec::new(),
            server: None,
            applied: last.applied.clone(),
            temporal: last.temporal.clone(),
            left: Vec::new(),
            input_digest: last.input_digest.clone(),
            annotations: last.seen.clone().unwrap_or_default(),
            has_asked: false,
            last,
        }
    }

    /// How far the schedule comes.
    async fn stand(&mut self) -> Result<Standing, Error> {
        let spec = &self.schedule.spec;
        let wanted = match timing(spec) {
            Ok((_, warnings)) => {
                self.warnings = warnings.iter().map(|(path, fault)| format!("{} at {path}: {fault}", Code::CRON)).collect();
                Ok(())
            }
            Err(wrong) => Err(wrong.into()),
        };
        let workflow = match self.workflow() {
            Ok(workflow) => workflow,
            Err(problem) => return self.wait(wanted, problem).await,
        };
        let workflow_type = workflow.status.as_ref().and_then(|status| status.workflow_type.clone()).unwrap_or_default();
        let target = Target { workflow_type, task_queue: workflow.spec.task_queue.clone() };
        let wanted = wanted.and_then(|()| desired(spec, &self.schedule.full_name(), &target).map_err(Problem::from));
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(problem) => return self.server_only(Standing::Invalid(problem)).await,
        };
        let place = match self.place(&target.task_queue) {
            Ok(place) => place,
            Err((problem, may_pass)) => return Ok(Standing::Unreachable(problem, may_pass)),
        };
        self.leave_others(&place).await?;
        match self.client(&place).await? {
            Ok(client) => self.keep(&client, &place, &workflow, wanted).await,
            Err((problem, may_pass)) => Ok(Standing::Unreachable(problem, may_pass)),
        }
    }

    /// The Workflow that is started, once it can be.
    fn workflow(&self) -> Result<Arc<Workflow>, Problem> {
        let name = &self.schedule.spec.workflow;
        let problem = |reason: &str, message: String| (reason.to_owned(), message);
        let Some(workflow) = Stores::find(&self.context.stores.workflows, &self.namespace, name) else {
            return Err(problem("WorkflowMissing", format!("there is no Workflow {name} in this namespace: waits until there is one")));
        };
        if workflow.metadata.deletion_timestamp.is_some() {
            return Err(problem("WorkflowDeleted", format!("Workflow {name} is being deleted, and begins no new execution")));
        }
        if workflow.status.as_ref().is_none_or(|status| status.build_id.is_none()) {
            return Err(problem("WorkflowNotLive", format!("waits until new executions of Workflow {name} begin on a version")));
        }
        Ok(workflow)
    }

    /// The server that a task queue is on. Otherwise why it is not known, and whether that may pass by itself.
    fn place(&self, task_queue: &str) -> Result<TemporalConnection, (Problem, bool)> {
        let Some(queue) = self.context.queue(&self.namespace, task_queue) else {
            let message = format!("there is no TaskQueue for {task_queue} yet");
            return Err((("TaskQueueMissing".to_owned(), message), true));
        };
        temporal_target::connection(self.context, &queue).map_err(|missing| (missing, false))
    }

    /// A client of a server. Otherwise why there is none, and whether that may pass by itself.
    async fn client(&self, place: &TemporalConnection) -> Result<Result<Client, (Problem, bool)>, Error> {
        let temporal = match temporal_target::at(self.context, &self.namespace, place).await? {
            Ok(temporal) => temporal,
            Err(missing) => return Ok(Err((missing, false))),
        };
        let client = self.context.temporal.client(&temporal.target).await;
        Ok(client.map_err(|error| ((error.reason().to_owned(), error.to_string()), error.is_transient())))
    }

    /// A client of the server that it was written to; none where it was not, or that is not reached.
    async fn client_of_written(&self) -> Result<Option<Client>, Error> {
        let Some(applied) = &self.applied else { return Ok(None) };
        let place = self.temporal.clone().map_or_else(|| self.place(&applied.task_queue), Ok);
        match place {
            Ok(place) => Ok(self.client(&place).await?.ok()),
            Err(_) => Ok(None),
        }
    }

    /// The Workflow can't be started: what is on the server is paused, so that nothing piles up there.
    async fn wait(&mut self, wanted: Result<(), Problem>, problem: Problem) -> Result<Standing, Error> {
        let standing = wanted.map_or_else(Standing::Invalid, |()| Standing::Waits(problem.clone()));
        if let Some(client) = self.client_of_written().await? {
            self.suspend(&client, &problem.1).await?;
        }
        Ok(standing)
    }

    /// Makes the server keep what is wanted.
    async fn keep(
        &mut self,
        client: &Client,
        place: &TemporalConnection,
        workflow: &Workflow,
        wanted: crate::schedule::Schedule,
    ) -> Result<Standing, Error> {
        let seen = match self.look(client).await? {
            Ok(seen) => seen,
            Err(standing) => return Ok(standing),
        };
        if let Err(standing) = input::check(self, workflow, seen.as_ref(), &wanted).await? {
            if let Some(seen) = &seen {
                self.obey_pause(client, seen).await?;
            }
            return Ok(standing);
        }
        let has_ended = ended(&wanted.timing, Timestamp::now());
        let standing = self.bring(client, seen, &wanted, has_ended.is_some(), self.has_moved(place)).await?;
        if matches!(standing, Standing::Kept(_)) {
            self.temporal = Some(place.clone());
        }
        Ok(match (standing, has_ended) {
            (Standing::Kept(Kept::AsAsked { corrected }), Some(why)) if corrected.is_empty() => Standing::Kept(Kept::Ended(why)),
            (standing, _) => standing,
        })
    }

    /// What the server tells of a schedule whose spec can't be followed; a pause that is asked for is made all the same.
    async fn server_only(&mut self, standing: Standing) -> Result<Standing, Error> {
        if let Some(client) = self.client_of_written().await?
            && let Ok(Some(seen)) = self.look(&client).await?
        {
            self.obey_pause(&client, &seen).await?;
        }
        Ok(standing)
    }
}
