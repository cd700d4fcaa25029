//! Statements of structured steps: branches, loops, labeled blocks and jumps.

use super::{Last, Lower};
use crate::compile::graph::cfg::{Test, TestOf};
use crate::compile::graph::structure::Step;
use crate::compile::nodes::{self, Kind};
use crate::compile::ts::build::{ident, named};
use crate::compile::ts::{Expr, ExprKind, Mark, Stmt, Type, is_silent};
use crate::definition::Text;
use crate::diagnostic::Code;
use std::collections::BTreeSet;

/// A place that can be jumped to.
pub(super) struct Jump {
    to: JumpTo,
    /// Whether it is a loop of the generated code, which a plain `break` or `continue` would mean.
    is_loop: bool,
    label: String,
    labeled: bool,
    /// The values of the node before, at each jump to here.
    lasts: Vec<Last>,
}

#[derive(Clone, Copy, PartialEq)]
enum JumpTo {
    /// A loop or block of the steps, by its label.
    Label(usize),
    /// The end of a scope whose code is the body of a loop: the next round.
    EndOfRound,
    /// The end of a scope whose code is a block.
    EndOfBlock,
    /// The end of a scope whose code is a function.
    EndOfFunction,
    /// Nothing of the definition: a loop that only the generated code has.
    Nothing,
}

impl Jump {
    fn new(to: JumpTo, is_loop: bool, label: &str) -> Self {
        Self { to, is_loop, label: label.to_owned(), labeled: false, lasts: Vec::new() }
    }

    /// The end of the workflow's function.
    pub(super) fn end_of_function() -> Self {
        Self::new(JumpTo::EndOfFunction, false, "")
    }
}

/// How the code of a container surrounds its inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surround {
    /// The inside is the body of a loop.
    Loop,
    /// The inside is a block.
    Block,
    /// The inside is a function's body.
    Function,
}

