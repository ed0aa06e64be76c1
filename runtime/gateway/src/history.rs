//! The recent past, for trends: one sample a tag and interval, in a ring of fixed
//! size. The historian keeps the rest; this is what a screen shows at once.

use crate::desk::{Bucket, BucketMark, Snapshot, Trend, TrendQuery, TrendSeries};

/// A ring of samples of all tags.
#[derive(Debug)]
pub struct History {
    tags: usize,
    capacity: usize,
    interval_ns: i64,
    /// Sample times, milliseconds since 1970.
    times_ms: Vec<i64>,
    values: Vec<f32>,
    /// 0 good, 1 uncertain, 2 bad.
    levels: Vec<u8>,
    next: usize,
    filled: usize,
    last_ns: i64,
}

impl History {
    /// A ring of `capacity` samples for each of `tags` tags, at least `interval_ns`
    /// apart. Memory: five bytes a sample.
    pub fn new(tags: usize, capacity: usize, interval_ns: i64) -> History {
        let capacity = capacity.max(1);
        History {
            tags,
            capacity,
            interval_ns,
            times_ms: vec![0; capacity],
            values: vec![0.0; capacity * tags],
            levels: vec![0; capacity * tags],
            next: 0,
            filled: 0,
            last_ns: i64::MIN,
        }
    }

    /// Takes a sample of every tag if the interval has passed or time went back.
    pub fn take(&mut self, snapshot: &Snapshot) {
        let since = snapshot.utc_ns.saturating_sub(self.last_ns);
        if snapshot.cells.len() != self.tags || (0..self.interval_ns).contains(&since) {
            return;
        }
        self.last_ns = snapshot.utc_ns;
        self.times_ms[self.next] = snapshot.utc_ns.div_euclid(1_000_000);
        let from = self.next * self.tags;
        for (at, cell) in snapshot.cells.iter().enumerate() {
            self.values[from + at] = cell.value as f32;
            self.levels[from + at] = if cell.quality.is_bad() {
                2
            } else {
                u8::from(!cell.quality.is_good())
            };
        }
        self.next = (self.next + 1) % self.capacity;
        self.filled = (self.filled + 1).min(self.capacity);
    }

    /// Time of the oldest sample; none before the first.
    pub fn oldest_ms(&self) -> Option<i64> {
        let age = self.filled.checked_sub(1)?;
        let at = (self.next + self.capacity - 1 - age) % self.capacity;
        self.times_ms.get(at).copied()
    }

    /// Buckets of some tags, given as (name, handle).
    pub fn trend(&self, query: &TrendQuery, handles: &[(String, u32)]) -> Trend {
        let span = query.to_ms.saturating_sub(query.from_ms).max(1);
        let count = query.buckets.max(1);
        let mut series: Vec<TrendSeries> = handles
            .iter()
            .map(|(tag, _)| TrendSeries {
                tag: tag.clone(),
                buckets: vec![Bucket::EMPTY; count],
            })
            .collect();
        for age in (0..self.filled).rev() {
            let at = (self.next + self.capacity - 1 - age) % self.capacity;
            let time = self.times_ms[at];
            if time < query.from_ms || time >= query.to_ms {
                continue;
            }
            let wide = i128::from(time - query.from_ms) * count as i128 / i128::from(span);
            let place = (wide as usize).min(count - 1);
            for (series, (_, handle)) in series.iter_mut().zip(handles) {
                let index = at * self.tags + *handle as usize;
                if (*handle as usize) < self.tags {
                    add(
                        &mut series.buckets[place],
                        f64::from(self.values[index]),
                        self.levels[index],
                    );
                }
            }
        }
        Trend {
            from_ms: query.from_ms,
            to_ms: query.to_ms,
            series,
        }
    }
}

fn add(bucket: &mut Bucket, value: f64, level: u8) {
    bucket.mark = match (bucket.mark, level) {
        (_, 2) | (BucketMark::Bad, _) => BucketMark::Bad,
        (_, 1) | (BucketMark::Uncertain, _) => BucketMark::Uncertain,
        _ => BucketMark::Good,
    };
    if level == 2 {
        return;
    }
    bucket.min = bucket.min.min(value);
    bucket.max = bucket.max.max(value);
    bucket.last = value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Cell;
    use signal::Quality;

    fn snapshot(second: i64, value: f64, quality: Quality) -> Snapshot {
        Snapshot {
            scan: second as u64,
            utc_ns: second * 1_000_000_000,
            cells: vec![Cell { value, quality }],
        }
    }

    fn ask(history: &History, from_s: i64, to_s: i64, buckets: usize) -> Vec<Bucket> {
        let query = TrendQuery {
            tags: vec!["A".into()],
            from_ms: from_s * 1000,
            to_ms: to_s * 1000,
            buckets,
        };
        history
            .trend(&query, &[("A".into(), 0)])
            .series
            .remove(0)
            .buckets
    }

    #[test]
    fn a_spike_of_one_sample_survives_reduction() {
        let mut history = History::new(1, 100, 1_000_000_000);
        for second in 0..50 {
            let value = if second == 17 { 99.0 } else { 1.0 };
            history.take(&snapshot(second, value, Quality::GOOD));
        }
        let buckets = ask(&history, 0, 50, 2);
        assert_eq!((buckets[0].min, buckets[0].max), (1.0, 99.0));
        assert_eq!((buckets[1].min, buckets[1].max), (1.0, 1.0));
    }

    #[test]
    fn bad_samples_are_gaps_and_old_samples_go() {
        let mut history = History::new(1, 10, 1_000_000_000);
        for second in 0..30 {
            let quality = if second == 25 {
                Quality::COMM_LOST
            } else {
                Quality::GOOD
            };
            history.take(&snapshot(second, 5.0, quality));
        }
        let buckets = ask(&history, 0, 30, 30);
        assert!(buckets[..20].iter().all(|b| b.mark == BucketMark::Empty));
        assert_eq!(buckets[25].mark, BucketMark::Bad);
        assert!(buckets[25].last.is_nan());
        assert_eq!(buckets[26].mark, BucketMark::Good);
    }

    #[test]
    fn samples_keep_their_interval() {
        let mut history = History::new(1, 10, 1_000_000_000);
        for tenth in 0..20 {
            let mut sample = snapshot(0, f64::from(tenth), Quality::GOOD);
            sample.utc_ns = i64::from(tenth) * 100_000_000;
            history.take(&sample);
        }
        assert_eq!(ask(&history, 0, 2, 1)[0].max, 10.0);
    }
}
