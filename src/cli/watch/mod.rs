//! `warpline watch`: follows an execution's history by long poll, and asks it where it is when something has happened.

mod outline;
mod pace;
mod position;
mod screen;
mod values;
mod view;

use super::Stop;
use super::connection::Connection;
use super::output::Printer;
use crate::temporal::follow::{Event, Follow, What};
use crate::temporal::{Client, Error, ExecutionId, Outcome};
use clap::Args;
use jiff::Timestamp;
use pace::Pace;
use position::{Answers, Drawing, Position};
use screen::{Screen, Wish};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, sleep_until, timeout};
use view::View;

/// Draw an execution's graph in the terminal, live.
///
/// Shows which nodes are done, running and waiting, for what they wait, and the state (without what the Workflow redacts). It needs nothing but the
/// execution: its version carries the drawing. An execution that has ended can be looked at, too, while workers of its version run. Keys: up and
/// down scroll, f follows what happens, q or Ctrl-C ends watching; the execution goes on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Follow a run of `warpline run`, which prints the address
  warpline watch package-builder-workflow-1732 --temporal-address 127.0.0.1:41233

  # One look at an execution on a cluster
  warpline watch build-42 --temporal-address temporal.example:7233 --tls --api-key-file key --once")]
pub(super) struct Watch {
    /// The workflow ID.
    #[arg(value_name = "ID")]
    workflow_id: String,
    /// One run of it; without it the newest one, and those that it continues as.
    #[arg(long, value_name = "RUN_ID")]
    run_id: Option<String>,
    /// Print one frame, and end.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    connection: Connection,
}

/// How long a worker may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// How often times are shown anew.
const TICK: Duration = Duration::from_millis(250);

impl Watch {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let client = self.connection.client().await?;
        let wanted = ExecutionId { workflow_id: self.workflow_id.clone(), run_id: self.run_id.clone().unwrap_or_default() };
        let id = client.describe(&wanted).await.map_err(Stop::machine)?.id;
        let view = View::new(&id.workflow_id);
        let mut watching =
            Watching { client, id, only: self.run_id.is_some(), view, drawing: None, questions: None, pace: Pace::new(Instant::now()) };
        if self.once {
            return watching.once(printer).await;
        }
        let out = Out::new(printer)?;
        watching.live(out, printer).await
    }
}

/// How frames are shown.
enum Out {
    Screen(Box<Screen>),
    Frames,
    Json,
}

impl Out {
    fn new(printer: &Printer) -> Result<Self, Stop> {
        if !printer.is_text() {
            return Ok(Self::Json);
        }
        if !Screen::is_there() {
            return Ok(Self::Frames);
        }
        let screen = Screen::open(printer.colours_output());
        screen
            .map(|screen| Self::Screen(Box::new(screen)))
            .map_err(|error| Stop::Machine(format!("the terminal can't be drawn on: {error}")))
    }

    /// What somebody asks for; never where nobody can.
    async fn wish(&mut self) -> Wish {
        match self {
            Self::Screen(screen) => screen.wish().await,
            Self::Frames | Self::Json => std::future::pending().await,
        }
    }
}

/// Why watching ends.
enum End {
    /// Somebody has seen enough.
    Left,
    /// The execution has ended.
    Over { well: bool },
}

type Asked = Result<(Drawing, Position, Value, Value), Error>;

struct Watching {
    client: Client,
    id: ExecutionId,
    /// Whether one run is watched, and not its successors.
    only: bool,
    view: View,
    /// The drawing of the run that is watched.
    drawing: Option<Drawing>,
    questions: Option<JoinHandle<Asked>>,
    pace: Pace,
}

impl Watching {
    async fn once(&mut self, printer: &Printer) -> Result<(), Stop> {
        let asked = ask(self.client.clone(), self.id.clone(), None).await;
        let position = self.answered(asked.map_err(|error| Stop::Machine(words(&error)))?).1;
        let status = self.client.describe(&self.id).await.map_err(Stop::machine)?.status;
        if position["status"] == "running" && !matches!(status, crate::temporal::ExecutionStatus::Running) {
            self.view.outcome = Some(format!("{status:?}").to_lowercase());
        }
        self.show(&mut if printer.is_text() { Out::Frames } else { Out::Json }, None, printer, &position)?;
        Ok(())
    }

