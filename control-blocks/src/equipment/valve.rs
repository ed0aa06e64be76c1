//! On/off valve.

use crate::logic::timing::ns;
use crate::protect::{is_certain, is_demanded, voting::check_row};
use scan::*;
use signal::{Quality, Reading};

const CLOSED: i64 = 0;
const OPEN: i64 = 1;
const TRAVELLING: i64 = 2;
const FAULT: i64 = 3;
const UNKNOWN: i64 = 4;

/// Names of `STATE`.
const STATES: &[(i64, &str, &str)] = &[
    (CLOSED, "closed", "关"),
    (OPEN, "open", "开"),
    (TRAVELLING, "travelling", "动作中"),
    (FAULT, "fault", "故障"),
    (UNKNOWN, "unknown", "未知"),
];
const MODES: &[(i64, &str, &str)] = &[(0, "MAN", "手动"), (1, "AUTO", "自动")];

/// Which position a valve is wanted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionLaw {
    /// Whether the safe position is open.
    pub safe: bool,
    /// What people want in MAN.
    pub manual: bool,
    /// What is wanted now: true = open.
    pub open: bool,
}

impl PositionLaw {
    /// One scan. `trip` is the position a trip demands; `demand` is that of
    /// control in AUTO, or nobody in MAN. Without permission the valve does not
    /// leave its safe position; having left, it need not go back for it.
    pub fn step(&mut self, trip: Option<bool>, demand: Option<bool>, is_permitted: bool) {
        if let Some(to) = trip {
            // When the trip is gone the valve stays where the trip put it.
            self.open = to;
            self.manual = to;
            return;
        }
        let mut wish = demand.unwrap_or(self.manual);
        if wish != self.safe && self.open == self.safe && !is_permitted {
            wish = self.safe;
        }
        self.open = wish;
        self.manual = wish;
    }
}

/// A limit switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// There is none.
    Absent,
    /// Its signal is bad.
    Bad,
    /// Made.
    On,
    /// Not made.
    Off,
}

/// Compares where a valve is wanted with where it is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TravelLaw {
    wanted: bool,
    away_ns: u64,
    is_away: bool,
}

impl TravelLaw {
    /// One scan: the state and whether there is a discrepancy.
    ///
    /// Away for longer than the travel time, or both switches made, is a fault.
    /// A position without a switch is taken for reached after the travel time.
    pub fn step(
        &mut self,
        wanted: bool,
        zso: Switch,
        zsc: Switch,
        travel_ns: u64,
        dt_ns: u64,
    ) -> (i64, bool) {
        if wanted != self.wanted {
            *self = TravelLaw {
                wanted,
                ..TravelLaw::default()
            };
        }
        let goal = if wanted { OPEN } else { CLOSED };
        let (there, elsewhere) = if wanted { (zso, zsc) } else { (zsc, zso) };
        match (there, elsewhere) {
            (Switch::On, Switch::On) => return (FAULT, true),
            (Switch::On, _) => {
                self.is_away = false;
                self.away_ns = 0;
                return (goal, false);
            }
            (Switch::Bad, Switch::On) | (Switch::Absent | Switch::Off, _) => {}
            (Switch::Bad, _) => return (UNKNOWN, false),
        }
        if self.is_away {
            self.away_ns = self.away_ns.saturating_add(dt_ns);
        }
        self.is_away = true;
        if self.away_ns < travel_ns {
            return (TRAVELLING, false);
        }
        match (there, elsewhere) {
            (Switch::Absent, Switch::Bad) => (UNKNOWN, false),
            (Switch::Absent, Switch::Off | Switch::Absent) => (goal, false),
            _ => (FAULT, true),
        }
    }
}

/// `VALVE`: an on/off valve with its solenoid and limit switches.
///
/// | key | meaning |
/// |---|---|
/// | `fail` | `"closed"` or `"open"`: where it goes without energy, which is its safe position; required |
/// | `demand` | Boolean tag, true = open, for mode AUTO; optional |
/// | `trips` | rows `{ when = "RG-1.E1", to = "closed" }`; the first that is demanded wins over everything; a bad `when` counts as demanded |
/// | `permit` | Boolean tag, needed to leave the safe position (not to stay away); a bad one does not permit; optional |
/// | `zso`, `zsc` | limit switches open and closed, optional |
/// | `travel_s` | longest travel, 10 s |
/// | `mode` | initial `MODE`, 0 |
///
/// | tag | meaning |
/// |---|---|
/// | `MODE` | setting: 0 MAN, 1 AUTO |
/// | `OPEN` | setting: the position people want in MAN; follows in AUTO and under a trip |
/// | `CMD` | solenoid energised: fail closed = open, fail open = closed |
/// | `POS_DEMAND` | true = wanted open |
/// | `STATE` | 0 closed, 1 open, 2 travelling, 3 fault, 4 unknown |
/// | `FAULT` | not where it is wanted after `travel_s`, or both switches made; ends by itself |
///
/// A trip also moves `OPEN`, so that a valve in MAN stays where the trip put it
/// when the trip is reset; in AUTO it then follows its demand again. A bad demand
/// in AUTO is the safe position. Without permission a wish in MAN is forgotten,
/// not stored. After every start the valve is wanted in its safe position and
/// `MODE` is the initial one.
///
/// A position without a switch is taken for reached after `travel_s`. With a bad
/// switch where the valve should be the state is unknown, with no fault.
pub struct Valve {
    fail_open: bool,
    travel_ns: u64,
    mode_initial: i64,
    is_starting: bool,
    position: PositionLaw,
    travel: TravelLaw,
    demand: Option<Input<bool>>,
    trips: Box<[(Input<bool>, bool)]>,
    permit: Option<Input<bool>>,
    zso: Option<Input<bool>>,
    zsc: Option<Input<bool>>,
    mode: Setting<i64>,
    open: Setting<bool>,
    cmd: Output<bool>,
    pos_demand: Output<bool>,
    state: Output<i64>,
    fault: Output<bool>,
}

