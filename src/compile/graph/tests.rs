//! Structured steps do exactly what the control flow does: random graphs, walked side by side.

use super::cfg::{Flow, Next, Test, TestOf, Vertex};
use super::structure::{Step, structure};
use proptest::prelude::*;
use std::collections::HashMap;

/// What a walk does, in order. Tests are no part of it: one that decides nothing may be left out.
#[derive(Clone, Debug, PartialEq)]
enum Trace {
    Visit(Vertex),
    Ended,
}

/// Answers the nth question of each test by a row of coins, and stops a walk that takes too long.
struct Walk<'a> {
    coins: &'a [bool],
    tossed: HashMap<String, usize>,
    fuel: usize,
    trace: Vec<Trace>,
}

const FUEL: usize = 400;

impl Walk<'_> {
    fn of(coins: &[bool]) -> Walk<'_> {
        Walk { coins, tossed: HashMap::new(), fuel: FUEL, trace: Vec::new() }
    }

    fn done(&mut self) -> bool {
        self.fuel = self.fuel.saturating_sub(1);
        self.fuel == 0
    }

    fn test(&mut self, test: &Test) -> bool {
        let key = format!("{:?}", test.of);
        let offset = key.bytes().map(usize::from).sum::<usize>();
        let nth = self.tossed.entry(key).or_default();
        *nth += 1;
        self.coins[(offset + *nth) % self.coins.len()] != test.negated
    }

    fn flow(mut self, flow: &Flow) -> Vec<Trace> {
        let mut at = flow.entry;
        while !self.done() {
            let condition = matches!(&flow.next[at], Next::Branch(ways, _) if matches!(ways[0].0.of, TestOf::Node(_)));
            if at == flow.end() {
                self.trace.push(Trace::Ended);
                break;
            }
            if !condition {
                self.trace.push(Trace::Visit(at));
            }
            at = match &flow.next[at] {
                Next::Exit => {
                    self.trace.push(Trace::Ended);
                    break;
                }
                Next::Goto(target) => *target,
                Next::Branch(ways, otherwise) => ways.iter().find(|(test, _)| self.test(test)).map_or(*otherwise, |(_, target)| *target),
            };
        }
        self.trace
    }

    fn steps(mut self, steps: &[Step]) -> Vec<Trace> {
        self.run(steps);
        if self.fuel > 0 && self.trace.last() != Some(&Trace::Ended) {
            self.trace.push(Trace::Ended);
        }
        self.trace
    }

    /// The jump that a list of steps ends with, if it does.
    fn run(&mut self, steps: &[Step]) -> Option<Step> {
        for step in steps {
            if self.done() {
                return Some(Step::Leave);
            }
            let jump = match step {
                Step::Visit(vertex) => {
                    self.trace.push(Trace::Visit(*vertex));
                    None
                }
                Step::Exit(vertex) => {
                    self.trace.extend([Trace::Visit(*vertex), Trace::Ended]);
                    Some(Step::Leave)
                }
                Step::Branch(ways, otherwise) => {
                    let way = ways.iter().find(|(test, _)| self.test(test)).map_or(otherwise, |(_, way)| way);
                    self.run(way)
                }
                Step::Block { label, body } => self.run(body).filter(|jump| *jump != Step::Break(*label)),
                Step::Loop { label, test, body } => self.repeat(*label, test.as_ref(), body),
                jump => Some(jump.clone()),
            };
            if jump.is_some() {
                return jump;
            }
        }
        None
    }

    fn repeat(&mut self, label: Vertex, test: Option<&Test>, body: &[Step]) -> Option<Step> {
        while !self.done() {
            if test.is_some_and(|test| !self.test(test)) {
                return None;
            }
            match self.run(body) {
                None => {}
                Some(Step::Continue(to)) if to == label => {}
                Some(Step::Break(from)) if from == label => return None,
                jump => return jump,
            }
        }
        Some(Step::Leave)
    }
}

/// A flow of up to twelve vertices and its end.
fn flows() -> impl Strategy<Value = Flow> {
    (1_usize..12).prop_flat_map(|count| {
        let target = 0..=count;
        let next = prop_oneof![
            1 => Just(None),
            4 => target.clone().prop_map(|target| Some((Vec::new(), target))),
            4 => (target.clone(), target.clone()).prop_map(|(a, b)| Some((vec![a], b))),
            1 => (proptest::collection::vec(target.clone(), 2..4), target).prop_map(Some),
        ];
        proptest::collection::vec((next, any::<bool>()), count).prop_map(|nexts| {
            let mut edges = 0..;
            let nexts: Vec<Next> = nexts
                .into_iter()
                .enumerate()
                .map(|(vertex, (next, condition))| match next {
                    None => Next::Exit,
                    Some((ways, otherwise)) if ways.is_empty() => Next::Goto(otherwise),
                    Some((ways, otherwise)) => {
                        let condition = condition && ways.len() == 1;
                        let of = |edges: &mut std::ops::RangeFrom<usize>| {
                            if condition { TestOf::Node(vertex) } else { TestOf::Edge(edges.next().unwrap_or(0)) }
                        };
                        Next::Branch(
                            ways.into_iter().map(|target| (Test { of: of(&mut edges), negated: false }, target)).collect(),
                            otherwise,
                        )
                    }
                })
                .chain([Next::Exit])
                .collect();
            Flow { next: nexts, entry: 0 }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn steps_walk_as_the_flow_does(flow in flows(), coins in proptest::collection::vec(any::<bool>(), 1..40)) {
        if let Ok(steps) = structure(&flow) {
            let (wanted, got) = (Walk::of(&coins).flow(&flow), Walk::of(&coins).steps(&steps));
            let ended = |trace: &[Trace]| trace.last() == Some(&Trace::Ended);
            // An endless walk is compared as far as both went.
            let length = if ended(&wanted) && ended(&got) { wanted.len().max(got.len()) } else { wanted.len().min(got.len()) };
            prop_assert_eq!(got.get(..length), wanted.get(..length), "{:#?}", steps);
        }
    }
}

#[test]
fn a_cycle_that_is_entered_at_two_places_is_refused() {
    let test = Test { of: TestOf::Node(0), negated: false };
    let next = vec![Next::Branch(vec![(test, 1)], 2), Next::Goto(2), Next::Goto(1), Next::Exit];
    assert!(structure(&Flow { next, entry: 0 }).is_err());
}

#[test]
fn ten_thousand_vertices_in_a_row_need_no_deep_stack() {
    let count = 10_000;
    let next = (0..count).map(|vertex| Next::Goto(vertex + 1)).chain([Next::Exit]).collect();
    let steps = structure(&Flow { next, entry: 0 }).unwrap_or_default();
    assert_eq!(steps.len(), count);
}
