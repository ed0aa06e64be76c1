//! The hub's side of a simulated process: what is done to it is recorded first.

use super::Hub;
use crate::desk::{Attempt, Desk, Event, EventKind, Receipt, Refusal, RefusalCode, Text};
use crate::order::{Ask, Order};
use crate::simulator::SimulationDeed;
use tokio::sync::oneshot;

/// The word in the record of what is done to the simulated process.
pub const SIMULATION: &str = "simulation";

impl Hub {
    /// Something done to the simulated process: written down like any command, then done.
    pub(super) async fn simulated(
        &self,
        id: String,
        actor: String,
        deed: SimulationDeed,
    ) -> Result<Receipt, Refusal> {
        let refused = |refusal: Refusal| {
            self.refused(Attempt {
                utc_ns: self.now_utc_ns(),
                actor: actor.clone(),
                id: Some(id.clone()),
                tag: None,
                value: None,
                refusal: refusal.clone(),
            });
            refusal
        };
        let Some(simulator) = self.simulator.get() else {
            return Err(refused(Refusal::not_offered()));
        };
        let (what, zh) = deed.words();
        let (answer, wait) = oneshot::channel();
        let order = Order {
            id: id.clone(),
            edition: self.known.load().directory.edition.number,
            actor: actor.clone(),
            subject: what.clone(),
            ask: Ask::Note {
                what: SIMULATION.into(),
            },
            reason: String::new(),
            signatures: Vec::new(),
            answer,
        };
        let receipt = self.send(order, wait).await?;
        // It may wait for the scans.
        let simulator = simulator.clone();
        let done = tokio::task::spawn_blocking(move || simulator.act(&deed)).await;
        let done = done.unwrap_or_else(|error| {
            let why = error.to_string();
            Err(Refusal::new(RefusalCode::Failed, &why, &why))
        });
        done.map_err(refused)?;
        self.add_event(Event {
            seq: 0,
            utc_ms: receipt.utc_ns.div_euclid(1_000_000),
            kind: EventKind::System,
            tag: None,
            actor,
            text: Text::new(format!("Simulation: {what}"), format!("仿真:{zh}")),
        });
        Ok(receipt)
    }
}
