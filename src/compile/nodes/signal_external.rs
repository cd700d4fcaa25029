//! `signal-external-workflow`: signals a running workflow.

use crate::compile::lower::Lower;
use crate::compile::ts::Stmt;
use crate::compile::ts::build::{ident, string};
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let node = cx.node(at);
    let fields = cx.fields(at, "a signal-external-workflow node");
    let target = fields.required_text("targetWorkflowId");
    let signal = fields.required_text("signalName");
    let payload = fields.value("payload");
    let workflow = fields.text("workflowType");
    fields.finish();
    let (Some(target), Some(signal)) = (target, signal) else { return };
    out.extend(cx.comment(at, None));
    let mut definition = string(&signal.text);
    if let Some(workflow) = workflow {
        match cx.program.workflow(&workflow.text) {
            None => cx.report.push(cx.program.unknown_workflow(&workflow).node(&node.id)),
            Some(info) if !info.signals.contains(&signal.text) => {
                let message = format!("`{}` has no signal `{}`", workflow.text, signal.text);
                let known = info.signals.iter().map(String::as_str);
                cx.report.push(
                    Diagnostic::error(Code::UNKNOWN_SIGNAL, &signal.path, message)
                        .node(&node.id)
                        .excerpt(&signal.text, 0..signal.text.len())
                        .suggest_near(&signal.text, known),
                );
            }
            Some(info) => {
                cx.signals.insert((info.workflow_type.clone(), signal.text.clone()));
                definition = ident(&super::signals::constant_name(&signal.text, "Signal"));
            }
        }
    }
    let handle = ident("getExternalWorkflowHandle").call(vec![cx.text_value(&target, &node.id)]);
    let payload = payload.map(|payload| cx.value(&payload, Some(&node.id)));
    out.push(handle.method("signal", [definition].into_iter().chain(payload).collect()).awaited().stmt());
}
