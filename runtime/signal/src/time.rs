//! Time as logic may know it.

use core::fmt;
use core::ops::{Add, Sub};

/// Nanoseconds since 1970-01-01T00:00:00Z, without leap seconds. A label: control
/// runs on whole scans, never on this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utc(pub i64);

impl Utc {
    /// Nanoseconds since the epoch.
    pub const fn ns(self) -> i64 {
        self.0
    }

    /// This instant `ns` nanoseconds later; saturating.
    pub const fn plus_ns(self, ns: i64) -> Utc {
        Utc(self.0.saturating_add(ns))
    }

    /// Milliseconds since the epoch, rounded down.
    pub const fn ms(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

impl fmt::Display for Utc {
    /// ISO 8601 with milliseconds, `2026-11-22T14:03:05.120Z` (proleptic Gregorian;
    /// day arithmetic after Howard Hinnant's `civil_from_days`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.ms();
        let (days, ms) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + i64::from(month <= 2);
        let (s, milli) = (ms / 1000, ms % 1000);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{milli:03}Z",
            s / 3600,
            s / 60 % 60,
            s % 60
        )
    }
}

/// Number of a scan since the start of its task; the first scan is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScanIndex(pub u64);

impl Add<u64> for ScanIndex {
    type Output = ScanIndex;
    fn add(self, scans: u64) -> ScanIndex {
        ScanIndex(self.0 + scans)
    }
}

impl Sub for ScanIndex {
    type Output = u64;
    fn sub(self, earlier: ScanIndex) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for ScanIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants_are_written_as_iso_8601() {
        for (s, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_795_355_999, "2026-11-22T13:59:59.000Z"),
            (4_102_444_800, "2100-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(Utc(s * 1_000_000_000).to_string(), text);
        }
    }
}
