//! Quality of a value: level, reason, flags.
//!
//! The shape follows OPC UA Part 8 (severity, sub-code, limit bits), reduced to
//! sixteen bits: two of level, six of reason, eight of flags. Among levels and
//! reasons bigger is worse, so that the worse of two qualities is a maximum.

use core::fmt;

/// How far a value may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// May be used for everything.
    Good = 0,
    /// Usable with care: out of range, substituted, old.
    Uncertain = 1,
    /// Must not be used for control; protection treats it by its own rule.
    Bad = 2,
}

/// Why a value has its level. The order is the order of badness within a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Reason {
    /// Nothing to say.
    None = 0,
    /// Beyond the engineering range by more than the allowed overrange.
    OutOfRange = 1,
    /// Changed faster than is physically possible.
    RateExceeded = 2,
    /// Has not changed for longer than its noise floor permits.
    Frozen = 3,
    /// A value put in place of a measurement by rule.
    Substituted = 4,
    /// Older than its quality policy allows.
    Stale = 5,
    /// Never written since start.
    NotWritten = 6,
    /// A redundant channel is missing and the vote is degraded.
    Degraded = 7,
    /// The configuration of the point is wrong (address, type).
    Configuration = 8,
    /// The instrument reports or shows a fault (NAMUR NE 43 failure band, status word).
    SensorFault = 9,
    /// The device does not answer.
    CommLost = 10,
    /// A calculation gave NaN or an infinity; the last finite value is kept.
    NotFinite = 11,
    /// The point is out of service.
    OutOfService = 12,
}

impl Reason {
    const ALL: [Reason; 13] = [
        Reason::None,
        Reason::OutOfRange,
        Reason::RateExceeded,
        Reason::Frozen,
        Reason::Substituted,
        Reason::Stale,
        Reason::NotWritten,
        Reason::Degraded,
        Reason::Configuration,
        Reason::SensorFault,
        Reason::CommLost,
        Reason::NotFinite,
        Reason::OutOfService,
    ];

    /// The word shown to people and used in scenario files.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::None => "none",
            Reason::OutOfRange => "out-of-range",
            Reason::RateExceeded => "rate-exceeded",
            Reason::Frozen => "frozen",
            Reason::Substituted => "substituted",
            Reason::Stale => "stale",
            Reason::NotWritten => "not-written",
            Reason::Degraded => "degraded",
            Reason::Configuration => "configuration",
            Reason::SensorFault => "sensor-fault",
            Reason::CommLost => "comm-lost",
            Reason::NotFinite => "not-finite",
            Reason::OutOfService => "out-of-service",
        }
    }
}

/// Sixteen bits that travel with every value and are never dropped.
///
/// Bits 15–14 level, 13–8 reason, 7–0 flags.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Quality(u16);

impl Quality {
    /// Trusted.
    pub const GOOD: Quality = Quality(0);
    /// Usable with care, no particular reason.
    pub const UNCERTAIN: Quality = Quality::new(Level::Uncertain, Reason::None);
    /// Not usable, no particular reason.
    pub const BAD: Quality = Quality::new(Level::Bad, Reason::None);
    /// Bad: older than allowed.
    pub const STALE: Quality = Quality::new(Level::Bad, Reason::Stale);
    /// Bad: never written since start.
    pub const NOT_WRITTEN: Quality = Quality::new(Level::Bad, Reason::NotWritten);
    /// Bad: the device does not answer.
    pub const COMM_LOST: Quality = Quality::new(Level::Bad, Reason::CommLost);
    /// Bad: the instrument has failed.
    pub const SENSOR_FAULT: Quality = Quality::new(Level::Bad, Reason::SensorFault);
    /// Bad: a calculation gave no finite number.
    pub const NOT_FINITE: Quality = Quality::new(Level::Bad, Reason::NotFinite);

    /// Flag: the value is forced by a person.
    pub const FORCED: u16 = 1 << 0;
    /// Flag: the value comes from a simulator, or from a person in the place of the field.
    pub const SIMULATED: u16 = 1 << 1;
    /// Flag: the value is set by hand.
    pub const MANUAL: u16 = 1 << 2;
    /// Flag: the value is held at its low limit.
    pub const LIMITED_LOW: u16 = 1 << 3;
    /// Flag: the value is held at its high limit.
    pub const LIMITED_HIGH: u16 = 1 << 4;
    /// Flag: an input of this value is bypassed (maintenance override).
    pub const BYPASSED: u16 = 1 << 5;

    const FLAGS: u16 = 0x00ff;
    const LIMITS: u16 = Self::LIMITED_LOW | Self::LIMITED_HIGH;

    /// A quality of this level and reason, without flags.
    pub const fn new(level: Level, reason: Reason) -> Quality {
        Quality(((level as u16) << 14) | ((reason as u16) << 8))
    }

