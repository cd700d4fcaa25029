//! Events → what is running, what was done, what is worth a line. Pure: no clock, no terminal.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::temporal::Outcome;
use crate::temporal::follow::{Activity, Event, What};

use super::text;

/// A tree of executions, as far as it was told.
#[derive(Debug, Default)]
pub struct Model {
    executions: Vec<Execution>,
    /// Those whose parent, if any, isn't followed.
    roots: Vec<usize>,
    /// Which execution a run belongs to.
    runs: BTreeMap<String, usize>,
    totals: Totals,
}

/// What was counted, in the whole tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Activities that returned.
    pub activities_done: u32,
    /// Activities that failed for good.
    pub activities_failed: u32,
    /// Attempts that failed and were followed by another.
    pub retries: u32,
    /// Children (of any depth) that returned.
    pub children_done: u32,
    /// Children that didn't.
    pub children_failed: u32,
    /// Runs that continued as new.
    pub continued: u32,
}

/// One execution with its successors.
#[derive(Debug)]
pub(super) struct Execution {
    pub workflow_id: String,
    pub workflow_type: String,
    /// In the order in which they began.
    pub children: Vec<usize>,
    pub depth: usize,
    pub started: Timestamp,
    pub ended: bool,
    /// Open activities by ID.
    pub activities: BTreeMap<String, Running>,
    /// Running timers by ID: when they fire, where known.
    pub timers: BTreeMap<String, Option<Timestamp>>,
    /// Why its last workflow task failed; none when it went on since.
    pub stuck: Option<String>,
    done: u32,
    retries: u32,
}

/// An activity that isn't over.
#[derive(Debug)]
pub(super) struct Running {
    pub activity: Activity,
    pub scheduled: Timestamp,
    /// The attempt that runs; 0 while none does.
    pub attempt: u32,
    /// The last attempt that failed, and why.
    pub failed: Option<(u32, String)>,
}

/// A line worth keeping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub time: Timestamp,
    /// What kind of news.
    pub mark: Mark,
    /// How much it matters.
    pub weight: Weight,
    /// The news, one line.
    pub text: String,
}

type News = (Mark, Weight, String);

/// What kind of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Something began or came in.
    Begun,
    /// Something ended well.
    Done,
    /// Something failed and is tried again.
    Retry,
    /// Something failed.
    Failed,
}

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// For those who look closely.
    Detail,
    /// A step of the work.
    Step,
    /// Trouble.
    Problem,
}

impl Model {
    /// Takes one event in; the line that it is worth.
    pub fn apply(&mut self, event: &Event) -> Option<Note> {
        let at = self.at(event);
        if !matches!(event.what, What::TaskFailed { .. }) {
            self.executions[at].stuck = None;
        }
        let (mark, weight, text) = match &event.what {
            What::ActivityScheduled { .. }
            | What::ActivityStarted { .. }
            | What::ActivityRetrying { .. }
            | What::ActivityCompleted { .. }
            | What::ActivityFailed { .. } => self.activity(at, event),
            What::ChildStarted { .. } | What::ChildEnded { .. } => self.child(at, event),
            What::Started { .. } | What::RunRetried { .. } | What::ContinuedAsNew { .. } | What::Ended { .. } => self.life(at, event),
            _ => self.rest(at, event),
        }?;
        Some(Note { time: event.time, mark, weight, text })
    }

    fn activity(&mut self, at: usize, event: &Event) -> Option<News> {
        match &event.what {
            What::ActivityCompleted { activity, attempt } => {
                let took = self.activity_ended(at, activity, event.time);
                self.totals.activities_done += 1;
                self.executions[at].done += 1;
                let tries = if *attempt > 1 { format!(" at attempt {attempt}") } else { String::new() };
                let text = format!("{}{}{tries}{took}", self.prefix(at), text::activity(activity));
                Some((Mark::Done, self.step(at), text))
            }
            What::ActivityFailed { activity, attempt, failure } => {
                let took = self.activity_ended(at, activity, event.time);
                self.totals.activities_failed += 1;
                let tries = if *attempt > 1 { format!(" after {attempt} attempts") } else { String::new() };
                let text = format!("{}{} failed{tries}{took}: {failure}", self.prefix(at), text::activity(activity));
                Some((Mark::Failed, Weight::Problem, text))
            }
            _ => Some((Mark::Retry, Weight::Problem, self.activity_goes_on(at, event)?)),
        }
    }

