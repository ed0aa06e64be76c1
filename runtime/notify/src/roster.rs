//! Who is on call when.

use crate::civil::{DAY_MIN, Local};

/// A roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Name.
    pub name: String,
    /// Its local time, minutes ahead of UTC.
    pub offset_min: i32,
    /// Local days that are holidays, sorted.
    pub holidays: Vec<i64>,
    /// Shifts.
    pub shifts: Vec<Shift>,
    /// For their time they alone hold; the last that fits.
    pub exceptions: Vec<Exception>,
}

/// A shift of a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Monday to Sunday, and holidays; of the day on which the shift begins.
    pub days: [bool; 8],
    /// First minute of the day.
    pub from: u32,
    /// Minute after the last; not later than from: of the next day.
    pub to: u32,
    /// Indices of people.
    pub people: Vec<usize>,
    /// One of them in turn; all if none.
    pub turn: Option<Turn>,
}

/// People who take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Days of a turn.
    pub days: i64,
    /// First local day of the first person's turn.
    pub since: i64,
}

/// An exception to the shifts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// From, milliseconds of UTC.
    pub from_ms: u64,
    /// To, milliseconds of UTC, not included.
    pub to_ms: u64,
    /// Indices of people.
    pub people: Vec<usize>,
}

impl Roster {
    /// Indices of the people on call, each once, in the order of the text.
    pub fn on_call(&self, now_ms: u64) -> Vec<usize> {
        let holds = |exception: &&Exception| (exception.from_ms..exception.to_ms).contains(&now_ms);
        if let Some(exception) = self.exceptions.iter().rev().find(holds) {
            return each_once(exception.people.iter().copied());
        }
        let now = Local::of(now_ms, self.offset_min);
        let yesterday = Local {
            day: now.day - 1,
            minute: now.minute + DAY_MIN,
        };
        let people = self.shifts.iter().flat_map(|shift| {
            let end = shift.to + if shift.to <= shift.from { DAY_MIN } else { 0 };
            [yesterday, now]
                .into_iter()
                .filter(move |time| (shift.from..end).contains(&time.minute))
                .filter(|time| self.is_day_of(shift, time.day))
                .flat_map(|time| shift.people_of(time.day))
        });
        each_once(people)
    }

    /// Whether a shift is held on a local day. On a holiday the shifts for holidays are
    /// held, and the usual ones if there are none.
    fn is_day_of(&self, shift: &Shift, day: i64) -> bool {
        let is_holiday = self.holidays.binary_search(&day).is_ok();
        if is_holiday && self.shifts.iter().any(|shift| shift.days[7]) {
            return shift.days[7];
        }
        shift.days[Local { day, minute: 0 }.weekday()]
    }
}

impl Shift {
    fn people_of(&self, day: i64) -> Vec<usize> {
        let Some(turn) = self.turn else {
            return self.people.clone();
        };
        let count = self.people.len().max(1) as i64;
        let place = (day - turn.since).div_euclid(turn.days).rem_euclid(count);
        self.people
            .get(place as usize)
            .copied()
            .into_iter()
            .collect()
    }
}

fn each_once(people: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut found = Vec::new();
    for person in people {
        if !found.contains(&person) {
            found.push(person);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::Date;

    const CHINA_MIN: i32 = 480;

    fn at(text: &str) -> u64 {
        Local::parse(text).map_or(0, |local| local.at_ms(CHINA_MIN))
    }

    fn day(text: &str) -> i64 {
        Date::parse(text).map_or(0, Date::day_number)
    }

    fn shift(from: u32, to: u32, people: &[usize]) -> Shift {
        Shift {
            days: [true, true, true, true, true, true, true, false],
            from: from * 60,
            to: to * 60,
            people: people.to_vec(),
            turn: None,
        }
    }

    fn roster(shifts: Vec<Shift>) -> Roster {
        Roster {
            name: "process".to_string(),
            offset_min: CHINA_MIN,
            holidays: Vec::new(),
            shifts,
            exceptions: Vec::new(),
        }
    }

    #[test]
    fn day_and_night_shift_meet_without_gap_or_overlap() {
        let roster = roster(vec![shift(8, 20, &[0]), shift(20, 8, &[1])]);
        assert_eq!(roster.on_call(at("2026-11-23 07:59")), [1]);
        assert_eq!(roster.on_call(at("2026-11-23 08:00")), [0]);
        assert_eq!(roster.on_call(at("2026-11-23 19:59")), [0]);
        assert_eq!(roster.on_call(at("2026-11-23 20:00")), [1]);
        assert_eq!(roster.on_call(at("2026-11-24 00:30")), [1]);
    }

    #[test]
    fn a_night_shift_belongs_to_the_day_on_which_it_begins() {
        let mut night = shift(20, 8, &[1]);
        night.days = [true, false, false, false, false, false, false, false];
        let roster = roster(vec![night]);
        // 2026-11-23 is a Monday.
        assert_eq!(roster.on_call(at("2026-11-24 03:00")), [1]);
        assert_eq!(roster.on_call(at("2026-11-23 03:00")), [0_usize; 0]);
    }

    #[test]
    fn people_take_turns_by_week_and_also_before_the_first_day() {
        let mut whole = shift(0, 24, &[4, 5, 6]);
        whole.turn = Some(Turn {
            days: 7,
            since: day("2026-11-23"),
        });
        let roster = roster(vec![whole]);
        assert_eq!(roster.on_call(at("2026-11-23 00:00")), [4]);
        assert_eq!(roster.on_call(at("2026-11-29 23:59")), [4]);
        assert_eq!(roster.on_call(at("2026-11-30 00:00")), [5]);
        assert_eq!(roster.on_call(at("2026-12-14 00:00")), [4]);
        assert_eq!(roster.on_call(at("2026-11-22 12:00")), [6]);
    }

    #[test]
    fn a_holiday_has_shifts_of_its_own_and_an_override_beats_all() {
        let mut holiday = shift(0, 24, &[2]);
        holiday.days = [false, false, false, false, false, false, false, true];
        let mut roster = roster(vec![shift(0, 24, &[0]), holiday]);
        roster.holidays = vec![day("2026-10-01")];
        roster.exceptions = vec![Exception {
            from_ms: at("2026-10-01 12:00"),
            to_ms: at("2026-10-01 13:00"),
            people: vec![3, 3],
        }];
        assert_eq!(roster.on_call(at("2026-09-30 12:00")), [0]);
        assert_eq!(roster.on_call(at("2026-10-01 11:59")), [2]);
        assert_eq!(roster.on_call(at("2026-10-01 12:00")), [3]);
        assert_eq!(roster.on_call(at("2026-10-01 13:00")), [2]);
    }

    #[test]
    fn a_holiday_without_shifts_of_its_own_is_a_usual_day() {
        let mut roster = roster(vec![shift(0, 24, &[0])]);
        roster.holidays = vec![day("2026-10-01")];
        assert_eq!(roster.on_call(at("2026-10-01 12:00")), [0]);
    }
}
