//! The dosing vessel V-101 and its line: FV-101, XV-101A, XV-101B, FO-101.
//!
//! Restrictions in series under a constant pressure difference (the pad of
//! V-101 follows the head space) add by their inverse squares:
//! `1/F² = 1/(F_fv·x)² + Σ 1/(F_xv·x_i)² + 1/F_fo²`, mass flows in kg/h.

use serde::{Deserialize, Serialize};
use signal::math::{clamp, sqrt};

/// Dosing line of the demo unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dosing {
    /// Flow with everything open and the orifice fitted, kg/h. Design basis of the demo unit.
    pub orifice_limit_kg_h: f64,
    /// Flow of FV-101 alone, fully open, kg/h. Assumed: the over-feed case of 225 kg/h must be possible.
    pub control_valve_kg_h: f64,
    /// Flow of one block valve alone, fully open, kg/h. Assumed.
    pub block_valve_kg_h: f64,
    /// Temperature of B, °C. Design basis of the demo unit.
    pub feed_c: f64,
}

impl Default for Dosing {
    fn default() -> Self {
        Dosing {
            orifice_limit_kg_h: 120.0,
            control_valve_kg_h: 300.0,
            block_valve_kg_h: 2000.0,
            feed_c: 20.0,
        }
    }
}

impl Dosing {
    /// The line without FV-101: sum of the inverse squares.
    fn line(&self, block_a: f64, block_b: f64, orifice: bool) -> f64 {
        let inverse = |flow: f64| 1.0 / (flow * flow);
        let mut sum =
            inverse(self.block_valve_kg_h * block_a) + inverse(self.block_valve_kg_h * block_b);
        if orifice {
            sum += inverse(self.orifice_limit_kg_h)
                - inverse(self.control_valve_kg_h)
                - 2.0 * inverse(self.block_valve_kg_h);
        }
        sum
    }

    /// Flow, kg/h, at the openings (0..1) of FV-101, XV-101A and XV-101B.
    pub fn flow_kg_h(&self, control: f64, block_a: f64, block_b: f64, orifice: bool) -> f64 {
        if control <= 0.0 || block_a <= 0.0 || block_b <= 0.0 {
            return 0.0;
        }
        let alone = self.control_valve_kg_h * control;
        1.0 / sqrt(1.0 / (alone * alone) + self.line(block_a, block_b, orifice))
    }

    /// Opening of FV-101 that gives `flow_kg_h` with both blocks open; 1 if none does.
    pub fn opening_for(&self, flow_kg_h: f64, orifice: bool) -> f64 {
        if flow_kg_h <= 0.0 {
            return 0.0;
        }
        let left = 1.0 / (flow_kg_h * flow_kg_h) - self.line(1.0, 1.0, orifice);
        if left <= 0.0 {
            return 1.0;
        }
        clamp(1.0 / (self.control_valve_kg_h * sqrt(left)), 0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orifice_limits_the_line_to_its_design_flow() {
        let dosing = Dosing::default();
        assert!((dosing.flow_kg_h(1.0, 1.0, 1.0, true) - 120.0).abs() < 1e-9);
        assert!(dosing.flow_kg_h(1.0, 1.0, 1.0, false) > 225.0);
    }

    #[test]
    fn either_block_valve_alone_stops_the_flow() {
        let dosing = Dosing::default();
        assert_eq!(dosing.flow_kg_h(1.0, 0.0, 1.0, true), 0.0);
        assert_eq!(dosing.flow_kg_h(1.0, 1.0, 0.0, true), 0.0);
    }

    #[test]
    fn opening_for_a_flow_gives_that_flow() {
        let dosing = Dosing::default();
        for flow in [10.0, 75.0, 119.0] {
            let opening = dosing.opening_for(flow, true);
            assert!((dosing.flow_kg_h(opening, 1.0, 1.0, true) - flow).abs() < 1e-9);
        }
    }
}
