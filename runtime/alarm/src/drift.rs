//! Whether what runs is what was rationalised.

use crate::priority::Priority;
use crate::rationale::{LIMIT_MODES_MAX, Rationale};
use serde::Serialize;
use std::fmt;

/// Settings as they run now; `None` where an alarm has no such setting or nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Running {
    /// Set-point.
    pub limit: Option<f64>,
    /// Dead-band.
    pub deadband: Option<f64>,
    /// On-delay, seconds.
    pub on_delay_s: Option<f64>,
    /// Off-delay, seconds.
    pub off_delay_s: Option<f64>,
    /// Priority.
    pub priority: Option<Priority>,
    /// Set-points of the modes, in their order.
    pub mode_limits: [Option<f64>; LIMIT_MODES_MAX],
}

/// One setting that differs from the record: an unauthorised change until somebody
/// approves it or puts it back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drift {
    /// Alarm.
    pub name: String,
    /// Which setting.
    pub setting: &'static str,
    /// As approved.
    pub recorded: String,
    /// As it runs.
    pub running: String,
    /// Tag to write to put it back; empty if there is none.
    pub tag: String,
}

/// Tags of the settings of a detection: set-point, dead-band, on-delay, off-delay; `None`
/// for an alarm on a condition that is there anyway.
pub fn setting_tags(rationale: &Rationale) -> Option<[String; 4]> {
    let name = &rationale.name;
    rationale.is_detected().then(|| {
        ["LIMIT", "DEADBAND", "ON_DELAY_S", "OFF_DELAY_S"].map(|pin| format!("{name}.{pin}"))
    })
}

impl Running {
    /// Settings of a detection as its tags are now; `read` gives the value of a tag, none if
    /// nobody knows it.
    pub fn of(rationale: &Rationale, read: impl Fn(&str) -> Option<f64>) -> Running {
        let Some(tags) = setting_tags(rationale) else {
            return Running::default();
        };
        let [limit, deadband, on_delay_s, off_delay_s] = tags.map(|tag| read(&tag));
        Running {
            limit,
            deadband,
            on_delay_s,
            off_delay_s,
            priority: None,
            mode_limits: core::array::from_fn(|mode| read(&mode_limit_tag(rationale, mode))),
        }
    }
}

/// The tag of the set-point of a mode, by its place in the record.
fn mode_limit_tag(rationale: &Rationale, mode: usize) -> String {
    format!("{}.LIMIT_{}", rationale.name, mode + 1)
}

/// The tag of the set-point in force: of a detection with limits of modes the one that
/// counts now; `None` without a set-point.
pub fn limit_tag(rationale: &Rationale) -> Option<String> {
    let tags = setting_tags(rationale).filter(|_| rationale.kind.has_limit());
    tags.map(|[limit, ..]| {
        if rationale.limit_modes().is_empty() {
            limit
        } else {
            format!("{limit}_ACT")
        }
    })
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Drift {
            name,
            setting,
            recorded,
            running,
            ..
        } = self;
        write!(f, "{name} {setting}: {recorded} approved, {running} runs")
    }
}

