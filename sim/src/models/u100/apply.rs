//! From a fault's name to what it does to the whole plant.
//!
//! Field devices are numbered R-101's first, then the rack's. What names R-101
//! alone is left to R-101.

use super::map::{Form, INSTRUMENTS, IO1};
use super::rack::Rack;
use super::unit::{U100, Upsets};
use crate::devices::{Jam, sensor_fault};
use crate::faults::{Aim, Entry, Subject, library, plant_library};
use crate::models::r101::tags;
use crate::models::{Model, r102, transfer};

const FIRST_TRANSMITTERS: usize = tags::TRANSMITTERS.len();
const FIRST_VALVES: usize = tags::VALVES.len();

/// Station and input register of a loop transmitter; `None` for one that is no loop.
fn terminal(index: usize) -> Option<(usize, usize)> {
    if index < FIRST_TRANSMITTERS {
        return (index < tags::LOOPS).then_some((IO1, index));
    }
    let point = INSTRUMENTS.get(index - FIRST_TRANSMITTERS)?;
    (point.form == Form::Loop).then_some((point.station, point.register))
}

impl Subject for U100 {
    fn knows(&self, entry: &Entry) -> bool {
        library()
            .iter()
            .chain(plant_library())
            .any(|known| known.name == entry.name)
    }

    fn transmitter(&self, tag: &str) -> Option<usize> {
        tags::transmitter(tag).or_else(|| Some(FIRST_TRANSMITTERS + Rack::transmitter(tag)?))
    }

    fn valve(&self, tag: &str) -> Option<usize> {
        tags::valve(tag).or_else(|| Some(FIRST_VALVES + Rack::valve(tag)?))
    }

    fn station(&self, name: &str) -> Option<usize> {
        let mut stations = Model::U100.stations().iter();
        stations.position(|(known, _)| *known == name)
    }

    fn may_swap(&self, first: usize, second: usize) -> bool {
        match (terminal(first), terminal(second)) {
            (Some(a), Some(b)) => a.0 == b.0 && a.1 != b.1,
            _ => false,
        }
    }

    fn heal(&mut self) {
        self.reactor.heal();
        self.rack.heal();
        self.upsets = Upsets::default();
        self.autoclave.upsets = r102::Upsets::default();
        self.line.upsets = transfer::Upsets::default();
        self.header.forced_kpa_g = None;
    }

    fn apply(&mut self, name: &str, aim: Aim, value: Option<f64>) {
        let number = value.unwrap_or(0.0);
        match (name, aim) {
            (_, Aim::Transmitter(index)) if index >= FIRST_TRANSMITTERS => {
                let transmitter = self.rack.transmitter_mut(index - FIRST_TRANSMITTERS);
                sensor_fault(transmitter, name, number);
            }
            ("valve-stuck", Aim::Valve(index)) if index >= FIRST_VALVES => {
                let jam = value.map_or(Jam::Here, |percent| Jam::At(percent / 100.0));
                self.rack.valve_mut(index - FIRST_VALVES).jam(jam);
            }
            ("xv-leak-by", Aim::Valve(index)) if index >= FIRST_VALVES => {
                self.rack
                    .valve_mut(index - FIRST_VALVES)
                    .leak(number / 100.0);
            }
            ("sensor-swap", Aim::Pair(first, second)) => {
                if let (Some((station, a)), Some((_, b))) = (terminal(first), terminal(second)) {
                    self.upsets.swapped = Some((station, a, b));
                }
            }
            ("power-dip" | "mains-loss", _) => {
                self.upsets.power_lost = true;
                self.autoclave.upsets.power_lost = true;
                self.line.upsets.power_lost = true;
                self.reactor.upsets_mut().power_lost = true;
            }
            ("n2-header-low", _) => self.header.forced_kpa_g = value,
            ("psv-lift", _) => self.autoclave.upsets.safety_valve = number / 100.0,
            ("h2-regulator-fail", _) => self.autoclave.upsets.supply_kpa_g = value,
            ("h2-leak", _) => self.upsets.hydrogen_nm3_h = number,
            ("h2-bleed-blocked", _) => self.autoclave.upsets.bleed_blocked = true,
            ("r-102-agitator-slip", _) => self.autoclave.upsets.slip = number / 100.0,
            ("r-102-agitator-stop", _) => self.autoclave.upsets.agitator_tripped = true,
            ("r-102-coolant-loss", _) => self.autoclave.upsets.circulation_lost = true,
            ("r-102-disc-burst", _) => self.autoclave.upsets.disc_burst = true,
            ("catalyst-filter-blocked", _) => self.autoclave.upsets.filter_kpa = number,
            ("transfer-pump-trip", _) => self.line.upsets.tripped = true,
            ("transfer-leak", _) => self.line.upsets.leak = number / 100.0,
            ("transfer-misroute", _) => self.line.upsets.misrouted = true,
            ("lel-release", _) => self.upsets.vapour_kg_h = number,
            ("n2-room-release", _) => self.upsets.nitrogen_nm3_h = number,
            ("xv-118-line-fault", _) => self.upsets.xv_118_line_open = true,
            ("condenser-loss", _) => self.reactor.upsets_mut().condenser_lost = true,
            _ => self.reactor.apply(name, aim, value),
        }
    }

    fn settle(&mut self) {
        self.reactor.settle();
        self.rack.settle();
    }

    fn ended(&mut self, name: &str) {
        match name {
            "rupture-disc-burst" => self.reactor.replace_disc(),
            "r-102-disc-burst" => self.autoclave.replace_disc(),
            _ => {}
        }
    }
}
