//! The transfer line R-101 → XV-114 → P-103 → FT-104 → XV-115 → XV-116 → R-102.
//!
//! Turbulent flow under pump head and the difference of the two pressures:
//! `V̇ = V̇_0·x·√((p_1 − p_2 + Δp_P)/Δp_0)`, where x of three valves in series is
//! `√3/√(Σ 1/x_i²)`. A standing pump lets pressure push liquid through, a check
//! valve behind it lets none back. The line holds no liquid of its own and lets
//! no gas through; its power tells a pump that runs dry.
//! Numbers: assumed, FT-104's range and alarms are the demo's.

use serde::{Deserialize, Serialize};
use signal::math::{clamp, sqrt};

use crate::models::r101::ConfigError;
use crate::models::stream::Liquid;

/// Transfer line and pump of the demo unit. Assumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransferConfig {
    /// Flow with everything open and the nominal pressure difference, m³/h.
    pub nominal_m3_h: f64,
    /// That pressure difference, and the head of P-103, kPa.
    pub head_kpa: f64,
    /// Power of P-103 against a shut valve, kW.
    pub power_idle_kw: f64,
    /// Power added at nominal flow, kW.
    pub power_load_kw: f64,
    /// Power running dry, kW.
    pub power_dry_kw: f64,
    /// Contents of R-101 below which the pump runs dry, kg.
    pub dry_below_kg: f64,
}

impl Default for TransferConfig {
    fn default() -> Self {
        TransferConfig {
            nominal_m3_h: 6.0,
            head_kpa: 200.0,
            power_idle_kw: 1.0,
            power_load_kw: 1.2,
            power_dry_kw: 0.4,
            dry_below_kg: 2.0,
        }
    }
}

impl TransferConfig {
    /// Whether every number can stand in the equations.
    ///
    /// # Errors
    /// The first number that cannot.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (field, value) in [
            ("transfer.nominal_m3_h", self.nominal_m3_h),
            ("transfer.head_kpa", self.head_kpa),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(ConfigError { field, value });
            }
        }
        Ok(())
    }
}

/// What faults impose on the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Upsets {
    /// P-103 is tripped.
    pub tripped: bool,
    /// Mains are off.
    pub power_lost: bool,
    /// Share that leaks on the floor, 0..1.
    pub leak: f64,
    /// The flow goes into another vessel.
    pub misrouted: bool,
}

/// What one tick's transfer became.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delivered {
    /// Into R-102.
    pub arrived: Liquid,
    /// On the floor.
    pub leaked: Liquid,
    /// Into another vessel.
    pub astray: Liquid,
}

/// Line and pump.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    config: TransferConfig,
    running: bool,
    dropped_out: bool,
    flow_m3_h: f64,
    power_kw: f64,
    /// What faults impose.
    pub upsets: Upsets,
}

impl Line {
    /// A line at rest.
    pub fn new(config: TransferConfig) -> Self {
        Line {
            config,
            running: false,
            dropped_out: false,
            flow_m3_h: 0.0,
            power_kw: 0.0,
            upsets: Upsets::default(),
        }
    }

    /// The pump's contactor; after a trip it waits for a fresh command.
    pub fn command(&mut self, run: bool) {
        if self.upsets.tripped || self.upsets.power_lost {
            self.dropped_out = true;
        } else if !run {
            self.dropped_out = false;
        }
        self.running = run && !self.dropped_out;
    }

    /// Flow that openings (0..1) and pressures (kPa) give, m³/h.
    pub fn demand_m3_h(&self, openings: [f64; 3], source_kpa: f64, sink_kpa: f64) -> f64 {
        let mut resistance = 0.0;
        for opening in openings {
            if opening <= 0.0 {
                return 0.0;
            }
            resistance += 1.0 / (opening * opening);
        }
        let head = if self.running {
            self.config.head_kpa
        } else {
            0.0
        };
        let drive = clamp(
            (source_kpa - sink_kpa + head) / self.config.head_kpa,
            0.0,
            100.0,
        );
        self.config.nominal_m3_h * sqrt(3.0 / resistance) * sqrt(drive)
    }

    /// Takes note of `drawn`, `volume_m3` of it in `dt_s`, of a source that holds
    /// `source_kg`, and says where it went.
    pub fn deliver(
        &mut self,
        drawn: &Liquid,
        volume_m3: f64,
        source_kg: f64,
        dt_s: f64,
    ) -> Delivered {
        self.flow_m3_h = volume_m3 * 3600.0 / dt_s;
        self.power_kw = if !self.running {
            0.0
        } else if source_kg < self.config.dry_below_kg {
            self.config.power_dry_kw
        } else {
            let relative = self.flow_m3_h / self.config.nominal_m3_h;
            self.config.power_idle_kw + self.config.power_load_kw * clamp(relative, 0.0, 2.0)
        };
        let leaked = drawn.scaled(self.upsets.leak);
        let rest = drawn.plus(-1.0, &leaked);
        let (arrived, astray) = if self.upsets.misrouted {
            (Liquid::default(), rest)
        } else {
            (rest, Liquid::default())
        };
        Delivered {
            arrived,
            leaked,
            astray,
        }
    }

    /// P-103 running.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// FT-104, m³/h.
    pub fn flow_m3_h(&self) -> f64 {
        self.flow_m3_h
    }

    /// JT-103, kW.
    pub fn power_kw(&self) -> f64 {
        self.power_kw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pump_lifts_against_two_bar_and_no_more() {
        let mut line = Line::new(TransferConfig::default());
        line.command(true);
        assert_eq!(line.demand_m3_h([1.0; 3], 5.0, 5.0), 6.0);
        assert_eq!(line.demand_m3_h([1.0; 3], 5.0, 300.0), 0.0);
        assert_eq!(line.demand_m3_h([1.0, 0.0, 1.0], 5.0, 5.0), 0.0);
        line.command(false);
        assert_eq!(line.demand_m3_h([1.0; 3], 5.0, 5.0), 0.0);
        assert!(
            line.demand_m3_h([1.0; 3], 105.0, 5.0) > 4.0,
            "nitrogen push"
        );
    }

    #[test]
    fn pump_without_liquid_shows_by_its_power() {
        let mut line = Line::new(TransferConfig::default());
        line.command(true);
        line.deliver(&Liquid::default(), 0.0, 1000.0, 0.05);
        assert_eq!(line.power_kw(), 1.0);
        line.deliver(&Liquid::default(), 0.0, 0.0, 0.05);
        assert_eq!(line.power_kw(), 0.4);
    }

    #[test]
    fn leak_and_misroute_lose_nothing_on_the_books() {
        let mut line = Line::new(TransferConfig::default());
        line.upsets.leak = 0.2;
        line.upsets.misrouted = true;
        let drawn = Liquid {
            toluene_kg: 10.0,
            energy_j: 5e5,
            ..Liquid::default()
        };
        let went = line.deliver(&drawn, 0.01, 1000.0, 1.0);
        assert_eq!(went.arrived, Liquid::default());
        assert_eq!(went.leaked.plus(1.0, &went.astray), drawn);
    }
}
