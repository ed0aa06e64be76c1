//! Stretches of time from a tag that says where the plant is: a step, a phase, a state,
//! the number of a batch. They are windows for [`HistoryReader::aggregate`].

use crate::aggregate::Window;
use crate::fault::HistoryError;
use crate::reader::{HistoryReader, WINDOWS_MAX};
use crate::spec::{GapKind, Item};

/// A stretch in which a tag had one value throughout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    /// The value: the step.
    pub value: f64,
    /// From the scan that brought it to the scan that brought another.
    pub window: Window,
}

impl HistoryReader {
    /// The stretches of `[from_ns, to_ns)` in which a tag held one value, in order. One
    /// ends where the value changes, where it turns bad and at a gap: of what lies in a
    /// gap nobody knows to which step it belongs. The last ends with the last scan.
    ///
    /// # Errors
    /// [`HistoryError::UnknownTag`]; [`HistoryError::Refused`] for a tag of more than
    /// [`WINDOWS_MAX`] stretches, which is no step; or the disk's.
    pub fn phases(&self, tag: &str, from_ns: i64, to_ns: i64) -> Result<Vec<Phase>, HistoryError> {
        let last = self.range().map_or(from_ns, |(_, last_ns)| last_ns);
        let to_ns = to_ns.min(last.saturating_add(1));
        let mut stretches = Stretches::default();
        for item in self.read(tag, from_ns, to_ns)? {
            match item? {
                Item::Before(point) | Item::Point(point) => {
                    let value = (!point.quality.is_bad()).then(|| point.value());
                    stretches.turn(point.utc_ns.max(from_ns), value);
                }
                Item::Gap(gap) => {
                    // After lost scans the value is told only if it differs.
                    let is_lost = matches!(gap.kind, GapKind::Lost { .. });
                    let known = stretches.value().filter(|_| is_lost && gap.to_ns < to_ns);
                    stretches.turn(gap.from_ns.max(from_ns), None);
                    stretches.turn(gap.to_ns, known);
                }
            }
            if stretches.done.len() > WINDOWS_MAX {
                return Err(HistoryError::Refused {
                    what: format!("{tag} changes too often to be a step or a phase"),
                });
            }
        }
        stretches.turn(to_ns, None);
        Ok(stretches.done)
    }
}

#[derive(Default)]
struct Stretches {
    done: Vec<Phase>,
    /// Value and start of the one that goes on.
    open: Option<(f64, i64)>,
}

impl Stretches {
    fn value(&self) -> Option<f64> {
        self.open.map(|(value, _)| value)
    }

    /// From here on the value is this one.
    fn turn(&mut self, at_ns: i64, value: Option<f64>) {
        if let (Some((before, _)), Some(value)) = (self.open, value)
            && before.to_bits() == value.to_bits()
        {
            return;
        }
        // A clock that stepped back leaves no stretch.
        if let Some((value, from_ns)) = self.open
            && from_ns < at_ns
        {
            let window = Window {
                from_ns,
                to_ns: at_ns,
            };
            self.done.push(Phase { value, window });
        }
        self.open = value.map(|value| (value, at_ns));
    }
}
