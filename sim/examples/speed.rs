//! How many times real time each model runs in closed form, with living heartbeats.
#![allow(
    clippy::disallowed_methods,
    reason = "a program at the edge may look at the clock"
)]

use std::time::Instant;

use sim::image::HR_HEARTBEAT;
use sim::models::Model;
use sim::models::u100::PlantStart;
use sim::{World, WorldConfig};

/// Simulated span, s.
const SPAN_S: u32 = 36_000;

fn main() {
    for model in [Model::R101, Model::U100] {
        let config = WorldConfig {
            model,
            start: PlantStart::Charged,
            ..WorldConfig::default()
        };
        let mut world = World::new(config, 1);
        // Dosing, hydrogen and nitrogen on, so that nothing is skipped.
        for station in 0..world.stations().len() {
            let tables = world.tables_of_mut(station);
            tables.holding[0] = 2000;
            tables.coils[0] = true;
            tables.coils[1] = true;
        }
        let begin = Instant::now();
        for _ in 0..SPAN_S {
            for station in 0..world.stations().len() {
                let beat = &mut world.tables_of_mut(station).holding[HR_HEARTBEAT];
                *beat = beat.wrapping_add(1);
            }
            world.step(1_000_000_000);
        }
        let wall_s = begin.elapsed().as_secs_f64();
        println!(
            "{model:?}: {:.0} x real time, {:.2} µs a tick",
            f64::from(SPAN_S) / wall_s,
            wall_s * 1e6 / (f64::from(SPAN_S) * 1e9 / world.tick_ns() as f64),
        );
    }
}
