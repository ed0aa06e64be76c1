//! From scans to points: sequence, gaps, and what the policy of each tag keeps. The
//! same code takes scans as they come and scans from the log after a crash, so both
//! give the same points.

use crate::door::{Door, Swung};
use crate::head::{Carry, Head};
use crate::spec::{GapKind, Policy, Sample, SourceId, Specs, TagId};
use crate::walk::{MarkKind, SourceMark};
use signal::Kind;
use std::sync::Arc;

/// Scans that were not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Whose.
    pub source: SourceId,
    /// First missing scan.
    pub first: u64,
    /// Last missing scan.
    pub last: u64,
    /// Time of the scan before.
    pub from_ns: i64,
    /// Time of the scan after.
    pub to_ns: i64,
}

/// What became of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It follows the one before.
    InOrder,
    /// It is the first after a start.
    First,
    /// Scans before it are missing: recorded as a gap of all tags of the source, and
    /// a reason for an alarm.
    After(Loss),
    /// Its number is not above the last: already taken, and passed over.
    Known,
}

/// What is remembered of a tag to judge its next sample.
#[derive(Clone, Copy, Debug)]
enum Keeper {
    /// Keeps all.
    All,
    /// Keeps what differs from the last kept sample by more than this.
    Beyond {
        kept: Option<(u64, u16)>,
        deadband: f64,
    },
    Door {
        door: Door,
        deviation: f64,
        max_interval_ns: i64,
    },
}

/// The state of taking in.
#[derive(Debug)]
pub(crate) struct Intake {
    specs: Arc<Specs>,
    keepers: Vec<Keeper>,
    /// Tags of each source.
    tags: Vec<Vec<usize>>,
    /// Sources whose next scan is the first after a start.
    begun: Vec<bool>,
}

fn swung(carry: &Carry, utc_ns: i64, ordinal: i64) -> Swung {
    Swung {
        ordinal,
        utc_ns,
        bits: carry.bits,
        quality: carry.quality,
    }
}

impl Intake {
    /// For a segment that has no scan yet.
    pub(crate) fn new(head: &Head, begun: Vec<bool>) -> Intake {
        let specs = head.specs.clone();
        let keepers = specs
            .tags
            .iter()
            .zip(&head.tags)
            .map(|(spec, part)| {
                let carry = part.carry.as_ref();
                match spec.policy {
                    Policy::Raw => Keeper::All,
                    Policy::Exception { deadband } => Keeper::Beyond {
                        kept: carry.map(|carry| (carry.bits, carry.quality.bits())),
                        deadband,
                    },
                    Policy::SwingingDoor { .. } if spec.kind != Kind::Real => Keeper::Beyond {
                        kept: carry.map(|carry| (carry.bits, carry.quality.bits())),
                        deadband: 0.0,
                    },
                    Policy::SwingingDoor {
                        deviation,
                        max_interval_ns,
                    } => {
                        let last = head.source(spec.source).and_then(|source| source.last);
                        let hinge = carry.map(|carry| {
                            swung(carry, last.map_or(carry.utc_ns, |last| last.1), -1)
                        });
                        Keeper::Door {
                            door: Door::hinged(hinge),
                            deviation,
                            max_interval_ns,
                        }
                    }
                }
            })
            .collect();
        let mut tags = vec![Vec::new(); specs.sources.len()];
        for (at, spec) in specs.tags.iter().enumerate() {
            if let Some(tags) = tags.get_mut(usize::from(spec.source.0)) {
                tags.push(at);
            }
        }
        Intake {
            specs,
            keepers,
            tags,
            begun,
        }
    }

    pub(crate) fn begun(&self) -> &[bool] {
        &self.begun
    }

    /// The station starts: scans are counted anew, and nothing is known of the time
    /// since the last one.
    pub(crate) fn begin(&mut self, head: &mut Head, source: usize) {
        self.settle(head, source);
        self.begun[source] = true;
    }

    /// The station stops, and says so.
    pub(crate) fn end(&mut self, head: &mut Head, source: usize) {
        self.settle(head, source);
        head.sources[source].is_ended = true;
    }

