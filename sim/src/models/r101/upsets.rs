//! What faults impose on the unit. Everything at rest means a healthy unit.

use serde::{Deserialize, Serialize};

/// Upsets in force. The fault list sets them anew whenever it changes, so a
/// cleared fault leaves nothing behind but its physical consequences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upsets {
    /// M-101's drive is tripped.
    pub agitator_tripped: bool,
    /// VP-101's drive is tripped.
    pub vacuum_pump_tripped: bool,
    /// Share of the agitator blades left, 0..1.
    pub blades: f64,
    /// The jacket circulation pump stands.
    pub circulation_lost: bool,
    /// The coolant supply pump stands.
    pub coolant_lost: bool,
    /// The emergency brine is lost.
    pub brine_lost: bool,
    /// The condenser has no coolant.
    pub condenser_lost: bool,
    /// Coolant temperature instead of the design one, °C.
    pub coolant_c: Option<f64>,
    /// Nitrogen header pressure instead of the design one, kPa(g).
    pub header_kpa_g: Option<f64>,
    /// FO-101 is not fitted.
    pub orifice_missing: bool,
    /// PSE-101 has burst for no reason of pressure.
    pub disc_burst: bool,
    /// Mains are off: drives stand; the I/O station lives on its battery.
    pub power_lost: bool,
    /// The manhole is open.
    pub manhole_open: bool,
    /// No sample flows to the oxygen analysers.
    pub sample_flow_lost: bool,
    /// HS-100 is pressed.
    pub esd_pressed: bool,
    /// The vent header is blocked.
    pub vent_blocked: bool,
    /// Two loop inputs are wired to each other's terminals.
    pub swapped: Option<(usize, usize)>,
}

impl Default for Upsets {
    fn default() -> Self {
        Upsets {
            agitator_tripped: false,
            vacuum_pump_tripped: false,
            blades: 1.0,
            circulation_lost: false,
            coolant_lost: false,
            brine_lost: false,
            condenser_lost: false,
            coolant_c: None,
            header_kpa_g: None,
            orifice_missing: false,
            disc_burst: false,
            power_lost: false,
            manhole_open: false,
            sample_flow_lost: false,
            esd_pressed: false,
            vent_blocked: false,
            swapped: None,
        }
    }
}
