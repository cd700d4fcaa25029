//! How a failure is remedied by a coordinator workflow: the problem that it is given, and what its decisions mean.
//! Shared by `coordinator-retry` and `retry`.

use super::child_workflow;
use super::state_updates;
use crate::compile::expr::Shape;
use crate::compile::lower::{Binding, Lower};
use crate::compile::ts::build::{array, constant, ident, number, object, string};
use crate::compile::ts::{Expr, ExprKind, Prop, Stmt};
use crate::definition::{Field, Fields, Text};
use crate::diagnostic::Code;

/// What a node says about its coordinator.
pub(super) struct Remedy {
    workflow: Text,
    max_attempts: u64,
    problem_type: Option<Text>,
    error_source: Option<Text>,
    context_fields: Vec<Field>,
    decisions: Vec<Decision>,
    input: Option<Field>,
    queue: Option<Text>,
    id: Option<Text>,
    updates: Vec<Field>,
}

struct Decision {
    name: String,
    retries: bool,
    counts: bool,
    message: Option<Text>,
}

/// What failed.
pub(super) enum Failed<'a> {
    /// A call whose result, in this variable, is no success.
    Result(&'a Expr),
    /// Something threw; `message` holds the message.
    Thrown,
}

impl Remedy {
    /// Reads the coordinator's fields; `None` where the node has no coordinator.
    pub(super) fn read(cx: &Lower, at: usize, fields: &Fields, max_attempts: u64) -> Option<Self> {
        let node = &cx.node(at).id;
        let workflow = fields.text("coordinatorWorkflow");
        let short_type = fields.text("problemType");
        let constructor = fields.object("problemConstructor");
        let (mut problem_type, mut error_source, mut context_fields) = (short_type, None, Vec::new());
        if let Some(constructor) = &constructor {
            let constructor = Fields::new(constructor, Some(node), "problemConstructor", cx.report);
            problem_type = constructor.text("type").or(problem_type);
            error_source = constructor.text("errorSource");
            context_fields = constructor.list("contextFields").unwrap_or_default();
            constructor.finish();
        }
        let decisions = fields.object("decisions").map(|decisions| read_decisions(cx, at, &decisions));
        let remedy = |workflow| Self {
            workflow,
            max_attempts,
            problem_type,
            error_source,
            context_fields,
            decisions: decisions.unwrap_or_else(Decision::usual),
            input: fields.object("coordinatorInput"),
            queue: fields.text("taskQueue"),
            id: fields.text("workflowId"),
            updates: fields.list("stateUpdates").unwrap_or_default(),
        };
        if workflow.is_none() {
            fields.known(&["coordinatorInput", "taskQueue", "workflowId", "stateUpdates"]);
        }
        workflow.map(remedy)
    }

    /// The code that asks the coordinator and follows its decision: it goes on only where the failed work is to be tried again.
    /// `attempts` is the number of attempts of the coordinator so far.
    pub(super) fn statements(&self, cx: &mut Lower, at: usize, failed: &Failed, attempts: &Expr) -> Vec<Stmt> {
        let node = cx.node(at).id.clone();
        let info = cx.use_child(at, &self.workflow);
        let problem = self.problem(cx, at, failed, attempts);
        let input = self.coordinator_input(cx, at, problem);
        let id = match &self.id {
            Some(id) => cx.text_value(id, &node),
            None => default_id(&node, attempts),
        };
        let queue = self.queue.as_ref().map(|queue| ("taskQueue", cx.text_value(queue, &node)));
        let options = object(queue.into_iter().chain([("workflowId", id), ("args", array(vec![input]))]));
        let call = child_workflow::call("executeChild", &self.workflow.text, options, info).awaited();
        let output = info.map_or(Shape::Unknown, |info| info.shapes.resolve(&info.output_shape));
        let mut out = vec![constant("action", call)];
        cx.env.frames.push(crate::compile::lower::Frame { bindings: action_bindings(cx, &output, attempts, failed), handler: false });
        for update in &self.updates {
            out.extend(state_updates::update(cx, at, update, &["decision"]));
        }
        out.extend(self.decide(cx, at));
        cx.env.frames.pop();
        out
    }

    /// Whether the counter goes up when the coordinator says to try again.
    pub(super) fn counts(&self) -> bool {
        self.decisions.iter().any(|decision| decision.retries && decision.counts)
    }