impl Lower<'_> {
    /// The code of the inside of container `at` (or of branch `branch` of it), which `surround` will surround;
    /// for a loop, the label that it needs, if any.
    pub fn inside(&mut self, container: Option<usize>, branch: usize, surround: Surround, out: &mut Vec<Stmt>) -> Option<String> {
        let Some(steps) = self.graph.scopes.get(&container).and_then(|scope| scope.branches.get(branch)) else {
            if let Some(at) = container {
                let path = self.node(at).path.clone();
                self.error(
                    Code::CONTAINER,
                    at,
                    &path,
                    format!("`{}` holds no nodes", self.node(at).id),
                    "put nodes into it, by their `parentId` or under `nodes`",
                );
            }
            return None;
        };
        let to = match surround {
            Surround::Loop => JumpTo::EndOfRound,
            Surround::Block => JumpTo::EndOfBlock,
            Surround::Function => JumpTo::EndOfFunction,
        };
        let wanted = container.map_or_else(|| "main".to_owned(), |at| super::camel(&self.node(at).id));
        self.open(to, surround == Surround::Loop, &wanted);
        let mut body = Vec::new();
        self.steps(steps, &mut body);
        let label = self.close(&body);
        match (surround, label) {
            (Surround::Block, Some(label)) => {
                out.push(Stmt::Labeled(label, body));
                None
            }
            (_, label) => {
                out.extend(body);
                label
            }
        }
    }

    fn open(&mut self, to: JumpTo, is_loop: bool, label: &str) {
        self.jumps.push(Jump::new(to, is_loop, label));
    }

    /// Makes code that stands in a loop of the generated code's own, which jumps of the definition do not mean.
    pub fn in_loop<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> T {
        self.open(JumpTo::Nothing, true, "");
        let made = make(self);
        self.jumps.pop();
        made
    }

    /// Ends the innermost place; gives its label if a jump needs it. The value of the node before is then what all ways to here agree on.
    fn close(&mut self, body: &[Stmt]) -> Option<String> {
        let jump = self.jumps.pop()?;
        let fallen = (!ends(body)).then(|| std::mem::take(&mut self.env.last));
        if let Some(last) = fallen.into_iter().chain(jump.lasts).reduce(Last::join) {
            self.env.last = last;
        }
        jump.labeled.then_some(jump.label)
    }

    /// Pushes the code of `steps`.
    pub(super) fn steps(&mut self, steps: &[Step], out: &mut Vec<Stmt>) {
        for step in steps {
            let before = out.len();
            let declared = self.env.order.len();
            self.step(step, out);
            self.declare_hoisted(before, declared, out);
        }
    }

    /// Declares, before the code of a step, the values in it that later code of this block needs: those after the first `known` ones.
    fn declare_hoisted(&mut self, before: usize, known: usize, out: &mut Vec<Stmt>) {
        let (Some(facts), Some(&here)) = (&self.facts, self.env.blocks.last()) else { return };
        let mut seen = BTreeSet::new();
        let values = self.env.order.iter().skip(known).filter_map(|name| self.env.values.get(name));
        let declarations: Vec<Stmt> = values
            .filter(|value| facts.hoisted.get(&value.node) == Some(&here) && seen.insert(value.node))
            .map(|value| Stmt::Let(value.variable.clone(), Some(Type::Union(vec![value.ty.clone(), named("undefined")])), None))
            .collect();
        out.splice(before..before, declarations);
    }

    fn step(&mut self, step: &Step, out: &mut Vec<Stmt>) {
        match step {
            Step::Visit(at) | Step::Exit(at) => nodes::lower(self, *at, out),
            Step::Branch(ways, otherwise) => self.choose(ways, otherwise, out),
            Step::Loop { label, test, body } => self.repeat(*label, test.as_ref(), body, out),
            Step::Block { label, body } => {
                let name = self.label_of(*label);
                self.open(JumpTo::Label(*label), false, &name);
                let body = self.block(|cx, out| cx.steps(body, out));
                match self.close(&body) {
                    Some(label) => out.push(Stmt::Labeled(label, body)),
                    None => out.extend(body),
                }
            }
            Step::Break(label) => self.jump(JumpTo::Label(*label), false, out),
            Step::Continue(label) => self.jump(JumpTo::Label(*label), true, out),
            Step::Leave => self.leave(out),
        }
    }

    fn label_of(&self, label: usize) -> String {
        self.graph.definition.nodes.get(label).map_or_else(|| "end".to_owned(), |node| super::camel(&node.id))
    }

    fn choose(&mut self, ways: &[(Test, Vec<Step>)], otherwise: &[Step], out: &mut Vec<Stmt>) {
        let tests: Vec<Expr> = ways.iter().map(|(test, _)| self.test(test)).collect();
        if let Some((Test { of: TestOf::Node(at), .. }, _)) = ways.first()
            && let Some(comment) = self.comment(*at, None)
        {
            out.push(comment);
        }
        let before = self.env.last.clone();
        let mut lasts = Vec::new();
        let mut bodies = Vec::new();
        for steps in ways.iter().map(|(_, steps)| steps.as_slice()).chain([otherwise]) {
            self.env.last = before.clone();
            let body = self.block(|cx, out| cx.steps(steps, out));
            if !ends(&body) {
                lasts.push(self.env.last.clone());
            }
            bodies.push(body);
        }
        self.env.last = lasts.into_iter().reduce(Last::join).unwrap_or(before);
        let otherwise = bodies.pop().unwrap_or_default();
        let chain = tests.into_iter().zip(bodies).rev().fold(otherwise, |otherwise, (test, body)| {
            if is_silent(&body) && !otherwise.is_empty() {
                vec![Stmt::If(test.negated(), otherwise, Vec::new())]
            } else {
                vec![Stmt::If(test, body, otherwise)]
            }
        });
        out.extend(chain);
    }

    fn repeat(&mut self, label: usize, test: Option<&Test>, steps: &[Step], out: &mut Vec<Stmt>) {
        let name = self.label_of(label);
        let before = self.env.last.clone();
        if let Some(Test { of: TestOf::Node(at), .. }) = test
            && self.graph.kinds.get(*at) == Some(&Some(Kind::Loop))
        {
            let at = *at;
            out.push(Stmt::Mark(Mark::Enter(at)));
            nodes::each(self, at, out, |cx, body| {
                cx.open(JumpTo::Label(label), true, &name);
                cx.steps(steps, body);
                cx.close(body)
            });
            out.push(Stmt::Mark(Mark::Leave(at)));
            self.env.last = before.join(self.env.last.clone());
            return;
        }
        let tested = test.is_some();
        let test = test.map_or_else(|| Expr::new(ExprKind::Bool(true)), |test| self.test(test));
        self.open(JumpTo::Label(label), true, &name);
        let body = self.block(|cx, out| cx.steps(steps, out));
        let lasts = self.jumps.last_mut().map(|jump| std::mem::take(&mut jump.lasts)).unwrap_or_default();
        let fallen = (tested && !ends(&body)).then(|| self.env.last.clone());
        let after = lasts.into_iter().chain(tested.then_some(before)).chain(fallen).reduce(Last::join);
        let label = self.close(&body);
        self.env.last = after.unwrap_or_default();
        out.push(Stmt::While(label, test, body));
    }

    /// The expression of a test.
    fn test(&mut self, test: &Test) -> Expr {
        let definition = self.graph.definition;
        let expr = match test.of {
            TestOf::Edge(edge) => match definition.edges.get(edge) {
                Some(edge) => edge.condition.as_ref().map(|text| self.expression(text, Some(&edge.source))),
                None => None,
            },
            TestOf::Node(at) => self.condition(at),
        };
        let expr = expr.unwrap_or_else(|| ident("undefined"));
        if test.negated { expr.negated() } else { expr }
    }

    fn condition(&mut self, at: usize) -> Option<Expr> {
        let node = self.node(at);
        let fields = self.fields(at, "a condition node");
        let text: Option<Text> = fields.required_text("expression");
        fields.finish();
        let mut expr = self.expression(&text?, Some(&node.id));
        let whole = self.sources.borrow_mut().add(&node.path, Some(&node.id), "").whole();
        expr.origin.get_or_insert(whole);
        Some(expr)
    }

    fn jump(&mut self, to: JumpTo, again: bool, out: &mut Vec<Stmt>) {
        let Some(position) = self.jumps.iter().rposition(|jump| jump.to == to) else { return };
        let innermost = self.jumps.iter().rposition(|jump| jump.is_loop) == Some(position);
        self.leave_loops(position + 1, out);
        let last = self.env.last.clone();
        let Some(jump) = self.jumps.get_mut(position) else { return };
        if !again {
            jump.lasts.push(last);
        }
        let plain = jump.is_loop && innermost;
        jump.labeled |= !plain;
        let label = (!plain).then(|| jump.label.clone());
        out.push(if again { Stmt::Continue(label) } else { Stmt::Break(label) });
    }

    /// Leaves the innermost scope.
    fn leave(&mut self, out: &mut Vec<Stmt>) {
        let ends = [JumpTo::EndOfRound, JumpTo::EndOfBlock, JumpTo::EndOfFunction];
        match self.jumps.iter().rposition(|jump| ends.contains(&jump.to)).map(|at| (at, self.jumps[at].to)) {
            Some((_, to @ (JumpTo::EndOfRound | JumpTo::EndOfBlock))) => self.jump(to, to == JumpTo::EndOfRound, out),
            function => {
                self.leave_loops(function.map_or(0, |(at, _)| at), out);
                out.push(Stmt::Return(None));
            }
        }
    }

    /// Notes that a jump leaves the loops that edges make and that were opened as the `first` place or later.
    fn leave_loops(&self, first: usize, out: &mut Vec<Stmt>) {
        let loops = self.jumps.iter().skip(first).rev().filter_map(|jump| match jump.to {
            JumpTo::Label(at) if jump.is_loop && self.graph.kinds.get(at) == Some(&Some(Kind::Loop)) => Some(at),
            _ => None,
        });
        out.extend(loops.map(|at| Stmt::Mark(Mark::Leave(at))));
    }
}

/// Whether the flow never goes on after `body`.
pub(super) fn ends(body: &[Stmt]) -> bool {
    match body.last() {
        Some(Stmt::Return(_) | Stmt::Throw(_) | Stmt::Break(_) | Stmt::Continue(_)) => true,
        Some(Stmt::If(_, then, other)) => ends(then) && ends(other),
        Some(Stmt::Try { body, catch, finally }) => {
            finally.as_deref().is_some_and(ends) || ends(body) && catch.as_ref().is_none_or(|(_, body)| ends(body))
        }
        Some(Stmt::While(None, test, body)) => test.kind == ExprKind::Bool(true) && !breaks(body),
        _ => false,
    }
}

fn breaks(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Break(_) => true,
        Stmt::If(_, then, other) => breaks(then) || breaks(other),
        Stmt::Labeled(_, body) => breaks(body),
        Stmt::Try { body, catch, finally } => {
            breaks(body) || catch.as_ref().is_some_and(|(_, body)| breaks(body)) || finally.as_deref().is_some_and(breaks)
        }
        _ => false,
    })
}
