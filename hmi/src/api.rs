//! Answers to plain requests.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::answer::{self, Answer, Asked, Claim};
use crate::app::App;
use crate::cmd::{self, SNAPSHOT_AGE_MS_MAX};
use crate::desk::{Directory, Refusal, RefusalCode, TREND_BUCKETS_MAX, TREND_TAGS_MAX, TrendQuery};
use crate::display::Loaded;
use crate::visitor::Visitor;
use crate::{alarms, assets, door, frames, service, simulator};

pub(crate) async fn index(headers: HeaderMap) -> Response {
    assets::serve("index.html", &headers)
}

pub(crate) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    assets::serve(&path, &headers)
}

#[derive(Serialize)]
struct Health {
    scanning: bool,
    scan: u64,
    utc_ms: i64,
    age_ms: i64,
    epoch: u64,
}

pub(crate) async fn health(State(app): State<Arc<App>>) -> Response {
    let snapshot = app.desk.snapshot();
    let age_ms = (app.desk.now_utc_ns() - snapshot.utc_ns).div_euclid(1_000_000);
    Json(Health {
        scanning: age_ms as f64 <= SNAPSHOT_AGE_MS_MAX as f64 * app.desk.pace().max(1.0),
        scan: snapshot.scan,
        utc_ms: snapshot.utc_ns.div_euclid(1_000_000),
        age_ms,
        epoch: app.desk.directory().epoch,
    })
    .into_response()
}

#[derive(Serialize)]
struct WholeDirectory<'a> {
    #[serde(flatten)]
    directory: &'a Directory,
    displays: &'a [Loaded],
    revision: u64,
}

#[derive(Serialize)]
struct ShownDisplays<'a> {
    revision: u64,
    displays: &'a [Loaded],
    problem: &'a str,
}

pub(crate) async fn directory(State(app): State<Arc<App>>) -> Response {
    let shown = app.shelf.get();
    Json(WholeDirectory {
        directory: &app.desk.directory(),
        displays: &shown.displays,
        revision: shown.revision,
    })
    .into_response()
}

pub(crate) async fn displays(State(app): State<Arc<App>>) -> Response {
    let shown = app.shelf.get();
    Json(ShownDisplays {
        revision: shown.revision,
        displays: &shown.displays,
        problem: &shown.problem,
    })
    .into_response()
}

