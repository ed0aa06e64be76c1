//! The poll planner: which ranges to read so that every point is read.
//!
//! ```text
//!   points   [a][b]   [c c]                 [d]
//!   ranges   |----------->                  |->     hole between b and c <= gap_max
//! ```
//!
//! A greedy sweep in address order: optimal in the number of requests for a given
//! waste per hole, and the same for the same points, always.

use std::ops::Range;

use crate::address::Table;

/// What a device permits in one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanLimits {
    /// Registers that nobody wants which one request may read; bits: 16 times as many.
    pub gap_max: u16,
    /// Registers of one read, 4..=125.
    pub registers_max: u16,
    /// Bits of one read, 1..=2000.
    pub coils_max: u16,
}

impl Default for PlanLimits {
    fn default() -> Self {
        PlanLimits {
            gap_max: 8,
            registers_max: 125,
            coils_max: 2000,
        }
    }
}

impl PlanLimits {
    /// Units (registers or bits) of one read of this table.
    pub fn quantity_max(&self, table: Table) -> u16 {
        match table.is_bits() {
            true => self.coils_max.clamp(1, 2000),
            false => self.registers_max.clamp(4, 125),
        }
    }

    /// Unwanted units that one read of this table may carry.
    pub fn waste_max(&self, table: Table) -> u32 {
        match table.is_bits() {
            true => u32::from(self.gap_max) * 16,
            false => u32::from(self.gap_max),
        }
    }
}

/// A point as the planner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Poll class.
    pub class: usize,
    /// Table.
    pub table: Table,
    /// First register or bit.
    pub address: u16,
    /// Registers or bits, 1..=4.
    pub width: u16,
}

impl Span {
    fn end(&self) -> u32 {
        u32::from(self.address) + u32::from(self.width)
    }
}

/// One read request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRange {
    /// Poll class.
    pub class: usize,
    /// Table.
    pub table: Table,
    /// First register or bit.
    pub address: u16,
    /// Registers or bits.
    pub quantity: u16,
    /// Which of [`ReadPlan::members`] it serves.
    pub members: Range<usize>,
}

/// All read requests.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ReadPlan {
    /// Indices of spans, in the order of class, table, address.
    pub members: Vec<usize>,
    /// The requests, in the same order.
    pub ranges: Vec<ReadRange>,
}

/// Plans the reads of these spans.
pub fn plan_reads(spans: &[Span], limits: &PlanLimits) -> ReadPlan {
    let mut members: Vec<usize> = (0..spans.len()).collect();
    members.sort_by_key(|&index| {
        let span = &spans[index];
        (span.class, span.table, span.address, span.width, index)
    });
    let mut ranges: Vec<ReadRange> = Vec::new();
    let mut waste = 0;
    for (at, &index) in members.iter().enumerate() {
        let span = &spans[index];
        let last = ranges.last_mut().filter(|range| {
            let end = u32::from(range.address) + u32::from(range.quantity);
            let hole = u32::from(span.address).saturating_sub(end);
            let quantity = span.end().max(end) - u32::from(range.address);
            range.class == span.class
                && range.table == span.table
                && waste + hole <= limits.waste_max(span.table)
                && quantity <= u32::from(limits.quantity_max(span.table))
        });
        match last {
            Some(range) => {
                let end = u32::from(range.address) + u32::from(range.quantity);
                waste += u32::from(span.address).saturating_sub(end);
                range.quantity = (span.end().max(end) - u32::from(range.address)) as u16;
                range.members.end = at + 1;
            }
            None => {
                waste = 0;
                ranges.push(ReadRange {
                    class: span.class,
                    table: span.table,
                    address: span.address,
                    quantity: span.width,
                    members: at..at + 1,
                });
            }
        }
    }
    ReadPlan { members, ranges }
}

