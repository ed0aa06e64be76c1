//! Points and gaps of a tag, block after block.

use crate::chapter::{AnyBlock, Chapter};
use crate::fault::HistoryError;
use crate::spec::{Gap, GapKind, Item, Point};
use crate::walk::{MarkKind, SourceMark};
use std::collections::VecDeque;

/// Points and gaps of a tag in the order of scans. Blocks are decoded as they are
/// reached.
#[derive(Debug)]
pub struct Items {
    chapters: VecDeque<Chapter>,
    from_ns: i64,
    to_ns: i64,
    current: Option<Current>,
    /// Number of the last segment passed, and time of its last scan.
    passed: Option<(u64, Option<i64>)>,
    /// The last point before the stretch, until something is shown.
    before: Option<Point>,
    has_shown: bool,
    ready: VecDeque<Item>,
}

#[derive(Debug)]
struct Current {
    chapter: Chapter,
    blocks: VecDeque<AnyBlock>,
    mark_at: usize,
}

impl Items {
    pub(crate) fn new(chapters: Vec<Chapter>, from_ns: i64, to_ns: i64) -> Items {
        Items {
            chapters: chapters.into(),
            from_ns,
            to_ns,
            current: None,
            passed: None,
            before: None,
            has_shown: false,
            ready: VecDeque::new(),
        }
    }

    fn show(&mut self, item: Item) {
        if !std::mem::replace(&mut self.has_shown, true)
            && let Some(before) = self.before.take()
        {
            self.ready.push_back(Item::Before(before));
        }
        self.ready.push_back(item);
    }

    fn point(&mut self, point: Point) {
        if (self.from_ns..self.to_ns).contains(&point.utc_ns) {
            self.show(Item::Point(point));
        } else if !self.has_shown && point.utc_ns < self.from_ns {
            self.before = Some(point);
        }
    }

    fn gap(&mut self, gap: Gap, resumes: bool) {
        if gap.to_ns > self.from_ns && gap.from_ns < self.to_ns {
            self.show(Item::Gap(gap));
        } else if !resumes {
            self.before = None;
        }
    }

    fn mark(&mut self, mark: &SourceMark, after_ns: i64) {
        if let MarkKind::Gap(kind) = mark.kind {
            let gap = Gap {
                from_ns: mark.before_ns.unwrap_or(after_ns),
                to_ns: after_ns,
                kind,
            };
            self.gap(gap, mark.kind.resumes());
        }
    }

    fn enter(&mut self, chapter: Chapter) -> Result<(), HistoryError> {
        match self.passed {
            None => self.before = chapter.carried().filter(|p| p.utc_ns < self.from_ns),
            Some((last, end_ns)) if last + 1 != chapter.first => {
                if let (Some(from_ns), Some((_, to_ns))) = (end_ns, chapter.frames.first()) {
                    let gap = Gap {
                        from_ns,
                        to_ns,
                        kind: GapKind::Missing,
                    };
                    self.gap(gap, true);
                }
                if !self.has_shown {
                    self.before = chapter.carried();
                }
            }
            Some(_) => {}
        }
        self.passed = Some((chapter.last, chapter.end.map(|(_, utc_ns)| utc_ns)));
        let blocks = chapter.blocks()?.into();
        self.current = Some(Current {
            chapter,
            blocks,
            mark_at: 0,
        });
        Ok(())
    }

    /// Marks up to a scan.
    fn marks_until(&mut self, current: &mut Current, ordinal: u32) {
        let marks = current.chapter.marks.clone();
        while let Some(mark) = marks.get(current.mark_at).filter(|m| m.ordinal <= ordinal) {
            self.mark(mark, current.chapter.after_ns(mark));
            current.mark_at += 1;
        }
    }

    fn pass(&mut self, current: &mut Current, block: &AnyBlock) -> Result<(), HistoryError> {
        let facts = block.facts();
        let (min, max) = facts.range;
        self.marks_until(current, facts.first.ordinal);
        if max < self.from_ns || min >= self.to_ns {
            self.marks_until(current, facts.last.ordinal);
            if max < self.from_ns && !self.has_shown {
                self.before = Some(current.chapter.point_of(&facts.last));
            }
            return Ok(());
        }
        match block.points(current.chapter.kind)? {
            Some(column) => {
                let chapter = current.chapter.clone();
                for (ordinal, point) in chapter.points(&column) {
                    if chapter
                        .marks
                        .get(current.mark_at)
                        .is_some_and(|mark| mark.ordinal <= ordinal)
                    {
                        self.marks_until(current, ordinal);
                    }
                    self.point(point);
                }
            }
            None => {
                self.marks_until(current, facts.last.ordinal);
                let gap = Gap {
                    from_ns: facts.first.utc_ns,
                    to_ns: facts.last.utc_ns,
                    kind: GapKind::Damaged,
                };
                self.gap(gap, true);
            }
        }
        Ok(())
    }

    /// One step; false at the end.
    fn fill(&mut self) -> Result<bool, HistoryError> {
        if let Some(mut current) = self.current.take() {
            match current.blocks.pop_front() {
                Some(block) => {
                    self.pass(&mut current, &block)?;
                    self.current = Some(current);
                }
                None => self.marks_until(&mut current, u32::MAX),
            }
            return Ok(true);
        }
        if let Some(chapter) = self.chapters.pop_front() {
            self.enter(chapter)?;
            return Ok(true);
        }
        if let Some(before) = self.before.take().filter(|_| !self.has_shown) {
            self.has_shown = true;
            self.ready.push_back(Item::Before(before));
            return Ok(true);
        }
        Ok(false)
    }
}

impl Iterator for Items {
    type Item = Result<Item, HistoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(Ok(item));
            }
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.chapters.clear();
                    self.current = None;
                    self.before = None;
                    return Some(Err(error));
                }
            }
        }
    }
}
