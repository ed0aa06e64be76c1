//! Instants as people write them (RFC 3339).

/// Nanoseconds since 1970 of `2026-11-22`, `2026-11-22T14:03`, `2026-11-22T14:03:05.12Z` or
/// one with an offset such as `+08:00`; without either it is UTC.
pub fn parse_instant(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let mut parts = date.split('-').map(digits);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days_of(year, month, day);
    if rest.is_empty() {
        return days.checked_mul(86_400_000_000_000);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset_min) = split_offset(rest)?;
    let mut parts = clock.split(':');
    let (hour, minute) = (digits(parts.next()?)?, digits(parts.next()?)?);
    let (second, fraction) = match parts.next() {
        Some(second) => second.split_once('.').unwrap_or((second, "")),
        None => ("0", ""),
    };
    let second = digits(second)?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 || fraction.len() > 9 {
        return None;
    }
    let nanos = match fraction {
        "" => 0,
        some => digits(some)? * 10_i64.pow(9 - some.len() as u32),
    };
    let seconds = days * 86_400 + (hour * 60 + minute - offset_min) * 60 + second;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

fn digits(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Some((text, 0));
    };
    let (hours, minutes) = text.get(at + 1..)?.split_once(':')?;
    let minutes = digits(hours)? * 60 + digits(minutes)?;
    let sign = if text[at..].starts_with('-') { -1 } else { 1 };
    Some((&text[..at], sign * minutes))
}

/// Days since 1970-01-01 of a day of the Gregorian calendar.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_instant_in_other_words() {
        let ns = Some(1_000_000_000_000_000_000);
        assert_eq!(parse_instant("2001-09-09T01:46:40Z"), ns);
        assert_eq!(parse_instant("2001-09-09 09:46:40+08:00"), ns);
        assert_eq!(parse_instant("2001-09-08T20:16:40.000-05:30"), ns);
        assert_eq!(parse_instant("1970-01-02"), Some(86_400_000_000_000));
        for wrong in [
            "",
            "2001",
            "2001-13-01",
            "2001-01-01T25:00",
            "yesterday!",
            "2001-01-01X",
        ] {
            assert_eq!(parse_instant(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed(ms in 0_i64..4_000_000_000_000) {
            let printed = signal::Utc(ms * 1_000_000).to_string();
            prop_assert_eq!(parse_instant(&printed), Some(ms * 1_000_000));
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,30}") {
            let _ = parse_instant(&text);
        }
    }
}
