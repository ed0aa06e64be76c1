//! Priority: how bad without action, against how long there is to act.

use serde::{Deserialize, Serialize};

/// How soon the operator must turn to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Urgent.
    P1,
    /// High.
    P2,
    /// Medium.
    P3,
    /// Low.
    P4,
    /// Written down, not annunciated: no alarm in the sense of ISA-18.2.
    Journal,
}

impl Priority {
    /// All priorities, the most urgent first.
    pub const ALL: [Priority; 5] = [
        Priority::P1,
        Priority::P2,
        Priority::P3,
        Priority::P4,
        Priority::Journal,
    ];

    /// The word of plant text and pages, `p1`.
    pub const fn word(self) -> &'static str {
        match self {
            Priority::P1 => "p1",
            Priority::P2 => "p2",
            Priority::P3 => "p3",
            Priority::P4 => "p4",
            Priority::Journal => "journal",
        }
    }

    /// The priority of a word of plant text.
    pub fn of_word(word: &str) -> Option<Priority> {
        Priority::ALL.into_iter().find(|own| own.word() == word)
    }

    /// Severity of OPC UA (OPC 10000-9: 1 to 1000): 900, 700, 500, 300, 100.
    /// Design default of this product.
    pub const fn opc_severity(self) -> u16 {
        match self {
            Priority::P1 => 900,
            Priority::P2 => 700,
            Priority::P3 => 500,
            Priority::P4 => 300,
            Priority::Journal => 100,
        }
    }

    /// Whether it is shown and sounded.
    pub const fn is_annunciated(self) -> bool {
        !matches!(self, Priority::Journal)
    }
}

/// What happens if nobody acts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing: then it is an event, not an alarm.
    #[default]
    None,
    /// Minor.
    Minor,
    /// Major.
    Major,
    /// Severe.
    Severe,
}

impl Severity {
    /// All severities, the mildest first.
    pub const ALL: [Severity; 4] = [
        Severity::None,
        Severity::Minor,
        Severity::Major,
        Severity::Severe,
    ];

    /// The word of plant text.
    pub const fn word(self) -> &'static str {
        match self {
            Severity::None => "none",
            Severity::Minor => "minor",
            Severity::Major => "major",
            Severity::Severe => "severe",
        }
    }

    /// The severity of a word of plant text.
    pub fn of_word(word: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|own| own.word() == word)
    }
}

/// How long there is to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResponseTime {
    /// Below 3 min.
    Immediate,
    /// 3 min to below 10 min.
    Rapid,
    /// 10 min to below 30 min.
    Prompt,
    /// 30 min and more.
    Ample,
}

impl ResponseTime {
    /// The band of a time to respond in seconds.
    pub fn of_s(time_s: f64) -> ResponseTime {
        match time_s {
            t if t < 180.0 => ResponseTime::Immediate,
            t if t < 600.0 => ResponseTime::Rapid,
            t if t < 1_800.0 => ResponseTime::Prompt,
            _ => ResponseTime::Ample,
        }
    }
}

/// The matrix of a site: rows by time to respond, columns severe, major, minor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorityMatrix(pub [[Priority; 3]; 4]);

impl Default for PriorityMatrix {
    /// Design default of this product; the method is that of ISA-18.2 and EEMUA 191,
    /// where each site writes its own numbers.
    fn default() -> PriorityMatrix {
        use Priority::{P1, P2, P3, P4};
        PriorityMatrix([[P1, P1, P2], [P1, P2, P3], [P2, P3, P3], [P3, P3, P4]])
    }
}

impl PriorityMatrix {
    /// The priority; `None` without any consequence: an event, not an alarm.
    pub fn of(&self, severity: Severity, time: ResponseTime) -> Option<Priority> {
        let row = &self.0[time as usize];
        match severity {
            Severity::Severe => Some(row[0]),
            Severity::Major => Some(row[1]),
            Severity::Minor => Some(row[2]),
            Severity::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_never_falls_with_severity_and_never_rises_with_time() {
        let matrix = PriorityMatrix::default();
        for seconds in [0.0, 179.9, 180.0, 599.9, 600.0, 1_799.9, 1_800.0, 86_400.0] {
            let time = ResponseTime::of_s(seconds);
            assert_eq!(matrix.of(Severity::None, time), None);
            for pair in Severity::ALL.windows(2).skip(1) {
                assert!(matrix.of(pair[1], time) <= matrix.of(pair[0], time));
            }
            for severity in &Severity::ALL[1..] {
                let later = ResponseTime::of_s(seconds * 2.0);
                assert!(matrix.of(*severity, time) <= matrix.of(*severity, later));
            }
        }
    }

    #[test]
    fn the_default_matrix_is_the_published_one() {
        let words: Vec<Vec<&str>> = PriorityMatrix::default()
            .0
            .iter()
            .map(|row| row.iter().map(|priority| priority.word()).collect())
            .collect();
        let expected = [
            ["p1", "p1", "p2"],
            ["p1", "p2", "p3"],
            ["p2", "p3", "p3"],
            ["p3", "p3", "p4"],
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn opc_severities_fall_with_the_priority() {
        let numbers = Priority::ALL.map(Priority::opc_severity);
        assert_eq!(numbers, [900, 700, 500, 300, 100]);
    }
}
