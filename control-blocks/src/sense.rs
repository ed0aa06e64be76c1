//! What a law may rely on of the tags at its pins.

use scan::*;
use signal::{Level, Quality, Reading, Reason};

/// No plant measures more: such a number is a mistake, and sums and products of
/// smaller ones stay finite.
pub(crate) const PLAUSIBLE_MAX: f64 = 1e12;

/// A real as a law may use it: `None` if bad, not finite or beyond all plausible size.
#[inline]
pub(crate) fn known(image: &Image, pin: Input<f64>) -> Option<f64> {
    let reading = image.get(pin);
    (!reading.is_bad() && reading.value.abs() <= PLAUSIBLE_MAX).then_some(reading.value)
}

/// The quality that a result of this reading carries: bad if [`known`] is `None`.
#[inline]
pub(crate) fn quality_of(image: &Image, pin: Input<f64>) -> Quality {
    let reading = image.get(pin);
    let own = match reading.value.abs() <= PLAUSIBLE_MAX {
        true => Quality::GOOD,
        false => Quality::new(Level::Bad, Reason::OutOfRange),
    };
    reading.quality.worst(own)
}

/// The worst quality of some reals.
pub(crate) fn worst_of(image: &Image, pins: &[Option<Input<f64>>]) -> Quality {
    pins.iter().flatten().fold(Quality::GOOD, |worst, pin| {
        worst.worst(quality_of(image, *pin))
    })
}

/// The same quality, but bad becomes uncertain-substituted: for a value that a
/// stated rule puts in place of what is not known.
pub(crate) fn substituted(quality: Quality) -> Quality {
    match quality.is_bad() {
        true => Quality::new(Level::Uncertain, Reason::Substituted),
        false => quality,
    }
}

/// Writes a value that may be unknown: then the last one stays, with this (bad) quality.
pub(crate) fn show(image: &mut Image, pin: &Output<f64>, value: Option<f64>, quality: Quality) {
    let (value, quality) = match value.filter(|value| value.abs() <= PLAUSIBLE_MAX) {
        Some(value) => (value, quality),
        None => (image.held(pin).value, quality.worst(Quality::BAD)),
    };
    image.set(pin, Reading::new(value, quality));
}

/// A Boolean result of this quality.
pub(crate) fn tell(image: &mut Image, pin: &Output<bool>, value: bool, quality: Quality) {
    image.set(pin, Reading::new(value, quality));
}

/// Two words: whether there is a real, and which.
pub(crate) fn save_real(state: &mut StateWriter<'_>, value: Option<f64>) {
    state.bool(value.is_some());
    state.real(value.unwrap_or(0.0));
}

/// Takes back what [`save_real`] wrote.
pub(crate) fn restore_real(state: &mut StateReader<'_>) -> Result<Option<f64>, StateMismatch> {
    let is_some = state.bool()?;
    let value = state.real()?;
    Ok(is_some.then_some(value))
}

/// A command that people give by a button and control by the rising edge of a tag.
pub(crate) struct Command {
    button: Request<bool>,
    when: Option<Input<bool>>,
    /// `when` at its last good reading; `None` before there was one.
    was: Option<bool>,
}

impl Command {
    /// The button `BLOCK.SUFFIX` and the optional tag `suffix_when`.
    pub fn wire(wiring: &mut Wiring<'_>, suffix: &str) -> Command {
        Command {
            button: wiring.command(suffix),
            when: wiring.input_optional(&format!("{}_when", suffix.to_lowercase())),
            was: None,
        }
    }

    /// Whether the command is given in this scan. A bad tag gives none, and a tag
    /// that is true from the beginning is no edge.
    pub fn given(&mut self, image: &Image) -> bool {
        let mut given = image.requested(&self.button) == Some(true);
        if let Some(reading) = self.when.map(|pin| image.get(pin))
            && !reading.is_bad()
        {
            given |= reading.value && self.was == Some(false);
            self.was = Some(reading.value);
        }
        given
    }

    /// After a start of the program: what stands is no edge.
    pub fn forget(&mut self) {
        self.was = None;
    }

    pub fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.was.is_some());
        state.bool(self.was == Some(true));
    }

    pub fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        let is_some = state.bool()?;
        let was = state.bool()?;
        self.was = is_some.then_some(was);
        Ok(())
    }
}

/// Time in a state, in whole nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spell {
    elapsed_ns: u64,
    is_running: bool,
}

impl Spell {
    /// The time for which `holds` has held without a break; its first scan is time 0.
    pub fn step(&mut self, holds: bool, dt_ns: u64) -> u64 {
        self.elapsed_ns = match (holds, self.is_running) {
            (true, true) => self.elapsed_ns.saturating_add(dt_ns),
            _ => 0,
        };
        self.is_running = holds;
        self.elapsed_ns
    }

    /// Whether `holds` has held for `for_ns`.
    pub fn has_lasted(&mut self, holds: bool, for_ns: u64, dt_ns: u64) -> bool {
        self.step(holds, dt_ns) >= for_ns && holds
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        *self = Spell::default();
    }

    pub fn save(&self, state: &mut StateWriter<'_>) {
        state.word(self.elapsed_ns);
        state.bool(self.is_running);
    }

    pub fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.elapsed_ns = state.word()?;
        self.is_running = state.bool()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spell_counts_from_its_first_scan_and_ends_with_its_condition() {
        let mut spell = Spell::default();
        assert!(!spell.has_lasted(true, 20, 10));
        assert!(!spell.has_lasted(true, 20, 10));
        assert!(spell.has_lasted(true, 20, 10));
        assert!(!spell.has_lasted(false, 0, 10));
        assert!(spell.has_lasted(true, 0, 10));
    }
}
