//! `child-workflow`: runs another workflow and waits for its result, or starts it and goes on; once, or for each item of a list.

use crate::compile::expr::{FunctionParam, Shape};
use crate::compile::lower::{Binding, Lower};
use crate::compile::program::{ActivityOptions, WorkflowInfo};
use crate::compile::ts::build::{array, arrow, ident, object, param, string};
use crate::compile::ts::walk::mentions;
use crate::compile::ts::{Expr, Stmt, Type};
use crate::definition::{Fields, Text};

/// What a child is started with, in `child-workflow` and `parallel-coordinator`.
pub(super) struct Child {
    /// The type that was asked for.
    pub workflow_type: Text,
    /// The options of `executeChild` or `startChild`.
    pub options: Expr,
    /// The result's shape.
    pub result: Shape,
}

#[derive(Clone, Copy, PartialEq)]
enum Execution {
    Execute,
    Start,
}

pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let node = cx.node(at);
    let fields = cx.fields(at, "a child-workflow node");
    let execution = fields.choice("executionType", &[("executeChild", Execution::Execute), ("startChild", Execution::Start)]);
    let execution = execution.unwrap_or(Execution::Execute);
    let items = fields.text("forEach").map(|text| cx.expression(&text, Some(&node.id)));
    let bindings = items.as_ref().map_or_else(Vec::new, |items| {
        let element = cx.shapes.element(&cx.shape(items)).unwrap_or(Shape::Unknown);
        vec![Binding::new("item", ident("item"), element), Binding::new("index", ident("index"), Shape::Primitive("number".into()))]
    });
    let mut made = None;
    cx.framed(bindings, |cx, _| made = read(cx, at, &fields, execution == Execution::Start));
    fields.finish();
    let Some(child) = made else {
        cx.bind_unknown(at);
        return;
    };
    out.extend(cx.comment(at, None));
    let function = if execution == Execution::Start { "startChild" } else { "executeChild" };
    let call = call(function, &child.workflow_type.text, child.options, cx.program.workflow(&child.workflow_type.text));
    let (shape, ty) =
        value_type(&child.workflow_type.text, execution, child.result, cx.program.workflow(&child.workflow_type.text).is_some());
    cx.uses_handles |= execution == Execution::Start;
    let Some(items) = items else {
        cx.bind(at, call.awaited(), shape, ty, out);
        return;
    };
    let params = if mentions(&call, "index") { vec![param("item"), param("index")] } else { vec![param("item")] };
    let all = ident("Promise").method("all", vec![items.method("map", vec![arrow(params, call)])]);
    cx.bind(at, all.awaited(), Shape::Array(Box::new(shape)), Type::Array(Box::new(ty)), out);
}

fn value_type(workflow_type: &str, execution: Execution, result: Shape, known: bool) -> (Shape, Type) {
    match (execution, known) {
        (Execution::Execute, true) => (result, super::activity::awaited_return(workflow_type)),
        (Execution::Execute, false) => (Shape::Unknown, Type::Named("any".into(), Vec::new())),
        (Execution::Start, true) => (Shape::Unknown, Type::Named("ChildWorkflowHandle".into(), vec![Type::TypeOf(workflow_type.into())])),
        (Execution::Start, false) => {
            (Shape::Unknown, Type::Named("ChildWorkflowHandle".into(), vec![Type::Named("Workflow".into(), Vec::new())]))
        }
    }
}

/// `function<typeof Type>('Type', options)`, typed where the type is compiled together with this workflow.
pub(super) fn call(function: &str, workflow_type: &str, options: Expr, known: Option<&WorkflowInfo>) -> Expr {
    let types = known.map(|_| Type::TypeOf(workflow_type.into())).into_iter().collect();
    ident(function).call_typed(types, vec![string(workflow_type), options])
}

/// Reads what a child is started with: `workflowType`, `workflowId`, `taskQueue`, `args` or `inputMapping`, `parentClosePolicy`, `executionTimeout`, `retry`.
pub(super) fn read(cx: &mut Lower, at: usize, fields: &Fields, abandoned: bool) -> Option<Child> {
    let node = cx.node(at);
    let workflow_type = fields.required_text("workflowType");
    let id = fields.text("workflowId").map(|id| cx.text_value(&id, &node.id));
    let queue = fields.text("taskQueue").map(|queue| cx.text_value(&queue, &node.id));
    let policies = [("Terminate", "TERMINATE"), ("Abandon", "ABANDON"), ("RequestCancel", "REQUEST_CANCEL")];
    // A child that is only started outlives its parent, unless the definition says otherwise.
    let policy = fields.choice("parentClosePolicy", &policies).or(abandoned.then_some("ABANDON"));
    let timeout = fields.duration("executionTimeout");
    let retry = ActivityOptions::read_retry(fields, &node.id, cx.report);
    let Some(workflow_type) = workflow_type else {
        fields.known(&["args", "inputMapping"]);
        return None;
    };
    let info = cx.use_child(at, &workflow_type);
    let params = info.map(|info| {
        vec![FunctionParam { name: "input".into(), optional: info.input_shape == Shape::Unknown, shape: info.input_shape.clone() }]
    });
    let params = params.as_deref().zip(info.map(|info| &info.shapes));
    let args = cx.arguments(at, fields, &workflow_type.text, params);
    let mut options = Vec::new();
    options.extend(queue.map(|queue| ("taskQueue", queue)));
    options.extend(id.map(|id| ("workflowId", id)));
    options.push(("args", array(args)));
    options.extend(policy.map(|policy| ("parentClosePolicy", string(policy))));
    options.extend(timeout.map(|timeout| ("workflowExecutionTimeout", string(&timeout.words()))));
    options.extend(retry.map(|retry| ("retry", retry)));
    let result = info.map_or(Shape::Unknown, |info| info.shapes.resolve(&info.output_shape));
    Some(Child { workflow_type, options: object(options), result })
}
