//! Live progress of an execution for people (a live area on a terminal, a line a step elsewhere) and for programs
//! (a JSON object a line). Reads [`crate::temporal::follow`]; knows no server and no worker.

mod live;
mod model;
mod text;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::interval;

pub use model::{Mark, Model, Note, Totals, Weight};

use crate::temporal::Error;
use crate::temporal::follow::{Event, Follow};
use live::LiveArea;
pub(super) use text::{between, duration};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// On a terminal: what happened scrolls up, what is running stays below.
    Live,
    /// A line a step.
    Plain,
    /// A JSON object an event.
    Json,
    /// Nothing.
    Quiet,
}

impl Style {
    /// [`Style::Live`] where standard error is a terminal that can be written over, [`Style::Plain`] elsewhere.
    #[must_use]
    pub fn for_people() -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if std::io::stderr().is_terminal() && !dumb { Self::Live } else { Self::Plain }
    }
}

/// Shows what happens. Lines for people go to standard error, JSON to standard output.
pub struct Progress {
    style: Style,
    model: Model,
    live: Option<LiveArea>,
    begun: Timestamp,
    details: bool,
}

impl Progress {
    /// Progress that begins now. `details` also shows each activity of children, timers and signals below the root.
    #[must_use]
    pub fn new(style: Style, details: bool) -> Self {
        let live = (style == Style::Live).then(LiveArea::new);
        Self { style, model: Model::default(), live, begun: Timestamp::now(), details }
    }

    /// A line of the caller's own, for people only: it scrolls up with the rest.
    pub fn line(&self, line: &str) {
        match (self.style, &self.live) {
            (_, Some(live)) => live.line(line),
            (Style::Plain, None) => eprintln!("{line}"),
            _ => {}
        }
    }

    /// What the live area says before there is an execution, as `starting the Temporal server`.
    pub fn preparing(&self, what: &str) {
        if let Some(live) = &self.live {
            live.show(&[format!("  {what} …")]);
        }
    }

    /// Takes one event in.
    pub fn event(&mut self, event: &Event) {
        if self.style == Style::Json
            && let Ok(line) = serde_json::to_string(event)
        {
            // A closed pipe is noticed by whoever writes the result.
            let _ = writeln!(std::io::stdout(), "{line}");
        }
        if let Some(note) = self.model.apply(event)
            && (self.details || note.weight > Weight::Detail)
        {
            let colours = self.live.is_some() && console::colors_enabled_stderr();
            self.line(&text::note(&note, self.begun, colours));
        }
    }

    /// Shows how time passes.
    pub fn refresh(&self) {
        if let Some(live) = &self.live {
            live.show(&text::view(&self.model, Timestamp::now(), live.size(), console::colors_enabled_stderr()));
        }
    }

    /// Shows everything of `follow` to its end. It may be dropped on the way and called again for the rest.
    ///
    /// # Errors
    /// The server's, when following breaks off.
    pub async fn show(&mut self, follow: &mut Follow) -> Result<(), Error> {
        let mut clock = interval(Duration::from_millis(100));
        loop {
            tokio::select! {
                event = follow.next() => match event {
                    Some(Ok(event)) => self.event(&event),
                    Some(Err(error)) => return Err(error),
                    None => return Ok(()),
                },
                _ = clock.tick() => self.refresh(),
            }
        }
    }

    /// Takes the live area away; what was counted.
    #[must_use]
    pub fn finish(self) -> Totals {
        self.model.totals()
    }
}
