//! A ring of samples per tag, and its reduction to buckets.

use std::collections::VecDeque;

use crate::desk::{Bucket, BucketMark, Cell, Directory, Trend, TrendQuery, TrendSeries};

/// Samples kept per tag.
const SAMPLES_KEPT: usize = 40_000;

pub(super) struct History {
    times_ms: VecDeque<i64>,
    columns: Vec<VecDeque<Cell>>,
}

impl History {
    pub(super) fn new(tags: usize) -> History {
        History {
            times_ms: VecDeque::new(),
            columns: vec![VecDeque::new(); tags],
        }
    }

    pub(super) fn record(&mut self, utc_ms: i64, cells: &[Cell]) {
        if self.times_ms.len() >= SAMPLES_KEPT {
            self.times_ms.pop_front();
            for column in &mut self.columns {
                column.pop_front();
            }
        }
        self.times_ms.push_back(utc_ms);
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.push_back(*cell);
        }
    }

    pub(super) fn answer(&self, directory: &Directory, query: &TrendQuery) -> Trend {
        let span = (query.to_ms - query.from_ms).max(1);
        let first = self.times_ms.partition_point(|t| *t < query.from_ms);
        let last = self.times_ms.partition_point(|t| *t < query.to_ms);
        let series = query.tags.iter().filter_map(|name| {
            let tag = directory.tags.iter().find(|t| t.name == *name)?;
            let column = self.columns.get(usize::try_from(tag.handle).ok()?)?;
            let mut buckets = vec![Bucket::EMPTY; query.buckets];
            for (utc_ms, cell) in self
                .times_ms
                .range(first..last)
                .zip(column.range(first..last))
            {
                let offset = i128::from(utc_ms - query.from_ms);
                let at = offset * query.buckets as i128 / i128::from(span);
                if let Some(bucket) = usize::try_from(at).ok().and_then(|at| buckets.get_mut(at)) {
                    add(bucket, *cell);
                }
            }
            Some(TrendSeries {
                tag: name.clone(),
                buckets,
            })
        });
        Trend {
            from_ms: query.from_ms,
            to_ms: query.to_ms,
            series: series.collect(),
        }
    }
}

fn add(bucket: &mut Bucket, cell: Cell) {
    if cell.quality.is_bad() {
        bucket.mark = BucketMark::Bad;
        return;
    }
    bucket.mark = match (bucket.mark, cell.quality.is_good()) {
        (BucketMark::Bad, _) => BucketMark::Bad,
        (BucketMark::Uncertain, _) | (_, false) => BucketMark::Uncertain,
        (BucketMark::Empty | BucketMark::Good, true) => BucketMark::Good,
    };
    bucket.min = bucket.min.min(cell.value);
    bucket.max = bucket.max.max(cell.value);
    bucket.last = cell.value;
}
