//! Dates and times of day at a fixed offset from UTC.
//!
//! The plant's zone has no summer time (China: UTC+8 all year), so an offset is the
//! whole rule. Day numbers after the proleptic Gregorian calendar, counted from
//! 1970-01-01, which was a Thursday (ISO 8601).

use core::fmt;

/// Milliseconds of a minute.
pub const MINUTE_MS: u64 = 60_000;
/// Minutes of a day.
pub const DAY_MIN: u32 = 1_440;

/// A calendar date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Year.
    pub year: i32,
    /// Month, 1..=12.
    pub month: u32,
    /// Day, 1..=31.
    pub day: u32,
}

impl Date {
    /// Days since 1970-01-01. Counting years from March puts the leap day last.
    pub fn day_number(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let month = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        // 1970-01-01 is day 719 468 since 0000-03-01.
        year * 365 + leap_days + day_of_year - 719_468
    }

    /// The date of a day number.
    pub fn of_day_number(number: i64) -> Date {
        // A first guess by the mean year is off by one year at most.
        let mut year = 1970 + (number as f64 / 365.2425) as i32 + 1;
        let first = |year: i32| {
            let first = Date {
                year,
                month: 1,
                day: 1,
            };
            first.day_number()
        };
        while first(year) > number {
            year -= 1;
        }
        let mut date = Date {
            year,
            month: 12,
            day: 1,
        };
        while date.day_number() > number {
            date.month -= 1;
        }
        date.day = (number - date.day_number()) as u32 + 1;
        date
    }

    /// Reads `2026-10-01`.
    pub fn parse(text: &str) -> Option<Date> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let shape = (year.len(), month.len(), day.len(), parts.next());
        if shape != (4, 2, 2, None) {
            return None;
        }
        let date = Date {
            year: digits(year)? as i32,
            month: digits(month)?,
            day: digits(day)?,
        };
        // What the calendar does not have comes back as another date.
        let is_real = (1..=12).contains(&date.month)
            && date.day >= 1
            && Date::of_day_number(date.day_number()) == date;
        is_real.then_some(date)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A place in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local {
    /// Days since 1970-01-01, local.
    pub day: i64,
    /// Minute of the day, 0..1440.
    pub minute: u32,
}

impl Local {
    /// The local time of a moment of UTC at an offset in minutes.
    pub fn of(at_ms: u64, offset_min: i32) -> Local {
        let minutes = (at_ms / MINUTE_MS) as i64 + i64::from(offset_min);
        Local {
            day: minutes.div_euclid(i64::from(DAY_MIN)),
            minute: minutes.rem_euclid(i64::from(DAY_MIN)) as u32,
        }
    }

    /// The moment of UTC, milliseconds; 0 before 1970.
    pub fn at_ms(self, offset_min: i32) -> u64 {
        let minutes = self.day * i64::from(DAY_MIN) + i64::from(self.minute);
        let minutes = minutes - i64::from(offset_min);
        u64::try_from(minutes).unwrap_or(0) * MINUTE_MS
    }

    /// Monday 0 … Sunday 6.
    pub fn weekday(self) -> usize {
        (self.day + 3).rem_euclid(7) as usize
    }

    /// Reads `2026-12-01 08:00`.
    pub fn parse(text: &str) -> Option<Local> {
        let (date, time) = text.split_once(' ')?;
        Some(Local {
            day: Date::parse(date)?.day_number(),
            minute: minute_of_day(time).filter(|minute| *minute < DAY_MIN)?,
        })
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = Date::of_day_number(self.day);
        write!(f, "{date} {:02}:{:02}", self.minute / 60, self.minute % 60)
    }
}

/// Reads `08:00`, to `24:00`, as a minute of the day.
pub fn minute_of_day(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    if (hour.len(), minute.len()) != (2, 2) {
        return None;
    }
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= DAY_MIN).then_some(total)
}

/// Reads `+08:00` as minutes, within 14 hours.
pub fn offset_min(text: &str) -> Option<i32> {
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix('-')?),
    };
    let minutes = minute_of_day(rest)? as i32;
    (minutes <= 14 * 60).then_some(sign * minutes)
}

fn digits(text: &str) -> Option<u32> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_days_have_their_numbers_and_weekdays() {
        // 2000-03-01 is day 11 017 (POSIX time 951 868 800); a Wednesday.
        let march = Date::parse("2000-03-01").unwrap_or(Date::of_day_number(0));
        assert_eq!(march.day_number() * 86_400, 951_868_800);
        let local = Local {
            day: march.day_number(),
            minute: 0,
        };
        assert_eq!(local.weekday(), 2);
        assert_eq!(Local { day: 0, minute: 0 }.weekday(), 3);
    }

    #[test]
    fn days_that_the_calendar_lacks_are_refused() {
        for text in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "x",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
        assert!(Date::parse("2000-02-29").is_some());
    }

    #[test]
    fn midnight_in_china_is_four_in_the_afternoon_of_utc() {
        let local = Local::parse("2026-10-01 00:00").map(|local| local.at_ms(480));
        let utc = Local::parse("2026-09-30 16:00").map(|local| local.at_ms(0));
        assert_eq!(local, utc);
        assert_eq!(offset_min("+08:00"), Some(480));
        assert_eq!(offset_min("-03:30"), Some(-210));
        assert_eq!(offset_min("08:00"), None);
        assert_eq!(minute_of_day("24:00"), Some(1440));
        assert_eq!(minute_of_day("24:01"), None);
    }

    proptest! {
        #[test]
        fn every_day_comes_back(number in -10_000_i64..3_000_000) {
            let date = Date::of_day_number(number);
            prop_assert_eq!(date.day_number(), number);
        }

        #[test]
        fn local_time_comes_back(minutes in 1_000_u64..100_000_000, offset in -840_i32..=840) {
            let at_ms = minutes * MINUTE_MS;
            prop_assert_eq!(Local::of(at_ms, offset).at_ms(offset), at_ms);
        }
    }
}
