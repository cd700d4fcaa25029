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

/// The name of a queue's worker deployment: no two queues have the same. Temporal refuses `.` and `:` in it, and `__` before it; what stands in
/// their place is marked with a digest, and so is a name that ends as if it were.
#[must_use]
pub fn deployment_name(queue: &str) -> String {
    let mut name = queue.replace(['.', ':'], "-");
    if name.starts_with("__") {
        name.replace_range(..2, "--");
    }
    if name == queue && !looks_marked(queue) {
        return name;
    }
    let mark: String = super::digest([("queue", queue.as_bytes())]).chars().take(MARK).collect();
    format!("{name}-{mark}")
}

const MARK: usize = 8;

fn looks_marked(name: &str) -> bool {
    let mark = name.rsplit_once('-').map_or("", |(_, mark)| mark);
    mark.len() == MARK && mark.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_queues_share_a_deployment() {
        let mut queues: Vec<String> = ["a-b", "a.b", "a:b", "ns/a.b", "ns/a-b", "__a", "--a", "a-b-0123abcd"].map(str::to_owned).into();
        queues.extend(queues.clone().iter().map(|queue| deployment_name(queue)));
        let queues: BTreeSet<String> = queues.into_iter().collect();
        let names: BTreeSet<String> = queues.iter().map(|queue| deployment_name(queue)).collect();
        assert_eq!(names.len(), queues.len(), "{names:?}");
        assert!(names.iter().all(|name| !name.contains(['.', ':']) && !name.starts_with("__")), "{names:?}");
        assert_eq!(deployment_name("ns/a-b"), "ns/a-b");
    }
}
