//! The order of calls: every node after those that it reads, and no node that waits for itself.

use super::Context;
use super::graph::{Reads, written_names};
use super::nodes::Draft;
use crate::Code;

/// Every node after those it reads, and otherwise in the order of the file. Where that is not
/// possible the cycle is reported and taken apart, to find the next one.
pub(super) fn sorted(
    cx: &mut Context<'_, '_>,
    drafts: &[Draft<'_>],
    reads: &mut [Reads],
) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    let mut placed = vec![false; drafts.len()];
    loop {
        let ready = (0..drafts.len()).find(|&node| {
            let is_placed = |node: usize| placed.get(node).copied().unwrap_or(true);
            let inputs = reads.get(node).map(|reads| reads.nodes.as_slice());
            !is_placed(node)
                && inputs
                    .unwrap_or_default()
                    .iter()
                    .all(|&input| is_placed(input))
        });
        let ready = match ready {
            Some(ready) => ready,
            None => {
                let Some(start) = placed.iter().position(|placed| !placed) else {
                    return order;
                };
                let cycle = cycle(start, reads, &placed);
                tell(cx, &cycle, drafts);
                let Some(&first) = cycle.first() else {
                    return order;
                };
                if let Some(reads) = reads.get_mut(first) {
                    reads.good = false;
                }
                first
            }
        };
        if let Some(placed) = placed.get_mut(ready) {
            *placed = true;
        }
        order.push(ready);
    }
}

/// A cycle, as each node and the one that it reads. Every node that is left reads one that is
/// left, so following them comes around.
fn cycle(start: usize, reads: &[Reads], placed: &[bool]) -> Vec<usize> {
    let mut path = vec![start];
    loop {
        let next = path.last().and_then(|last| {
            let inputs = reads.get(*last)?.nodes.iter().copied();
            inputs
                .into_iter()
                .find(|&input| placed.get(input) == Some(&false))
        });
        let Some(next) = next else {
            return path;
        };
        if let Some(around) = path.iter().position(|&node| node == next) {
            let mut cycle = path.split_off(around);
            // Begin where the file begins, so that the message does not depend on the walk.
            if let Some(first) = (0..cycle.len()).min_by_key(|&index| cycle.get(index).copied()) {
                cycle.rotate_left(first);
            }
            return cycle;
        }
        path.push(next);
    }
}

fn tell(cx: &mut Context<'_, '_>, cycle: &[usize], drafts: &[Draft<'_>]) {
    let name = |node: &usize| drafts.get(*node).map_or("", |draft| draft.name);
    let Some(first) = cycle.first() else { return };
    let second = cycle.get(1).unwrap_or(first);
    let (message, help) = if cycle.len() == 1 {
        (
            format!("node '{}' reads itself", name(first)),
            "let it read the node before it",
        )
    } else {
        // The cycle goes from reader to read; the data goes the other way.
        let mut path: Vec<&str> = cycle.iter().rev().map(name).collect();
        path.rotate_right(1);
        path.push(name(first));
        (
            format!(
                "these nodes read each other in a circle: {}",
                path.join(" → ")
            ),
            "data goes along the arrows; change one `from` so that it begins at a model",
        )
    };
    let spec = drafts.get(*first).and_then(|draft| draft.spec);
    let at = spec.and_then(|spec| {
        written_names(&spec.from, name(first)).find(|(read, _)| *read == name(second))
    });
    if let Some((read, at)) = at {
        cx.problem_within(Code::Cycle, &at, read, message, Some(help.to_owned()));
    }
}
