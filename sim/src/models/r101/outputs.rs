//! The controller's outputs as the unit understands them.

use super::tags::{CONTROL_VALVES, FAIL_POSITIONS, VALVES};
use crate::devices::FailPosition;
use crate::image::{CO_AGITATOR, CO_VACUUM_PUMP, HR_SPEED, Tables};
use crate::station::Orders;
use serde::{Deserialize, Serialize};

/// Demands on valves and drives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    /// Demanded opening of each valve, 0..1, in the order of [`VALVES`].
    pub valves: [f64; VALVES.len()],
    /// M-101 run.
    pub agitator_run: bool,
    /// M-101 speed reference, rpm.
    pub speed_rpm: f64,
    /// VP-101 run.
    pub vacuum_pump_run: bool,
}

impl Outputs {
    /// Reads coils and holding registers. A demand above 100 % is 100 %.
    pub fn read(tables: &Tables) -> Self {
        let mut valves = [0.0; VALVES.len()];
        for (index, demand) in valves.iter_mut().enumerate() {
            *demand = if index < CONTROL_VALVES {
                let register = tables.holding[index];
                f64::from(if register > 10_000 { 10_000 } else { register }) / 10_000.0
            } else {
                let energised = tables.coils[index - CONTROL_VALVES];
                let fails_open = FAIL_POSITIONS[index] == FailPosition::Open;
                f64::from(u8::from(energised != fails_open))
            };
        }
        Outputs {
            valves,
            agitator_run: tables.coils[CO_AGITATOR],
            speed_rpm: f64::from(tables.holding[HR_SPEED]) / 10.0,
            vacuum_pump_run: tables.coils[CO_VACUUM_PUMP],
        }
    }

    /// Follows what its I/O station lets through.
    pub(crate) fn obey(&mut self, orders: Orders, tables: &Tables, agitator_holds: bool) {
        match orders {
            Orders::Heard => *self = Outputs::read(tables),
            Orders::Unheard => {}
            Orders::FailSafe => self.fail(agitator_holds),
        }
    }

    /// Every valve to its fail position and every drive stopped; M-101 goes on
    /// as before with `agitator_holds`.
    pub fn fail(&mut self, agitator_holds: bool) {
        for (demand, fail) in self.valves.iter_mut().zip(FAIL_POSITIONS) {
            *demand = if fail == FailPosition::Open { 1.0 } else { 0.0 };
        }
        self.vacuum_pump_run = false;
        if !agitator_holds {
            self.agitator_run = false;
        }
    }

    /// Writes the standby image: everything shut in, agitator as started.
    pub fn write_standby(tables: &mut Tables, agitator_on: bool, speed_rpm: f64) {
        for (index, fail) in FAIL_POSITIONS.iter().enumerate().skip(CONTROL_VALVES) {
            tables.coils[index - CONTROL_VALVES] = *fail == FailPosition::Open; // energised FO = closed
        }
        tables.coils[CO_AGITATOR] = agitator_on;
        tables.holding[HR_SPEED] = signal::math::clamp(speed_rpm * 10.0, 0.0, 1200.0) as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::r101::tags::{TV_101, XV_101A, XV_111, XV_117};

    #[test]
    fn energised_coil_opens_fail_closed_and_closes_fail_open_valves() {
        let mut tables = Tables::default();
        let outputs = Outputs::read(&tables);
        assert_eq!(
            (outputs.valves[XV_101A], outputs.valves[XV_117]),
            (0.0, 1.0)
        );
        tables.coils[0] = true;
        tables.coils[2] = true;
        let outputs = Outputs::read(&tables);
        assert_eq!(
            (outputs.valves[XV_101A], outputs.valves[XV_117]),
            (1.0, 0.0)
        );
    }

    #[test]
    fn lost_signal_cools_opens_nitrogen_and_stops_dosing() {
        let mut tables = Tables::default();
        Outputs::write_standby(&mut tables, true, 90.0);
        let mut outputs = Outputs::read(&tables);
        assert_eq!(outputs.valves, [0.0; 12]);
        outputs.fail(true);
        assert_eq!(
            (
                outputs.valves[TV_101],
                outputs.valves[XV_111],
                outputs.valves[XV_101A]
            ),
            (1.0, 1.0, 0.0)
        );
        assert!(outputs.agitator_run);
        outputs.fail(false);
        assert!(!outputs.agitator_run);
    }
}
