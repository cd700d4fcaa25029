//! Which versions a compilation makes: one for each task queue, with the workflows and activities that it serves.
//! Pure; depends on `compile`'s output.

use crate::compile::{CompiledWorkflow, Output};
use std::collections::{BTreeMap, BTreeSet};

/// What the workers of a task queue serve.
#[derive(Debug, Default)]
pub struct Queue<'a> {
    /// The workflows.
    pub workflows: Vec<&'a CompiledWorkflow>,
    /// The names of the activities, by the names of their modules.
    pub activities: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

/// The task queues that a compilation needs, by their names.
#[must_use]
pub fn queues(output: &Output) -> BTreeMap<&str, Queue<'_>> {
    let mut queues: BTreeMap<&str, Queue> = BTreeMap::new();
    for workflow in &output.workflows {
        queues.entry(&workflow.task_queue).or_default().workflows.push(workflow);
        for ((queue, module), names) in &workflow.activities {
            let queue = queues.entry(queue.as_deref().unwrap_or(&workflow.task_queue)).or_default();
            queue.activities.entry(module).or_default().extend(names.iter().map(String::as_str));
        }
    }
    queues
}

/// The name of a queue's worker deployment. Temporal refuses `.` and `:` in it; where they are replaced, a digest keeps two names apart.
#[must_use]
pub fn deployment_name(queue: &str) -> String {
    let name = queue.replace(['.', ':'], "-");
    if name == queue {
        return name;
    }
    let mark: String = super::digest([("queue", queue.as_bytes())]).chars().take(8).collect();
    format!("{name}-{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_queues_share_a_deployment() {
        let names = ["a-b", "a.b", "a:b", "ns/a.b", "ns/a-b"].map(deployment_name);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
        assert!(names.iter().all(|name| !name.contains(['.', ':'])));
        assert_eq!(names[0], "a-b");
    }
}
