//! What is to happen to each execution: shown, and done where somebody says so.

use super::fleet::Served;
use crate::cli::Stop;
use crate::cli::output::Printer;
use crate::cli::table::table;
use crate::plan::executions::{Seen, Verdict};
use serde_json::json;

/// What is to happen to one execution.
pub(super) struct Proposal<'a> {
    pub(super) queue: &'a Served,
    pub(super) seen: &'a Seen,
    pub(super) verdict: Verdict,
}

/// Shows what would happen; with `is_meant`, does it with `carry_out`, and says how that went.
pub(super) async fn decide<'a>(
    proposals: &[Proposal<'a>],
    is_meant: bool,
    printer: &Printer,
    carry_out: impl AsyncFn(&Proposal<'a>) -> Result<(), crate::temporal::Error>,
) -> Result<(), Stop> {
    let mut ends = Vec::new();
    for proposal in proposals {
        let is_done = is_meant && matches!(proposal.verdict, Verdict::Do(_));
        ends.push(if is_done { Some(carry_out(proposal).await.map_err(|error| error.to_string())) } else { None });
    }
    show(proposals, &ends, is_meant, printer);
    let count = |wanted: &str| proposals.iter().filter(|proposal| proposal.verdict.words().0 == wanted).count();
    let failed = ends.iter().filter(|end| matches!(end, Some(Err(_)))).count();
    if !is_meant {
        let (would, refused) = (count("do"), count("refused"));
        printer.note(&format!("nothing was done: {would} would be, {refused} are refused; --yes does it"));
        return Ok(());
    }
    match count("refused") + failed {
        0 => Ok(()),
        left => Err(Stop::Machine(format!("{left} of {} executions are as they were; the table says why", proposals.len()))),
    }
}

fn show(proposals: &[Proposal<'_>], ends: &[Option<Result<(), String>>], is_meant: bool, printer: &Printer) {
    let word = |proposal: &Proposal<'_>, end: &Option<Result<(), String>>| match (end, proposal.verdict.words().0) {
        (Some(Ok(())), _) => "done",
        (Some(Err(_)), _) => "failed",
        (None, "do") => "would",
        (None, other) => other,
    };
    let words = |proposal: &Proposal<'_>, end: &Option<Result<(), String>>| match end {
        Some(Err(error)) => error.clone(),
        _ => proposal.verdict.words().1.to_owned(),
    };
    let all = || proposals.iter().zip(ends);
    if printer.is_json() {
        let executions: Vec<_> = all()
            .map(|(proposal, end)| {
                let Seen { workflow_id, run_id, workflow_type, build_id, .. } = proposal.seen;
                json!({
                    "taskQueue": proposal.queue.name, "workflowId": workflow_id, "runId": run_id, "workflowType": workflow_type, "buildId": build_id,
                    "verdict": word(proposal, end), "message": words(proposal, end),
                })
            })
            .collect();
        printer.line(&json!({"dryRun": !is_meant, "executions": executions}).to_string());
        return;
    }
    if proposals.is_empty() {
        printer.note("no execution is open there");
        return;
    }
    let rows: Vec<_> = all()
        .map(|(proposal, end)| {
            let build_id = proposal.seen.build_id.clone().unwrap_or_else(|| "-".to_owned());
            [proposal.seen.workflow_id.clone(), build_id, word(proposal, end).to_owned(), words(proposal, end)]
        })
        .collect();
    table(["EXECUTION", "BUILD ID", "VERDICT", "MESSAGE"], &rows).iter().for_each(|line| printer.line(line));
}
