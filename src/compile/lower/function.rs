//! A workflow's function: the state, the handlers, the steps, the cleanup.

use super::Lower;
use super::state::State;
use crate::compile::graph::structure::Step;
use crate::compile::graph::visited;
use crate::compile::nodes::{self, Kind};
use crate::compile::program::ActivityOptions;
use crate::compile::ts::build::{arrow_block, ident, named, typed_param};
use crate::compile::ts::{Decl, Expr, ExprKind, Mark, Param, Pattern, Stmt, Type, is_silent};
use crate::definition::{Field, Fields};
use crate::diagnostic::Code;

/// The parts of a generated file that come from the graph.
pub(super) struct Function {
    /// Declarations before the function: the state's type, signals, queries.
    pub declarations: Vec<Decl>,
    /// The function.
    pub function: Decl,
}

impl Lower<'_> {
    /// Makes the function.
    pub(super) fn function(&mut self) -> Function {
        let graph = self.graph;
        let empty = Vec::new();
        let steps = graph.scopes.get(&None).and_then(|scope| scope.branches.first()).unwrap_or(&empty);
        let cleanup = graph.definition.cleanup.as_ref();
        self.has_cleanup = cleanup.is_some();
        self.continues = steps_continue(self, steps);
        self.check_upgrade();
        self.wakes = graph.kinds.contains(&Some(Kind::ParallelCoordinator)) && has_signals(self);
        let mut declarations = Vec::new();
        let mut body = self.block(|cx, out| {
            let preamble = cx.find_initial(steps);
            let (before, rest) = steps.split_at(preamble.min(steps.len()));
            out.extend(cx.beginning(steps, |cx, at| cx.graph.kinds.get(at) == Some(&Some(Kind::Trigger))));
            cx.steps(before, out);
            let state = cx.state(rest);
            cx.check_redactions();
            declarations.extend(state.declaration.clone());
            let has_state = state.init.is_some();
            cx.declare_state(state, &mut declarations, out);
            out.extend(has_state.then_some(Stmt::Mark(Mark::State)));
            out.extend(cx.beginning(steps, |cx, at| cx.is_initial(at)));
            let handlers = nodes::handlers(cx);
            declarations.extend(handlers.declarations);
            if cx.wakes {
                out.push(Stmt::Let("wake".into(), None, Some(crate::compile::nodes::new_trigger())));
            }
            out.extend(handlers.statements);
            let mut main = Vec::new();
            cx.main(rest, &mut main);
            let main = match cleanup {
                Some(cleanup) => cx.cleaned_up(cleanup, main),
                None => main,
            };
            let prelude = std::mem::take(&mut cx.prelude);
            out.extend(prelude.into_iter().map(|(_, stmt)| stmt));
            if !is_silent(out) && !is_silent(&main) {
                out.push(Stmt::Blank);
            }
            out.extend(main);
        });
        spaced(&mut body);
        let function = Decl::Function {
            export: true,
            is_async: true,
            name: self.workflow.workflow_type.clone(),
            params: self.params(),
            ret: self.return_type(),
            body,
        };
        Function { declarations, function }
    }

    /// Marks of those nodes of a beginning that make no statements of their own.
    fn beginning(&self, steps: &[Step], wanted: impl Fn(&Self, usize) -> bool) -> Vec<Stmt> {
        let nodes = steps.iter().filter_map(|step| if let Step::Visit(at) = step { Some(*at) } else { None });
        nodes.filter(|&at| wanted(self, at)).map(|at| Stmt::Mark(Mark::Visit(at))).collect()
    }

    /// `onContinueAsNew` of a workflow that never continues as new would mean nothing.
    fn check_upgrade(&self) {
        let Some(upgrade) = self.workflow.upgrade.as_ref().filter(|_| self.graph.is_sound && !self.continues) else { return };
        let message = "`onContinueAsNew: Upgrade`, but the workflow never continues as new";
        let diagnostic = crate::diagnostic::Diagnostic::error(Code::CONFLICT, &upgrade.path, message);
        self.report.push(diagnostic.suggest("add a `continue-as-new-checkpoint`, or leave `onContinueAsNew` out"));
    }

    /// Makes, to no end but its problems, the code of nodes that no step visits.
    pub(super) fn unvisited(&mut self) {
        let mut visited_nodes = Vec::new();
        for scope in self.graph.scopes.values() {
            scope.branches.iter().for_each(|steps| visited(steps, &mut visited_nodes));
        }
        let visited_nodes: std::collections::BTreeSet<usize> = visited_nodes.into_iter().collect();
        for at in (0..self.graph.kinds.len()).filter(|at| !visited_nodes.contains(at)) {
            self.block(|cx, out| nodes::lower(cx, at, out));
        }
    }

    /// The root's steps; those before the part that continues as new run only the first time.
    fn main(&mut self, steps: &[Step], out: &mut Vec<Stmt>) {
        self.open_function();
        let first = steps.iter().position(|step| self.continues && steps_continue(self, std::slice::from_ref(step)));
        let (once, rest) = steps.split_at(first.unwrap_or(0));
        let before = self.block(|cx, out| {
            cx.env.first_run = Some(cx.env.block_count);
            cx.steps(once, out);
        });
        if !is_silent(&before) {
            let first_time = ident("carried").binary("===", ident("undefined"));
            out.push(Stmt::If(first_time, before, Vec::new()));
        }
        self.steps(rest, out);
        self.close_function(out);
        let lost = std::mem::take(&mut *self.env.lost.borrow_mut());
        for name in lost {
            let Some(value) = self.env.values.get(&name) else { continue };
            let at = value.node;
            let message = format!("the value of `{}` is used after continue-as-new, but only the state is carried", self.node(at).id);
            let path = self.node(at).path.clone();
            self.error(Code::CARRY, at, &path, message, "keep it in the state, with a `state-mutation` after the node");
        }
    }

    fn declare_state(&mut self, state: State, declarations: &mut Vec<Decl>, out: &mut Vec<Stmt>) {
        let Some(init) = state.init else {
            if self.continues {
                self.report.push(
                    crate::diagnostic::Diagnostic::error(
                        Code::CARRY,
                        &self.graph.definition.path,
                        "the workflow continues as new, but has no state to carry",
                    )
                    .suggest("keep what it must remember in a `state-variable`"),
                );
            }
            return;
        };
        let ty = state.ty.unwrap_or_else(|| named("unknown"));
        let mut value = init;
        if self.continues {
            let carry = self.carry();
            let own = carry.ty(&ty);
            let carried = if carry.fields.is_empty() {
                own
            } else {
                let name = self.names.free(
                    &format!(
                        "Carried{}",
                        super::pascal(self.workflow.workflow_type.strip_suffix("Workflow").unwrap_or(&self.workflow.workflow_type))
                    ),
                    "State",
                );
                declarations.push(Decl::Comment(vec!["The state as continue-as-new carries it: JSON has no Map, Set or Date.".into()]));
                declarations.push(Decl::TypeAlias { export: true, name: name.clone(), ty: own });
                declarations.push(Decl::Blank);
                named(&name)
            };
            let taken = self.taken(&ty, state.declaration.as_ref(), &carry, declarations);
            self.carried = Some((carried, carry.encode));
            value = Expr::new(ExprKind::Conditional(Box::new(ident("carried")), Box::new(taken), Box::new(value)));
        }
        out.push(Stmt::Const(Pattern::Ident("state".into()), Some(ty), value));
        if !state.after.is_empty() && self.continues {
            out.push(Stmt::If(ident("carried").binary("===", ident("undefined")), state.after, Vec::new()));
        } else {
            out.extend(state.after);
        }
    }

    fn params(&self) -> Vec<Param> {
        let input = self.workflow.input.clone().unwrap_or_else(|| Type::Named("Record".into(), vec![named("string"), named("any")]));
        let mut params = vec![typed_param("input", input)];
        if let Some((carried, _)) = &self.carried {
            params.push(Param { pattern: Pattern::Ident("carried".into()), ty: Some(carried.clone()), optional: true });
        }
        if self.going.is_some() {
            let ty = Type::Array(Box::new(named("string")));
            params.push(Param { pattern: Pattern::Ident("forms".into()), ty: Some(ty), optional: true });
        }
        params
    }

    fn return_type(&self) -> Option<Type> {
        let promise = |ty: Type| Type::Named("Promise".into(), vec![ty]);
        if let Some(output) = &self.workflow.output {
            return Some(promise(output.clone()));
        }
        let exits = self.graph.definition.nodes.iter().zip(&self.graph.kinds).any(|(node, kind)| {
            *kind == Some(Kind::Exit) && node.config.value.get("returnValue").is_some()
                || *kind == Some(Kind::Phase) && node.config.value.pointer("/errorHandling/returnOnError").is_some()
        });
        match (exits, self.continues) {
            (false, _) => Some(promise(named("void"))),
            // A function that names itself cannot have its type inferred.
            (true, true) => Some(promise(named("unknown"))),
            (true, false) => None,
        }
    }

    /// `continueAsNew` with the state; handlers that still run are waited for.
    pub fn continue_as_new(&mut self) -> Vec<Stmt> {
        let mut out = Vec::new();
        if self.has_cleanup {
            self.prelude_once("continuing", Stmt::Let("isContinuing".into(), None, Some(Expr::new(ExprKind::Bool(false)))));
            out.push(ident("isContinuing").assign(Expr::new(ExprKind::Bool(true))).stmt());
        }
        let finished = ident("condition").call(vec![ident("allHandlersFinished")]).awaited().stmt();
        let state = self.carried.as_ref().map_or_else(|| ident("undefined"), |(_, encode)| encode.clone());
        // Nothing is waited for between the handlers' end and the state: what they changed is carried.
        if let Some((question, going)) = self.continue_upgrading(state.clone()) {
            out.extend([question, finished, Stmt::Return(Some(going))]);
            return out;
        }
        out.push(finished);
        let types = vec![Type::TypeOf(self.workflow.workflow_type.clone())];
        out.push(Stmt::Return(Some(ident("continueAsNew").call_typed(types, vec![ident("input"), state]))));
        out
    }

    fn cleaned_up(&mut self, cleanup: &Field, main: Vec<Stmt>) -> Vec<Stmt> {
        let report = self.report;
        let fields = Fields::new(cleanup, None, "the cleanup", report);
        let updates = fields.list("stateUpdates").unwrap_or_default();
        let activities = fields.list("activities").unwrap_or_default();
        let always = fields.boolean("alwaysExecute").unwrap_or(true);
        fields.finish();
        self.env.frames.push(super::Frame { bindings: Vec::new(), handler: true });
        let body = self.block(|cx, out| {
            out.extend(nodes::cleanup_updates(cx, &updates));
            for activity in &activities {
                cx.cleanup_activity(activity, out);
            }
        });
        self.env.frames.pop();
        let scope = ident("CancellationScope").method("nonCancellable", vec![arrow_block(true, Vec::new(), body.clone())]).awaited().stmt();
        // Cleaning up without waiting for anything needs no protection from cancellation.
        let waits = body.iter().any(|stmt| matches!(stmt, Stmt::Expr(Expr { kind: ExprKind::Await(_), .. })));
        let mut cleaning = if waits { vec![scope] } else { body };
        let mut catch = None;
        if !always {
            self.prelude_once("hasFailed", Stmt::Let("hasFailed".into(), None, Some(Expr::new(ExprKind::Bool(false)))));
            let failed = ident("hasFailed").assign(Expr::new(ExprKind::Bool(true))).stmt();
            catch = Some(("thrown".to_owned(), vec![failed, Stmt::Throw(ident("thrown"))]));
            cleaning = vec![Stmt::If(ident("hasFailed").negated(), cleaning, Vec::new())];
        }
        cleaning.insert(0, Stmt::Mark(Mark::Cleanup));
        if self.continues {
            cleaning = vec![Stmt::If(ident("isContinuing").negated(), cleaning, Vec::new())];
        }
        vec![Stmt::Try { body: main, catch, finally: Some(cleaning) }]
    }

    fn cleanup_activity(&mut self, activity: &Field, out: &mut Vec<Stmt>) {
        let named = match activity.value.as_str() {
            Some(name) => Field { value: serde_json::json!({"activityName": name}), path: activity.path.clone() },
            None => activity.clone(),
        };
        let report = self.report;
        let fields = Fields::new(&named, None, "an activity of the cleanup", report);
        if let Some(mut name) = fields.required_text("activityName") {
            if activity.value.is_string() {
                name.path = activity.path.clone();
            }
            let own = ActivityOptions::read(&fields, "cleanup", report).on_queue_of(&fields);
            if let Some(called) = self.activity_of(None, &name, &fields, own) {
                let params = called.signature.map(|function| (function.params.as_slice(), &called.module.shapes));
                let args = self.arguments_of(None, &fields, &called.name, params);
                out.push(called.function.call(args).awaited().stmt());
            }
        }
        fields.finish();
    }
}