    fn problem(&self, cx: &mut Lower, at: usize, failed: &Failed, attempts: &Expr) -> Expr {
        let mut context: Vec<Prop> = Vec::new();
        for field in &self.context_fields {
            let Some(name) = field.value.as_str() else {
                cx.error(Code::SHAPE, at, &field.path, "`contextFields` takes names", "write `[packageName, packagePath]`");
                continue;
            };
            match cx.by_name(name) {
                Some(value) => context.push(Prop::KeyValue(name.to_owned(), value)),
                None => {
                    let message = format!("nothing in the state or input is called `{name}`");
                    cx.error(Code::UNKNOWN_NAME, at, &field.path, message, "name a field of the input or the state");
                }
            }
        }
        context.extend(cx.phases.last().map(|phase| Prop::KeyValue("phase".into(), phase.clone())));
        context.push(Prop::KeyValue("attemptNumber".into(), plus_one(attempts)));
        let problem_type = self.problem_type.as_ref().map_or_else(|| string("FAILURE"), |text| string(&text.text));
        object([("type", problem_type), ("error", self.error(cx, at, failed)), ("context", Expr::new(ExprKind::Object(context)))])
    }

    fn error(&self, cx: &mut Lower, at: usize, failed: &Failed) -> Expr {
        let otherwise = string(&format!("{} failed", cx.title(at)));
        let Failed::Result(result) = failed else { return object([("message", ident("message"))]) };
        let outputs = ["stderr", "stdout"].into_iter().filter(|name| cx.has_field(result, name) == Some(true));
        let outputs: Vec<(&str, Expr)> = outputs.map(|name| (name, (*result).clone().member(name))).collect();
        let source = match &self.error_source {
            Some(source) => {
                let frame = vec![Binding::new("activity", (*result).clone(), cx.shape(result))];
                let node = cx.node(at).id.clone();
                Some(cx.expression_with(frame, source, &node))
            }
            None => outputs.first().map(|(_, expr)| expr.clone()),
        };
        let message = source.map_or_else(|| otherwise.clone(), |source| source.binary("||", otherwise.clone()));
        object([("message", message)].into_iter().chain(outputs))
    }

    /// The coordinator's input: the problem, and what else its type asks for.
    fn coordinator_input(&self, cx: &Lower, at: usize, problem: Expr) -> Expr {
        let node = &cx.node(at).id;
        let given: Vec<(String, Expr)> = self.input.as_ref().map_or_else(Vec::new, |input| {
            let fields = input.value.as_object().into_iter().flatten();
            fields
                .map(|(key, value)| (key.clone(), cx.value(&Field { value: value.clone(), path: input.path.key(key) }, Some(node))))
                .collect()
        });
        let info = cx.program.workflow(&self.workflow.text);
        let mut props = vec![Prop::KeyValue("problem".into(), problem)];
        let attempts = || number(self.max_attempts);
        let has = |name: &str| given.iter().any(|(key, _)| key == name);
        match info.map(|info| info.shapes.resolve(&info.input_shape)) {
            Some(Shape::Object(fields)) => {
                for field in fields.iter().filter(|field| field.name != "problem" && !has(&field.name)) {
                    let value = if field.name == "maxAttempts" { Some(attempts()) } else { cx.by_name(&field.name) };
                    match value {
                        Some(value) => props.push(Prop::KeyValue(field.name.clone(), value)),
                        None if field.optional => {}
                        None => {
                            let message = format!(
                                "`{}` of the input of `{}` is not given, and nothing in the state or input has that name",
                                field.name, self.workflow.text
                            );
                            cx.error(
                                Code::MISSING_ARGUMENT,
                                at,
                                &cx.node(at).config.path.clone(),
                                message,
                                "give it under `coordinatorInput`",
                            );
                        }
                    }
                }
            }
            _ if !has("maxAttempts") => props.push(Prop::KeyValue("maxAttempts".into(), attempts())),
            _ => {}
        }
        props.extend(given.into_iter().map(|(key, value)| Prop::KeyValue(key, value)));
        Expr::new(ExprKind::Object(props))
    }

    fn decide(&self, cx: &Lower, at: usize) -> Vec<Stmt> {
        let decision = || ident("action").member("decision");
        let last = self.decisions.iter().rposition(|decision| !decision.retries);
        let mut out = Vec::new();
        for (position, each) in self.decisions.iter().enumerate().filter(|(_, each)| !each.retries) {
            if Some(position) != last {
                let test = decision().binary("===", string(&each.name));
                out.push(Stmt::If(test, vec![each.failure(cx, at)], Vec::new()));
            }
        }
        let retries = self.decisions.iter().filter(|each| each.retries).map(|each| decision().binary("!==", string(&each.name)));
        if let (Some(test), Some(last)) = (retries.reduce(|a, b| a.binary("&&", b)), last.and_then(|last| self.decisions.get(last))) {
            out.push(Stmt::If(test, vec![last.failure(cx, at)], Vec::new()));
        }
        out
    }
}

