//! `GET` and `POST /api/v1/simulation`: faults and deeds of the simulated process. A
//! station that runs a real plant answers 404 and refuses.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::answer::{Answer, Asked, Claim, decide, parse};
use crate::app::App;
use crate::cmd::LOCAL_ACTOR;
use crate::desk::Wish;
use gateway::simulator::SimulationDeed;

/// The body of what is done to the process.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct DeedBody {
    id: String,
    #[serde(flatten)]
    deed: SimulationDeed,
}

/// What may be done and what is in force.
pub(crate) async fn state(State(app): State<Arc<App>>) -> Response {
    match app.desk.simulation() {
        Some(state) => Json(state).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Parses and asks.
pub(crate) async fn execute(asked: &Asked<'_>, body: &[u8]) -> Answer {
    let body: DeedBody = match parse(asked, body) {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let claim = Claim {
        id: Some(body.id.clone()),
        tag: None,
        value: None,
    };
    let id = body.id.clone();
    decide(asked, claim, "", || {
        let person = asked.person.clone();
        let actor = LOCAL_ACTOR.to_owned();
        Ok(asked.desk.ask(person, Wish::Simulate(id, actor, body.deed)))
    })
    .await
}