    async fn live(&mut self, mut out: Out, printer: &Printer) -> Result<(), Stop> {
        let mut follow = self.client.follow_alone(&self.id);
        let end = self.watch(&mut follow, &mut out, printer).await;
        let was_screen = matches!(out, Out::Screen(_));
        // The terminal first: what follows is for the shell's lines.
        drop(out);
        if let Some(questions) = self.questions.take() {
            questions.abort();
        }
        let end = end?;
        if was_screen {
            screen::print(&self.view, Timestamp::now(), printer.colours_output());
        }
        match end {
            End::Left | End::Over { well: true } => Ok(()),
            End::Over { well: false } => Err(Stop::Workflow),
        }
    }

    async fn watch(&mut self, follow: &mut Follow, out: &mut Out, printer: &Printer) -> Result<End, Stop> {
        let mut clock = interval(TICK);
        let mut scroll: Option<usize> = None;
        let mut ended: Option<bool> = None;
        let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(Stop::machine)?;
        loop {
            if let Some(well) = ended.filter(|_| self.questions.is_none() && self.pace.due().is_none()) {
                return Ok(End::Over { well });
            }
            tokio::select! {
                event = follow.next(), if ended.is_none() => match event {
                    Some(Ok(event)) => ended = self.happened(&event),
                    Some(Err(error)) => return Err(Stop::machine(error)),
                    None => ended = Some(true),
                },
                asked = answer(&mut self.questions) => {
                    let is_new = self.take(asked, ended.is_some())?;
                    if let Some(position) = is_new {
                        self.show(out, scroll, printer, &position)?;
                    }
                }
                () = due(self.pace.due()), if self.questions.is_none() => self.ask(),
                wish = out.wish() => {
                    match wish {
                        Wish::End => return Ok(End::Left),
                        Wish::Follow => scroll = None,
                        Wish::Scroll(lines) => scroll = Some(scroll.unwrap_or(0).saturating_add_signed(lines)),
                        Wish::Redraw => {}
                    }
                    self.redraw(out, scroll)?;
                }
                _ = tokio::signal::ctrl_c() => return Ok(End::Left),
                _ = terminated.recv() => return Ok(End::Left),
                _ = clock.tick() => self.redraw(out, scroll)?,
            }
        }
    }

    /// Takes an event in; whether it ended well, where it is the end.
    fn happened(&mut self, event: &Event) -> Option<bool> {
        self.pace.happened();
        match &event.what {
            What::ActivityStarted { activity, attempt } => {
                let failure = self.view.attempts.remove(&activity.id).and_then(|(_, failure)| failure);
                self.view.attempts.insert(activity.id.clone(), (*attempt, failure));
            }
            What::ActivityRetrying { activity, attempt, failure, .. } => {
                self.view.attempts.insert(activity.id.clone(), (attempt + 1, Some(failure.to_string())));
            }
            What::ActivityCompleted { activity, .. } | What::ActivityFailed { activity, .. } => {
                self.view.attempts.remove(&activity.id);
            }
            What::TaskFailed { failure } => self.view.problem = Some(format!("a workflow task failed, it is tried again: {failure}")),
            What::ContinuedAsNew { .. } | What::RunRetried { .. } if self.only => return Some(true),
            What::ContinuedAsNew { next_run } | What::RunRetried { next_run, .. } => {
                self.id.run_id.clone_from(next_run);
                self.drawing = None;
                self.view.attempts.clear();
                self.questions.take().inspect(JoinHandle::abort);
            }
            What::Ended { outcome } => {
                self.view.outcome = Some(outcome.to_string());
                return Some(matches!(outcome, Outcome::Completed { .. }));
            }
            _ => {}
        }
        None
    }

