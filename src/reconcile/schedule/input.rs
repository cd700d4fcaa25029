//! Whether a schedule's input is of the type that its Workflow takes, found out by the compiler and remembered.

use super::Pass;
use crate::api::Workflow;
use crate::api::conditions::{COMPILED, TYPE_CHECKED, is_true};
use crate::plan::schedule::Standing;
use crate::reconcile::Error;
use crate::reconcile::compiler::inputs;
use crate::schedule::Schedule;
use crate::temporal::DescribedSchedule;
use crate::version;
use kube::ResourceExt;

/// Whether the schedule may be written with its input. Otherwise how far that lets us come.
///
/// # Errors
/// None so far.
pub(super) async fn check(
    pass: &mut Pass<'_>,
    workflow: &Workflow,
    seen: Option<&DescribedSchedule>,
    wanted: &Schedule,
) -> Result<Result<(), Standing>, Error> {
    let status = workflow.status.clone().unwrap_or_default();
    let is_known = status.observed_generation == workflow.metadata.generation
        && is_true(&status.conditions, COMPILED)
        && is_true(&status.conditions, TYPE_CHECKED);
    let Some(definition) = status.definition_digest.filter(|_| is_known) else {
        // The version that serves takes what it took before.
        let is_as_before = seen.is_some_and(|seen| seen.schedule.action.input == wanted.action.input);
        let message = format!(
            "the input is checked when Workflow {} compiles: its newest definition does not, or has yet to be looked at",
            workflow.name_any()
        );
        return Ok(if is_as_before { Ok(()) } else { Err(Standing::InputUnknown(("WorkflowNotCompiled".to_owned(), message))) });
    };
    let input = crate::plan::schedule::input(&pass.schedule.spec);
    let text = input.to_string();
    let digest = version::digest([("definition", definition.as_bytes()), ("input", text.as_bytes())]);
    if pass.last.input_digest.as_ref() == Some(&digest) {
        return Ok(Ok(()));
    }
    let object = format!("Schedule/{}", pass.schedule.name_any());
    let found = pass.context.compiler.check_input(inputs(pass.context, workflow), &object, &input).await;
    let found = match found {
        Ok(found) => found,
        Err(why) => return Ok(Err(Standing::InputUnknown(("CompilerFailed".to_owned(), why)))),
    };
    if found.is_empty() {
        pass.input_digest = Some(digest);
        return Ok(Ok(()));
    }
    pass.input_digest = None;
    let summary = crate::plan::workflow::summary(&found);
    let message = format!("the input is not what Workflow {} takes: {summary}", workflow.name_any());
    Ok(Err(Standing::WrongInput(("InputMismatch".to_owned(), message))))
}
