//! The real program, as a user meets it: what it prints where, and how it ends. The definitions are in `definitions/`; the texts that people
//! see are in `snapshots/`. `check` and `run` use the real tool chain, which is fetched into the tool cache once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail loudly")]

mod ends;
mod mistakes;
mod output;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run of the program left.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

/// The program, in the folder of the definitions, with no terminal and nothing in the environment that changes its output.
fn warpline(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warpline"));
    command.args(arguments).current_dir(definitions()).stdin(Stdio::null()).env_remove("NO_COLOR");
    command
}

fn definitions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command_line/definitions")
}

fn end(mut command: Command) -> Ran {
    let output = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ran { code: output.status.code().expect("an exit code"), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn run(arguments: &[&str]) -> Ran {
    end(warpline(arguments))
}

/// Runs the program with `input` on its standard input.
fn run_with(arguments: &[&str], input: &str) -> Ran {
    let mut child =
        warpline(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("the program reads");
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ran { code: output.status.code().expect("an exit code"), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The text of a definition.
fn text_of(name: &str) -> String {
    std::fs::read_to_string(definitions().join(name)).expect("a readable definition")
}

/// Compares with the snapshot `name`.
fn reviewed(name: &str, text: &str) {
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, { insta::assert_snapshot!(name, text) });
}