    fn ask(&mut self) {
        self.pace.asked(Instant::now());
        self.questions = Some(tokio::spawn(ask(self.client.clone(), self.id.clone(), self.drawing.clone())));
    }

    /// Takes answers in; the position as it was given, where they are new.
    fn take(&mut self, asked: Asked, is_over: bool) -> Result<Option<Value>, Stop> {
        self.questions = None;
        match asked {
            Ok(answers) => {
                self.view.problem = None;
                let (is_new, position) = self.answered(answers);
                Ok(is_new.then_some(position))
            }
            Err(error @ Error::Query { .. }) => Err(Stop::Machine(words(&error))),
            Err(error) => {
                self.view.problem = Some(error.to_string());
                // Of what is over, workers may be gone for good: what was seen last stays.
                if !is_over {
                    self.pace.failed(Instant::now());
                }
                Ok(None)
            }
        }
    }

    fn answered(&mut self, (drawing, position, raw, state): (Drawing, Position, Value, Value)) -> (bool, Value) {
        // An execution that moved to another version has another drawing.
        let knows = |place: &position::Place| drawing.nodes.iter().any(|node| node.id == place.id);
        let is_current = position.counts.nodes == drawing.nodes.len() && position.nodes.iter().all(knows);
        self.drawing = is_current.then(|| drawing.clone());
        if !is_current {
            self.pace.happened();
        }
        (self.view.take(Answers { drawing, position, state }), raw)
    }

    /// Shows what is new.
    fn show(&mut self, out: &mut Out, scroll: Option<usize>, printer: &Printer, position: &Value) -> Result<(), Stop> {
        match out {
            Out::Screen(_) => self.redraw(out, scroll)?,
            Out::Frames => screen::print(&self.view, Timestamp::now(), printer.colours_output()),
            Out::Json => printer.line(&json!({"position": position, "state": self.view.state_value()}).to_string()),
        }
        Ok(())
    }

    /// Shows how time passes.
    fn redraw(&mut self, out: &mut Out, scroll: Option<usize>) -> Result<(), Stop> {
        let Out::Screen(screen) = out else { return Ok(()) };
        screen.draw(&self.view, Timestamp::now(), scroll).map_err(|error| Stop::Machine(format!("the terminal can't be drawn on: {error}")))
    }
}

/// Asks a run everything; its drawing only where it is not known yet.
async fn ask(client: Client, id: ExecutionId, drawing: Option<Drawing>) -> Asked {
    let drawing = match drawing {
        Some(drawing) => drawing,
        None => query(&client, &id, "warpline.definition").await?.0,
    };
    let ((position, raw), (state, _)) =
        tokio::try_join!(query::<Position>(&client, &id, "warpline.position"), query::<Value>(&client, &id, "warpline.state"))?;
    Ok((drawing, position, raw, state))
}

/// An answer, read and as it came.
async fn query<T: DeserializeOwned>(client: &Client, id: &ExecutionId, name: &str) -> Result<(T, Value), Error> {
    let about = || format!("query `{name}` of {id}");
    let late = |_| Error::Deadline { about: about(), problem: format!("no worker answers within {} s", ANSWER.as_secs()) };
    let value = timeout(ANSWER, client.query(id, name, &[])).await.map_err(late)??;
    let read = serde_json::from_value(value.clone());
    read.map(|read| (read, value)).map_err(|error| Error::Payload { about: about(), problem: format!("the answer can't be read: {error}") })
}

async fn answer(questions: &mut Option<JoinHandle<Asked>>) -> Asked {
    match questions {
        Some(questions) => match questions.await {
            Ok(asked) => asked,
            Err(error) => Err(Error::Payload { about: "the questions".to_owned(), problem: error.to_string() }),
        },
        None => std::future::pending().await,
    }
}

async fn due(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Why an execution can't be looked into.
fn words(error: &Error) -> String {
    match error {
        Error::Query { .. } => format!(
            "{error}; only versions that this Warpline or a newer one made, on its worker image, answer the standard queries: `temporal workflow show` tells what the history knows"
        ),
        error => error.to_string(),
    }
}
