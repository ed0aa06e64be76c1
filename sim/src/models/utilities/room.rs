//! The air around the units: gas detectors and room oxygen.
//!
//! Each detector watches a zone that is washed by its own air:
//! `dc/dt = (ṁ/q − c)/τ`; %LEL is c over the lower explosive limit: toluene
//! 1.1 vol% (about 42 g/m³), hydrogen 4 vol% (IEC 60079-20-1). Oxygen falls as
//! nitrogen displaces air: `dy/dt = (y_0·q/(q + ṅ) − y)/τ`. Air flows assumed.

use serde::{Deserialize, Serialize};
use signal::math::exp;

/// What is released into the room at present.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Releases {
    /// Solvent vapour, kg/s.
    pub vapour_kg_s: f64,
    /// Hydrogen, Nm³/h.
    pub hydrogen_nm3_h: f64,
    /// Nitrogen, Nm³/h.
    pub nitrogen_nm3_h: f64,
    /// The emergency fan runs: more air everywhere.
    pub fan_runs: bool,
}

/// Air past AE-121 to AE-124, m³/h.
const VAPOUR_AIR_M3_H: [f64; 4] = [400.0, 700.0, 1500.0, 5000.0];
/// Air past AE-126A and B, m³/h.
const HYDROGEN_AIR_M3_H: [f64; 2] = [60.0, 120.0];
/// Air through the room, m³/h.
const ROOM_AIR_M3_H: f64 = 3600.0;
/// So much more air while the emergency fan runs.
const FAN_FACTOR: f64 = 4.0;
/// Lower explosive limit of solvent vapour, kg/m³.
const VAPOUR_LEL_KG_M3: f64 = 0.042;
/// Lower explosive limit of hydrogen, m³/m³.
const HYDROGEN_LEL: f64 = 0.04;
const VAPOUR_LAG_S: f64 = 45.0;
const HYDROGEN_LAG_S: f64 = 15.0;
const OXYGEN_LAG_S: f64 = 120.0;
/// Oxygen in air, vol%.
const AIR_PCT: f64 = 20.9;

/// The room.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Room {
    vapour_lel_pct: [f64; 4],
    hydrogen_lel_pct: [f64; 2],
    oxygen_pct: f64,
    gains: [f64; 3],
}

impl Room {
    /// Fresh air.
    pub fn new(tick_s: f64) -> Self {
        let gain = |lag_s: f64| 1.0 - exp(-tick_s / lag_s);
        Room {
            vapour_lel_pct: [0.0; 4],
            hydrogen_lel_pct: [0.0; 2],
            oxygen_pct: AIR_PCT,
            gains: [gain(VAPOUR_LAG_S), gain(HYDROGEN_LAG_S), gain(OXYGEN_LAG_S)],
        }
    }

    /// One tick.
    pub fn step(&mut self, releases: &Releases) {
        let share = if releases.fan_runs { FAN_FACTOR } else { 1.0 };
        for (value, air) in self.vapour_lel_pct.iter_mut().zip(VAPOUR_AIR_M3_H) {
            let air = air * share;
            let target = 100.0 * releases.vapour_kg_s * 3600.0 / air / VAPOUR_LEL_KG_M3;
            *value += self.gains[0] * (target - *value);
        }
        for (value, air) in self.hydrogen_lel_pct.iter_mut().zip(HYDROGEN_AIR_M3_H) {
            let target = 100.0 * releases.hydrogen_nm3_h / (air * share) / HYDROGEN_LEL;
            *value += self.gains[1] * (target - *value);
        }
        let air = ROOM_AIR_M3_H * share;
        let target = AIR_PCT * air / (air + releases.nitrogen_nm3_h);
        self.oxygen_pct += self.gains[2] * (target - self.oxygen_pct);
    }

    /// AE-121 to AE-124, %LEL.
    pub fn vapour_lel_pct(&self) -> [f64; 4] {
        self.vapour_lel_pct
    }

    /// AE-126A and B, %LEL.
    pub fn hydrogen_lel_pct(&self) -> [f64; 2] {
        self.hydrogen_lel_pct
    }

    /// AE-125, vol%.
    pub fn oxygen_pct(&self) -> f64 {
        self.oxygen_pct
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_releases_pass_their_alarm_limits() {
        let mut room = Room::new(0.05);
        let releases = Releases {
            vapour_kg_s: 40.0 / 3600.0,
            hydrogen_nm3_h: 5.0,
            nitrogen_nm3_h: 300.0,
            fan_runs: false,
        };
        for _ in 0..20 * 600 {
            room.step(&releases);
        }
        let over = room.vapour_lel_pct().iter().filter(|&&c| c >= 50.0).count();
        assert_eq!(over, 3);
        assert!(room.hydrogen_lel_pct().iter().all(|&c| c >= 50.0));
        assert!(room.oxygen_pct() < 19.5);
        let fanned = Releases {
            fan_runs: true,
            ..releases
        };
        for _ in 0..20 * 600 {
            room.step(&fanned);
        }
        assert!(room.oxygen_pct() > 20.3);
        for _ in 0..20 * 900 {
            room.step(&Releases::default());
        }
        assert!(room.vapour_lel_pct()[0] < 1.0 && room.oxygen_pct() > 20.8);
    }
}
