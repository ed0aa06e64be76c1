//! Vessel wall, jacket, and what cools and heats the jacket.
//!
//! Heat from contents to jacket: `Q_j = UA·(T − T_j)`, with
//! `UA = UA_0·(f + (1 − f)·s)·(g + (1 − g)·c)`: `s` the stirring factor,
//! `c` the circulation as a fraction of nominal.
//!
//! Jacket duties, each limited to its design maximum:
//! * cooling `Q_max·x·c·min(1, √(p/p_0))·min(1, (T_j − T_cool)/ΔT_ref)`, x = TV-101;
//! * heating `Q_max·x·c·min(1, (T_medium − T_j)/ΔT_taper)`, x = TV-102;
//! * emergency brine `Q_max·x·min(1, (T_j − T_brine)/ΔT_ref)`, x = XV-117,
//!   from its own accumulator: neither circulation nor coolant pump needed.
//!
//! Jacket nozzles: circulation takes up `Q_j`, hence
//! `T_out − T_in = Q_j/(V̇·ρcp)`, laid symmetrically about `T_j` and never
//! wider than `|T − T_j|`.

use serde::{Deserialize, Serialize};
use signal::math::{clamp, sqrt};

/// Vessel and jacket of the demo unit. All values: design basis of the demo
/// unit, unless marked *assumed* (plausible for a 3 m³ glass-lined vessel).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thermal {
    /// Heat capacity of vessel and internals, J/K.
    pub vessel_j_k: f64,
    /// Heat transfer to the jacket when stirred, W/K.
    pub ua_w_k: f64,
    /// Share of it left when not stirred.
    pub ua_unstirred: f64,
    /// Share of it left when the circulation stands still. Assumed.
    pub ua_no_circulation: f64,
    /// Heat capacity of the jacket inventory, J/K.
    pub jacket_j_k: f64,
    /// Greatest cooling duty of TV-101, W.
    pub cooling_max_w: f64,
    /// Jacket-to-coolant difference from which TV-101 fully open gives it, K. Assumed.
    pub cooling_reference_k: f64,
    /// Greatest heating duty of TV-102, W.
    pub heating_max_w: f64,
    /// Temperature of the heating medium, °C. Assumed.
    pub heating_medium_c: f64,
    /// Difference below which the heating duty tapers off, K. Assumed.
    pub heating_taper_k: f64,
    /// Greatest duty of the emergency brine through XV-117, W. Assumed.
    pub brine_max_w: f64,
    /// Temperature of the emergency brine, °C (coolant supply −10 °C).
    pub brine_c: f64,
    /// Coolant supply temperature (TT-106), °C.
    pub coolant_c: f64,
    /// Coolant supply pressure (PT-103), kPa(g). Assumed.
    pub coolant_kpa_g: f64,
    /// Circulation through the jacket (FT-102), m³/h. Assumed.
    pub circulation_m3_h: f64,
    /// Volumetric heat capacity of the jacket fluid, J/(m³ K): water–glycol, about 1040 kg/m³ × 3.6 kJ/(kg K).
    pub circulation_j_m3_k: f64,
    /// Time constant with which pumps run down or up, s. Assumed.
    pub pump_lag_s: f64,
    /// Loss to the surroundings, W/K. The design basis neglects it.
    pub ambient_w_k: f64,
    /// Temperature of the surroundings, °C.
    pub ambient_c: f64,
}

impl Default for Thermal {
    fn default() -> Self {
        Thermal {
            vessel_j_k: 0.5e6,
            ua_w_k: 2100.0,
            ua_unstirred: 0.35,
            ua_no_circulation: 0.5,
            jacket_j_k: 0.625e6,
            cooling_max_w: 90e3,
            cooling_reference_k: 12.0,
            heating_max_w: 40e3,
            heating_medium_c: 90.0,
            heating_taper_k: 20.0,
            brine_max_w: 60e3,
            brine_c: -10.0,
            coolant_c: -10.0,
            coolant_kpa_g: 400.0,
            circulation_m3_h: 15.0,
            circulation_j_m3_k: 3.744e6,
            pump_lag_s: 1.5,
            ambient_w_k: 0.0,
            ambient_c: 20.0,
        }
    }
}

/// What drives the jacket during one step; constant over the step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct JacketDrive {
    /// Opening of TV-101, 0..1.
    pub cooling: f64,
    /// Opening of TV-102, 0..1.
    pub heating: f64,
    /// Opening of XV-117, 0..1 (0 when the brine itself is lost).
    pub brine: f64,
    /// Coolant supply temperature, °C.
    pub coolant_c: f64,
    /// Coolant supply pressure, kPa(g).
    pub coolant_kpa_g: f64,
    /// Circulation, m³/h.
    pub circulation_m3_h: f64,
}

