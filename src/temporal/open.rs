//! Executions that are open: counted and listed by version, type and queue. The server's index is a moment behind.

use serde::Serialize;
use temporalio_common::protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

use super::{Client, Error, ExecutionId, payload};

/// What the index calls the version that an execution runs on.
const VERSION: &str = "TemporalWorkerDeploymentVersion";

/// An execution that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenExecution {
    /// The execution, run included.
    #[serde(flatten)]
    pub id: ExecutionId,
    /// Its type.
    pub workflow_type: String,
    /// Its task queue.
    pub task_queue: String,
    /// The build ID of the version that it runs on; none before its first task, or on workers without versions.
    pub build_id: Option<String>,
}

/// Which open executions are meant: all that is given must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenFilter<'a> {
    /// The worker deployment that they run on, or are pinned to.
    pub deployment: Option<&'a str>,
    /// The build ID in that deployment; means nothing without one.
    pub build_id: Option<&'a str>,
    /// The workflow type.
    pub workflow_type: Option<&'a str>,
    /// The task queue.
    pub task_queue: Option<&'a str>,
    /// The ID of the schedule that started them.
    pub scheduled_by: Option<&'a str>,
}

impl OpenFilter<'_> {
    /// The filter in the server's list language.
    fn query(&self) -> Result<String, Error> {
        // Paused executions are open too, and are not `Running`.
        let mut query = "CloseTime IS NULL".to_owned();
        let version = match (self.deployment, self.build_id) {
            (Some(deployment), Some(build_id)) => Some(format!("{deployment}:{build_id}")),
            _ => None,
        };
        let deployment = if version.is_some() { None } else { self.deployment };
        let values = [
            (VERSION, version.as_deref()),
            ("TemporalWorkerDeployment", deployment),
            ("WorkflowType", self.workflow_type),
            ("TaskQueue", self.task_queue),
            ("TemporalScheduledById", self.scheduled_by),
        ];
        for (attribute, value) in values {
            if let Some(value) = value {
                query.push_str(&format!(" AND {attribute} = {}", quote(attribute, value)?));
            }
        }
        Ok(query)
    }
}

/// A value in quotes. Of some values the server finds nothing, which would look like an answer: its stores don't read the
/// escapes that it writes, and it strips quotes from both ends.
fn quote(attribute: &str, value: &str) -> Result<String, Error> {
    let is_lost = value.contains(|c: char| c.is_control() || matches!(c, '\\' | '"')) || value.starts_with('\'') || value.ends_with('\'');
    if is_lost {
        let about = format!("open executions with {attribute} {value:?}");
        let problem = "Temporal's search finds no name that holds a backslash, a double quote or a control character, or that begins or ends with a quote; choose another name";
        return Err(Error::Refused { about, problem: problem.to_owned() });
    }
    Ok(format!("'{}'", value.replace('\'', "''")))
}

impl Client {
    /// How many executions are open; their number may be a moment old.
    ///
    /// # Errors
    /// [`Error::Refused`] for a value that the server can't search for, or the server's.
    pub async fn count_open(&self, filter: &OpenFilter<'_>) -> Result<u64, Error> {
        let query = filter.query()?;
        let request = service::CountWorkflowExecutionsRequest { namespace: self.namespace.clone(), query: query.clone() };
        let answer = self.caller.search(request, |service, request| service.count_workflow_executions(request)).await;
        let answer = answer.map_err(|status| self.failed(format!("counting `{query}`"), &status))?;
        Ok(u64::try_from(answer.count).unwrap_or(0))
    }

    /// The executions that are open, `limit` of them at most.
    ///
    /// # Errors
    /// As [`Self::count_open`].
    pub async fn list_open(&self, filter: &OpenFilter<'_>, limit: usize) -> Result<Vec<OpenExecution>, Error> {
        let query = filter.query()?;
        let (mut found, mut token) = (Vec::new(), Vec::new());
        loop {
            let request = service::ListWorkflowExecutionsRequest {
                namespace: self.namespace.clone(),
                page_size: i32::try_from(limit - found.len()).unwrap_or(i32::MAX).min(1000),
                next_page_token: token,
                query: query.clone(),
            };
            let answer = self.caller.search(request, |service, request| service.list_workflow_executions(request)).await;
            let answer = answer.map_err(|status| self.failed(format!("listing `{query}`"), &status))?;
            found.extend(answer.executions.into_iter().map(OpenExecution::from));
            token = answer.next_page_token;
            if token.is_empty() || found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }
}

impl From<WorkflowExecutionInfo> for OpenExecution {
    fn from(info: WorkflowExecutionInfo) -> Self {
        let execution = info.execution.unwrap_or_default();
        let attributes = info.search_attributes.unwrap_or_default().indexed_fields;
        let version = attributes.get(VERSION).and_then(|version| payload::decode_one(version).ok());
        // `<deployment>:<build ID>`; a deployment's name has no colon.
        let build_id = version.as_ref().and_then(|version| version.as_str()?.split_once(':')).map(|(_, build_id)| build_id.to_owned());
        Self {
            id: ExecutionId { workflow_id: execution.workflow_id, run_id: execution.run_id },
            workflow_type: info.r#type.unwrap_or_default().name,
            task_queue: info.task_queue,
            build_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_values() {
        let filter = OpenFilter {
            deployment: Some("ns/a"),
            build_id: Some("1"),
            workflow_type: Some("It's' OR 1=1"),
            task_queue: None,
            scheduled_by: None,
        };
        let expected = "CloseTime IS NULL AND TemporalWorkerDeploymentVersion = 'ns/a:1' AND WorkflowType = 'It''s'' OR 1=1'";
        assert_eq!(filter.query().ok().as_deref(), Some(expected));
        let whole = OpenFilter { deployment: Some("ns/a"), task_queue: Some("a"), ..OpenFilter::default() };
        let expected = "CloseTime IS NULL AND TemporalWorkerDeployment = 'ns/a' AND TaskQueue = 'a'";
        assert_eq!(whole.query().ok().as_deref(), Some(expected));
    }

    #[test]
    fn what_cannot_be_found_is_not_asked_for() {
        for value in ["a\\b", "a\"b", "a\nb", "'a", "a'"] {
            let filter = OpenFilter { task_queue: Some(value), ..OpenFilter::default() };
            assert!(filter.query().is_err_and(|error| error.to_string().contains("TaskQueue")), "{value:?}");
        }
    }
}
