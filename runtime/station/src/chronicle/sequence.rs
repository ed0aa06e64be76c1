//! The sequence of events: each edge of a discrete tag with the scan in which it was
//! seen. Edges of one scan have no order in time among them: which cause of a trip was
//! first within a scan is said by its trip group.

use super::{At, Changed};
use gateway::alarms::SequenceRow;

/// Kinds of block whose bools are told.
const TOLD: [&str; 6] = ["DI", "CAUSE", "INTERLOCK", "VALVE", "MOTOR", "PHASE"];

/// Whether edges of this kind of block belong to the sequence of events.
pub fn is_told(kind: &str) -> bool {
    TOLD.contains(&kind)
}

/// Numbers the edges.
#[derive(Debug, Default)]
pub struct Sequence {
    last: u64,
}

impl Sequence {
    /// The edges of one scan.
    pub fn take<'a>(
        &'a mut self,
        at: &'a At,
        changed: &'a [Changed],
        names: &'a [String],
    ) -> impl Iterator<Item = SequenceRow> + 'a {
        let edges = changed
            .iter()
            .filter(|changed| changed.in_sequence && changed.is_edge());
        edges.enumerate().map(|(place, changed)| {
            self.last += 1;
            SequenceRow {
                seq: self.last,
                scan: at.scan,
                place: u32::try_from(place).unwrap_or(u32::MAX),
                utc_ms: at.utc_ns / 1_000_000,
                tag: names
                    .get(changed.handle as usize)
                    .cloned()
                    .unwrap_or_default(),
                value: changed.bits != 0,
                good: changed.quality.is_good(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signal::{Kind, Quality};

    fn changed(handle: u32, before: Option<u64>, bits: u64, in_sequence: bool) -> Changed {
        Changed {
            handle,
            kind: Kind::Bool,
            bits,
            before,
            quality: Quality::GOOD,
            in_sequence,
        }
    }

    #[test]
    fn edges_of_one_scan_keep_their_order_and_nothing_else_is_told() {
        let names = ["A", "B", "C", "D"].map(String::from);
        let at = At {
            task: 0,
            scan: 7,
            utc_ns: 5_000_000,
            missing: 0,
        };
        let list = [
            changed(2, Some(0), 1, true),
            changed(0, None, 1, true),
            changed(1, Some(0), 1, false),
            changed(3, Some(1), 0, true),
        ];
        let mut sequence = Sequence::default();
        let rows: Vec<_> = sequence.take(&at, &list, &names).collect();
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.seq, row.place, row.tag.as_str(), row.value, row.scan))
            .collect();
        assert_eq!(told, [(1, 0, "C", true, 7), (2, 1, "D", false, 7)]);
        let next: Vec<_> = sequence.take(&at, &list[..1], &names).collect();
        assert_eq!(next[0].seq, 3);
    }
}
