//! For which priority the horn sounds: the most urgent annunciation that nobody has
//! silenced or acknowledged.

use alarm::{Book, Priority, Transition};

/// The horn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Horn {
    sounds: Option<Priority>,
}

impl Horn {
    /// Hears a step: an annunciation sounds, a more urgent one louder.
    pub fn hear(&mut self, step: &Transition) {
        let asks_again = step.event == alarm::Event::ReAnnounce;
        if step.is_annunciation() || (asks_again && step.priority.is_annunciated()) {
            // The order of priorities begins with the most urgent.
            self.sounds = Some(
                self.sounds
                    .map_or(step.priority, |now| now.min(step.priority)),
            );
        }
    }

    /// Somebody silenced it; the next annunciation sounds again.
    pub fn silence(&mut self) {
        self.sounds = None;
    }

    /// With nothing left to acknowledge there is nothing to sound for.
    pub fn rest(&mut self, book: &Book) {
        let counts = book.counts(0);
        if counts.unacked.iter().all(|count| *count == 0) {
            self.sounds = None;
        }
    }

    /// The priority for which it sounds, from 1; none = quiet.
    pub fn priority(&self) -> Option<u8> {
        self.sounds.map(|priority| priority as u8 + 1)
    }
}
