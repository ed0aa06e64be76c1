//! Execution order: dependencies first, declaration order among equals.

use std::collections::BTreeSet;

/// Sorts `count` nodes so that every edge `(before, after)` points forward.
///
/// # Errors
/// The nodes of one cycle, in order, if there is one.
pub(crate) fn topological(
    count: usize,
    edges: &BTreeSet<(usize, usize)>,
) -> Result<Vec<usize>, Vec<usize>> {
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut waiting = vec![0usize; count];
    for &(before, next) in edges {
        after[before].push(next);
        waiting[next] += 1;
    }
    let mut ready: BTreeSet<usize> = (0..count).filter(|node| waiting[*node] == 0).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(node) = ready.pop_first() {
        order.push(node);
        for &next in &after[node] {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                ready.insert(next);
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
    fn declaration_order_decides_among_equals() {
        assert_eq!(topological(3, &set(&[])), Ok(vec![0, 1, 2]));
        assert_eq!(topological(3, &set(&[(2, 0)])), Ok(vec![1, 2, 0]));
    }

    #[test]
    fn a_cycle_is_named_in_order() {
        let cycle = topological(4, &set(&[(0, 1), (1, 2), (2, 1), (2, 3)])).unwrap_err();
        assert_eq!(cycle.len(), 2);
        assert!(cycle.contains(&1) && cycle.contains(&2));
    }

    #[test]
    fn a_node_behind_a_cycle_is_not_part_of_it() {
        let cycle = topological(3, &set(&[(1, 2), (2, 1), (2, 0)])).unwrap_err();
        assert!(!cycle.contains(&0));
    }
}
