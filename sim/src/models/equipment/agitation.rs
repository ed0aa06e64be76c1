//! The agitator M-101: drive, current, and how well it mixes.
//!
//! Stirring factor `s(N)`: 0 below `N_low`, 1 above `N_full`, the cubic
//! `3u² − 2u³` between. Mixing factor on k: `η = η_0 + (1 − η_0)·s`.
//! Current: `I = I_idle + I_load·(N/N_rated)²·b·w`, `b` what is left of the
//! blades, `w` the wetted share: lost blades show as a low current (IT-101 LL).

use serde::{Deserialize, Serialize};
use signal::math::clamp;

/// Agitator of the demo unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agitation {
    /// Mixing factor on the rate constant when unstirred. Design basis of the demo unit.
    pub mixing_unstirred: f64,
    /// Speed below which nothing is mixed, rpm. Assumed.
    pub speed_low_rpm: f64,
    /// Speed from which mixing is full, rpm; the low-low alarm of ST-101 (40 rpm) lies just below.
    pub speed_full_rpm: f64,
    /// Rated speed, rpm: the recipe's. Design basis of the demo unit.
    pub speed_rated_rpm: f64,
    /// Greatest speed of the drive, rpm (range of ST-101).
    pub speed_max_rpm: f64,
    /// Ramp of the drive, rpm/s. Assumed.
    pub ramp_rpm_s: f64,
    /// Run-down without torque, rpm/s. Assumed.
    pub coast_rpm_s: f64,
    /// Idle current, A: below IT-101 LL = 8 A.
    pub current_idle_a: f64,
    /// Load current at rated speed, A: with idle between the L and H alarms of IT-101 (10, 30 A).
    pub current_load_a: f64,
    /// Liquid volume that wets the blades fully, m³. Assumed.
    pub wetted_volume_m3: f64,
}

impl Default for Agitation {
    fn default() -> Self {
        Agitation {
            mixing_unstirred: 0.03,
            speed_low_rpm: 5.0,
            speed_full_rpm: 45.0,
            speed_rated_rpm: 90.0,
            speed_max_rpm: 120.0,
            ramp_rpm_s: 10.0,
            coast_rpm_s: 15.0,
            current_idle_a: 5.0,
            current_load_a: 14.0,
            wetted_volume_m3: 1.0,
        }
    }
}

impl Agitation {
    /// Stirring factor at `speed_rpm`, 0..1.
    pub fn stirring(&self, speed_rpm: f64) -> f64 {
        let u = clamp(
            (speed_rpm - self.speed_low_rpm) / (self.speed_full_rpm - self.speed_low_rpm),
            0.0,
            1.0,
        );
        u * u * (3.0 - 2.0 * u)
    }

    /// Mixing factor on the rate constant at stirring factor `stirring`.
    pub fn mixing(&self, stirring: f64) -> f64 {
        self.mixing_unstirred + (1.0 - self.mixing_unstirred) * stirring
    }
}

/// The drive: run command, speed, and the drop-out that needs a fresh command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drive {
    speed_rpm: f64,
    running: bool,
    dropped_out: bool,
}

impl Drive {
    /// A drive already settled.
    pub fn settled(running: bool, speed_rpm: f64) -> Self {
        Drive {
            speed_rpm: if running { speed_rpm } else { 0.0 },
            running,
            dropped_out: false,
        }
    }

    /// One tick. After `tripped` the drive restarts only on a run command that
    /// was withdrawn and given anew, as a contactor with no-volt release does.
    pub fn step(
        &mut self,
        config: &Agitation,
        run: bool,
        reference_rpm: f64,
        tripped: bool,
        dt_s: f64,
    ) {
        if tripped {
            self.dropped_out = true;
        } else if !run {
            self.dropped_out = false;
        }
        self.running = run && !self.dropped_out;
        let target = if self.running {
            clamp(reference_rpm, 0.0, config.speed_max_rpm)
        } else {
            0.0
        };
        let fall = if self.running {
            config.ramp_rpm_s
        } else {
            config.coast_rpm_s
        };
        self.speed_rpm += clamp(
            target - self.speed_rpm,
            -fall * dt_s,
            config.ramp_rpm_s * dt_s,
        );
    }

    /// RUN feedback.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Shaft speed, rpm.
    pub fn speed_rpm(&self) -> f64 {
        self.speed_rpm
    }

    /// Motor current, A, with `blades` (0..1) left and `volume_m3` of liquid.
    pub fn current_a(&self, config: &Agitation, blades: f64, volume_m3: f64) -> f64 {
        if !self.running {
            return 0.0;
        }
        let relative = self.speed_rpm / config.speed_rated_rpm;
        let wetted = clamp(volume_m3 / config.wetted_volume_m3, 0.0, 1.0);
        config.current_idle_a + config.current_load_a * relative * relative * blades * wetted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_runs_without_a_step_from_unstirred_to_full() {
        let config = Agitation::default();
        assert_eq!(config.mixing(config.stirring(0.0)), 0.03);
        assert_eq!(config.mixing(config.stirring(90.0)), 1.0);
        let mut last = 0.03;
        for tenths in 0..1200 {
            let now = config.mixing(config.stirring(f64::from(tenths) / 10.0));
            assert!(now >= last && now - last < 0.005);
            last = now;
        }
    }

    #[test]
    fn drive_that_dropped_out_waits_for_a_fresh_command() {
        let config = Agitation::default();
        let mut drive = Drive::settled(true, 90.0);
        drive.step(&config, true, 90.0, true, 0.1);
        for _ in 0..200 {
            drive.step(&config, true, 90.0, false, 0.1);
        }
        assert_eq!((drive.is_running(), drive.speed_rpm()), (false, 0.0));
        drive.step(&config, false, 90.0, false, 0.1);
        for _ in 0..200 {
            drive.step(&config, true, 90.0, false, 0.1);
        }
        assert_eq!((drive.is_running(), drive.speed_rpm()), (true, 90.0));
    }

    #[test]
    fn lost_blades_show_below_the_low_current_trip() {
        let config = Agitation::default();
        let drive = Drive::settled(true, 90.0);
        assert!(drive.current_a(&config, 1.0, 1.5) > 10.0);
        assert!(drive.current_a(&config, 0.0, 1.5) < 8.0);
    }
}
