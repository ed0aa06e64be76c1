//! A reactor for tests: the demo reaction with its jacket and temperature control.

use signal::math;

/// The demo reaction A + B → C in R-101, stepped by a second: rate
/// `r = k·n_A·n_B/V`, k(40 °C) = 2·10⁻³ m³/(kmol·s), E_a = 75 kJ/mol.
pub struct Reactor {
    pub t: f64,
    pub jacket: f64,
    pub a: f64,
    pub b: f64,
    mass: f64,
    pub dosed: f64,
    integral: f64,
    /// Factor on the rate: 0 = the reaction does not begin.
    pub activity: f64,
}

impl Reactor {
    pub fn new() -> Reactor {
        Reactor {
            t: 40.0,
            jacket: 40.0,
            a: 2.4,
            b: 0.0,
            mass: 1310.0,
            dosed: 0.0,
            integral: 0.0,
            activity: 1.0,
        }
    }

    pub fn second(&mut self, feed_kg_h: f64) {
        let feed = feed_kg_h / 3_600.0;
        self.dosed += feed;
        self.mass += feed;
        self.b += feed / 120.0;
        let kelvin = self.t + 273.15;
        let k = 2e-3 * math::exp(-75e3 / 8.314 * (1.0 / kelvin - 1.0 / 313.15));
        let rate = (self.activity * k * self.a * self.b / (self.mass / 880.0)).min(self.b);
        self.a -= rate;
        self.b -= rate;
        let heat = rate * 160e3;
        let error = 40.0 - self.t;
        self.integral = math::clamp(self.integral + error / 1_800.0, -15.0, 15.0);
        let goal = math::clamp(self.t + 4.0 * error + 4.0 * self.integral, -10.0, 65.0);
        let utility = math::clamp(20.0 * (goal - self.jacket), -90.0, 40.0);
        let wall = 2.1 * (self.t - self.jacket);
        self.jacket += (wall + utility) / 625.0;
        self.t += (heat - wall - feed * 1.9 * (self.t - 20.0)) / (self.mass * 1.9 + 500.0);
    }

    pub fn accumulation(&self) -> f64 {
        self.a.min(self.b) / 2.4
    }

    pub fn mtsr(&self) -> f64 {
        self.t + self.a.min(self.b) * 160e3 / (self.mass * 1.9)
    }
}