fn has_signals(cx: &Lower) -> bool {
    !cx.graph.definition.signals.is_empty() || cx.graph.kinds.contains(&Some(Kind::Signal))
}

/// Whether any of `steps`, or what is inside them, may continue as new.
fn steps_continue(cx: &Lower, steps: &[Step]) -> bool {
    let mut nodes = Vec::new();
    visited(steps, &mut nodes);
    nodes.into_iter().any(|at| {
        let config = &cx.node(at).config.value;
        let limited = config.get("continueAsNewThreshold").is_some() || config.get("continueAsNewTimeLimit").is_some();
        let inside = || cx.graph.scopes.get(&Some(at)).is_some_and(|scope| scope.branches.iter().any(|steps| steps_continue(cx, steps)));
        cx.graph.kinds.get(at) == Some(&Some(Kind::Checkpoint)) || limited || inside()
    })
}

/// Puts an empty line before comments and after blocks, as a person would.
fn spaced(body: &mut Vec<Stmt>) {
    let mut out: Vec<Stmt> = Vec::with_capacity(body.len());
    for mut stmt in body.drain(..) {
        match &mut stmt {
            Stmt::Mark(_) => {
                out.push(stmt);
                continue;
            }
            Stmt::If(_, then, other) => {
                spaced(then);
                spaced(other);
            }
            Stmt::While(_, _, body) | Stmt::ForOf(_, _, _, body) | Stmt::For(_, _, _, _, _, body) | Stmt::Labeled(_, body) => spaced(body),
            Stmt::Try { body, catch, finally } => {
                spaced(body);
                if let Some((_, body)) = catch {
                    spaced(body);
                }
                if let Some(body) = finally {
                    spaced(body);
                }
            }
            _ => {}
        }
        let is_block =
            |stmt: &Stmt| matches!(stmt, Stmt::Try { .. } | Stmt::While(..) | Stmt::For(..) | Stmt::ForOf(..) | Stmt::Labeled(..));
        let before = match out.iter().rfind(|stmt| !stmt.is_mark()) {
            None | Some(Stmt::Comment(_) | Stmt::Blank) => false,
            Some(last) => {
                is_block(&stmt)
                    || matches!(stmt, Stmt::Comment(_))
                    || is_block(last)
                    || matches!((last, &stmt), (Stmt::If(..), other) if !matches!(other, Stmt::If(..)))
            }
        };
        if before && stmt != Stmt::Blank {
            out.push(Stmt::Blank);
        }
        out.push(stmt);
    }
    *body = out;
}

impl Lower<'_> {
    fn open_function(&mut self) {
        self.jumps.push(super::steps::Jump::end_of_function());
    }

    fn close_function(&mut self, out: &mut Vec<Stmt>) {
        self.jumps.pop();
        if matches!(out.last(), Some(Stmt::Return(None))) {
            out.pop();
        }
    }
}
