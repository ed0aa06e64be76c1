//! Sign-in, lock, and what a page may know of its own session.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, malformed};
use crate::api;
use crate::app::App;
use crate::desk::{Action, People, Refusal, Secret, SignatureClass, Token};
use crate::visitor::{Cookie, Visitor};

/// Longest name that is looked at, bytes.
const NAME_BYTES_MAX: usize = 64;

#[derive(Serialize)]
struct SessionShown {
    /// Commands need no session: an open simulation, or a desk without people.
    open: bool,
    /// There are people at this desk.
    people: bool,
    /// Somebody is enrolled.
    enrolled: bool,
    user: Option<String>,
    full_name: Option<String>,
    roles: Vec<String>,
    actions: Vec<Action>,
    locked: bool,
    must_change: bool,
    wallboard: Option<String>,
    force: SignatureClass,
    change: SignatureClass,
    acknowledge: SignatureClass,
    shelve: SignatureClass,
    out_of_service: SignatureClass,
    idle_s: u32,
}

pub(crate) async fn session(State(app): State<Arc<App>>, visitor: Visitor) -> Response {
    Json(shown(&app, &visitor, visitor.session.as_ref())).into_response()
}

fn shown(app: &App, visitor: &Visitor, session: Option<&Token>) -> SessionShown {
    let Some(people) = app.desk.people() else {
        return SessionShown {
            open: true,
            people: false,
            enrolled: false,
            user: None,
            full_name: None,
            roles: Vec::new(),
            actions: Vec::new(),
            locked: false,
            must_change: false,
            wallboard: None,
            force: SignatureClass::Reason,
            change: SignatureClass::Reason,
            acknowledge: SignatureClass::None,
            shelve: SignatureClass::Reason,
            out_of_service: SignatureClass::Reason,
            idle_s: 0,
        };
    };
    let standing = people.standing(session);
    let who = standing.who.as_ref();
    SessionShown {
        open: standing.is_open,
        people: true,
        enrolled: !standing.is_nobody_enrolled,
        user: who.map(|w| w.user.clone()),
        full_name: who.map(|w| w.full_name.clone()),
        roles: who.map_or_else(Vec::new, |w| w.roles.clone()),
        actions: who.map_or_else(Vec::new, |w| w.actions.clone()),
        locked: who.is_some_and(|w| w.is_locked),
        must_change: who.is_some_and(|w| w.must_change),
        wallboard: visitor.wallboard(app),
        force: standing.force,
        change: standing.change,
        acknowledge: standing.acknowledge,
        shelve: standing.shelve,
        out_of_service: standing.out_of_service,
        idle_s: standing.idle_s,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginBody {
    user: String,
    password: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnlockBody {
    password: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordBody {
    old: Secret,
    new: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoBody {}

/// Takes a body through the door, or records its refusal.
fn taken<T: serde::de::DeserializeOwned>(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<T, Box<Response>> {
    let refused = |refusal| Box::new(api::refused(app, visitor, refusal));
    let body = api::through_door(app, headers, body).map_err(refused)?;
    // What does not fit may hold a password: none of it is repeated.
    serde_json::from_slice(&body).map_err(|_| {
        refused(malformed(
            "the body is not what this route takes",
            "请求体不符合要求",
        ))
    })
}

fn people(app: &App) -> Result<&dyn People, Refusal> {
    app.desk.people().ok_or_else(Refusal::not_offered)
}

/// The new standing of a page, or a refusal that the desk has recorded.
fn answered(
    app: &App,
    visitor: &Visitor,
    done: Result<Option<Token>, Refusal>,
    gives_cookie: bool,
) -> Response {
    let token = match done {
        Ok(token) => token,
        Err(refusal) => return api::reply(Answer::refused(refusal)),
    };
    let mut response = Json(shown(app, visitor, token.as_ref())).into_response();
    if gives_cookie && let Some(cookie) = Cookie::Session.set(token.as_ref(), app.hosts.is_secure) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

pub(crate) async fn login(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body: LoginBody = match taken(&app, &visitor, &headers, body) {
        Ok(body) => body,
        Err(response) => return *response,
    };
    if body.user.len() > NAME_BYTES_MAX {
        let refusal = malformed("the name is too long", "用户名过长");
        return api::refused(&app, &visitor, refusal);
    }
    let done = match people(&app) {
        Ok(people) => people
            .sign_in(visitor.person(), body.user, body.password)
            .await
            .map(|signed_in| Some(signed_in.token)),
        Err(refusal) => Err(refusal),
    };
    answered(&app, &visitor, done, true)
}

pub(crate) async fn logout(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if let Err(response) = taken::<NoBody>(&app, &visitor, &headers, body) {
        return *response;
    }
    let done = match people(&app) {
        Ok(people) => people.sign_out(visitor.person()).await,
        Err(refusal) => Err(refusal),
    };
    answered(&app, &visitor, done.map(|()| None), true)
}

pub(crate) async fn lock(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if let Err(response) = taken::<NoBody>(&app, &visitor, &headers, body) {
        return *response;
    }
    let done = match people(&app) {
        Ok(people) => people.lock(visitor.person()).await,
        Err(refusal) => Err(refusal),
    };
    let token = visitor.session.clone();
    answered(&app, &visitor, done.map(|()| token), false)
}

pub(crate) async fn unlock(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body: UnlockBody = match taken(&app, &visitor, &headers, body) {
        Ok(body) => body,
        Err(response) => return *response,
    };
    let done = match people(&app) {
        Ok(people) => people.unlock(visitor.person(), body.password).await,
        Err(refusal) => Err(refusal),
    };
    let token = visitor.session.clone();
    answered(&app, &visitor, done.map(|()| token), false)
}

pub(crate) async fn active(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if let Err(response) = taken::<NoBody>(&app, &visitor, &headers, body) {
        return *response;
    }
    let done = match (people(&app), &visitor.session) {
        (Ok(people), Some(token)) => people.active(token),
        (Ok(_), None) => Err(Refusal::not_offered()),
        (Err(refusal), _) => Err(refusal),
    };
    let token = visitor.session.clone();
    answered(&app, &visitor, done.map(|()| token), false)
}

pub(crate) async fn password(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body: PasswordBody = match taken(&app, &visitor, &headers, body) {
        Ok(body) => body,
        Err(response) => return *response,
    };
    let done = match people(&app) {
        Ok(people) => {
            let person = visitor.person();
            people.change_password(person, body.old, body.new).await
        }
        Err(refusal) => Err(refusal),
    };
    let token = visitor.session.clone();
    answered(&app, &visitor, done.map(|()| token), false)
}

#[derive(Deserialize)]
pub(crate) struct WallboardAsked {
    token: String,
}

/// The link that an administrator opens once on a wallboard.
pub(crate) async fn wallboard(
    State(app): State<Arc<App>>,
    Query(asked): Query<WallboardAsked>,
) -> Response {
    let known = Token::parse(&asked.token).filter(|token| {
        app.desk
            .people()
            .is_some_and(|p| p.wallboard(token).is_some())
    });
    let cookie = known.and_then(|token| Cookie::Wallboard.set(Some(&token), app.hosts.is_secure));
    let Some(cookie) = cookie else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    // The token leaves the address bar with the redirection.
    let home = HeaderValue::from_static("/");
    (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, home), (header::SET_COOKIE, cookie)],
    )
        .into_response()
}
