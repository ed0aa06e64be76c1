//! Alarms, records, sequence of events and trips: what clients ask, and the list as it
//! is pushed.
//!
//! | route | answer |
//! |---|---|
//! | `GET /api/v1/alarms` | the list, its counts |
//! | `GET /api/v1/alarms/guidance?alarm=` | what to do about one |
//! | `POST /api/v1/alarms/act` | acknowledge, shelve, silence … |
//! | `GET /api/v1/alarms/figures?from_ms=&to_ms=` | key figures |
//! | `GET /api/v1/records?class=&who=&object=&text=&from_ms=&to_ms=&before_seq=&limit=` | records |
//! | `GET /api/v1/sequence?since=&before=` | edges in the order of scans |
//! | `GET /api/v1/trips` | the newest trips: when, which group, what was first |
//! | `GET /api/v1/trip?group=&utc_ms=` | what was before and after one |

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Asked, Claim, decide, malformed, parse};
use crate::app::App;
use crate::cmd::COMMAND_AGE_MS_MAX;
use crate::desk::{Refusal, RefusalCode, Wish};
use crate::signature::{self, SignatureBody};
use gateway::alarms::{
    AlarmCommand, AlarmCounts, AlarmDeed, AlarmList, AlarmRow, RecordQuery, TripRecord,
};

/// Alarms of one question: what a page can show. "All" is never one click.
const ALARMS_MAX: usize = 100;
/// Longest shelving, seconds; the desk may allow less.
const SHELVE_S_MAX: f64 = 7.0 * 86_400.0;
/// Rows of one page of records.
const RECORDS_MAX: u32 = 1_000;

/// The body of what is done with alarms.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct ActBody {
    id: String,
    #[serde(default)]
    alarms: Vec<String>,
    #[serde(flatten)]
    deed: AlarmDeed,
    #[serde(default)]
    reason: String,
    /// Raises that were seen, one for each alarm.
    #[serde(default)]
    seen: Vec<u64>,
    seen_ms: i64,
    /// Signature, where the deed asks for one.
    #[serde(default)]
    sig: Option<SignatureBody>,
}