pub(crate) async fn display(State(app): State<Arc<App>>, Path(id): Path<String>) -> Response {
    match app
        .shelf
        .get()
        .displays
        .iter()
        .find(|d| d.id == id && d.drawn)
    {
        Some(d) => {
            let svg = HeaderValue::from_static("image/svg+xml");
            ([(header::CONTENT_TYPE, svg)], d.svg.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[derive(Deserialize)]
pub(crate) struct TrendAsked {
    tags: String,
    from_ms: i64,
    to_ms: i64,
    buckets: usize,
}

pub(crate) async fn trend(
    State(app): State<Arc<App>>,
    Query(asked): Query<TrendAsked>,
) -> Response {
    let tags: Vec<String> = asked
        .tags
        .split(',')
        .filter(|t| !t.is_empty())
        .map(str::to_owned)
        .collect();
    let sound = asked.from_ms < asked.to_ms
        && asked.to_ms.checked_sub(asked.from_ms).is_some()
        && (1..=TREND_BUCKETS_MAX).contains(&asked.buckets)
        && (1..=TREND_TAGS_MAX).contains(&tags.len());
    if !sound {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    let query = TrendQuery {
        tags,
        from_ms: asked.from_ms,
        to_ms: asked.to_ms,
        buckets: asked.buckets,
    };
    // A long trend comes from the disk.
    let desk = app.desk.clone();
    let Ok(trend) = tokio::task::spawn_blocking(move || desk.trend(&query)).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let cbor = HeaderValue::from_static("application/cbor");
    ([(header::CONTENT_TYPE, cbor)], frames::trend(&trend)).into_response()
}

pub(crate) async fn timing(State(app): State<Arc<App>>) -> Response {
    Json(app.desk.timing()).into_response()
}

pub(crate) async fn drivers(State(app): State<Arc<App>>) -> Response {
    Json(app.desk.drivers()).into_response()
}

pub(crate) async fn parts(State(app): State<Arc<App>>) -> Response {
    Json(app.desk.parts()).into_response()
}

pub(crate) async fn forces(State(app): State<Arc<App>>) -> Response {
    Json(app.desk.forces()).into_response()
}

pub(crate) async fn bypasses(State(app): State<Arc<App>>) -> Response {
    Json(app.desk.bypasses()).into_response()
}

#[derive(Deserialize)]
pub(crate) struct EventsAsked {
    #[serde(default)]
    since: u64,
}

pub(crate) async fn events(
    State(app): State<Arc<App>>,
    Query(asked): Query<EventsAsked>,
) -> Response {
    Json(app.desk.events(asked.since)).into_response()
}

pub(crate) async fn command(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    decided(
        app,
        visitor,
        &headers,
        body,
        |app, visitor, body| async move {
            cmd::execute(&asked(&app, &visitor, &body), &app.names(), &body).await
        },
    )
    .await
}

pub(crate) async fn force(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    decided(
        app,
        visitor,
        &headers,
        body,
        |app, visitor, body| async move {
            service::force(&asked(&app, &visitor, &body), &app.names(), &body).await
        },
    )
    .await
}

pub(crate) async fn alarm(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    decided(app, visitor, &headers, body, |app, visitor, body| async move {
        alarms::execute(&asked(&app, &visitor, &body), &body).await
    })
    .await
}

pub(crate) async fn simulate(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    decided(
        app,
        visitor,
        &headers,
        body,
        |app, visitor, body| async move {
            simulator::execute(&asked(&app, &visitor, &body), &body).await
        },
    )
    .await
}

pub(crate) async fn compare(State(app): State<Arc<App>>) -> Response {
    match app.desk.compare().await {
        Ok(json) => {
            let kind = HeaderValue::from_static("application/json");
            ([(header::CONTENT_TYPE, kind)], json).into_response()
        }
        Err(refusal) => alarms::refused(&refusal),
    }
}

pub(crate) async fn edition(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    decided(app, visitor, &headers, body, |app, visitor, body| async move {
        service::change(&asked(&app, &visitor, &body), &body).await
    })
    .await
}

fn asked<'a>(app: &'a App, visitor: &Visitor, body: &[u8]) -> Asked<'a> {
    let person = visitor.person();
    Asked {
        desk: app.desk.as_ref(),
        answers: &app.answers,
        mark: app.answers.mark(&person, body),
        actor: visitor.actor(app),
        person,
    }
}

/// The door before every question that could change something.
pub(crate) fn through_door(
    app: &App,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Bytes, Refusal> {
    app.hosts.admit_own_page(headers)?;
    door::own_header(headers)?;
    json_only(headers)?;
    body.map_err(|_| {
        Refusal::new(
            RefusalCode::TooLarge,
            "The command is too long or was cut off.",
            "命令过长或不完整。",
        )
    })
}

/// A command comes through the door and is answered once.
async fn decided<F>(
    app: Arc<App>,
    visitor: Visitor,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    ask: impl FnOnce(Arc<App>, Visitor, Bytes) -> F,
) -> Response
where
    F: Future<Output = Answer> + Send + 'static,
{
    let body = match through_door(&app, headers, body) {
        Ok(body) => body,
        Err(refusal) => return refused(&app, &visitor, refusal),
    };
    // On a task of its own: a browser that goes away must not leave a command half
    // decided, and its answer stays known to a repeated id.
    match tokio::spawn(ask(app, visitor, body)).await {
        Ok(answer) => reply(answer),
        Err(_) => reply(Answer::refused(Refusal::new(
            RefusalCode::Failed,
            "The server failed while deciding this command.",
            "服务器处理命令时出错。",
        ))),
    }
}

fn json_only(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if kind == Some(b"application/json") {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::Malformed,
        "Not understood: the content type is not application/json.",
        "无法理解请求：内容类型不是 application/json。",
    ))
}

/// Records a refusal at the door and answers with it.
pub(crate) fn refused(app: &App, visitor: &Visitor, refusal: Refusal) -> Response {
    let actor = visitor.actor(app);
    reply(answer::refuse(
        app.desk.as_ref(),
        &actor,
        Claim::default(),
        refusal,
    ))
}

pub(crate) fn reply(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(answer)).into_response()
}