    /// The raw sixteen bits.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// A quality from raw bits. An unknown level counts as bad and an unknown
    /// reason as none, so that a foreign byte can never pass for good.
    pub fn from_bits(bits: u16) -> Quality {
        let level = match bits >> 14 {
            0 => Level::Good,
            1 => Level::Uncertain,
            _ => Level::Bad,
        };
        let reason = Reason::ALL
            .get(usize::from((bits >> 8) & 0x3f))
            .copied()
            .unwrap_or(Reason::None);
        Quality(Quality::new(level, reason).0 | (bits & Self::FLAGS))
    }

    /// A quality from bits that are known to come from [`Quality::bits`]; for the
    /// process image, where the check of [`Quality::from_bits`] was made on entry.
    /// Foreign bits are still never good unless their level bits say so.
    #[inline]
    pub const fn from_trusted(bits: u16) -> Quality {
        Quality(bits)
    }

    /// The level.
    #[inline]
    pub const fn level(self) -> Level {
        match self.0 >> 14 {
            0 => Level::Good,
            1 => Level::Uncertain,
            _ => Level::Bad,
        }
    }

    /// The reason.
    pub fn reason(self) -> Reason {
        Reason::ALL
            .get(usize::from((self.0 >> 8) & 0x3f))
            .copied()
            .unwrap_or(Reason::None)
    }

    /// The eight flag bits.
    #[inline]
    pub const fn flags(self) -> u16 {
        self.0 & Self::FLAGS
    }

    /// This quality with more flags set.
    #[inline]
    pub const fn with(self, flags: u16) -> Quality {
        Quality(self.0 | (flags & Self::FLAGS))
    }

    /// This quality with some flags cleared.
    #[inline]
    pub const fn without(self, flags: u16) -> Quality {
        Quality(self.0 & !(flags & Self::FLAGS))
    }

    /// Whether all of these flags are set.
    #[inline]
    pub const fn has(self, flags: u16) -> bool {
        self.0 & flags == flags
    }

    /// Whether the value must not be used for control.
    #[inline]
    pub const fn is_bad(self) -> bool {
        self.0 >= (Level::Bad as u16) << 14
    }

    /// Whether the value may be used without reservation.
    #[inline]
    pub const fn is_good(self) -> bool {
        self.0 < (Level::Uncertain as u16) << 14
    }

    /// The worse of two qualities: level and reason by maximum, flags united,
    /// except the limit flags, which describe one value and not its descendants.
    #[inline]
    pub const fn worst(self, other: Quality) -> Quality {
        let (a, b) = (self.0 & !Self::FLAGS, other.0 & !Self::FLAGS);
        let top = if a > b { a } else { b };
        Quality(top | ((self.0 | other.0) & Self::FLAGS & !Self::LIMITS))
    }
}

impl fmt::Debug for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quality({self})")
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.level() {
            Level::Good => "good",
            Level::Uncertain => "uncertain",
            Level::Bad => "bad",
        })?;
        if self.reason() != Reason::None {
            write!(f, " {}", self.reason().word())?;
        }
        for (flag, word) in [
            (Self::FORCED, "forced"),
            (Self::SIMULATED, "simulated"),
            (Self::MANUAL, "manual"),
            (Self::LIMITED_LOW, "limited-low"),
            (Self::LIMITED_HIGH, "limited-high"),
            (Self::BYPASSED, "bypassed"),
        ] {
            if self.has(flag) {
                write!(f, " +{word}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worse_wins_and_flags_unite() {
        let q = Quality::GOOD
            .with(Quality::FORCED)
            .worst(Quality::COMM_LOST);
        assert!(q.is_bad());
        assert_eq!(q.reason(), Reason::CommLost);
        assert!(q.has(Quality::FORCED));
    }

    #[test]
    fn limit_flags_stay_with_their_value() {
        let q = Quality::GOOD
            .with(Quality::LIMITED_HIGH)
            .worst(Quality::GOOD);
        assert!(!q.has(Quality::LIMITED_HIGH));
    }

    #[test]
    fn worst_is_commutative_associative_and_never_improves() {
        let all: Vec<Quality> = (0..=u16::MAX)
            .step_by(257)
            .map(Quality::from_bits)
            .collect();
        for &a in &all {
            for &b in &all {
                assert_eq!(a.worst(b), b.worst(a));
                assert!(a.worst(b).level() >= a.level());
            }
        }
        for w in all.windows(3) {
            assert_eq!(w[0].worst(w[1]).worst(w[2]), w[0].worst(w[1].worst(w[2])));
        }
    }

    #[test]
    fn unknown_bits_are_never_good() {
        assert!(Quality::from_bits(0xffff).is_bad());
        assert!(!Quality::from_bits(0x4000).is_good());
    }
}
