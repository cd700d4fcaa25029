//! Makes structured steps read as a person would write them: no jump to where the flow goes anyway, no unused label,
//! `while (test)` in place of an endless loop that begins with a test, and an early way out before the rest.
//! What the steps do never changes.

use super::cfg::{Test, TestOf, Vertex};
use super::structure::Step;

/// The same steps, simplified.
pub(super) fn simplify(steps: Vec<Step>) -> Vec<Step> {
    let mut steps = steps;
    drop_jumps(&mut steps, &[Step::Leave]);
    flatten(steps)
}

/// Removes jumps at the end of `steps` to where the flow goes anyway: any of `next`.
fn drop_jumps(steps: &mut Vec<Step>, next: &[Step]) {
    while steps.last().is_some_and(|step| next.contains(step)) {
        steps.pop();
    }
    let last = steps.len().saturating_sub(1);
    for (position, step) in steps.iter_mut().enumerate() {
        // What is not last is followed by a step; only a block can be left to it.
        let next: &[Step] = if position == last { next } else { &[] };
        match step {
            Step::Block { label, body } => drop_jumps(body, &with(next, Step::Break(*label))),
            Step::Loop { label, body, .. } => {
                // To leave the loop is to go where the flow goes after it.
                for jump in next {
                    replace(body, jump, &Step::Break(*label));
                }
                drop_jumps(body, &[Step::Continue(*label)]);
            }
            Step::Branch(ways, otherwise) => {
                for (_, way) in ways.iter_mut() {
                    drop_jumps(way, next);
                }
                drop_jumps(otherwise, next);
            }
            _ => {}
        }
    }
}

fn with(next: &[Step], step: Step) -> Vec<Step> {
    next.iter().cloned().chain([step]).collect()
}

fn flatten(steps: Vec<Step>) -> Vec<Step> {
    let mut flat = Vec::new();
    for step in steps {
        match step {
            Step::Block { label, body } => {
                let body = flatten(body);
                flat.extend(block(label, body));
            }
            Step::Loop { label, body, .. } => flat.push(test_first(label, flatten(body))),
            Step::Branch(ways, otherwise) => {
                let ways = ways.into_iter().map(|(test, way)| (test, flatten(way))).collect();
                flat.extend(branch(ways, flatten(otherwise)));
            }
            step => flat.push(step),
        }
    }
    flat
}

/// A block, or just its body where nothing leaves it.
fn block(label: Vertex, body: Vec<Step>) -> Vec<Step> {
    if mentions(&body, &Step::Break(label)) { vec![Step::Block { label, body }] } else { body }
}

/// `while (true) { if (!test) break; … }` is `while (test) { … }`. A loop that begins with a branch begins with the test of its own header.
fn test_first(label: Vertex, mut body: Vec<Step>) -> Step {
    let own = |test: &Test| matches!(test.of, TestOf::Node(_));
    if let Some(Step::Branch(ways, otherwise)) = body.first()
        && let [(test, way)] = ways.as_slice()
        && own(test)
    {
        let leaves = |steps: &[Step]| steps == [Step::Break(label)];
        if leaves(way) && otherwise.is_empty() {
            let test = negate(test);
            body.remove(0);
            return Step::Loop { label, test: Some(test), body };
        }
        if leaves(otherwise) && body.len() == 1 {
            let (test, way) = (test.clone(), way.clone());
            return Step::Loop { label, test: Some(test), body: way };
        }
    }
    Step::Loop { label, test: None, body }
}

fn negate(test: &Test) -> Test {
    Test { of: test.of, negated: !test.negated }
}

/// A branch whose one side never goes on is written as that side alone, and then the other.
fn branch(mut ways: Vec<(Test, Vec<Step>)>, otherwise: Vec<Step>) -> Vec<Step> {
    if let [(test, way)] = ways.as_mut_slice() {
        if way.is_empty() && otherwise.is_empty() {
            return Vec::new();
        }
        let (leaves_then, leaves_else) = (never_goes_on(way), never_goes_on(&otherwise));
        if leaves_else && (!leaves_then || weight(&otherwise) < weight(way)) || way.is_empty() {
            let way = std::mem::take(way);
            let test = negate(test);
            if !leaves_else && way.is_empty() {
                return vec![Step::Branch(vec![(test, otherwise)], Vec::new())];
            }
            return [Step::Branch(vec![(test, otherwise)], Vec::new())].into_iter().chain(way).collect();
        }
        if leaves_then {
            return [Step::Branch(ways, Vec::new())].into_iter().chain(otherwise).collect();
        }
    } else if ways.iter().all(|(_, way)| never_goes_on(way)) {
        return [Step::Branch(ways, Vec::new())].into_iter().chain(otherwise).collect();
    }
    vec![Step::Branch(ways, otherwise)]
}

fn weight(steps: &[Step]) -> usize {
    steps
        .iter()
        .map(|step| match step {
            Step::Block { body, .. } | Step::Loop { body, .. } => 1 + weight(body),
            Step::Branch(ways, otherwise) => 1 + ways.iter().map(|(_, way)| weight(way)).sum::<usize>() + weight(otherwise),
            _ => 1,
        })
        .sum()
}

/// Whether the flow never goes on after `steps`.
fn never_goes_on(steps: &[Step]) -> bool {
    match steps.last() {
        Some(Step::Exit(_) | Step::Break(_) | Step::Continue(_) | Step::Leave) => true,
        Some(Step::Branch(ways, otherwise)) => {
            !otherwise.is_empty() && never_goes_on(otherwise) && ways.iter().all(|(_, way)| never_goes_on(way))
        }
        _ => false,
    }
}

fn mentions(steps: &[Step], jump: &Step) -> bool {
    steps.iter().any(|step| match step {
        Step::Block { body, .. } | Step::Loop { body, .. } => mentions(body, jump),
        Step::Branch(ways, otherwise) => ways.iter().any(|(_, way)| mentions(way, jump)) || mentions(otherwise, jump),
        step => step == jump,
    })
}

/// Replaces jumps, but not those of inner loops, which would need labels.
fn replace(steps: &mut [Step], from: &Step, to: &Step) {
    for step in steps {
        match step {
            Step::Loop { .. } => {}
            Step::Block { body, .. } => replace(body, from, to),
            Step::Branch(ways, otherwise) => {
                for (_, way) in ways.iter_mut() {
                    replace(way, from, to);
                }
                replace(otherwise, from, to);
            }
            step if step == from => *step = to.clone(),
            _ => {}
        }
    }
}
