//! The counter of a station: its users from the data folder.

use crate::engine::Options;
use gateway::desk::Environment;
use gateway::{Counter, Hub};
use people::{LocalPasswords, Now, Office, Register, Store};
use plant::Plant;
use std::time::Instant;

/// Lets people come to the desk. A file of users that cannot be read keeps nobody from
/// running the plant: the station starts, and nobody can sign in until it is mended.
/// What is wrong or missing comes back, for the first message.
pub fn open(hub: &Hub, plant: &Plant, options: &Options) -> Vec<String> {
    let rules = plant.people.rules.clone();
    let mut told = Vec::new();
    let begun = Instant::now();
    let now = Now {
        utc_ns: crate::rt::utc_ns(),
        mono_ns: 0,
    };
    let identity = match LocalPasswords::new(rules.policy.cost) {
        Ok(identity) => Box::new(identity),
        Err(error) => return vec![format!("users: {error}; nobody can sign in")],
    };
    let store = Store::new(&options.data);
    let office = match Office::open(rules.clone(), identity, store, now) {
        Ok(office) => office,
        Err(error) => {
            told.push(format!("users: {error}; nobody can sign in"));
            let Ok(identity) = LocalPasswords::new(rules.policy.cost) else {
                return told;
            };
            Office::in_memory(rules, Box::new(identity), Register::default(), now)
        }
    };
    if options.env == Environment::Live && told.is_empty() && !office.has_somebody() {
        told.push(format!(
            "nobody is enrolled, so every command of a person is refused; `scanloop users add NAME \
             --state {}` enrols the first user",
            options.data.display()
        ));
    }
    hub.set_counter(Counter::new(office, options.env, begun));
    told
}
