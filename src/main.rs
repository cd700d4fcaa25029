//! The `warpline` program: everything is in the library, `warpline::cli` dispatches.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    warpline::cli::main()
}