/// The range cut in two halves by members, each no longer than its own need. Used
/// to find the point a device refuses. `None`: there is but one member.
pub fn halves(
    range: &ReadRange,
    members: &[usize],
    span: impl Fn(usize) -> Span,
) -> Option<[ReadRange; 2]> {
    if range.members.len() < 2 {
        return None;
    }
    let middle = range.members.start + range.members.len() / 2;
    let tight = |members_of: Range<usize>| {
        let spans = members[members_of.clone()].iter().map(|&index| span(index));
        let address = spans
            .clone()
            .map(|s| s.address)
            .min()
            .unwrap_or(range.address);
        let end = spans
            .map(|s| s.end())
            .max()
            .unwrap_or(u32::from(address) + 1);
        ReadRange {
            address,
            quantity: (end - u32::from(address)) as u16,
            members: members_of,
            ..range.clone()
        }
    };
    Some([
        tight(range.members.start..middle),
        tight(middle..range.members.end),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(address: u16, width: u16) -> Span {
        Span {
            class: 0,
            table: Table::InputRegisters,
            address,
            width,
        }
    }

    #[test]
    fn neighbours_share_a_request_and_far_ones_do_not() {
        let spans = [span(0, 1), span(1, 2), span(11, 1), span(40, 4)];
        let plan = plan_reads(&spans, &PlanLimits::default());
        let found: Vec<_> = plan
            .ranges
            .iter()
            .map(|r| (r.address, r.quantity))
            .collect();
        assert_eq!(found, [(0, 12), (40, 4)]);
    }

    fn spans() -> impl Strategy<Value = Vec<Span>> {
        let tables = prop::sample::select(Table::ALL.to_vec());
        let width = prop::sample::select(vec![1_u16, 2, 4]);
        let one = (0_usize..3, tables, 0_u16..700, width, any::<bool>());
        let one = one.prop_map(|(class, table, address, width, high)| Span {
            class,
            table,
            address: if high { 65_535 - 3 - address } else { address },
            width: if table.is_bits() { 1 } else { width },
        });
        prop::collection::vec(one, 0..120)
    }

    fn limits() -> impl Strategy<Value = PlanLimits> {
        (0_u16..40, 4_u16..=125, 1_u16..=2000).prop_map(|(gap_max, registers_max, coils_max)| {
            PlanLimits {
                gap_max,
                registers_max,
                coils_max,
            }
        })
    }

    proptest! {
        #[test]
        fn every_span_lies_whole_in_exactly_one_request(spans in spans(), limits in limits()) {
            let plan = plan_reads(&spans, &limits);
            let mut covered = vec![0; spans.len()];
            for range in &plan.ranges {
                for &index in &plan.members[range.members.clone()] {
                    covered[index] += 1;
                    let span = &spans[index];
                    prop_assert_eq!((range.class, range.table), (span.class, span.table));
                    prop_assert!(range.address <= span.address);
                    let end = u32::from(range.address) + u32::from(range.quantity);
                    prop_assert!(span.end() <= end);
                }
            }
            prop_assert!(covered.iter().all(|n| *n == 1));
        }

        #[test]
        fn no_request_exceeds_its_limits_or_wastes_more_than_allowed(
            spans in spans(),
            limits in limits(),
        ) {
            for range in plan_reads(&spans, &limits).ranges {
                prop_assert!(range.quantity >= 1);
                prop_assert!(range.quantity <= limits.quantity_max(range.table));
                prop_assert!(u32::from(range.address) + u32::from(range.quantity) <= 1 << 16);
            }
            let plan = plan_reads(&spans, &limits);
            for range in &plan.ranges {
                let mut wanted = vec![false; usize::from(range.quantity)];
                for &index in &plan.members[range.members.clone()] {
                    let from = usize::from(spans[index].address - range.address);
                    wanted[from..from + usize::from(spans[index].width)].fill(true);
                }
                let waste = wanted.iter().filter(|w| !**w).count() as u32;
                prop_assert!(waste <= limits.waste_max(range.table));
                prop_assert!(wanted[0] && wanted[wanted.len() - 1]);
            }
        }

        #[test]
        fn the_order_of_points_does_not_change_the_requests(spans in spans(), limits in limits()) {
            let requests = |spans: &[Span]| {
                let plan = plan_reads(spans, &limits);
                let key = |r: &ReadRange| (r.class, r.table, r.address, r.quantity);
                plan.ranges.iter().map(key).collect::<Vec<_>>()
            };
            let mut turned = spans.clone();
            turned.reverse();
            prop_assert_eq!(requests(&spans), requests(&turned));
        }

        #[test]
        fn halving_ends_at_single_points_and_loses_none(spans in spans(), limits in limits()) {
            let plan = plan_reads(&spans, &limits);
            let mut left = plan.ranges.clone();
            let mut seen = vec![0; spans.len()];
            while let Some(range) = left.pop() {
                prop_assert!(range.quantity <= limits.quantity_max(range.table));
                match halves(&range, &plan.members, |index| spans[index]) {
                    Some(two) => left.extend(two),
                    None => {
                        let index = plan.members[range.members.start];
                        seen[index] += 1;
                        prop_assert_eq!(range.address, spans[index].address);
                        prop_assert_eq!(range.quantity, spans[index].width);
                    }
                }
            }
            prop_assert!(seen.iter().all(|n| *n == 1));
        }
    }
}
