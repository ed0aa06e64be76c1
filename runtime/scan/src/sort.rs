//! Execution order: dependencies first; among equals those of one kind together, in
//! the order of declaration. No result depends on the order among equals, since each
//! reads only what the others do not write; long runs of one kind are quicker.

use std::collections::{BTreeMap, BTreeSet};

/// Sorts nodes, given by their kinds, so that every edge `(before, after)` points
/// forward.
///
/// # Errors
/// The nodes of one cycle, in order, if there is one.
pub(crate) fn topological<'k>(
    kinds: &[&'k str],
    edges: &BTreeSet<(usize, usize)>,
) -> Result<Vec<usize>, Vec<usize>> {
    let count = kinds.len();
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut waiting = vec![0usize; count];
    for &(before, next) in edges {
        after[before].push(next);
        waiting[next] += 1;
    }
    let mut ready: BTreeMap<&'k str, BTreeSet<usize>> = BTreeMap::new();
    for node in (0..count).filter(|node| waiting[*node] == 0) {
        ready.entry(kinds[node]).or_default().insert(node);
    }
    let mut order = Vec::with_capacity(count);
    let earliest = |ready: &BTreeMap<&'k str, BTreeSet<usize>>| {
        let firsts = ready
            .iter()
            .filter_map(|(kind, nodes)| Some((*nodes.first()?, *kind)));
        firsts.min().map(|(_, kind)| kind)
    };
    while let Some(kind) = earliest(&ready) {
        while let Some(node) = ready.get_mut(kind).and_then(BTreeSet::pop_first) {
            order.push(node);
            for &next in &after[node] {
                waiting[next] -= 1;
                if waiting[next] == 0 {
                    ready.entry(kinds[next]).or_default().insert(next);
                }
            }
        }
    }
    if order.len() == count {
        return Ok(order);
    }
    // Every node left over has a predecessor left over: walk back until one repeats.
    let mut before_of: Vec<Option<usize>> = vec![None; count];
    for &(before, next) in edges {
        if waiting[before] > 0 && waiting[next] > 0 && before_of[next].is_none() {
            before_of[next] = Some(before);
        }
    }
    let mut seen = Vec::new();
    let mut node = (0..count).find(|node| waiting[*node] > 0).unwrap_or(0);
    loop {
        if let Some(start) = seen.iter().position(|other| *other == node) {
            let mut cycle = seen.split_off(start);
            cycle.reverse();
            return Err(cycle);
        }
        seen.push(node);
        match before_of[node] {
            Some(before) => node = before,
            None => return Err(seen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(edges: &[(usize, usize)]) -> BTreeSet<(usize, usize)> {
        edges.iter().copied().collect()
    }

    #[test]
    fn declaration_order_decides_among_equals_of_one_kind() {
        let kinds = ["A"; 3];
        assert_eq!(topological(&kinds, &set(&[])), Ok(vec![0, 1, 2]));
        assert_eq!(topological(&kinds, &set(&[(2, 0)])), Ok(vec![1, 2, 0]));
    }

    #[test]
    fn equals_of_one_kind_run_together() {
        let kinds = ["F", "P", "F", "P"];
        let edges = set(&[(0, 1), (2, 3)]);
        assert_eq!(topological(&kinds, &edges), Ok(vec![0, 2, 1, 3]));
    }

    #[test]
    fn a_cycle_is_named_in_order() {
        let cycle = topological(&["A"; 4], &set(&[(0, 1), (1, 2), (2, 1), (2, 3)])).unwrap_err();
        assert_eq!(cycle.len(), 2);
        assert!(cycle.contains(&1) && cycle.contains(&2));
    }

    #[test]
    fn a_node_behind_a_cycle_is_not_part_of_it() {
        let cycle = topological(&["A"; 3], &set(&[(1, 2), (2, 1), (2, 0)])).unwrap_err();
        assert!(!cycle.contains(&0));
    }
}
