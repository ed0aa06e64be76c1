//! The register image of an I/O station: four Modbus tables.
//!
//! The map of `io1` as far as R-101 goes; the whole plant's is in [`crate::models::u100::map`].
//!
//! | table | content |
//! |---|---|
//! | input registers (FC 4) | `ir0..17` loop currents in µA; `ir20-21`, `ir22-23` float32, big-endian words; `ir24`, `ir25` status words |
//! | discrete inputs (FC 2) | `di0..18` feedbacks and switches |
//! | holding registers (FC 3, 16) | `hr0..4` valve demands in 0.01 %, `hr5` speed reference in 0.1 rpm, `hr10` heartbeat |
//! | coils (FC 1, 15) | `co0..6` solenoids (1 = energised), `co7` M-101 run, `co8` VP-101 run |
//!
//! A demand is the demanded *opening*; a positioner of a fail-open valve inverts.
//! An energised fail-closed valve is open, an energised fail-open valve is closed.

use serde::{Deserialize, Serialize};

/// Number of coils.
pub const COILS: usize = 24;
/// Number of discrete inputs.
pub const DISCRETES: usize = 32;
/// Number of input registers.
pub const INPUTS: usize = 40;
/// Number of holding registers.
pub const HOLDINGS: usize = 16;

/// `hr5`: agitator speed reference, 0.1 rpm.
pub const HR_SPEED: usize = 5;
/// `hr10`: heartbeat counter of the controller.
pub const HR_HEARTBEAT: usize = 10;
/// `co7`: M-101 run.
pub const CO_AGITATOR: usize = 7;
/// `co8`: VP-101 run.
pub const CO_VACUUM_PUMP: usize = 8;
/// `di0`: M-101 running.
pub const DI_AGITATOR_RUN: usize = 0;
/// `di1`: the first limit switch; pairs ZSO, ZSC follow in coil order.
pub const DI_LIMIT_SWITCHES: usize = 1;
/// `di15`: FS-101, 1 = sample flow present.
pub const DI_SAMPLE_FLOW: usize = 15;
/// `di16`: PSE-101, 1 = disc intact.
pub const DI_DISC_INTACT: usize = 16;
/// `di17`: HS-100, 1 = not pressed.
pub const DI_ESD_RELEASED: usize = 17;
/// `di18`: VP-101 running.
pub const DI_VACUUM_PUMP_RUN: usize = 18;
/// `ir20-21`: FT-101, float32, kg/h.
pub const IR_DOSING_FLOW: usize = 20;
/// `ir22-23`: WT-101, float32, kg.
pub const IR_DOSING_WEIGHT: usize = 22;
/// `ir24`: FT-101 status word, 0 = ok, bit 0 = fault.
pub const IR_DOSING_FLOW_STATUS: usize = 24;
/// `ir25`: WT-101 status word, 0 = ok, bit 0 = fault.
pub const IR_DOSING_WEIGHT_STATUS: usize = 25;

/// The four tables of one Modbus device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tables {
    /// Outputs, one bit each.
    pub coils: [bool; COILS],
    /// Inputs, one bit each.
    pub discrete: [bool; DISCRETES],
    /// Inputs, 16 bits each.
    #[serde(with = "crate::kept::long")]
    pub input: [u16; INPUTS],
    /// Outputs, 16 bits each.
    pub holding: [u16; HOLDINGS],
}

impl Default for Tables {
    fn default() -> Self {
        Tables {
            coils: [false; COILS],
            discrete: [false; DISCRETES],
            input: [0; INPUTS],
            holding: [0; HOLDINGS],
        }
    }
}

impl Tables {
    /// The loop current of input register `register` as a fraction of its range,
    /// 0.0 at 4 mA and 1.0 at 20 mA.
    pub fn loop_fraction(&self, register: usize) -> f64 {
        (f64::from(self.input[register]) - 4000.0) / 16_000.0
    }

    /// The float32 in input registers `register` and `register + 1`.
    pub fn float(&self, register: usize) -> f32 {
        f32::from_bits(
            (u32::from(self.input[register]) << 16) | u32::from(self.input[register + 1]),
        )
    }

    pub(crate) fn put_float(&mut self, register: usize, value: f32) {
        let bits = value.to_bits();
        self.input[register] = (bits >> 16) as u16;
        self.input[register + 1] = bits as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_lie_big_end_first() {
        let mut tables = Tables::default();
        tables.put_float(IR_DOSING_FLOW, 75.0); // 0x4296_0000
        assert_eq!(tables.input[20], 0x4296);
        assert_eq!(tables.input[21], 0x0000);
        assert_eq!(tables.float(IR_DOSING_FLOW), 75.0);
    }
}