/// Every difference between records and what runs. `running` is asked once for each
/// alarm.
pub fn compare(
    rationales: &[Rationale],
    mut running: impl FnMut(&Rationale) -> Running,
) -> Vec<Drift> {
    let mut drifts = Vec::new();
    for rationale in rationales {
        let now = running(rationale);
        let tags = setting_tags(rationale);
        let tag = |at: usize| {
            let tags = tags.as_ref();
            tags.map_or_else(String::new, |tags| tags[at].clone())
        };
        let has_limit = rationale.kind.has_limit();
        let pairs = [
            ("limit", rationale.limit.filter(|_| has_limit), now.limit),
            (
                "deadband",
                Some(rationale.deadband).filter(|_| has_limit),
                now.deadband,
            ),
            ("on_delay_s", Some(rationale.on_delay_s), now.on_delay_s),
            ("off_delay_s", Some(rationale.off_delay_s), now.off_delay_s),
        ];
        for (at, (setting, recorded, running)) in pairs.into_iter().enumerate() {
            if let (Some(recorded), Some(running)) = (recorded, running)
                && recorded.to_bits() != running.to_bits()
                && recorded != running
            {
                drifts.push(Drift {
                    name: rationale.name.clone(),
                    setting,
                    recorded: recorded.to_string(),
                    running: running.to_string(),
                    tag: tag(at),
                });
            }
        }
        for (mode, (record, running)) in rationale
            .limit_modes()
            .iter()
            .zip(now.mode_limits)
            .enumerate()
        {
            if let (Some(recorded), Some(running)) = (record.limit, running)
                && recorded != running
            {
                drifts.push(Drift {
                    name: rationale.name.clone(),
                    setting: "limit of a mode",
                    recorded: recorded.to_string(),
                    running: running.to_string(),
                    tag: mode_limit_tag(rationale, mode),
                });
            }
        }
        if let Some(priority) = now.priority
            && priority != rationale.priority
        {
            drifts.push(Drift {
                name: rationale.name.clone(),
                setting: "priority",
                recorded: rationale.priority.word().to_string(),
                running: priority.word().to_string(),
                tag: String::new(),
            });
        }
    }
    drifts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rationale::{AlarmKind, Mode};

    #[test]
    fn a_limit_that_somebody_moved_is_told_with_the_tag_to_put_it_back() {
        let mut alarm = Rationale::named("TAH-101");
        alarm.kind = AlarmKind::H;
        alarm.limit = Some(45.0);
        alarm.deadband = 1.0;
        let mut running = Running {
            limit: Some(45.0),
            deadband: Some(1.0),
            on_delay_s: Some(0.0),
            off_delay_s: None,
            priority: Some(Priority::P3),
            ..Running::default()
        };
        assert_eq!(compare(std::slice::from_ref(&alarm), |_| running), []);
        running.limit = Some(48.0);
        running.priority = Some(Priority::P4);
        let drifts = compare(&[alarm], |_| running);
        assert_eq!(drifts.len(), 2);
        assert_eq!(
            (
                drifts[0].setting,
                drifts[0].tag.as_str(),
                drifts[0].running.as_str()
            ),
            ("limit", "TAH-101.LIMIT", "48")
        );
        assert_eq!(
            (drifts[1].setting, drifts[1].recorded.as_str()),
            ("priority", "p3")
        );
    }

    #[test]
    fn a_condition_that_is_there_anyway_has_no_settings_to_drift() {
        let mut alarm = Rationale::named("UA-01");
        alarm.tag = "C01.TRIP".to_string();
        assert_eq!(setting_tags(&alarm), None);
        assert_eq!(compare(&[alarm], |_| Running::default()), []);
    }

    #[test]
    fn what_runs_is_read_from_the_tags_of_the_settings_and_what_nobody_knows_is_no_drift() {
        let mut alarm = Rationale::named("TAH-101");
        alarm.kind = AlarmKind::H;
        alarm.limit = Some(45.0);
        assert_eq!(limit_tag(&alarm).as_deref(), Some("TAH-101.LIMIT"));
        let mode = |limit| Mode {
            tag: "DOSE.RUN".to_string(),
            is: true,
            enabled: true,
            priority: None,
            limit,
            why: "while dosing".to_string(),
        };
        alarm.modes = vec![mode(None), mode(Some(43.0)), mode(None)];
        assert_eq!(alarm.limit_modes().len(), 2);
        assert_eq!(limit_tag(&alarm).as_deref(), Some("TAH-101.LIMIT_ACT"));
        let read = |tag: &str| match tag {
            "TAH-101.LIMIT" => Some(45.0),
            "TAH-101.ON_DELAY_S" => Some(3.0),
            "TAH-101.LIMIT_2" => Some(44.0),
            _ => None,
        };
        let drifts = compare(&[alarm], |record| Running::of(record, read));
        assert_eq!(drifts[1].tag, "TAH-101.LIMIT_2");
        assert_eq!(limit_tag(&Rationale::named("XA-1")), None);
        let said: Vec<String> = drifts.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "TAH-101 on_delay_s: 0 approved, 3 runs",
                "TAH-101 limit of a mode: 43 approved, 44 runs"
            ]
        );
    }
}
