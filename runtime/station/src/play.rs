//! Plays the steps of a scenario on a running simulation: what the demo does when
//! nobody is at the keyboard. Commands go through the desk like any person's and
//! are recorded with their actor.

use crate::pace::SimPace;
use crate::scenario::{Scenario, Step};
use gateway::desk::{Attempt, Command, Refusal, RefusalCode};
use gateway::{Desk, Hub};
use sim::Fault;
use sim::serve::SharedWorld;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Who the record names.
pub const ACTOR: &str = "demo script";

/// Longest sleep before the speed is looked at again, seconds.
const LOOK_S: f64 = 0.05;

/// Plays all steps at their times, which are the plant's.
pub async fn play(hub: Arc<Hub>, world: SharedWorld, scenario: Scenario, pace: Arc<SimPace>) {
    let mut steps = scenario.steps;
    steps.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let begun_ns = pace.utc_ns();
    for (number, step) in steps.iter().enumerate() {
        // The speed may change meanwhile: looked at again before the time has come.
        loop {
            let left_s = step.at_s - (pace.utc_ns() - begun_ns) as f64 * 1e-9;
            if left_s <= 0.0 {
                break;
            }
            let real_s = (left_s / pace.speed()).clamp(0.001, LOOK_S);
            tokio::time::sleep(Duration::from_secs_f64(real_s)).await;
        }
        act(&hub, &world, step, number).await;
    }
}

async fn act(hub: &Arc<Hub>, world: &SharedWorld, step: &Step, number: usize) {
    for (tag, value) in &step.write {
        let command = Command {
            id: format!("play-{number}-{tag}"),
            actor: ACTOR.to_string(),
            tag: tag.clone(),
            value: *value,
            seen_value: None,
            reason: step.text.clone(),
            permit: String::new(),
        };
        if let Err(refusal) = hub.submit(command).await {
            eprintln!("demo: {tag} = {value} refused: {}", refusal.en);
        }
    }
    if let Some(name) = &step.fault {
        let fault = Fault {
            name: name.clone(),
            value: step.value,
            at_s: None,
            for_s: step.for_s,
        };
        let result = world
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .world_mut()
            .inject(&fault);
        if let Err(error) = result {
            refused(hub, &error.to_string());
        }
    }
    if let Some(name) = &step.action {
        let result = world
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .world_mut()
            .act(name, step.value);
        if let Err(error) = result {
            refused(hub, &error.to_string());
        }
    }
    if let Some(name) = &step.clear {
        world
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .world_mut()
            .clear(name);
    }
}

fn refused(hub: &Arc<Hub>, why: &str) {
    hub.refused(Attempt {
        utc_ns: hub.now_utc_ns(),
        actor: ACTOR.to_string(),
        id: None,
        tag: None,
        value: None,
        refusal: Refusal::new(RefusalCode::Malformed, why.to_string(), why.to_string()),
    });
}
