//! Schedules as the server keeps them: make, look at, change, trigger, fill in, delete. Nouns of the room `schedule` in and out.

mod read;
mod write;

use jiff::Timestamp;
use serde_json::Value;
use temporalio_common::protos::temporal::api::common::v1::Memo;
use temporalio_common::protos::temporal::api::schedule::v1 as proto;
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

use super::{Client, Error, ExecutionId, ExecutionStatus, payload};
use crate::schedule::{Overlap, Schedule};

/// What the server knows of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// The schedule, as it is now.
    pub schedule: Schedule,
    /// Whose it is: what [`Client::create_schedule`] was told; none of one that somebody else made.
    pub owner: Option<String>,
    /// Parts of the schedule that these nouns have no word for, as `a retry policy`: somebody else put them there.
    pub foreign: Vec<&'static str>,
    /// The newest starts, oldest first; ten at most.
    pub starts: Vec<Started>,
    /// The next times, jitter included; ten at most.
    pub next: Vec<Timestamp>,
    /// The executions that run.
    pub running: Vec<ExecutionId>,
    /// How many starts there were.
    pub taken: i64,
    /// How many were left out because the server missed them by more than the catch-up window.
    pub missed: i64,
    /// How many were left out because another execution ran.
    pub skipped: i64,
    /// How many wait for an execution to end.
    pub buffered: i64,
    /// What shows the server that we know its present state.
    pub(super) token: Vec<u8>,
}

/// A start that a schedule made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// When it was to be, jitter included.
    pub due: Option<Timestamp>,
    /// When it was.
    pub at: Option<Timestamp>,
    /// The execution.
    pub id: ExecutionId,
    /// How it is, as far as the schedule has noticed.
    pub status: ExecutionStatus,
}

/// The key of a schedule's memo that says whose it is.
const OWNER: &str = "warpline.dev/owner";

fn about(id: &str) -> String {
    format!("schedule `{id}`")
}

impl Client {
    /// What the server knows of a schedule; none where there is none of that ID.
    ///
    /// # Errors
    /// [`Error::NamespaceNotFound`], [`Error::Payload`] where somebody wrote an input that can't be read, or the server's.
    pub async fn schedule(&self, id: &str) -> Result<Option<Described>, Error> {
        let request = service::DescribeScheduleRequest { namespace: self.namespace.clone(), schedule_id: id.to_owned() };
        match self.look(about(id), request, |service, request| service.describe_schedule(request)).await {
            Err(Error::NotFound { .. }) => Ok(None),
            answer => read::described(answer?).map(Some).map_err(|problem| Error::Payload { about: about(id), problem }),
        }
    }

    /// Makes a schedule that is `owner`'s.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] where there is one of that ID, or the server's.
    pub async fn create_schedule(&self, id: &str, schedule: &Schedule, owner: &str) -> Result<(), Error> {
        let request = service::CreateScheduleRequest {
            namespace: self.namespace.clone(),
            schedule_id: id.to_owned(),
            schedule: Some(write::schedule(schedule)),
            identity: self.identity().to_owned(),
            request_id: self.request_id(id),
            memo: Some(memo(owner)),
            ..Default::default()
        };
        self.look(about(id), request, |service, request| service.create_schedule(request)).await?;
        Ok(())
    }

    /// Makes the schedule `schedule`, and `owner`'s, if it still is as it was looked at. Some servers find that out after they have
    /// answered: look again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Refused`] where it is not as it was looked at, or the server's.
    pub async fn update_schedule(&self, id: &str, seen: &Described, schedule: &Schedule, owner: &str) -> Result<(), Error> {
        let request = service::UpdateScheduleRequest {
            namespace: self.namespace.clone(),
            schedule_id: id.to_owned(),
            schedule: Some(write::schedule(schedule)),
            conflict_token: seen.token.clone(),
            identity: self.identity().to_owned(),
            request_id: self.request_id(id),
            memo: (seen.owner.as_deref() != Some(owner)).then(|| memo(owner)),
            ..Default::default()
        };
        self.look(about(id), request, |service, request| service.update_schedule(request)).await?;
        Ok(())
    }

