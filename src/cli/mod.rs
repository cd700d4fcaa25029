//! The command line: one file a subcommand, and what they show to people.
//! Shells: they read files and arguments, call the rooms below and print. No rule of the language lives here.

mod check;
mod compile;
mod connection;
mod crds;
mod dev;
mod diff;
mod doctor;
mod executions;
mod input;
mod kubernetes;
mod load;
mod operator;
mod outcome;
mod output;
mod pack;
pub mod progress;
mod pull;
mod push;
mod release;
mod rollout;
mod run;
mod schedule;
mod start;
mod status;
mod table;
mod tools;
mod versions;
mod watch;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// The drawing is the program: durable workflows from a UI builder's nodes and edges.
#[derive(Debug, Parser)]
#[command(name = "warpline", version, propagate_version = true, subcommand_required = true, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// How results and problems are printed.
    #[arg(long, short, global = true, value_enum, default_value_t = Format::Text)]
    output: Format,
    /// When to colour text.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  a definition has errors, and nothing was started; or what was asked about is not well
  2  the command line is wrong
  3  something on this machine failed: a file, a tool, the network, a server
  4  the workflow ended, but not well: it failed, was cancelled or timed out";

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one, and it is read once")]
enum Command {
    Check(check::Check),
    Compile(compile::Compile),
    Run(run::Run),
    Dev(dev::Dev),
    Tools(tools::Tools),
    Status(status::Status),
    Doctor(doctor::Doctor),
    Versions(versions::Versions),
    Diff(diff::Diff),
    Executions(executions::Executions),
    Replay(executions::Replay),
    Start(start::Start),
    Watch(watch::Watch),
    Schedule(schedule::Schedule),
    Promote(rollout::Promote),
    Abort(rollout::Abort),
    Retry(rollout::Retry),
    Rollback(rollout::Rollback),
    Pack(pack::Pack),
    Push(push::Push),
    Pull(pull::Pull),
    Crds(crds::Crds),
    Operator(operator::Operator),
    Release(release::Release),
}

/// How results and problems are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: with source excerpts and progress.
    Text,
    /// For programs: JSON; progress is one object a line.
    Json,
    /// SARIF 2.1.0, for code review tools (problems only).
    Sarif,
}

/// When to colour text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    /// Where standard error is a terminal, and NO_COLOR is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How a command ended, beside success.
#[derive(Debug)]
enum Stop {
    /// A definition has errors; they were printed.
    Definition,
    /// What was asked about is not as it should be; it was said how.
    NotWell,
    /// The command line asks for what is not there.
    Usage(String),
    /// Something on this machine failed.
    Machine(String),
    /// The workflow ended, but not well; it was said how.
    Workflow,
}

impl Stop {
    fn machine(error: impl std::fmt::Display) -> Self {
        Self::Machine(error.to_string())
    }
}

impl From<crate::project::Error> for Stop {
    fn from(error: crate::project::Error) -> Self {
        match error {
            crate::project::Error::Usage(message) => Self::Usage(message),
            crate::project::Error::Machine(message) => Self::Machine(message),
        }
    }
}

/// The arguments. As `kubectl-warpline`, which kubectl runs for `kubectl warpline`, the program names itself so.
fn read(all: impl IntoIterator<Item = OsString>) -> Arguments {
    let all: Vec<OsString> = all.into_iter().collect();
    let is_plugin = all.first().and_then(|name| Path::new(name).file_name()).is_some_and(|name| name == "kubectl-warpline");
    if !is_plugin {
        return Arguments::parse_from(all);
    }
    let command = Arguments::command().name("kubectl warpline").bin_name("kubectl warpline");
    let matches = command.get_matches_from(all);
    Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// Runs the program with the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = read(std::env::args_os());
    let printer = output::Printer::new(arguments.output, arguments.color);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return end(&printer, Err(Stop::machine(format!("cannot start: {error}")))),
    };
    let done = runtime.block_on(async {
        match &arguments.command {
            Command::Compile(compile) => compile.run(&printer).await,
            Command::Check(check) => check.run(&printer).await,
            Command::Run(run) => run.run(&printer).await,
            Command::Dev(dev) => dev.run(&printer).await,
            Command::Watch(watch) => watch.run(&printer).await,
            Command::Tools(tools) => tools.run(&printer).await,
            Command::Operator(operator) => operator.run(&printer).await,
            Command::Pack(pack) => pack.run(&printer).await,
            Command::Push(push) => push.run(&printer).await,
            Command::Pull(pull) => pull.run(&printer).await,
            Command::Crds(crds) => crds.run(&printer).await,
            Command::Release(release) => release.run(&printer).await,
            Command::Status(status) => status.run(&printer).await,
            Command::Doctor(doctor) => doctor.run(&printer).await,
            Command::Diff(diff) => diff.run(&printer).await,
            Command::Start(start) => start.run(&printer).await,
            Command::Versions(versions) => versions.run(&printer).await,
            Command::Replay(replay) => replay.run(&printer).await,
            Command::Executions(executions) => executions.run(&printer).await,
            Command::Promote(promote) => promote.run(&printer).await,
            Command::Abort(abort) => abort.run(&printer).await,
            Command::Retry(retry) => retry.run(&printer).await,
            Command::Rollback(rollback) => rollback.run(&printer).await,
            Command::Schedule(schedule) => schedule.run(&printer).await,
        }
    });
    runtime.shutdown_background();
    end(&printer, done)
}

fn end(printer: &output::Printer, done: Result<(), Stop>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Definition | Stop::NotWell) => ExitCode::from(1),
        Err(Stop::Usage(message)) => {
            printer.failure(&message);
            ExitCode::from(2)
        }
        Err(Stop::Machine(message)) => {
            printer.failure(&message);
            ExitCode::from(3)
        }
        Err(Stop::Workflow) => ExitCode::from(4),
    }
}
