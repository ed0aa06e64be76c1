//! Steps that were written down after the book was last saved.

use crate::book::{Book, Shelf};
use crate::state::{Event, State};
use crate::transition::{AlarmIndex, Transition, Who};

impl Book {
    /// The shelf of an alarm, if it is on one.
    pub fn shelf(&self, alarm: AlarmIndex) -> Option<&Shelf> {
        self.lives.get(alarm.at())?.shelf.as_ref()
    }

    /// Takes up a step that was written down, with the shelf that it made. Steps are told
    /// in the order of their numbers; one that the book already knows changes nothing.
    pub fn replay(&mut self, step: &Transition, shelf: Option<Shelf>) {
        if step.number <= self.number {
            return;
        }
        self.number = step.number;
        let Some(alarm) = self.index(&step.name) else {
            return;
        };
        let life = &mut self.lives[alarm.at()];
        life.state = step.to;
        life.number = step.number;
        if step.from != step.to {
            life.changed = step.at;
        }
        match step.event {
            Event::Raise => {
                life.in_alarm = true;
                life.pending = true;
                life.raised = Some(step.at);
                life.raise_number = step.number;
                life.value = step.value;
                life.limit = step.limit;
                life.priority = step.priority;
                life.acked = None;
                life.recent_ns.rotate_left(1);
                life.recent_ns[2] = step.at.utc_ns;
                life.first_out = step.first_out;
                if step.first_out
                    && let Some(group) = self.group_of[alarm.at()]
                {
                    self.groups[group].first = Some(alarm);
                }
            }
            Event::Clear => life.in_alarm = false,
            Event::Acknowledge => life.acked = Some((step.who.clone(), step.at)),
            Event::ReAnnounce => life.acked = None,
            _ => {}
        }
        let life = &mut self.lives[alarm.at()];
        if step.from != step.to && step.to.is_aside() {
            life.aside_by = step.who.clone();
            life.reason.clone_from(&step.reason);
        }
        life.shelf = shelf.filter(|_| step.to == State::Shelved);
        if !step.to.is_aside() {
            life.aside_by = Who::System;
            life.reason.clear();
        }
        if step.to == State::Normal && !life.in_alarm {
            life.pending = false;
        }
        if step.is_annunciation() {
            // Beginnings and ends of floods were written down when they happened.
            let _ = self.flood.annunciate(&self.settings.flood, step.at);
        }
        self.release(alarm);
    }
}

#[cfg(test)]
mod tests {
    use crate::{Action, Book, Edge, Outbox, Rationale, Settings, Stamp, Who};
    use proptest::prelude::*;

    fn book() -> Book {
        let mut alarms: Vec<Rationale> = ["A", "B", "C"].map(Rationale::named).into();
        alarms[1].latching = true;
        for alarm in &mut alarms {
            alarm.shelving = true;
            alarm.shelve_s_max = 3_600.0;
            alarm.first_out = "G".into();
        }
        Book::new(alarms, Settings::default())
    }

    fn act(book: &mut Book, alarm: usize, deed: u8, at: Stamp, out: &mut Outbox) {
        let who = Who::Person("lin".into());
        let reason = String::from("because");
        let action = match deed {
            0 => Action::Acknowledge {
                comment: reason,
                seen: None,
            },
            1 => Action::Shelve {
                until_ns: at.utc_ns + 60_000_000_000,
                reason,
                one_shot: alarm == 2,
            },
            2 => Action::Unshelve { reason },
            3 => Action::RemoveFromService { reason },
            4 => Action::ReturnToService { reason },
            _ => Action::Reset { comment: reason },
        };
        // What has no meaning now is refused, and nothing is written.
        let _ = book.act(crate::AlarmIndex(alarm as u32), &action, &who, at, out);
    }

    proptest! {
        /// Whatever happens after a save, the steps written down lead to the same book.
        #[test]
        fn steps_written_down_lead_to_the_same_book(
            moves in proptest::collection::vec((0_usize..3, 0_u8..9), 0..60),
            save_at in 0_usize..60,
        ) {
            let mut ours = book();
            let mut kept = ours.save(Stamp::default());
            let mut since = Vec::new();
            for (at, (alarm, what)) in moves.into_iter().enumerate() {
                let stamp = Stamp { scan: at as u64, utc_ns: at as i64 * 20_000_000_000 };
                let mut out = Outbox::default();
                match what {
                    0..=5 => act(&mut ours, alarm, what, stamp, &mut out),
                    6 => ours.tick(stamp, &mut out),
                    _ => ours.edge(crate::AlarmIndex(alarm as u32), Edge::of(what == 7), stamp, &mut out),
                }
                for step in out.transitions {
                    let shelf = ours.shelf(step.alarm).cloned();
                    since.push((step, shelf));
                }
                if at == save_at {
                    kept = ours.save(stamp);
                    since.clear();
                }
            }
            let mut theirs = book();
            theirs.restore(&kept).unwrap();
            for (step, shelf) in &since {
                theirs.replay(step, shelf.clone());
            }
            prop_assert_eq!(theirs.last_number(), ours.last_number());
            for alarm in 0..3 {
                let alarm = crate::AlarmIndex(alarm);
                prop_assert_eq!(theirs.row(alarm, 0), ours.row(alarm, 0));
                prop_assert_eq!(theirs.shelf(alarm), ours.shelf(alarm));
            }
        }
    }
}