    /// Starts the schedule's workflow now, whether the schedule is paused or not. The schedule's own way with overlaps, unless told another.
    /// Repeated with the same `request`, it is done once.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the server's.
    pub async fn trigger_schedule(&self, id: &str, request: &str, overlap: Option<Overlap>) -> Result<(), Error> {
        let trigger = proto::TriggerImmediatelyRequest { overlap_policy: write::overlap_or_default(overlap), scheduled_time: None };
        self.patch_schedule(id, request, proto::SchedulePatch { trigger_immediately: Some(trigger), ..Default::default() }).await
    }

    /// Makes the starts of the times in `from..=to`, now; as if the time passed by.
    ///
    /// # Errors
    /// As [`Self::trigger_schedule`].
    pub async fn backfill_schedule(
        &self,
        id: &str,
        request: &str,
        (from, to): (Timestamp, Timestamp),
        overlap: Option<Overlap>,
    ) -> Result<(), Error> {
        // The server leaves the first moment out.
        let from = Timestamp::from_millisecond(from.as_millisecond().saturating_sub(1)).unwrap_or(from);
        let backfill = proto::BackfillRequest {
            start_time: Some(write::timestamp(from)),
            end_time: Some(write::timestamp(to)),
            overlap_policy: write::overlap_or_default(overlap),
        };
        self.patch_schedule(id, request, proto::SchedulePatch { backfill_request: vec![backfill], ..Default::default() }).await
    }

    async fn patch_schedule(&self, id: &str, request: &str, patch: proto::SchedulePatch) -> Result<(), Error> {
        let message = service::PatchScheduleRequest {
            namespace: self.namespace.clone(),
            schedule_id: id.to_owned(),
            patch: Some(patch),
            identity: self.identity().to_owned(),
            request_id: request.to_owned(),
        };
        self.look(about(id), message, |service, request| service.patch_schedule(request)).await?;
        Ok(())
    }

    /// Deletes a schedule; executions that it started go on. That there is none is no error.
    ///
    /// # Errors
    /// The server's.
    pub async fn delete_schedule(&self, id: &str) -> Result<(), Error> {
        let request = service::DeleteScheduleRequest {
            namespace: self.namespace.clone(),
            schedule_id: id.to_owned(),
            identity: self.identity().to_owned(),
        };
        match self.look(about(id), request, |service, request| service.delete_schedule(request)).await {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// How the newest run of an execution is that a schedule started; none where the server no longer knows it. Schedules themselves notice
    /// the end of one when they start the next.
    ///
    /// # Errors
    /// The server's.
    pub async fn scheduled_run(&self, workflow_id: &str) -> Result<Option<ExecutionStatus>, Error> {
        let id = ExecutionId::newest(workflow_id);
        let request = service::DescribeWorkflowExecutionRequest { namespace: self.namespace.clone(), execution: Some(id.proto()) };
        match self.look(id.to_string(), request, |service, request| service.describe_workflow_execution(request)).await {
            Err(Error::NotFound { .. }) => Ok(None),
            answer => Ok(Some(answer?.workflow_execution_info.unwrap_or_default().status().into())),
        }
    }

    /// The times after `from` and up to `to` that the server finds for a schedule.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the server's.
    pub async fn matching_times(&self, id: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Timestamp>, Error> {
        let request = service::ListScheduleMatchingTimesRequest {
            namespace: self.namespace.clone(),
            schedule_id: id.to_owned(),
            start_time: Some(write::timestamp(from)),
            end_time: Some(write::timestamp(to)),
        };
        let answer = self.look(about(id), request, |service, request| service.list_schedule_matching_times(request)).await?;
        Ok(answer.start_time.iter().filter_map(read::timestamp).collect())
    }
}

fn memo(owner: &str) -> Memo {
    Memo { fields: [(OWNER.to_owned(), payload::encode_one(&Value::String(owner.to_owned())))].into() }
}
