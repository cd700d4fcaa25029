//! Histories, as the tests read them: which activities and children a run began and how they ended, in which order.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use warpline::temporal::ExecutionId;

/// Every run of an execution, its children's and successors' included.
pub struct Record {
    pub runs: Vec<Run>,
}

/// One run.
pub struct Run {
    pub workflow_id: String,
    pub run_id: String,
    pub workflow_type: String,
    pub task_queue: String,
    pub input: Vec<Value>,
    events: Vec<Value>,
}

/// Something that a run began: an activity or a child.
#[derive(Debug)]
pub struct Begun {
    /// The activity's type, or the child's workflow ID.
    pub name: String,
    /// The arguments.
    pub input: Vec<Value>,
    /// The position of the event that began it.
    pub from: usize,
    /// The position of its last event, and that event's type without `EVENT_TYPE_`; none where the run ended before.
    pub to: Option<(usize, String)>,
    /// The number of the attempt that ended it; of activities only.
    pub attempts: u64,
    /// What it returned, where it did.
    pub result: Option<Value>,
}

impl Record {
    /// The runs of a workflow ID, in order.
    pub fn of(&self, workflow_id: &str) -> Vec<&Run> {
        self.runs.iter().filter(|run| run.workflow_id == workflow_id).collect()
    }

    /// The only run of a workflow ID.
    pub fn only(&self, workflow_id: &str) -> &Run {
        match self.of(workflow_id).as_slice() {
            [only] => only,
            runs => {
                panic!("{} runs of {workflow_id} among {:?}", runs.len(), self.runs.iter().map(|run| &run.workflow_id).collect::<Vec<_>>())
            }
        }
    }

    /// The runs of a workflow type.
    pub fn typed(&self, workflow_type: &str) -> Vec<&Run> {
        self.runs.iter().filter(|run| run.workflow_type == workflow_type).collect()
    }

    /// What every run of a workflow type returned.
    pub fn results(&self, workflow_type: &str) -> Vec<Value> {
        self.typed(workflow_type).into_iter().filter_map(Run::result).collect()
    }
}

impl Run {
    /// Reads a history's JSON.
    pub fn read(workflow_id: &str, history: &str) -> Self {
        let mut history: Value = serde_json::from_str(history).unwrap();
        let Value::Array(events) = history["events"].take() else { panic!("a history has events") };
        let start = attributes(&events[0]);
        Self {
            workflow_id: workflow_id.to_owned(),
            run_id: text(&start["originalExecutionRunId"]),
            workflow_type: text(&start["workflowType"]["name"]),
            task_queue: text(&start["taskQueue"]["name"]),
            input: payloads(&start["input"]),
            events,
        }
    }

    /// The runs that this one brought about: its children, and the run that it continued as.
    pub fn successors(&self) -> Vec<ExecutionId> {
        let mut found = Vec::new();
        for event in &self.events {
            let attributes = attributes(event);
            if kind(event) == "CHILD_WORKFLOW_EXECUTION_STARTED" {
                let execution = &attributes["workflowExecution"];
                found.push(ExecutionId { workflow_id: text(&execution["workflowId"]), run_id: text(&execution["runId"]) });
            }
            if let Some(next) = attributes["newExecutionRunId"].as_str().filter(|next| !next.is_empty()) {
                found.push(ExecutionId { workflow_id: self.workflow_id.clone(), run_id: next.to_owned() });
            }
        }
        found
    }

    /// The activities, in the order in which they were scheduled.
    pub fn activities(&self) -> Vec<Begun> {
        self.begun("ACTIVITY_TASK_SCHEDULED", "ACTIVITY_TASK_", "scheduledEventId", &|begun| text(&begun["activityType"]["name"]))
    }

    /// The children, in the order in which they were begun.
    pub fn children(&self) -> Vec<Begun> {
        self.begun("START_CHILD_WORKFLOW_EXECUTION_INITIATED", "CHILD_WORKFLOW_EXECUTION_", "initiatedEventId", &|begun| {
            text(&begun["workflowId"])
        })
    }

