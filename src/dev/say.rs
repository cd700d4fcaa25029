//! What is told to whoever started it, a thing at a time; how it is shown is decided by the command.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Everything runs.
#[derive(Clone, Debug)]
pub struct Ready {
    /// `host:port` of Temporal's frontend.
    pub temporal: String,
    /// Temporal's page.
    pub ui: Option<String>,
    /// The kubeconfig file.
    pub kubeconfig: PathBuf,
    /// The folder with logs.
    pub logs: PathBuf,
}

/// Something to tell.
#[derive(Clone, Debug)]
pub enum Told {
    /// Everything runs.
    Ready(Ready),
    /// Something goes its way.
    Line(String),
    /// Somebody should look.
    Warning(String),
    /// Several lines, as they are.
    Text(String),
}

/// Tells.
#[derive(Clone)]
pub struct Say {
    tell: Arc<dyn Fn(Told) + Send + Sync>,
    colour: bool,
}

impl fmt::Debug for Say {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Say").finish_non_exhaustive()
    }
}

impl Say {
    /// By `tell`; texts are coloured or not.
    #[must_use]
    pub fn new(tell: impl Fn(Told) + Send + Sync + 'static, colour: bool) -> Self {
        Self { tell: Arc::new(tell), colour }
    }

    /// Whether texts are coloured.
    #[must_use]
    pub fn has_colour(&self) -> bool {
        self.colour
    }

    pub(super) fn ready(&self, ready: Ready) {
        (self.tell)(Told::Ready(ready));
    }

    pub(super) fn line(&self, line: &str) {
        (self.tell)(Told::Line(line.to_owned()));
    }

    pub(super) fn warn(&self, line: &str) {
        (self.tell)(Told::Warning(line.to_owned()));
    }

    pub(super) fn text(&self, text: &str) {
        (self.tell)(Told::Text(text.to_owned()));
    }
}
