//! Executions that are open: counted and listed by version, type and queue. The server's index may be a moment behind.

use super::{Client, Error, OpenExecution};
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

/// Which open executions are meant; everything that is given must hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenFilter<'a> {
    /// The worker deployment; counts only with a build ID.
    pub deployment: Option<&'a str>,
    /// The build ID in that deployment.
    pub build_id: Option<&'a str>,
    /// The workflow type.
    pub workflow_type: Option<&'a str>,
    /// The task queue.
    pub task_queue: Option<&'a str>,
}

impl OpenFilter<'_> {
    /// The filter in the server's list language.
    fn query(&self) -> String {
        let mut query = "ExecutionStatus = 'Running'".to_owned();
        let mut and = |attribute: &str, value: &str| query.push_str(&format!(" AND {attribute} = '{}'", value.replace('\'', "''")));
        if let (Some(deployment), Some(build_id)) = (self.deployment, self.build_id) {
            and("TemporalWorkerDeploymentVersion", &format!("{deployment}:{build_id}"));
        }
        if let Some(workflow_type) = self.workflow_type {
            and("WorkflowType", workflow_type);
        }
        if let Some(task_queue) = self.task_queue {
            and("TaskQueue", task_queue);
        }
        query
    }
}

impl Client {
    /// How many executions are open.
    ///
    /// # Errors
    /// The server's.
    pub async fn count_open(&self, filter: &OpenFilter<'_>) -> Result<u64, Error> {
        let query = filter.query();
        let request = service::CountWorkflowExecutionsRequest { namespace: self.namespace.clone(), query: query.clone() };
        let answer =
            self.answer(|| format!("counting `{query}`"), self.service().count_workflow_executions(self.request(request)).await)?;
        Ok(u64::try_from(answer.count).unwrap_or(0))
    }

    /// The executions that are open, `limit` of them at most.
    ///
    /// # Errors
    /// The server's.
    pub async fn list_open(&self, filter: &OpenFilter<'_>, limit: usize) -> Result<Vec<OpenExecution>, Error> {
        self.list(&filter.query(), limit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_values() {
        let filter = OpenFilter { deployment: Some("ns/a"), build_id: Some("1"), workflow_type: Some("It's' OR 1=1"), task_queue: None };
        assert_eq!(
            filter.query(),
            "ExecutionStatus = 'Running' AND TemporalWorkerDeploymentVersion = 'ns/a:1' AND WorkflowType = 'It''s'' OR 1=1'"
        );
    }
}