impl Valve {
    fn switch(image: &Image, pin: Option<Input<bool>>) -> Switch {
        match pin.map(|pin| image.get(pin)) {
            None => Switch::Absent,
            Some(reading) if reading.is_bad() => Switch::Bad,
            Some(reading) if reading.value => Switch::On,
            Some(_) => Switch::Off,
        }
    }

    fn mode(&mut self, image: &Image) -> i64 {
        let held = if self.is_starting {
            self.is_starting = false;
            self.mode_initial
        } else {
            image.held(&self.mode.output).value
        };
        match image.requested(&self.mode.request) {
            Some(wanted @ 0..=1) if wanted == 0 || self.demand.is_some() => wanted,
            _ => held,
        }
    }
}

impl Block for Valve {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let mode = self.mode(image);
        if let Some(open) = image.requested(&self.open.request) {
            self.position.manual = open;
        }
        let trip = self
            .trips
            .iter()
            .find(|(when, _)| is_demanded(image, *when))
            .map(|(_, to)| *to);
        let safe = self.position.safe;
        let demand = match (mode, self.demand.map(|pin| image.get(pin))) {
            (1, Some(demand)) if demand.is_bad() => Some(safe),
            (1, Some(demand)) => Some(demand.value),
            _ => None,
        };
        let is_permitted = self.permit.is_none_or(|pin| is_certain(image, pin));
        self.position.step(trip, demand, is_permitted);
        let open = self.position.open;

        let zso = Self::switch(image, self.zso);
        let zsc = Self::switch(image, self.zsc);
        let (state, fault) = self
            .travel
            .step(open, zso, zsc, self.travel_ns, ns(scan.dt_s));
        let quality = if state == UNKNOWN {
            Quality::UNCERTAIN
        } else {
            Quality::GOOD
        };
        image.put(&self.mode.output, mode);
        image.put(&self.open.output, self.position.manual);
        image.put(&self.cmd, open != self.fail_open);
        image.put(&self.pos_demand, open);
        image.set(&self.state, Reading::new(state, quality));
        image.put(&self.fault, fault);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.is_starting);
        state.bool(self.position.manual);
        state.bool(self.position.open);
        state.bool(self.travel.wanted);
        state.bool(self.travel.is_away);
        state.word(self.travel.away_ns);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.is_starting = state.bool()?;
        self.position.manual = state.bool()?;
        self.position.open = state.bool()?;
        self.travel.wanted = state.bool()?;
        self.travel.is_away = state.bool()?;
        self.travel.away_ns = state.word()?;
        Ok(())
    }

    fn start(&mut self, _start: Start) {
        self.is_starting = true;
        self.position.open = self.position.safe;
        self.position.manual = self.position.safe;
    }
}

impl BlockKind for Valve {
    const NAME: &'static str = "VALVE";
    const STAGE: Stage = Stage::Protect;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let words = [("closed", false), ("open", true)];
        if !wiring.has("fail") {
            wiring.problem(
                "fail",
                "the fail position is not given",
                "fail = \"closed\" or \"open\"",
            );
        }
        let fail_open = wiring.choice("fail", &words, false);
        let mut trips = Vec::new();
        for (at, row) in wiring.rows("trips").iter().enumerate() {
            let number = at + 1;
            check_row(wiring, "trips", row, &["when", "to"]);
            let to = match row.get("to") {
                Some(Value::Text(word)) => words.iter().find(|(name, _)| name == word),
                _ => None,
            };
            match (row.get("when"), to) {
                (Some(when @ (Value::Text(_) | Value::Table(_))), Some((_, to))) => {
                    trips.push((wiring.input_from(&format!("trips.{number}"), when), *to));
                }
                _ => wiring.problem(
                    "trips",
                    format!("row {number} is not a trip"),
                    "{ when = \"RG-1.E1\", to = \"closed\" }",
                ),
            }
        }
        wiring.states("MODE", MODES);
        wiring.states("STATE", STATES);
        Valve {
            fail_open,
            travel_ns: ns(wiring.real("travel_s", 10.0, 0.0..=3_600.0)),
            mode_initial: wiring.int("mode", 0, 0..=1),
            is_starting: false,
            position: PositionLaw {
                safe: fail_open,
                manual: fail_open,
                open: fail_open,
            },
            travel: TravelLaw::default(),
            demand: wiring.input_optional("demand"),
            trips: trips.into_boxed_slice(),
            permit: wiring.input_optional("permit"),
            zso: wiring.input_optional("zso"),
            zsc: wiring.input_optional("zsc"),
            mode: wiring.setting("MODE", 0),
            open: wiring.setting("OPEN", fail_open),
            cmd: wiring.output("CMD"),
            pos_demand: wiring.output_from("POS_DEMAND", fail_open),
            state: wiring.output_from("STATE", UNKNOWN),
            fault: wiring.output("FAULT"),
        }
    }
}

#[cfg(test)]
mod tests;
