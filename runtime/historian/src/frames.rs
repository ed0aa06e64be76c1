//! The scans of one source: number and time of each, in a table that all its tags
//! share. Scans on a grid cost nothing: equal steps are one run.

use crate::bytes::{Scanner, put_i64, put_u64};

/// Scans with equal steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: u32,
    count: u32,
    seq: u64,
    utc_ns: i64,
    seq_step: u64,
    utc_step_ns: i64,
}

impl Run {
    fn utc_at(&self, nth: u32) -> i64 {
        let step = self.utc_step_ns.wrapping_mul(i64::from(nth));
        self.utc_ns.wrapping_add(step)
    }
    fn seq_at(&self, nth: u32) -> u64 {
        let step = self.seq_step.wrapping_mul(u64::from(nth));
        self.seq.wrapping_add(step)
    }
}

/// Numbers and times of scans, in the order given. A scan's place in it is its
/// ordinal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameTable {
    runs: Vec<Run>,
    len: u32,
    range: Option<(i64, i64)>,
}

impl FrameTable {
    /// Appends a scan; its ordinal.
    pub fn push(&mut self, seq: u64, utc_ns: i64) -> u32 {
        let ordinal = self.len;
        self.len += 1;
        let (min, max) = self.range.unwrap_or((utc_ns, utc_ns));
        self.range = Some((min.min(utc_ns), max.max(utc_ns)));
        if let Some(run) = self.runs.last_mut() {
            if run.count == 1 {
                run.seq_step = seq.wrapping_sub(run.seq);
                run.utc_step_ns = utc_ns.wrapping_sub(run.utc_ns);
                run.count = 2;
                return ordinal;
            }
            if run.seq_at(run.count) == seq && run.utc_at(run.count) == utc_ns {
                run.count += 1;
                return ordinal;
            }
        }
        self.runs.push(Run {
            first: ordinal,
            count: 1,
            seq,
            utc_ns,
            seq_step: 0,
            utc_step_ns: 0,
        });
        ordinal
    }

    /// Number of scans.
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Least and greatest time.
    pub const fn range(&self) -> Option<(i64, i64)> {
        self.range
    }

    /// Number and time of a scan.
    pub fn get(&self, ordinal: u32) -> Option<(u64, i64)> {
        if ordinal >= self.len {
            return None;
        }
        let at = self.runs.partition_point(|run| run.first <= ordinal);
        let run = self.runs.get(at.checked_sub(1)?)?;
        let nth = ordinal - run.first;
        Some((run.seq_at(nth), run.utc_at(nth)))
    }

    /// The first scan.
    pub fn first(&self) -> Option<(u64, i64)> {
        self.get(0)
    }

    /// The last scan.
    pub fn last(&self) -> Option<(u64, i64)> {
        self.get(self.len.checked_sub(1)?)
    }

    /// Looks up many scans in rising order.
    pub const fn cursor(&self) -> Cursor<'_> {
        Cursor { table: self, at: 0 }
    }

    /// Appends another table.
    pub fn append(&mut self, other: &FrameTable) {
        for run in &other.runs {
            self.runs.push(Run {
                first: self.len + run.first,
                ..*run
            });
        }
        self.len += other.len;
        self.range = match (self.range, other.range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, two) => one.or(two),
        };
    }

    /// As bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        put_u64(out, self.runs.len() as u64);
        let (mut seq, mut utc_ns) = (0_u64, 0_i64);
        for run in &self.runs {
            put_u64(out, u64::from(run.count));
            put_i64(out, run.seq.wrapping_sub(seq) as i64);
            put_i64(out, run.utc_ns.wrapping_sub(utc_ns));
            if run.count > 1 {
                put_u64(out, run.seq_step);
                put_i64(out, run.utc_step_ns);
            }
            (seq, utc_ns) = (run.seq_at(run.count), run.utc_at(run.count));
        }
    }

    /// From bytes.
    pub fn read(scanner: &mut Scanner<'_>) -> Option<FrameTable> {
        let runs = scanner.count(1 << 28)?;
        let mut table = FrameTable::default();
        let (mut seq, mut utc_ns) = (0_u64, 0_i64);
        for _ in 0..runs {
            let count = u32::try_from(scanner.u64()?).ok().filter(|n| *n > 0)?;
            let mut run = Run {
                first: table.len,
                count,
                seq: seq.wrapping_add(scanner.i64()? as u64),
                utc_ns: utc_ns.wrapping_add(scanner.i64()?),
                seq_step: 0,
                utc_step_ns: 0,
            };
            if count > 1 {
                run.seq_step = scanner.u64()?;
                run.utc_step_ns = scanner.i64()?;
            }
            (seq, utc_ns) = (run.seq_at(count), run.utc_at(count));
            let (a, b) = (run.utc_ns, run.utc_at(count - 1));
            let (min, max) = table.range.unwrap_or((a, a));
            table.range = Some((min.min(a).min(b), max.max(a).max(b)));
            table.len = table.len.checked_add(count)?;
            table.runs.push(run);
        }
        Some(table)
    }
}

/// Looks up scans in rising order, each in constant time.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    table: &'a FrameTable,
    at: usize,
}

impl Cursor<'_> {
    /// Number and time of a scan; 0 for an ordinal that is not there.
    #[inline]
    pub fn get(&mut self, ordinal: u32) -> (u64, i64) {
        while let Some(run) = self.table.runs.get(self.at) {
            if ordinal < run.first {
                self.at = 0;
                continue;
            }
            let nth = ordinal - run.first;
            if nth < run.count {
                return (run.seq_at(nth), run.utc_at(nth));
            }
            self.at += 1;
        }
        (0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(scans: &[(u64, i64)]) -> FrameTable {
        let mut table = FrameTable::default();
        for &(seq, utc_ns) in scans {
            table.push(seq, utc_ns);
        }
        table
    }

    #[test]
    fn a_day_of_scans_on_the_grid_is_one_run() {
        let scans: Vec<(u64, i64)> = (0..864_000)
            .map(|n| (n + 1, n as i64 * 100_000_000))
            .collect();
        let table = table(&scans);
        let mut bytes = Vec::new();
        table.write(&mut bytes);
        assert!(bytes.len() < 16, "{} bytes", bytes.len());
        assert_eq!(table.get(500_000), Some(scans[500_000]));
    }

    proptest! {
        #[test]
        fn every_scan_comes_back(
            steps in proptest::collection::vec((1_u64..3, prop_oneof![Just(100_i64), -50..500_i64]), 1..200),
            cut in 0_usize..200,
        ) {
            let (mut seq, mut utc) = (7, 1_000_000);
            let scans: Vec<(u64, i64)> = steps
                .iter()
                .map(|(a, b)| { seq += a; utc += b; (seq, utc) })
                .collect();
            let cut = cut.min(scans.len());
            let mut joined = table(&scans[..cut]);
            joined.append(&table(&scans[cut..]));
            let mut bytes = Vec::new();
            joined.write(&mut bytes);
            let read = FrameTable::read(&mut Scanner::new(&bytes)).unwrap();
            prop_assert_eq!(&read, &joined);
            let mut cursor = read.cursor();
            for (at, scan) in scans.iter().enumerate() {
                prop_assert_eq!(read.get(at as u32), Some(*scan));
                prop_assert_eq!(cursor.get(at as u32), *scan);
            }
            let times = scans.iter().map(|(_, utc)| *utc);
            prop_assert_eq!(read.range(), Some((times.clone().min().unwrap(), times.max().unwrap())));
        }
    }
}
