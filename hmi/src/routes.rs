//! Every route, in one table, and the router made of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use crate::app::App;
use crate::cmd::COMMAND_BYTES_MAX;
use crate::{api, door, ws};

/// Longest time a request may take, the socket excepted.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// One route.
pub struct Route {
    /// HTTP method.
    pub method: &'static str,
    /// Path in axum's notation.
    pub path: &'static str,
    /// What it answers.
    pub purpose: &'static str,
    make: fn() -> MethodRouter<Arc<App>>,
}

macro_rules! routes {
    ($($method:literal $path:literal $make:expr, $purpose:literal;)*) => {
        /// The whole surface of the server.
        pub const ROUTES: &[Route] = &[$(Route {
            method: $method,
            path: $path,
            purpose: $purpose,
            make: || $make,
        }),*];
    };
}

routes! {
    "GET" "/" get(api::index), "The page.";
    "GET" "/assets/{*path}" get(api::asset), "Scripts, style sheets, texts of the page.";
    "GET" "/api/v1/health" get(api::health), "Whether the server runs and the runtime scans.";
    "GET" "/api/v1/directory" get(api::directory), "Tags, loops, interlocks, displays.";
    "GET" "/api/v1/display/{id}" get(api::display), "One drawing, cleaned.";
    "GET" "/api/v1/trend" get(api::trend), "History in buckets, CBOR.";
    "GET" "/api/v1/timing" get(api::timing), "Scan timing of every task.";
    "GET" "/api/v1/drivers" get(api::drivers), "Health of every driver.";
    "GET" "/api/v1/forces" get(api::forces), "Values forced by a person.";
    "GET" "/api/v1/events" get(api::events), "Recent events.";
    "POST" "/api/v1/cmd" post(api::command), "One write asked for by a person.";
    "GET" "/ws" get(ws::upgrade), "Live values, protocol hmi.v1.cbor.";
}

/// The router of all [`ROUTES`], with the door in front of it.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        router = router.route(route.path, (route.make)());
    }
    router
        .layer(DefaultBodyLimit::max(COMMAND_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard))
        .with_state(app)
}

async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = match app.hosts.admit(request.headers()) {
        Err(refusal) if request.method() == Method::POST => api::refused(&app, refusal),
        Err(_) => StatusCode::FORBIDDEN.into_response(),
        Ok(()) => match tokio::time::timeout(ANSWER_TIME_MAX, next.run(request)).await {
            Ok(response) => response,
            Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
        },
    };
    door::dress(response.headers_mut());
    response
}