/// Parses, checks and asks.
pub(crate) async fn execute(asked: &Asked<'_>, body: &[u8]) -> Answer {
    let desk = asked.desk;
    let body: ActBody = match parse(asked, body) {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let claim = Claim {
        id: Some(body.id.clone()),
        tag: body.alarms.first().cloned(),
        value: None,
    };
    let reason = body.reason.clone();
    decide(asked, claim, &reason, || {
        check(&body, desk.now_utc_ns().div_euclid(1_000_000), desk.pace())?;
        let person = signature::person(asked, body.sig.as_ref());
        let command = AlarmCommand {
            id: body.id,
            actor: asked.actor.clone(),
            alarms: body.alarms,
            deed: body.deed,
            reason: body.reason,
            seen: body.seen,
        };
        Ok(desk.ask(person, Wish::Alarm(command)))
    })
    .await
}

fn check(body: &ActBody, now_ms: i64, pace: f64) -> Result<(), Refusal> {
    let silence = body.deed == AlarmDeed::Silence;
    if body.alarms.is_empty() != silence || body.alarms.len() > ALARMS_MAX {
        return Err(malformed(
            "alarms are named one by one, at most 100",
            "须逐个列出报警，最多100个",
        ));
    }
    if !body.seen.is_empty() && body.seen.len() != body.alarms.len() {
        return Err(malformed(
            "seen has one number for each alarm, or none at all",
            "seen须与报警一一对应，或不填",
        ));
    }
    let aside = matches!(
        body.deed,
        AlarmDeed::Shelve { .. } | AlarmDeed::OutOfService
    );
    if aside && body.reason.trim().is_empty() {
        return Err(malformed("a reason is needed", "必须填写理由"));
    }
    if let AlarmDeed::Shelve { for_s, .. } = body.deed
        && !(for_s > 0.0 && for_s <= SHELVE_S_MAX)
    {
        return Err(Refusal::new(
            RefusalCode::OutOfRange,
            "Shelving lasts more than nothing and at most seven days.",
            "搁置时间须大于零且不超过七天。",
        ));
    }
    // A horn may always be silenced; everything else is decided on what was seen.
    if !silence
        && now_ms.saturating_sub(body.seen_ms) > (COMMAND_AGE_MS_MAX as f64 * pace.max(1.0)) as i64
    {
        return Err(Refusal::new(
            RefusalCode::Expired,
            "Decided on a view older than 5 s. Look again.",
            "依据的画面已超过 5 秒，请重新查看。",
        ));
    }
    Ok(())
}

pub(crate) async fn list(State(app): State<Arc<App>>) -> Response {
    Json(app.desk.alarms().as_ref()).into_response()
}

#[derive(Deserialize)]
pub(crate) struct GuidanceAsked {
    alarm: String,
}

pub(crate) async fn guidance(
    State(app): State<Arc<App>>,
    Query(asked): Query<GuidanceAsked>,
) -> Response {
    match app.desk.alarm_guidance(&asked.alarm) {
        Some(guidance) => Json(guidance).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

pub(crate) async fn records(
    State(app): State<Arc<App>>,
    Query(mut asked): Query<RecordQuery>,
) -> Response {
    asked.limit = asked.limit.min(RECORDS_MAX);
    match app.desk.records(asked).await {
        Ok(page) => Json(page).into_response(),
        Err(refusal) => refused(&refusal),
    }
}

#[derive(Deserialize)]
pub(crate) struct FiguresAsked {
    from_ms: i64,
    to_ms: i64,
}

pub(crate) async fn figures(
    State(app): State<Arc<App>>,
    Query(asked): Query<FiguresAsked>,
) -> Response {
    match app.desk.alarm_figures(asked.from_ms, asked.to_ms).await {
        Ok(json) => {
            let kind = HeaderValue::from_static("application/json");
            ([(header::CONTENT_TYPE, kind)], json).into_response()
        }
        Err(refusal) => refused(&refusal),
    }
}

#[derive(Deserialize)]
pub(crate) struct SequenceAsked {
    #[serde(default)]
    since: u64,
    before: Option<u64>,
}

pub(crate) async fn sequence(
    State(app): State<Arc<App>>,
    Query(asked): Query<SequenceAsked>,
) -> Response {
    Json(app.desk.sequence(asked.since, asked.before)).into_response()
}

pub(crate) async fn trips(State(app): State<Arc<App>>) -> Response {
    let trips = app.desk.trips();
    let heads: Vec<_> = trips.iter().map(|trip| trip.head()).collect();
    Json(heads).into_response()
}

#[derive(Deserialize)]
pub(crate) struct TripAsked {
    group: String,
    utc_ms: i64,
}

pub(crate) async fn trip(State(app): State<Arc<App>>, Query(asked): Query<TripAsked>) -> Response {
    let trips = app.desk.trips();
    let is_asked =
        |trip: &&Arc<TripRecord>| trip.group == asked.group && trip.utc_ms == asked.utc_ms;
    match trips.iter().find(is_asked) {
        Some(trip) => Json(trip.as_ref()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A question that cannot be answered changed nothing: it is no attempt to record.
pub(crate) fn refused(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.code.status());
    (
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        Json(refusal),
    )
        .into_response()
}

/// What changed in the list since a window last heard of it.
#[derive(Serialize)]
struct Change<'a> {
    /// The rows are all of them.
    full: bool,
    seq: u64,
    utc_ms: i64,
    counts: &'a AlarmCounts,
    /// New and changed rows.
    rows: Vec<&'a AlarmRow>,
    /// Names of alarms that are normal again.
    gone: Vec<&'a str>,
}

/// The change from `before` to `now` as JSON; everything if there is no `before`.
pub(crate) fn change(before: Option<&AlarmList>, now: &AlarmList) -> String {
    let old: HashMap<&str, &AlarmRow> = before
        .iter()
        .flat_map(|list| &list.rows)
        .map(|row| (row.alarm.as_str(), row))
        .collect();
    let rows = now
        .rows
        .iter()
        .filter(|row| old.get(row.alarm.as_str()) != Some(row));
    let kept: std::collections::HashSet<&str> =
        now.rows.iter().map(|row| row.alarm.as_str()).collect();
    let gone = before
        .iter()
        .flat_map(|list| &list.rows)
        .map(|row| row.alarm.as_str())
        .filter(|name| !kept.contains(name));
    let change = Change {
        full: before.is_none(),
        seq: now.seq,
        utc_ms: now.utc_ms,
        counts: &now.counts,
        rows: rows.collect(),
        gone: gone.collect(),
    };
    // Numbers that are not finite become null; nothing here can fail to be written.
    serde_json::to_string(&change).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway::alarms::AlarmState;

    fn list(seq: u64, names: &[(&str, AlarmState)]) -> AlarmList {
        let rows = names.iter().map(|(name, state)| AlarmRow {
            alarm: (*name).to_owned(),
            state: *state,
            ..AlarmRow::default()
        });
        AlarmList {
            seq,
            rows: rows.collect(),
            ..AlarmList::default()
        }
    }

    #[test]
    fn a_change_carries_what_is_new_or_other_and_the_names_of_what_is_gone() {
        use AlarmState::{Acknowledged, Unacknowledged};
        let before = list(
            1,
            &[
                ("A", Unacknowledged),
                ("B", Unacknowledged),
                ("C", Acknowledged),
            ],
        );
        let now = list(
            2,
            &[
                ("D", Unacknowledged),
                ("B", Unacknowledged),
                ("A", Acknowledged),
            ],
        );
        let told: serde_json::Value =
            serde_json::from_str(&change(Some(&before), &now)).expect("JSON");
        let names: Vec<_> = told["rows"]
            .as_array()
            .expect("rows")
            .iter()
            .map(|r| r["alarm"].as_str())
            .collect();
        assert_eq!(names, [Some("D"), Some("A")]);
        assert_eq!(told["gone"], serde_json::json!(["C"]));
        assert_eq!(told["full"], false);
        let all: serde_json::Value = serde_json::from_str(&change(None, &now)).expect("JSON");
        assert_eq!(all["rows"].as_array().map(Vec::len), Some(3));
        assert_eq!(all["full"], true);
    }

    #[test]
    fn what_is_put_aside_needs_a_reason_and_only_silence_names_no_alarm() {
        let body = |json: &str| serde_json::from_str::<ActBody>(json).expect("a body");
        let ok = |json: &str| check(&body(json), 10_000, 1.0).is_ok();
        assert!(ok(r#"{"id":"1","do":"silence","seen_ms":0}"#));
        assert!(ok(
            r#"{"id":"1","do":"acknowledge","alarms":["A"],"seen_ms":9000}"#
        ));
        assert!(ok(
            r#"{"id":"1","do":"shelve","for_s":900,"one_shot":false,"alarms":["A"],"reason":"r","seen_ms":9000}"#
        ));
        for bad in [
            r#"{"id":"1","do":"acknowledge","alarms":["A"],"seen_ms":1000}"#,
            r#"{"id":"1","do":"acknowledge","alarms":[],"seen_ms":9000}"#,
            r#"{"id":"1","do":"acknowledge","alarms":["A","B"],"seen":[1],"seen_ms":9000}"#,
            r#"{"id":"1","do":"silence","alarms":["A"],"seen_ms":9000}"#,
            r#"{"id":"1","do":"shelve","for_s":900,"one_shot":false,"alarms":["A"],"seen_ms":9000}"#,
            r#"{"id":"1","do":"shelve","for_s":0,"one_shot":false,"alarms":["A"],"reason":"r","seen_ms":9000}"#,
            r#"{"id":"1","do":"shelve","for_s":1e9,"one_shot":false,"alarms":["A"],"reason":"r","seen_ms":9000}"#,
            r#"{"id":"1","do":"out_of_service","alarms":["A"],"reason":" ","seen_ms":9000}"#,
        ] {
            assert!(!ok(bad), "{bad}");
        }
    }
}
