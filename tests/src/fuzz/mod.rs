//! Doors under mutated input.
//!
//! A target turns a seed into an input and runs it; nothing else is random, so
//! that a seed and a number of execution name a failure for good.

mod modbus_client;
mod modbus_server;
mod plant_text;
mod recording;

use driver::random::Random;

/// One door.
pub struct Target {
    /// As given on the command line.
    pub name: &'static str,
    /// Input from a random stream.
    pub input: fn(&mut Random) -> Vec<u8>,
    /// Runs the door; a panic is a finding.
    pub run: fn(&[u8]),
}

/// All doors.
pub const TARGETS: [Target; 4] = [
    Target {
        name: "plant-text",
        input: plant_text::input,
        run: plant_text::run,
    },
    Target {
        name: "modbus-server",
        input: modbus_server::input,
        run: modbus_server::run,
    },
    Target {
        name: "modbus-client",
        input: modbus_client::input,
        run: modbus_client::run,
    },
    Target {
        name: "recording",
        input: recording::input,
        run: recording::run,
    },
];

/// The door of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

impl Target {
    /// The input of one execution.
    pub fn input_of(&self, seed: u64, execution: u64) -> Vec<u8> {
        (self.input)(&mut Random::seeded(seed.wrapping_add(execution)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_bears_its_first_inputs() {
        for target in &TARGETS {
            for execution in 0..200 {
                (target.run)(&target.input_of(1, execution));
            }
        }
    }

    #[test]
    fn a_seed_and_a_number_name_an_input() {
        for target in &TARGETS {
            for execution in 0..20 {
                let (one, two) = (target.input_of(7, execution), target.input_of(7, execution));
                assert_eq!(one, two, "{}", target.name);
            }
            assert_ne!(target.input_of(7, 0), target.input_of(8, 0));
        }
    }
}
