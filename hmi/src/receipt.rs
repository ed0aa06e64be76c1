//! Receipts of messages. The link of a message opens a page that asks; its button gives
//! the receipt. To open the link gives none: mail servers open links to look at them.
//!
//! The token of the link shows who comes, serves once and is judged behind the desk, which
//! records what is refused. A receipt acknowledges no alarm.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, malformed};
use crate::api;
use crate::app::App;
use crate::desk::Refusal;
use crate::visitor::Visitor;

/// Beginning of the path of a link.
const LINK: &str = "/receipt/";
/// Longest token that is looked at, bytes.
const TOKEN_BYTES_MAX: usize = 64;
const FORM: &str = "application/x-www-form-urlencoded";

/// Whether a path is that of a link in a message.
pub(crate) fn is_link(path: &str) -> bool {
    path.starts_with(LINK)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptBody {
    token: String,
}

#[derive(Serialize)]
struct Taken {
    ok: bool,
    alarms: Vec<String>,
}

/// Letters and digits only, so that it may stand in a page as it is.
fn is_token(text: &str) -> bool {
    (1..=TOKEN_BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The same page for every token: who has none learns nothing from it.
pub(crate) async fn page(Path(token): Path<String>) -> Response {
    if !is_token(&token) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let form = format!(
        "<p>Somebody should know that this message has arrived.</p>\
         <p lang=\"zh\">请确认已收到并阅读此通知。</p>\
         <form method=\"post\" action=\"/api/v1/receipt\">\
         <input type=\"hidden\" name=\"token\" value=\"{token}\">\
         <button>I have read it · <span lang=\"zh\">已阅</span></button></form>"
    );
    html(StatusCode::OK, &form)
}

fn html(status: StatusCode, body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Scanloop</title><link rel=\"icon\" href=\"data:,\"></head><body>\
         <h1>Receipt of a message · <span lang=\"zh\">通知回执</span></h1>{body}\
         <p>This does not acknowledge the alarm. · \
         <span lang=\"zh\">回执不等于报警确认。</span></p></body></html>"
    );
    (status, Html(page)).into_response()
}

/// A receipt, from the form of the page or as JSON from a program that has the token.
pub(crate) async fn take(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let is_form = headers.get(header::CONTENT_TYPE) == Some(&HeaderValue::from_static(FORM));
    let token = if is_form {
        of_form(&app, &headers, body)
    } else {
        of_json(&app, &headers, body)
    };
    let token = match token {
        Ok(token) => token,
        Err(refusal) => return api::refused(&app, &visitor, refusal),
    };
    let people = app.desk.people();
    let standing = people.map(|people| people.standing(visitor.session.as_ref()));
    let who = standing.and_then(|standing| standing.who.filter(|who| !who.is_locked));
    let who = who.as_ref().map(|who| who.user.as_str());
    match (app.desk.receipt(&token, who), is_form) {
        (Ok(_), true) => html(
            StatusCode::OK,
            "<p>Thank you: it is on record that you have read it.</p>\
             <p lang=\"zh\">谢谢，已记录您的回执。</p>",
        ),
        (Ok(alarms), false) => Json(Taken { ok: true, alarms }).into_response(),
        (Err(refusal), true) => {
            let status = StatusCode::from_u16(refusal.code.status());
            let text = format!(
                "<p>Not taken: {}</p><p lang=\"zh\">未受理：{}</p>",
                refusal.en, refusal.zh
            );
            html(status.unwrap_or(StatusCode::FORBIDDEN), &text)
        }
        (Err(refusal), false) => api::reply(Answer::refused(refusal)),
    }
}

fn not_understood() -> Refusal {
    malformed("the body is not a receipt", "请求体不是回执")
}

fn of_form(
    app: &App,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<String, Refusal> {
    app.hosts.admit_own_form(headers)?;
    let body = body.map_err(|_| not_understood())?;
    let text = core::str::from_utf8(&body).unwrap_or_default();
    let token = text.strip_prefix("token=").unwrap_or_default();
    // The token needs no escapes, so there are none.
    checked(token.to_owned())
}

fn of_json(
    app: &App,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<String, Refusal> {
    let body = api::through_door(app, headers, body)?;
    let asked: Result<ReceiptBody, _> = serde_json::from_slice(&body);
    checked(asked.map_err(|_| not_understood())?.token)
}

fn checked(token: String) -> Result<String, Refusal> {
    if is_token(&token) {
        return Ok(token);
    }
    Err(not_understood())
}