impl Decision {
    /// What the decisions mean where the node doesn't say.
    fn usual() -> Vec<Self> {
        let decision = |name: &str, retries| Self { name: name.to_owned(), retries, counts: true, message: None };
        vec![decision("RETRY", true), decision("ESCALATE", false), decision("FAIL", false)]
    }

    /// Throws what the decision means.
    fn failure(&self, cx: &Lower, at: usize) -> Stmt {
        let title = cx.title(at);
        let head = match self.name.as_str() {
            "ESCALATE" => format!("{title} escalated: "),
            "FAIL" => format!("{title} failed after coordination: "),
            name => format!("{title} ended with {name}: "),
        };
        let reasoning = || ident("action").member("reasoning");
        let knows = |expr: &Expr| cx.has_field(expr, "reasoning") != Some(false);
        let message = match &self.message {
            Some(message) => cx.expression(message, Some(&cx.node(at).id)),
            None if self.name == "ESCALATE" => {
                cx.by_name("escalation").map_or_else(reasoning, |expr| crate::compile::lower::folded(expr.member("reason")))
            }
            None => reasoning(),
        };
        let optional = matches!(&message.kind, ExprKind::Member { optional: true, .. });
        let message = if optional && knows(&ident("action")) { message.binary("??", reasoning()) } else { message };
        let text =
            Expr::new(ExprKind::Template { quasis: vec![crate::compile::lower::raw_template(&head), String::new()], exprs: vec![message] });
        Stmt::Throw(ident("ApplicationFailure").method("nonRetryable", vec![text, string(&self.name)]))
    }
}

fn read_decisions(cx: &Lower, at: usize, decisions: &Field) -> Vec<Decision> {
    let node = &cx.node(at).id;
    let mut read: Vec<Decision> = Vec::new();
    for (name, value) in decisions.value.as_object().into_iter().flatten() {
        let field = Field { value: value.clone(), path: decisions.path.key(name) };
        let fields = Fields::new(&field, Some(node), &format!("the decision {name}"), cx.report);
        let retries = fields.choice("action", &[("retry-activity", true), ("retry", true), ("throw", false)]).unwrap_or(name == "RETRY");
        let counts = fields.boolean("incrementCounter").unwrap_or(true);
        let message = fields.text("errorMessage");
        fields.finish();
        read.push(Decision { name: name.clone(), retries, counts, message });
    }
    // The order in the file does not matter; the last one that throws also stands for what nobody named.
    read.sort_by(|a, b| (a.name == "FAIL").cmp(&(b.name == "FAIL")).then_with(|| a.name.cmp(&b.name)));
    if !read.iter().any(|decision| decision.retries) {
        cx.error(Code::INVALID_VALUE, at, &decisions.path, "no decision tries again", "let one of them have `action: retry-activity`");
    }
    read
}

fn action_bindings(cx: &Lower, output: &Shape, attempts: &Expr, failed: &Failed) -> Vec<Binding> {
    let mut bindings = Vec::new();
    if let Shape::Object(fields) = cx.shapes.resolve(output) {
        for field in fields {
            let member = ident("action").member(&field.name);
            let expr = if field.optional { Expr::new(ExprKind::NonNull(Box::new(member))) } else { member };
            bindings.push(Binding::new(&field.name, expr, field.shape));
        }
    }
    bindings.push(Binding::new("action", ident("action"), output.clone()));
    bindings.push(Binding::new("attempts", attempts.clone(), Shape::Primitive("number".into())));
    bindings.extend(cx.phases.last().map(|phase| Binding::new("phase", object([("name", phase.clone())]), Shape::Unknown)));
    match failed {
        Failed::Result(result) => bindings.push(Binding::new("activity", (*result).clone(), cx.shape(result))),
        Failed::Thrown => bindings.push(Binding::new("error", object([("message", ident("message"))]), Shape::Unknown)),
    }
    bindings
}

fn plus_one(attempts: &Expr) -> Expr {
    if let ExprKind::Binary(counter, "-", one) = &attempts.kind
        && one.kind == ExprKind::Num("1".into())
    {
        return (**counter).clone();
    }
    attempts.clone().binary("+", number(1))
}

/// `parent/node-1`: unique among the parent's children, and the same at replay.
fn default_id(node: &str, attempts: &Expr) -> Expr {
    let parent = ident("workflowInfo").call(Vec::new()).member("workflowId");
    let quasis = vec![String::new(), crate::compile::lower::raw_template(&format!("/{node}-")), String::new()];
    Expr::new(ExprKind::Template { quasis, exprs: vec![parent, plus_one(attempts)] })
}
