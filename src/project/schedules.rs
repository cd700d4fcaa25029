//! The schedules of a project: the `Schedule` objects of its files, and what trigger nodes ask for.

use super::Loaded;
use crate::api::ScheduleSpec;
use crate::compile::{CompiledWorkflow, GeneratedFile, input_file};
use crate::definition;
use crate::diagnostic::{Code, Diagnostic, JsonPath, Level, Report};
use crate::plan::schedule::{describe, input, timing};
use crate::schedule::{Times, Timing};
use serde_json::{Value, json};

/// A schedule, as files say it.
#[derive(Debug)]
pub struct Planned {
    /// The object that says it: `Schedule/…`, or the `Workflow/…` of a trigger.
    pub object: String,
    /// The name of the Workflow that it starts.
    pub workflow: String,
    /// When it runs, in short.
    pub when: String,
    /// When it runs.
    pub timing: Timing,
    /// Whether nothing is started.
    pub paused: bool,
    /// What its Workflow is started with, and where that stands.
    input: (Value, JsonPath),
    /// Whether it is of a trigger that gives no input: a drawing is fine without one.
    lacks_input: bool,
}

impl Planned {
    /// Its times, without the jitter.
    #[must_use]
    pub fn times(&self) -> Option<Times> {
        Times::new(&self.timing).ok()
    }

    /// What the checker found about its input, where it is only worth a look: the workflow can be started by others.
    fn mildly(&self, diagnostic: Diagnostic) -> Diagnostic {
        if !self.lacks_input || diagnostic.object != self.object || diagnostic.path != self.input.1 {
            return diagnostic;
        }
        let message = format!("the schedule starts the workflow with `{{}}`, which is not its input: {}", diagnostic.message);
        Diagnostic { level: Level::Warning, message, ..diagnostic }.suggest("give the trigger an `input`")
    }

    /// The file that gives its input to the Workflow.
    fn input_file(&self, workflow: &CompiledWorkflow) -> GeneratedFile {
        let (value, path) = &self.input;
        input_file(&self.object, path, workflow, value)
    }
}

/// Reads the schedules of files; what is wrong with them is reported, with the object's name.
pub(super) fn read(schedules: &[definition::Schedule], workflows: &[CompiledWorkflow], report: &Report) -> Vec<Planned> {
    let objects = schedules.iter().filter_map(|schedule| object(schedule, report));
    let triggers = workflows.iter().filter_map(trigger);
    objects.chain(triggers).collect()
}

fn object(schedule: &definition::Schedule, report: &Report) -> Option<Planned> {
    let say = |mut diagnostic: Diagnostic, suggestion: Option<String>| {
        diagnostic.object.clone_from(&schedule.object);
        diagnostic.suggestion = suggestion;
        report.push(diagnostic);
    };
    let spec: ScheduleSpec = match serde_json::from_value(schedule.spec.value.clone()) {
        Ok(spec) => spec,
        Err(error) => {
            let message = format!("the Schedule cannot be read: {error}");
            say(Diagnostic::error(Code::SHAPE, &schedule.spec.path, message), None);
            return None;
        }
    };
    let (timing, warnings) = match timing(&spec) {
        Ok(read) => read,
        Err(wrong) => {
            say(Diagnostic::error(Code::CRON, &wrong.path, wrong.fault.message), wrong.fault.suggestion);
            return None;
        }
    };
    for (path, fault) in warnings {
        say(Diagnostic::warning(Code::CRON, &path, fault.message), fault.suggestion);
    }
    Some(Planned {
        object: schedule.object.clone(),
        workflow: spec.workflow.clone(),
        when: describe(&spec),
        timing,
        paused: spec.paused,
        input: (input(&spec), schedule.spec.path.key("input")),
        lacks_input: false,
    })
}

/// What a trigger asks for was checked when its workflow was compiled.
fn trigger(workflow: &CompiledWorkflow) -> Option<Planned> {
    let asked = workflow.schedule.as_ref()?;
    let zone = asked.time_zone.as_ref().map_or("UTC", |zone| zone.text.as_str());
    let spec: ScheduleSpec = serde_json::from_value(json!({"workflow": workflow.name, "cron": asked.cron.text, "timeZone": zone})).ok()?;
    let given = asked.input.as_ref().map(|input| (input.value.clone(), input.path.clone()));
    Some(Planned {
        object: format!("Workflow/{}", workflow.name),
        workflow: workflow.name.clone(),
        when: describe(&spec),
        timing: timing(&spec).ok()?.0,
        paused: false,
        lacks_input: given.is_none(),
        input: given.unwrap_or_else(|| (input(&spec), asked.cron.path.clone())),
    })
}

impl Loaded {
    /// Files that give each schedule's input to its Workflow, where that is among the files.
    pub(super) fn input_files(&self) -> Vec<GeneratedFile> {
        let workflow = |planned: &Planned| self.output.workflows.iter().find(|workflow| workflow.name == planned.workflow);
        self.schedules.iter().filter_map(|planned| Some(planned.input_file(workflow(planned)?))).collect()
    }

    /// A finding of the checker, as it is meant for those schedules.
    pub(super) fn about_inputs(&self, found: Diagnostic) -> Diagnostic {
        self.schedules.iter().fold(found, |found, planned| planned.mildly(found))
    }
}