    /// Takes a scan; of `samples`, each tag at most once.
    pub(crate) fn take(
        &mut self,
        head: &mut Head,
        source: usize,
        seq: u64,
        utc_ns: i64,
        samples: &[Sample],
    ) -> Taken {
        let last = head.sources[source].last;
        let begun = std::mem::take(&mut self.begun[source]);
        let taken = match last {
            Some((last, _)) if !begun && seq <= last => return Taken::Known,
            Some((last, from_ns)) if !begun && seq > last + 1 => {
                self.settle(head, source);
                Taken::After(Loss {
                    source: SourceId(source as u16),
                    first: last + 1,
                    last: seq - 1,
                    from_ns,
                    to_ns: utc_ns,
                })
            }
            Some(_) if !begun => Taken::InOrder,
            _ => Taken::First,
        };
        let part = &mut head.sources[source];
        let ordinal = part.frames.push(seq, utc_ns);
        let before = ordinal
            .checked_sub(1)
            .and_then(|ordinal| Some((ordinal, part.frames.get(ordinal)?.1)));
        part.last = Some((seq, utc_ns));
        let before_ns = last.map(|(_, utc_ns)| utc_ns);
        let kind = match taken {
            Taken::First if part.is_ended => Some(GapKind::Stopped),
            Taken::First => Some(GapKind::Broken),
            Taken::After(Loss { first, last, .. }) => Some(GapKind::Lost { first, last }),
            _ => None,
        };
        part.is_ended = false;
        if let Some(kind) = kind {
            part.marks.push(SourceMark {
                ordinal,
                before_ns,
                kind: MarkKind::Gap(kind),
            });
            let is_known = matches!(kind, GapKind::Lost { .. });
            self.reopen(source, is_known, utc_ns, ordinal);
        }
        for sample in samples {
            self.give(head, source, ordinal, utc_ns, before, sample);
        }
        taken
    }

    fn give(
        &mut self,
        head: &mut Head,
        source: usize,
        ordinal: u32,
        utc_ns: i64,
        before: Option<(u32, i64)>,
        sample: &Sample,
    ) {
        let at = sample.tag.0 as usize;
        let (Some(keeper), Some(spec)) = (self.keepers.get_mut(at), self.specs.tags.get(at)) else {
            return;
        };
        if usize::from(spec.source.0) != source {
            return;
        }
        match keeper {
            Keeper::All => head.store(sample.tag, ordinal, sample.bits, sample.quality),
            Keeper::Beyond { kept, deadband } => {
                let differs = kept.is_none_or(|(bits, quality)| {
                    quality != sample.quality.bits()
                        || (bits != sample.bits
                            && is_beyond(spec.kind, bits, sample.bits, *deadband))
                });
                if differs {
                    *kept = Some((sample.bits, sample.quality.bits()));
                    head.store(sample.tag, ordinal, sample.bits, sample.quality);
                }
            }
            Keeper::Door {
                door,
                deviation,
                max_interval_ns,
            } => {
                let swung = Swung {
                    ordinal: i64::from(ordinal),
                    utc_ns,
                    bits: sample.bits,
                    quality: sample.quality,
                };
                let mut keep = |kept: Swung| store(head, sample.tag, kept);
                door.give(swung, before, *deviation, *max_interval_ns, &mut keep);
            }
        }
    }

    /// Stores what waits in the doors of a source.
    pub(crate) fn settle(&mut self, head: &mut Head, source: usize) {
        let frames = &head.sources[source].frames;
        let end = frames
            .len()
            .checked_sub(1)
            .and_then(|ordinal| Some((ordinal, frames.get(ordinal)?.1)));
        for &at in &self.tags[source] {
            if let Keeper::Door {
                door,
                deviation,
                max_interval_ns,
            } = &mut self.keepers[at]
            {
                let mut keep = |kept: Swung| store(head, TagId(at as u32), kept);
                door.settle(end, *deviation, *max_interval_ns, &mut keep);
            }
        }
    }

    pub(crate) fn settle_all(&mut self, head: &mut Head) {
        for source in 0..self.tags.len() {
            self.settle(head, source);
        }
    }

    /// Begins anew after a gap.
    fn reopen(&mut self, source: usize, is_known: bool, utc_ns: i64, ordinal: u32) {
        for &at in &self.tags[source] {
            match &mut self.keepers[at] {
                Keeper::All => {}
                Keeper::Beyond { kept, .. } => *kept = kept.filter(|_| is_known),
                Keeper::Door { door, .. } => {
                    let last = door.last().filter(|_| is_known);
                    *door = Door::hinged(last.map(|last| Swung {
                        ordinal: i64::from(ordinal),
                        utc_ns,
                        ..last
                    }));
                }
            }
        }
    }
}

fn store(head: &mut Head, tag: TagId, kept: Swung) {
    // What was kept in the segment before needs no second place.
    if let Ok(ordinal) = u32::try_from(kept.ordinal) {
        head.store(tag, ordinal, kept.bits, kept.quality);
    }
}

/// Whether two values differ by more than a deadband; NaN differs from all.
fn is_beyond(kind: Kind, a: u64, b: u64, deadband: f64) -> bool {
    let distance = match kind {
        Kind::Real => (f64::from_bits(a) - f64::from_bits(b)).abs(),
        Kind::Bool | Kind::Int => (a as i64).abs_diff(b as i64) as f64,
    };
    // Not a number is beyond everything.
    distance.is_nan() || distance > deadband
}
