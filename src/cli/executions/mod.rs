//! `warpline executions`

mod drain;
mod fleet;
mod list;
mod moving;
mod proposal;
mod replay;
mod replays;
mod reset;

pub(super) use replay::Replay;

use super::Stop;
use super::output::Printer;
use clap::{Args, Subcommand};

/// List open executions: which version each is on and why; move them, reset them, drain them.
///
/// `move`, `reset` and `drain` only say what would happen to each execution, until --yes is given.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  # Who is on which version, and why?
  warpline executions continuous-builder -n builds

  # What would happen if those of an old version were moved to the current one?
  warpline executions move -q engine --on 3f9a6c01d2e4b587

  # Do it
  warpline executions move -q engine --on 3f9a6c01d2e4b587 --yes

  # Undo what was decided from event 42 on
  warpline executions reset build-7 --before 42 --reason 'the registry was down' --yes

  # Ask what is left on old versions to come to its end
  warpline executions drain continuous-builder --yes"
)]
pub(super) struct Executions {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    list: list::List,
}

#[derive(Debug, Subcommand)]
enum Action {
    Move(moving::Move),
    Reset(reset::Reset),
    Drain(drain::Drain),
}

impl Executions {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        match &self.action {
            None => self.list.run(printer).await,
            Some(Action::Move(action)) => action.run(printer).await,
            Some(Action::Reset(action)) => action.run(printer).await,
            Some(Action::Drain(action)) => action.run(printer).await,
        }
    }
}