impl Thermal {
    /// Circulation as a fraction of nominal, 0..1.
    pub fn circulation_fraction(&self, drive: &JacketDrive) -> f64 {
        clamp(drive.circulation_m3_h / self.circulation_m3_h, 0.0, 1.0)
    }

    /// Heat transfer to the jacket, W/K, at stirring factor `stirring` (0..1).
    pub fn ua_w_k(&self, stirring: f64, drive: &JacketDrive) -> f64 {
        let circulation = self.circulation_fraction(drive);
        self.ua_w_k
            * (self.ua_unstirred + (1.0 - self.ua_unstirred) * stirring)
            * (self.ua_no_circulation + (1.0 - self.ua_no_circulation) * circulation)
    }

    /// Cooling duty that TV-101 fully open gives at present, W.
    #[inline]
    pub fn cooling_available_w(&self, jacket_c: f64, drive: &JacketDrive) -> f64 {
        let pressure = sqrt(clamp(drive.coolant_kpa_g / self.coolant_kpa_g, 0.0, 1.0));
        let taper = clamp(
            (jacket_c - drive.coolant_c) / self.cooling_reference_k,
            0.0,
            1.0,
        );
        self.cooling_max_w * self.circulation_fraction(drive) * pressure * taper
    }

    /// Heating duty that TV-102 fully open gives at present, W.
    #[inline]
    pub fn heating_available_w(&self, jacket_c: f64, drive: &JacketDrive) -> f64 {
        let taper = clamp(
            (self.heating_medium_c - jacket_c) / self.heating_taper_k,
            0.0,
            1.0,
        );
        self.heating_max_w * self.circulation_fraction(drive) * taper
    }

    /// Net duty into the jacket, W; negative cools.
    #[inline]
    pub fn duty_w(&self, jacket_c: f64, drive: &JacketDrive) -> f64 {
        let mut duty = 0.0;
        if drive.cooling > 0.0 {
            duty -= drive.cooling * self.cooling_available_w(jacket_c, drive);
        }
        if drive.heating > 0.0 {
            duty += drive.heating * self.heating_available_w(jacket_c, drive);
        }
        if drive.brine > 0.0 {
            let taper = clamp(
                (jacket_c - self.brine_c) / self.cooling_reference_k,
                0.0,
                1.0,
            );
            duty -= drive.brine * self.brine_max_w * taper;
        }
        duty
    }

    /// Jacket inlet and outlet temperatures (TT-102, TT-103), °C.
    pub fn nozzles_c(
        &self,
        contents_c: f64,
        jacket_c: f64,
        ua_w_k: f64,
        drive: &JacketDrive,
    ) -> (f64, f64) {
        let flow_w_k = drive.circulation_m3_h / 3600.0 * self.circulation_j_m3_k;
        let gap = contents_c - jacket_c;
        let limit = if gap < 0.0 { -gap } else { gap };
        let rise = clamp(ua_w_k * gap / clamp(flow_w_k, 1.0, 1e12), -limit, limit);
        (jacket_c - 0.5 * rise, jacket_c + 0.5 * rise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drive() -> JacketDrive {
        JacketDrive {
            cooling: 0.0,
            heating: 0.0,
            brine: 0.0,
            coolant_c: -10.0,
            coolant_kpa_g: 400.0,
            circulation_m3_h: 15.0,
        }
    }

    #[test]
    fn nominal_coolant_gives_ninety_kilowatt_at_full_opening() {
        let thermal = Thermal::default();
        let duty = thermal.duty_w(
            27.0,
            &JacketDrive {
                cooling: 1.0,
                ..drive()
            },
        );
        assert_eq!(duty, -90e3);
    }

    #[test]
    fn coolant_cannot_cool_below_itself() {
        let thermal = Thermal::default();
        assert_eq!(
            thermal.duty_w(
                -10.0,
                &JacketDrive {
                    cooling: 1.0,
                    ..drive()
                }
            ),
            0.0
        );
        assert_eq!(
            thermal.duty_w(
                -12.0,
                &JacketDrive {
                    cooling: 1.0,
                    ..drive()
                }
            ),
            0.0
        );
    }

    #[test]
    fn emergency_brine_cools_without_circulation() {
        let thermal = Thermal::default();
        let still = JacketDrive {
            cooling: 1.0,
            brine: 1.0,
            circulation_m3_h: 0.0,
            ..drive()
        };
        assert_eq!(thermal.duty_w(40.0, &still), -60e3);
    }

    #[test]
    fn nozzle_difference_times_flow_is_the_heat_taken_up() {
        let thermal = Thermal::default();
        let ua = thermal.ua_w_k(1.0, &drive());
        let (inlet, outlet) = thermal.nozzles_c(40.0, 27.0, ua, &drive());
        let heat_w = 15.0 / 3600.0 * thermal.circulation_j_m3_k * (outlet - inlet);
        assert!((heat_w - 2100.0 * 13.0).abs() < 1e-6);
    }
}
