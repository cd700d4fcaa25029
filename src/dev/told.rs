//! What people are told while it runs: each Workflow, module and version as the reconcilers say it in its status, when that changes.

use super::Say;
use super::api::NAMESPACE;
use crate::api::conditions::{Condition, LIVE, READY, RECONCILING, STALLED, find};
use crate::api::{ActivityModule, Schedule, WorkerVersion, Workflow};
use futures::StreamExt;
use kube::api::Api;
use kube::core::NamespaceResourceScope;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::fmt::Debug;

/// Tells, for ever.
pub async fn tell(client: Client, say: Say) {
    tokio::join!(
        follow::<Workflow>(&client, &say, workflow),
        follow::<ActivityModule>(&client, &say, |module| conditions(
            "ActivityModule",
            module,
            module.status.as_ref().map(|status| status.conditions.as_slice())
        )),
        follow::<Schedule>(&client, &say, |schedule| conditions(
            "Schedule",
            schedule,
            schedule.status.as_ref().map(|status| status.conditions.as_slice())
        )),
        follow::<WorkerVersion>(&client, &say, version),
    );
}

async fn follow<K>(client: &Client, say: &Say, line: impl Fn(&K) -> Option<String>)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let mut told: HashMap<String, String> = HashMap::new();
    let events = watcher(Api::<K>::namespaced(client.clone(), NAMESPACE), watcher::Config::default());
    futures::pin_mut!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(object) | Event::InitApply(object)) => {
                let Some(line) = line(&object) else { continue };
                if told.insert(object.name_any(), line.clone()).as_ref() != Some(&line) {
                    say.line(&line);
                }
            }
            Ok(Event::Delete(object)) if told.remove(&object.name_any()).is_some() && K::kind(&()) == "WorkerVersion" => {
                say.line(&format!("version {}: gone", object.name_any()));
            }
            _ => {}
        }
    }
}

fn holds<'c>(conditions: &'c [Condition], kind: &str) -> Option<&'c Condition> {
    find(conditions, kind).filter(|condition| condition.status == "True")
}

fn workflow(object: &Workflow) -> Option<String> {
    let status = object.status.as_ref()?;
    let name = object.name_any();
    let serves = status.build_id.as_ref().map(|build_id| format!("; version {build_id} serves on")).unwrap_or_default();
    if let Some(stalled) = holds(&status.conditions, STALLED) {
        return Some(format!("Workflow/{name}: {}: {}{serves}", stalled.reason, first_line(&stalled.message)));
    }
    let is_of_now = |condition: &Condition| condition.observed_generation == object.metadata.generation;
    if holds(&status.conditions, LIVE).is_some_and(is_of_now) {
        return Some(format!("Workflow/{name}: live on version {}", status.build_id.clone().unwrap_or_default()));
    }
    let way = holds(&status.conditions, RECONCILING)?;
    Some(format!("Workflow/{name}: {}: {}", way.reason, first_line(&way.message)))
}

fn conditions(kind: &str, object: &impl ResourceExt, conditions: Option<&[Condition]>) -> Option<String> {
    let conditions = conditions?;
    let name = object.name_any();
    if let Some(stalled) = holds(conditions, STALLED) {
        return Some(format!("{kind}/{name}: {}: {}", stalled.reason, first_line(&stalled.message)));
    }
    let said = holds(conditions, RECONCILING).or(holds(conditions, READY))?;
    Some(format!("{kind}/{name}: {}: {}", said.reason, first_line(&said.message)))
}

fn version(object: &WorkerVersion) -> Option<String> {
    let status = object.status.as_ref()?;
    let open = match status.open_executions {
        0 => String::new(),
        1 => ", 1 open execution".to_owned(),
        many => format!(", {many} open executions"),
    };
    Some(format!("version {}: {}{open}", object.name_any(), status.state.name()))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