    fn child(&mut self, at: usize, event: &Event) -> Option<News> {
        match &event.what {
            What::ChildStarted { child } => {
                let begun = self.add(&child.run_id, &child.workflow_id, &child.workflow_type, Some(at), event.time);
                Some((Mark::Begun, Weight::Detail, format!("{} began", self.name(begun))))
            }
            // A child that began tells of its end itself.
            What::ChildEnded { child, failure: Some(failure) } if child.run_id.is_empty() => {
                self.totals.children_failed += 1;
                let text = format!("{} {} did not begin: {failure}", child.workflow_type, child.workflow_id);
                Some((Mark::Failed, Weight::Problem, text))
            }
            _ => None,
        }
    }

    fn life(&mut self, at: usize, event: &Event) -> Option<News> {
        match &event.what {
            // A child's beginning was told by its parent.
            What::Started { continued: false, .. } if self.executions[at].depth == 0 => {
                Some((Mark::Begun, Weight::Step, format!("{} began", self.name(at))))
            }
            What::RunRetried { next_run, failure } => {
                self.next_run(at, next_run);
                self.executions[at].retries += 1;
                self.totals.retries += 1;
                Some((Mark::Retry, Weight::Problem, format!("{} failed, it is tried again: {failure}", self.name(at))))
            }
            What::ContinuedAsNew { next_run } => {
                self.next_run(at, next_run);
                self.totals.continued += 1;
                Some((Mark::Begun, Weight::Step, format!("{} continues as new", self.name(at))))
            }
            What::Ended { outcome } => Some(self.ended(at, outcome, event.time)),
            _ => None,
        }
    }

    fn rest(&mut self, at: usize, event: &Event) -> Option<News> {
        let prefix = self.prefix(at);
        let step = self.step(at);
        match &event.what {
            What::TaskFailed { failure } => {
                let why = failure.to_string();
                let text = format!("{prefix}a workflow task failed, it is tried again: {why}");
                let before = self.executions[at].stuck.replace(why.clone());
                (before.as_ref() != Some(&why)).then_some((Mark::Retry, Weight::Problem, text))
            }
            What::SignalReceived { signal } => Some((Mark::Begun, step, format!("{prefix}signal {signal}"))),
            What::SignalSent { signal, to } => Some((Mark::Begun, step, format!("{prefix}signal {signal} to {to}"))),
            What::UpdateAccepted { update } => Some((Mark::Begun, step, format!("{prefix}update {update}"))),
            What::TimerStarted { timer, duration } => {
                let fires = duration.and_then(|duration| event.time.checked_add(duration).ok());
                self.executions[at].timers.insert(timer.clone(), fires);
                let long = duration.map(text::duration).unwrap_or_default();
                Some((Mark::Begun, Weight::Detail, format!("{prefix}timer of {long}")))
            }
            What::TimerEnded { timer, .. } => {
                self.executions[at].timers.remove(timer);
                None
            }
            _ => None,
        }
    }

    /// What was counted.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Executions that run, each after its parent, siblings in the order in which they began.
    pub(super) fn running(&self) -> Vec<&Execution> {
        let mut found = Vec::new();
        // A stack in place of recursion: the depth is the user's.
        let mut next: Vec<usize> = self.roots.iter().rev().copied().collect();
        while let Some(at) = next.pop() {
            let execution = &self.executions[at];
            if !execution.ended {
                found.push(execution);
            }
            next.extend(execution.children.iter().rev());
        }
        found
    }

    /// How many children of `parent` are open.
    pub(super) fn open_children(&self, parent: &Execution) -> usize {
        parent.children.iter().filter(|&&child| !self.executions[child].ended).count()
    }

    /// When it all began.
    pub(super) fn began(&self) -> Option<Timestamp> {
        self.executions.first().map(|root| root.started)
    }

    /// The execution that `event` is of.
    fn at(&mut self, event: &Event) -> usize {
        match self.runs.get(&event.id.run_id) {
            Some(&at) => at,
            None => self.add(&event.id.run_id, &event.id.workflow_id, &event.workflow_type, None, event.time),
        }
    }

