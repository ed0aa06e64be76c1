//! Valves and transmitters of the plant beyond R-101, by the tables of [`super::map`].

use super::map::{Form, INSTRUMENTS, Source, VALVES};
use crate::devices::{FailPosition, Transmitter, TransmitterConfig, Valve};
use crate::image::Tables;
use crate::random::Random;
use crate::station::{Orders, Station};
use serde::{Deserialize, Serialize};

/// Random streams below this number are R-101's.
const STREAMS_FROM: u64 = 100;

/// Valves and transmitters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rack {
    valves: [Valve; VALVES.len()],
    demands: [f64; VALVES.len()],
    transmitters: [Transmitter; INSTRUMENTS.len()],
}

impl Rack {
    /// Everything at rest, transmitters settled at `measured`.
    pub fn new(seed: u64, tick_s: f64, measured: &[f64; INSTRUMENTS.len()]) -> Self {
        Rack {
            valves: VALVES.map(|point| Valve::new(point.fail, point.stroke_s, point.start)),
            demands: VALVES.map(|point| point.start),
            transmitters: core::array::from_fn(|index| {
                let point = &INSTRUMENTS[index];
                let config = TransmitterConfig {
                    low: point.low,
                    high: point.high,
                    lag_s: point.class.lag_s,
                    noise: point.class.noise,
                    calibration: point.class.calibration,
                };
                let random = Random::new(seed, STREAMS_FROM + index as u64);
                Transmitter::new(config, tick_s, measured[index], random)
            }),
        }
    }

    /// Writes the standby image of the valves into the coils of `stations`.
    pub fn write_standby(stations: &mut [Station]) {
        for point in VALVES {
            if let Source::Coil { coil, .. } = point.source {
                let open = point.start >= 1.0;
                stations[point.station].tables.coils[coil] =
                    open == (point.fail == FailPosition::Closed);
            }
        }
    }

    /// Takes the demands that I/O station `station` lets through.
    pub fn obey(&mut self, station: usize, orders: Orders, tables: &Tables) {
        if orders == Orders::Unheard {
            return;
        }
        let points = VALVES.iter().zip(&self.valves).zip(&mut self.demands);
        for ((point, valve), demand) in points.filter(|((point, _), _)| point.station == station) {
            *demand = match (orders, point.source) {
                (Orders::FailSafe, _) => valve.fail_demand(),
                (_, Source::Holding(register)) => {
                    let value = tables.holding[register];
                    f64::from(if value > 10_000 { 10_000 } else { value }) / 10_000.0
                }
                (_, Source::Coil { coil, .. }) => valve.solenoid_demand(tables.coils[coil]),
            };
        }
    }

    /// Another demand on a valve than the controller's, for this tick.
    pub fn overrule(&mut self, valve: usize, demand: f64) {
        self.demands[valve] = demand;
    }

    /// Moves all valves.
    #[inline]
    pub fn travel(&mut self, dt_s: f64) {
        for (valve, demand) in self.valves.iter_mut().zip(self.demands) {
            valve.step(demand, dt_s);
        }
    }

    /// What a valve lets through, 0..1.
    #[inline]
    pub fn opening(&self, valve: usize) -> f64 {
        self.valves[valve].opening()
    }

    /// One tick of all transmitters.
    #[inline]
    pub fn measure(&mut self, measured: &[f64; INSTRUMENTS.len()], dt_s: f64) {
        for (transmitter, value) in self.transmitters.iter_mut().zip(measured) {
            transmitter.step(*value, dt_s);
        }
    }

    /// Writes inputs.
    #[inline]
    pub fn write_inputs(&self, stations: &mut [Station]) {
        for (point, transmitter) in INSTRUMENTS.iter().zip(&self.transmitters) {
            let tables = &mut stations[point.station].tables;
            match point.form {
                Form::Loop => tables.input[point.register] = transmitter.current_ua(),
                Form::Float { status } => {
                    tables.put_float(point.register, transmitter.float());
                    tables.input[status] = transmitter.status();
                }
            }
        }
        for (point, valve) in VALVES.iter().zip(&self.valves) {
            if let Source::Coil { switches, .. } = point.source {
                let tables = &mut stations[point.station].tables;
                tables.discrete[switches] = valve.is_open();
                tables.discrete[switches + 1] = valve.is_closed();
            }
        }
    }

    /// Index of a transmitter by tag.
    pub fn transmitter(tag: &str) -> Option<usize> {
        INSTRUMENTS.iter().position(|point| point.tag == tag)
    }

    /// Index of a valve by tag.
    pub fn valve(tag: &str) -> Option<usize> {
        VALVES.iter().position(|point| point.tag == tag)
    }

    pub(crate) fn transmitter_mut(&mut self, index: usize) -> &mut Transmitter {
        &mut self.transmitters[index]
    }

    pub(crate) fn valve_mut(&mut self, index: usize) -> &mut Valve {
        &mut self.valves[index]
    }

    pub(crate) fn heal(&mut self) {
        for valve in &mut self.valves {
            valve.heal();
        }
        for transmitter in &mut self.transmitters {
            transmitter.heal();
        }
    }

    pub(crate) fn settle(&mut self) {
        for transmitter in &mut self.transmitters {
            transmitter.forget_drift();
        }
    }
}
