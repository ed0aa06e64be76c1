//! From a fault's name to what it does to the unit.

use super::Unit;
use super::tags::{FV_101, TV_101, WT_101, XV_101A, XV_101B};
use crate::devices::{Jam, SensorFault, sensor_fault};
use crate::faults::Aim;

impl Unit {
    /// Imposes one fault on a unit that was just healed.
    pub(crate) fn apply(&mut self, name: &str, aim: Aim, value: Option<f64>) {
        impose(self, name, aim, value);
    }
}

fn impose(unit: &mut Unit, name: &str, aim: Aim, value: Option<f64>) {
    let number = value.unwrap_or(0.0);
    let jam = value.map_or(Jam::Here, |percent| Jam::At(percent / 100.0));
    match (name, aim) {
        ("agitator-stop" | "agitator-vfd-trip", _) => unit.upsets_mut().agitator_tripped = true,
        ("agitator-blade-loss", _) => unit.upsets_mut().blades = 1.0 - number / 100.0,
        ("coolant-pump-trip", _) => {
            unit.upsets_mut().circulation_lost = true;
            unit.upsets_mut().coolant_lost = true;
        }
        ("cooling-lost", _) => {
            let upsets = unit.upsets_mut();
            upsets.circulation_lost = true;
            upsets.coolant_lost = true;
            upsets.brine_lost = true;
            upsets.condenser_lost = true;
        }
        ("brine-warm", _) => unit.upsets_mut().coolant_c = value,
        ("coolant-valve-stuck", _) => unit.valve_mut(TV_101).jam(jam),
        ("fv-101-stuck-open", _) => unit.valve_mut(FV_101).jam(jam),
        ("valve-stuck", Aim::Valve(index)) => unit.valve_mut(index).jam(jam),
        ("xv-leak-by", Aim::Valve(index)) => unit.valve_mut(index).leak(number / 100.0),
        ("xv-leak-by", _) => {
            for index in [FV_101, XV_101A, XV_101B] {
                unit.valve_mut(index).leak(number / 100.0);
            }
        }
        ("sensor-swap", Aim::Pair(first, second)) => {
            unit.upsets_mut().swapped = Some((first, second))
        }
        ("weight-drift", _) => {
            let (far, rate) = if number < 0.0 {
                (-1e9, -number)
            } else {
                (1e9, number)
            };
            unit.transmitter_mut(WT_101).drift(far, rate / 3600.0);
        }
        ("wrong-dosing-vessel", _) => unit.transmitter_mut(WT_101).fail(SensorFault::Frozen),
        ("o2-sample-flow-loss", _) => unit.upsets_mut().sample_flow_lost = true,
        ("n2-header-low", _) => unit.upsets_mut().header_kpa_g = value,
        ("orifice-missing", _) => unit.upsets_mut().orifice_missing = true,
        ("rupture-disc-burst", _) => unit.upsets_mut().disc_burst = true,
        ("vent-blocked", _) => unit.upsets_mut().vent_blocked = true,
        ("power-dip", _) => unit.upsets_mut().power_lost = true,
        ("manhole-open", _) => unit.upsets_mut().manhole_open = true,
        ("esd-pressed", _) => unit.upsets_mut().esd_pressed = true,
        ("drive-trip-vacuum-pump", _) => unit.upsets_mut().vacuum_pump_tripped = true,
        (_, Aim::Transmitter(index)) => sensor_fault(unit.transmitter_mut(index), name, number),
        // io-station-loss touches the device, not the unit: the world asks the list.
        _ => {}
    }
}
