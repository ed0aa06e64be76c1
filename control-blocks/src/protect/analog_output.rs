//! Analog output to the field.

use super::{is_demanded, voting::check_row};
use crate::logic::timing::ns;
use scan::*;
use signal::{Level, Quality, Reading, Reason, math};

/// `AOUT`: the last word on a modulating final element.
///
/// | key | meaning |
/// |---|---|
/// | `demand` | what control wants (real), required |
/// | `trips` | rows `{ when = "RG-1.E1", value = 0.0 }`; the first that is demanded wins; a bad `when` counts as demanded |
/// | `inhibits` | list of Boolean tags; while one is true or bad the command does not rise, optional |
/// | `lo`, `hi` | limits of the command, 0 and 100 |
/// | `safe` | the command while the demand is bad for longer than `hold_s`, and before the first scan; required |
/// | `hold_s` | how long the last command is held on a bad demand, 0 |
/// | `unit` | unit of `CMD`, `"%"` |
///
/// | output | meaning |
/// |---|---|
/// | `CMD` | the command; unit and range as given |
/// | `TRIPPED` | a trip decides |
///
/// `CMD` is good under a trip, uncertain-substituted while held or safe, and
/// otherwise has the quality of the demand, with limit flags at `lo` and `hi`.
pub struct AnalogOutput {
    lo: f64,
    hi: f64,
    safe: f64,
    hold_ns: u64,
    lost_ns: u64,
    /// The first trip, and what else there is.
    trip: Option<(Input<bool>, f64)>,
    more_trips: Box<[(Input<bool>, f64)]>,
    /// While one of these is demanded the command does not rise.
    inhibits: Box<[Input<bool>]>,
    demand: Input<f64>,
    cmd: Output<f64>,
    tripped: Output<bool>,
}

impl AnalogOutput {
    #[inline]
    fn untripped(&mut self, scan: &Scan, image: &Image) -> Reading<f64> {
        let demand = image.get(self.demand);
        if demand.is_bad() {
            return self.without_demand(scan, image);
        }
        self.lost_ns = 0;
        let mut quality = demand.quality.worst(Quality::GOOD);
        if demand.value >= self.hi {
            quality = quality.with(Quality::LIMITED_HIGH);
        }
        if demand.value <= self.lo {
            quality = quality.with(Quality::LIMITED_LOW);
        }
        Reading::new(math::clamp(demand.value, self.lo, self.hi), quality)
    }

    /// A command that may not rise, while inhibited.
    #[inline(never)]
    fn inhibited(&self, image: &Image, cmd: Reading<f64>) -> Reading<f64> {
        let last = math::clamp(image.held(&self.cmd).value, self.lo, self.hi);
        let is_inhibited = self.inhibits.iter().any(|pin| is_demanded(image, *pin));
        if is_inhibited && cmd.value > last {
            return Reading::new(last, cmd.quality.with(Quality::LIMITED_HIGH));
        }
        cmd
    }

    #[inline(never)]
    fn another_trip(&self, image: &Image) -> Option<f64> {
        let mut trips = self.more_trips.iter();
        trips.find_map(|(when, value)| is_demanded(image, *when).then_some(*value))
    }

    /// The last command for `hold_s`, then the safe value.
    #[cold]
    #[inline(never)]
    fn without_demand(&mut self, scan: &Scan, image: &Image) -> Reading<f64> {
        const SUBSTITUTED: Quality = Quality::new(Level::Uncertain, Reason::Substituted);
        self.lost_ns = self.lost_ns.saturating_add(ns(scan.dt_s));
        let value = if self.lost_ns > self.hold_ns {
            self.safe
        } else {
            math::clamp(image.held(&self.cmd).value, self.lo, self.hi)
        };
        Reading::new(value, SUBSTITUTED)
    }
}

impl Block for AnalogOutput {
    #[inline(always)] // Into the loop over a row: plants have many.
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let cmd = self.untripped(scan, image);
        let trip = self.trip.and_then(|(when, value)| {
            if is_demanded(image, when) {
                Some(value)
            } else if self.more_trips.is_empty() {
                None
            } else {
                self.another_trip(image)
            }
        });
        let cmd = if self.inhibits.is_empty() {
            cmd
        } else {
            self.inhibited(image, cmd)
        };
        image.put(&self.tripped, trip.is_some());
        image.set(&self.cmd, trip.map_or(cmd, Reading::good));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.word(self.lost_ns);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.lost_ns = state.word()?;
        Ok(())
    }
}

