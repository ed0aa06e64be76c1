//! Plays the steps of a scenario on a running simulation: what the demo does when
//! nobody is at the keyboard. Commands go through the desk like any person's and
//! are recorded with their actor.

use crate::scenario::{Scenario, Step};
use gateway::desk::{Attempt, Command, Refusal, RefusalCode};
use gateway::{Desk, Hub};
use sim::Fault;
use sim::serve::SharedWorld;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Who the record names.
pub const ACTOR: &str = "demo script";

/// Plays all steps at their times, `speed` times faster than real time.
pub async fn play(hub: Arc<Hub>, world: SharedWorld, scenario: Scenario, speed: f64) {
    let mut steps = scenario.steps;
    steps.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let begun = tokio::time::Instant::now();
    for (number, step) in steps.iter().enumerate() {
        tokio::time::sleep_until(begun + Duration::from_secs_f64((step.at_s / speed).max(0.0)))
            .await;
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