    fn begun(&self, first: &str, later: &str, link: &str, name: &dyn Fn(&Value) -> String) -> Vec<Begun> {
        let firsts = self.events.iter().enumerate().filter(|(_, event)| kind(event) == first);
        firsts
            .map(|(from, event)| {
                let linked = |each: &Value| kind(each).starts_with(later) && attributes(each)[link] == event["eventId"];
                let of_it: Vec<_> = self.events.iter().enumerate().filter(|(_, each)| linked(each)).collect();
                let ended =
                    of_it.last().filter(|(_, each)| !kind(each).ends_with("_STARTED") && !kind(each).ends_with("_CANCEL_REQUESTED"));
                let attempts = of_it.iter().filter_map(|(_, each)| attributes(each)["attempt"].as_u64()).max().unwrap_or(0);
                Begun {
                    name: name(attributes(event)),
                    input: payloads(&attributes(event)["input"]),
                    from,
                    to: ended.map(|(at, each)| (*at, kind(each).strip_prefix(later).unwrap().to_owned())),
                    attempts,
                    result: ended.and_then(|(_, each)| payloads(&attributes(each)["result"]).pop()),
                }
            })
            .collect()
    }

    /// The names of the activities, in the order in which they were scheduled.
    pub fn activity_names(&self) -> Vec<String> {
        self.activities().into_iter().map(|activity| activity.name).collect()
    }

    /// The durations of the timers, as the server writes them (`1s`), in the order in which they were started.
    pub fn timers(&self) -> Vec<String> {
        self.of_kind("TIMER_STARTED").map(|event| text(&attributes(event)["startToFireTimeout"])).collect()
    }

    /// The names of the signals that arrived, in order.
    pub fn signals(&self) -> Vec<String> {
        self.of_kind("WORKFLOW_EXECUTION_SIGNALED").map(|event| text(&attributes(event)["signalName"])).collect()
    }

    /// How many events of a type there are.
    pub fn count(&self, kind: &str) -> usize {
        self.of_kind(kind).count()
    }

    fn of_kind<'r>(&'r self, wanted: &'r str) -> impl Iterator<Item = &'r Value> {
        self.events.iter().filter(move |event| kind(event) == wanted)
    }

    /// The type of the last event, without `WORKFLOW_EXECUTION_`.
    pub fn ending(&self) -> &str {
        let last = kind(self.events.last().unwrap());
        last.strip_prefix("WORKFLOW_EXECUTION_").unwrap_or(last)
    }

    /// What the run returned, where it did.
    pub fn result(&self) -> Option<Value> {
        payloads(&attributes(self.events.last().unwrap())["result"]).pop()
    }
}

/// How many of `begun` were running at once, at most.
pub fn most_at_once(begun: &[Begun]) -> usize {
    let running_at = |at: usize| begun.iter().filter(|each| each.from <= at && each.to.as_ref().is_none_or(|(to, _)| at < *to)).count();
    begun.iter().map(|each| running_at(each.from)).max().unwrap_or(0)
}

fn kind(event: &Value) -> &str {
    event["eventType"].as_str().unwrap_or_default().trim_start_matches("EVENT_TYPE_")
}

fn attributes(event: &Value) -> &Value {
    let fields = event.as_object().expect("an event is an object");
    fields.iter().find(|(name, _)| name.ends_with("EventAttributes")).map_or(&Value::Null, |(_, value)| value)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The values that were written as JSON; `undefined` is null.
fn payloads(value: &Value) -> Vec<Value> {
    let read = |payload: &Value| {
        let data = BASE64_STANDARD.decode(payload["data"].as_str().unwrap_or_default()).unwrap_or_default();
        serde_json::from_slice(&data).unwrap_or_default()
    };
    value["payloads"].as_array().map(|payloads| payloads.iter().map(read).collect()).unwrap_or_default()
}
