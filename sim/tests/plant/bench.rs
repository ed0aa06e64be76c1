//! A plant on the bench: outputs by name, living heartbeats, truths.

use sim::image::{HR_HEARTBEAT, HR_SPEED};
use sim::models::u100::map::{IO1, IO2};
use sim::models::u100::{PlantStart, U100};
use sim::models::{Model, Plant};
use sim::{Fault, World, WorldConfig};

pub struct Bench {
    pub world: World,
}

/// Coils by tag: station, coil, whether the valve fails open.
const COILS: [(&str, usize, usize, bool); 20] = [
    ("XV-101A", IO1, 0, false),
    ("XV-101B", IO1, 1, false),
    ("XV-117", IO1, 2, true),
    ("XV-111", IO1, 3, true),
    ("XV-112", IO1, 4, true),
    ("XV-113", IO1, 5, false),
    ("XV-114", IO1, 6, false),
    ("M-101", IO1, 7, false),
    ("VP-101", IO1, 8, false),
    ("XV-115", IO1, 9, false),
    ("XV-116", IO1, 10, false),
    ("XV-118", IO1, 11, false),
    ("P-103", IO1, 12, false),
    ("HORN", IO1, 13, false),
    ("XV-201A", IO2, 0, false),
    ("XV-201B", IO2, 1, false),
    ("XV-201C", IO2, 2, true),
    ("XV-202", IO2, 3, false),
    ("XV-203", IO2, 4, true),
    ("M-201", IO2, 5, false),
];

/// Holding registers by tag.
const DEMANDS: [(&str, usize, usize); 9] = [
    ("FV-101", IO1, 0),
    ("TV-101", IO1, 1),
    ("TV-102", IO1, 2),
    ("PV-101A", IO1, 3),
    ("PV-101B", IO1, 4),
    ("FV-201", IO2, 0),
    ("TV-201", IO2, 1),
    ("TV-202", IO2, 2),
    ("PV-202", IO2, 3),
];

impl Bench {
    pub fn new(start: PlantStart) -> Bench {
        Bench::of(WorldConfig {
            start,
            ..WorldConfig::u100()
        })
    }

    pub fn of(config: WorldConfig) -> Bench {
        assert_eq!(config.model, Model::U100);
        config
            .check()
            .expect("a configuration that can be computed");
        Bench {
            world: World::new(config, 1),
        }
    }

    /// Opens or shuts an on/off valve, or runs or stops a drive.
    pub fn set(&mut self, tag: &str, open: bool) {
        let (_, station, coil, fails_open) = COILS
            .into_iter()
            .find(|(known, ..)| *known == tag)
            .unwrap_or_else(|| panic!("no coil {tag}"));
        self.world.tables_of_mut(station).coils[coil] = open != fails_open;
    }

    /// Demands an opening, %.
    pub fn demand(&mut self, tag: &str, percent: f64) {
        let (_, station, register) = DEMANDS
            .into_iter()
            .find(|(known, ..)| *known == tag)
            .unwrap_or_else(|| panic!("no demand {tag}"));
        self.world.tables_of_mut(station).holding[register] = (percent * 100.0) as u16;
    }

    pub fn m201_rpm(&mut self, rpm: f64) {
        self.world.tables_of_mut(IO2).holding[HR_SPEED] = (rpm * 10.0) as u16;
    }

    pub fn live(&mut self, seconds: u32) {
        for _ in 0..seconds {
            for station in [IO1, IO2] {
                let beat = &mut self.world.tables_of_mut(station).holding[HR_HEARTBEAT];
                *beat = beat.wrapping_add(1);
            }
            self.world.step(1_000_000_000);
        }
    }

    /// Runs until `done`; fails the test if it does not come within `limit_s`.
    pub fn until(&mut self, limit_s: u32, what: &str, done: impl Fn(&Bench) -> bool) -> u32 {
        for second in 0..limit_s {
            if done(self) {
                return second;
            }
            self.live(1);
        }
        panic!("{what} did not come within {limit_s} s");
    }

    pub fn truth(&self, name: &str) -> f64 {
        self.world
            .truth(name)
            .unwrap_or_else(|| panic!("no truth {name}"))
    }

    pub fn plant(&self) -> &U100 {
        match self.world.plant() {
            Plant::U100(plant) => plant,
            Plant::R101(_) => panic!("another model"),
        }
    }

    pub fn fault(&mut self, name: &str) {
        self.world.inject(&Fault::new(name)).expect(name);
    }

    pub fn act(&mut self, name: &str, kg: Option<f64>) {
        self.world.act(name, kg).expect(name);
    }

    pub fn input(&self, station: usize, di: usize) -> bool {
        self.world.stations()[station].tables().discrete[di]
    }

    /// A loop current as a fraction of its range.
    pub fn fraction(&self, station: usize, ir: usize) -> f64 {
        self.world.stations()[station].tables().loop_fraction(ir)
    }

    pub fn current_ua(&self, station: usize, ir: usize) -> u16 {
        self.world.stations()[station].tables().input[ir]
    }
}