impl BlockKind for AnalogOutput {
    const NAME: &'static str = "AOUT";
    const STAGE: Stage = Stage::Protect;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        const ANY: std::ops::RangeInclusive<f64> = -1e12..=1e12;
        let (lo, hi) = (wiring.real("lo", 0.0, ANY), wiring.real("hi", 100.0, ANY));
        if lo >= hi {
            wiring.problem("hi", "the range is empty", "`lo` must be below `hi`");
        }
        let range = lo..=lo.max(hi);
        let safe = wiring.real_required("safe", range.clone());
        let mut trips = Vec::new();
        for (at, row) in wiring.rows("trips").iter().enumerate() {
            let number = at + 1;
            check_row(wiring, "trips", row, &["when", "value"]);
            let value = match row.get("value") {
                Some(Value::Real(real)) => Some(*real),
                Some(Value::Int(int)) => Some(*int as f64),
                _ => None,
            };
            match (row.get("when"), value.filter(|value| range.contains(value))) {
                (Some(when @ (Value::Text(_) | Value::Table(_))), Some(value)) => {
                    trips.push((wiring.input_from(&format!("trips.{number}"), when), value));
                }
                _ => wiring.problem(
                    "trips",
                    format!("row {number} is not a trip"),
                    format!("{{ when = \"RG-1.E1\", value = {lo} }}, value within {lo} to {hi}"),
                ),
            }
        }
        let unit = wiring.text("unit");
        wiring.unit("CMD", if unit.is_empty() { "%" } else { &unit });
        wiring.same_unit(&["demand", "CMD"]);
        wiring.range("CMD", lo, hi);
        AnalogOutput {
            lo,
            hi,
            safe,
            hold_ns: ns(wiring.real("hold_s", 0.0, 0.0..=3_600.0)),
            lost_ns: 0,
            trip: trips.first().copied(),
            more_trips: trips.into_iter().skip(1).collect(),
            inhibits: wiring.inputs("inhibits").into_boxed_slice(),
            demand: wiring.input("demand"),
            cmd: wiring.output_from("CMD", safe),
            tripped: wiring.output("TRIPPED"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::{Rig, problems};
    use signal::{Quality, Reason};

    const TEXT: &str = r#"
        field = { d = 40.0, e1 = false, e2 = false }
        [[block]]
        kind = "AOUT"
        name = "TV-101"
        demand = "d"
        safe = 100.0
        hold_s = 0.3
        trips = [{ when = "e1", value = 100.0 }, { when = "e2", value = 0.0 }]
    "#;

    #[test]
    fn the_first_trip_wins_over_the_demand_and_the_second() {
        let mut rig = Rig::new(100, TEXT);
        assert_eq!(rig.scans(1).value("TV-101.CMD"), 40.0);
        assert_eq!(rig.field("e2", 1.0).scans(1).value("TV-101.CMD"), 0.0);
        assert!(rig.is("TV-101.TRIPPED"));
        assert_eq!(rig.field("e1", 1.0).scans(1).value("TV-101.CMD"), 100.0);
        rig.field("e1", 0.0).field("e2", 0.0).scans(1);
        assert_eq!(rig.value("TV-101.CMD"), 40.0);
    }

    #[test]
    fn lost_trip_signal_trips() {
        let mut rig = Rig::new(100, TEXT);
        rig.quality_of("e2", Quality::COMM_LOST).scans(1);
        assert_eq!(rig.value("TV-101.CMD"), 0.0);
    }

    #[test]
    fn a_bad_demand_is_held_and_then_safe() {
        let mut rig = Rig::new(100, TEXT);
        rig.scans(1).quality_of("d", Quality::SENSOR_FAULT).scans(3);
        assert_eq!(rig.value("TV-101.CMD"), 40.0);
        assert_eq!(rig.quality("TV-101.CMD").reason(), Reason::Substituted);
        assert_eq!(rig.scans(1).value("TV-101.CMD"), 100.0);
        rig.quality_of("d", Quality::GOOD).scans(1);
        assert_eq!(rig.value("TV-101.CMD"), 40.0);
    }

    #[test]
    fn the_command_stays_within_its_limits() {
        let mut rig = Rig::new(100, TEXT);
        assert_eq!(rig.field("d", 1e9).scans(1).value("TV-101.CMD"), 100.0);
        assert!(rig.quality("TV-101.CMD").has(Quality::LIMITED_HIGH));
        assert_eq!(rig.field("d", -5.0).scans(1).value("TV-101.CMD"), 0.0);
    }

    #[test]
    fn a_trip_value_beyond_the_limits_is_refused() {
        let text = TEXT.replace("value = 0.0", "value = 101.0");
        assert_eq!(problems(&text).len(), 1);
    }
}