    fn add(&mut self, run_id: &str, workflow_id: &str, workflow_type: &str, parent: Option<usize>, started: Timestamp) -> usize {
        let at = *self.runs.entry(run_id.to_owned()).or_insert(self.executions.len());
        if at == self.executions.len() {
            match parent {
                Some(parent) => self.executions[parent].children.push(at),
                None => self.roots.push(at),
            }
            self.executions.push(Execution {
                workflow_id: workflow_id.to_owned(),
                workflow_type: workflow_type.to_owned(),
                children: Vec::new(),
                depth: parent.map_or(0, |parent| self.executions[parent].depth + 1),
                started,
                ended: false,
                activities: BTreeMap::new(),
                timers: BTreeMap::new(),
                stuck: None,
                done: 0,
                retries: 0,
            });
        }
        at
    }

    /// The execution goes on in another run, and forgets what was open in this one.
    fn next_run(&mut self, at: usize, next_run: &str) {
        self.runs.insert(next_run.to_owned(), at);
        let execution = &mut self.executions[at];
        execution.activities.clear();
        execution.timers.clear();
    }

    /// The line, where the activity is in trouble.
    fn activity_goes_on(&mut self, at: usize, event: &Event) -> Option<String> {
        let open = &mut self.executions[at].activities;
        match &event.what {
            What::ActivityScheduled { activity } => {
                open.insert(activity.id.clone(), Running { activity: activity.clone(), scheduled: event.time, attempt: 0, failed: None });
                None
            }
            What::ActivityStarted { activity, attempt } => {
                open.get_mut(&activity.id)?.attempt = *attempt;
                None
            }
            What::ActivityRetrying { activity, attempt, maximum_attempts, failure, next_in } => {
                let running = open.get_mut(&activity.id)?;
                // Attempts that came and went between two looks are told by the number of the next one.
                let failed = attempt.saturating_sub(running.failed.as_ref().map_or(0, |(before, _)| *before));
                running.attempt = 0;
                running.failed = Some((*attempt, failure.to_string()));
                self.executions[at].retries += failed;
                self.totals.retries += failed;
                let of = maximum_attempts.map(|maximum| format!(" of {maximum}")).unwrap_or_default();
                let next = next_in.map(|pause| format!("; next in {}", text::duration(pause))).unwrap_or_default();
                Some(format!("{}{} attempt {attempt}{of} failed: {failure}{next}", self.prefix(at), text::activity(activity)))
            }
            _ => None,
        }
    }

    fn activity_ended(&mut self, at: usize, activity: &Activity, now: Timestamp) -> String {
        let running = self.executions[at].activities.remove(&activity.id);
        running.map(|running| text::took(running.scheduled, now)).unwrap_or_default()
    }

    fn ended(&mut self, at: usize, outcome: &Outcome, time: Timestamp) -> News {
        let execution = &mut self.executions[at];
        execution.ended = true;
        execution.activities.clear();
        execution.timers.clear();
        let well = matches!(outcome, Outcome::Completed { .. });
        if execution.depth > 0 {
            let count = if well { &mut self.totals.children_done } else { &mut self.totals.children_failed };
            *count += 1;
        }
        let took = text::took(execution.started, time);
        let work = text::work(execution.done, execution.retries);
        let (mark, weight) = if well { (Mark::Done, Weight::Step) } else { (Mark::Failed, Weight::Problem) };
        let how = if well { String::new() } else { format!(" {outcome}") };
        (mark, weight, format!("{}{how}{took}{work}", self.name(at)))
    }

    /// What happens in the root is a step; below it, a detail.
    fn step(&self, at: usize) -> Weight {
        if self.executions[at].depth == 0 { Weight::Step } else { Weight::Detail }
    }

    fn name(&self, at: usize) -> String {
        text::name(&self.executions[at])
    }

    /// `build-core: ` before what happens in a child; nothing before what happens in the root.
    fn prefix(&self, at: usize) -> String {
        let execution = &self.executions[at];
        if execution.depth == 0 { String::new() } else { format!("{}: ", text::short_name(execution)) }
    }
}

#[cfg(test)]
mod tests;
