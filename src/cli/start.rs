//! `warpline start`

use super::Stop;
use super::check::checker;
use super::connection::Connection;
use super::kubernetes::{Cluster, Connected};
use super::output::Printer;
use super::{input, outcome};
use crate::api::{TaskQueue, Workflow};
use crate::compile;
use crate::definition::workflow_from_value;
use crate::diagnostic::{JsonPath, Report};
use crate::plan::overview::workflow_type;
use crate::temporal::Start as Request;
use clap::Args;
use kube::ResourceExt;
use serde_json::{Value, json};

/// Start a Workflow of a cluster.
///
/// The input is checked against the Workflow's input type before anything starts. The execution begins on the current version, or the ramping one, as
/// any other, unless a build ID is named.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Start it, and wait for its result
  warpline start package-builder -n builds --input @input.json --wait

  # Try a version that is not current yet
  warpline start package-builder -n builds --build-id 3f9a6c01d2e4b587 --wait")]
pub(super) struct Start {
    /// The Workflow.
    #[arg(value_name = "WORKFLOW")]
    name: String,
    /// The input: JSON, or @ and the name of a file that holds it.
    #[arg(long, value_name = "JSON|@FILE")]
    input: Option<String>,
    /// The workflow ID; one is made of the name and the time where absent.
    #[arg(long, value_name = "ID")]
    workflow_id: Option<String>,
    /// Pin it to this version, in place of the current one.
    #[arg(long, value_name = "BUILD_ID")]
    build_id: Option<String>,
    /// Wait until it ends, and print its result.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    cluster: Cluster,
    #[command(flatten)]
    connection: Connection,
}

impl Start {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let input = input::read(self.input.as_deref())?;
        let cluster = self.cluster.connect().await?;
        let workflow: Workflow = cluster.get(&self.name).await?;
        let queue = queue(&cluster, &workflow).await?;
        check_input(&workflow, &input, printer).await?;
        let client = self.connection.client_of(&cluster, &queue).await?;
        let workflow_type = workflow_type(&workflow);
        let id = self.workflow_id.clone().unwrap_or_else(|| input::new_id(&workflow_type));
        let mut request = Request::new(&workflow_type, id, queue.temporal_name(), vec![input]);
        request.pinned = self.build_id.as_deref().map(|build_id| pinned(&queue, build_id)).transpose()?;
        let id = client.start(&request).await.map_err(Stop::machine)?;
        if printer.is_json() && !self.wait {
            printer.line(&json!({"workflowId": id.workflow_id, "runId": id.run_id}).to_string());
        } else {
            printer.note(&format!("{id} started; the graph, live: warpline watch {}", id.workflow_id));
        }
        if !self.wait {
            return Ok(());
        }
        outcome::report(&workflow_type, client.outcome(&id).await.map_err(Stop::machine)?, printer)
    }
}

/// The queue that the Workflow is served on.
async fn queue(cluster: &Connected, workflow: &Workflow) -> Result<TaskQueue, Stop> {
    let name = &workflow.spec.task_queue;
    let queues = cluster.list::<TaskQueue>(&kube::api::ListParams::default()).await?;
    let found = queues.into_iter().find(|queue| queue.temporal_name() == name);
    let queue = found.filter(|queue| queue.status.as_ref().is_some_and(|status| status.current.is_some()));
    queue.ok_or_else(|| {
        let name = workflow.name_any();
        Stop::Usage(format!("no version of Workflow {name} takes executions yet; warpline doctor {name} says why"))
    })
}

fn pinned(queue: &TaskQueue, build_id: &str) -> Result<(String, String), Stop> {
    let deployment = queue.status.as_ref().and_then(|status| status.deployment_name.clone());
    let deployment = deployment.ok_or_else(|| Stop::Usage(format!("TaskQueue {} has no version yet", queue.name_any())))?;
    Ok((deployment, build_id.to_owned()))
}

/// Refuses an input that is not of the type which the Workflow takes. That depends on the Workflow alone, not on what it calls.
async fn check_input(workflow: &Workflow, input: &Value, printer: &Printer) -> Result<(), Stop> {
    let name = workflow.name_any();
    let spec = serde_json::to_value(&workflow.spec).unwrap_or_default();
    let report = Report::new();
    let read: Vec<_> = workflow_from_value(&name, &spec, &report).into_iter().collect();
    let mut output = compile::compile(&read, &[], &report);
    let Some(compiled) = output.workflows.iter().find(|workflow| workflow.name == name) else { return Ok(()) };
    let object = "the input";
    output.files.push(compile::input_file(object, &JsonPath::root(), compiled, input));
    let found = checker(printer).await?.check(&output, &[], &std::env::temp_dir()).await.map_err(Stop::machine)?;
    let Some(first) = found.iter().find(|diagnostic| diagnostic.object == object) else { return Ok(()) };
    let place = Some(first.path.to_string()).filter(|path| !path.is_empty()).map(|path| format!(" at {path}")).unwrap_or_default();
    Err(Stop::Usage(format!("the input is not what Workflow {name} takes{place}: {}", first.message)))
}
