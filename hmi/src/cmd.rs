//! `POST /api/v1/cmd`: one write asked for by a person.
//!
//! The checks here spare the desk what can be seen to be wrong from outside; the
//! desk decides. Every refusal has a machine code, a reason in both languages, and
//! is recorded through [`Desk::refused`] (refusals of the desk itself are the desk's
//! to record).

use serde::Deserialize;

use crate::answer::{Answer, Asked, Claim, decide, parse};
use crate::desk::{Command, Refusal, RefusalCode, Snapshot, Tag, TagKind, Wish};
use crate::names::Names;
use crate::signature::{self, SignatureBody};

/// A decision is based on what the person saw; older than this it is void. Milliseconds.
pub const COMMAND_AGE_MS_MAX: i64 = 5_000;
/// A snapshot older than this means that the runtime does not scan. Milliseconds.
pub const SNAPSHOT_AGE_MS_MAX: i64 = 3_000;
/// Longest body. Bytes.
pub const COMMAND_BYTES_MAX: usize = 4_096;
/// Longest reason. Characters.
pub const REASON_CHARS_MAX: usize = 500;
/// How far a client may be ahead of the server's clock before it is not believed. Milliseconds.
const AHEAD_MS_MAX: i64 = 1_000;

/// Whoever asks at a desk that knows no people.
pub const LOCAL_ACTOR: &str = "operator";

/// The body of a command.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// UUID given by the client.
    pub id: String,
    /// Full tag name.
    pub tag: String,
    /// Wanted; JSON writes NaN as `null`.
    pub value: Option<f64>,
    /// What the person saw in the tag when deciding.
    #[serde(default)]
    pub seen_value: Option<f64>,
    /// Server time of the newest frame that the person saw, milliseconds.
    pub seen_ms: i64,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// Number of the permit to work, for a maintenance override.
    #[serde(default)]
    pub permit: String,
    /// Signature, where the tag asks for one.
    #[serde(default)]
    pub sig: Option<SignatureBody>,
}

/// Parses, checks and submits.
pub(crate) async fn execute(asked: &Asked<'_>, names: &Names, body: &[u8]) -> Answer {
    let body: Body = match parse(asked, body) {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let claim = Claim {
        id: Some(body.id.clone()),
        tag: Some(body.tag.clone()),
        value: body.value,
    };
    let desk = asked.desk;
    decide(asked, claim, &body.reason, || {
        let command = check(
            names,
            &desk.snapshot(),
            desk.now_utc_ns(),
            desk.pace(),
            &body,
        )?;
        let person = signature::person(asked, body.sig.as_ref());
        Ok(desk.ask(person, Wish::Write(command)))
    })
    .await
}

/// Every check that needs only the directory, the newest image and the time.
pub(crate) fn check(
    names: &Names,
    snapshot: &Snapshot,
    now_utc_ns: i64,
    pace: f64,
    body: &Body,
) -> Result<Command, Refusal> {
    let refuse = |code, en: String, zh: String| Err(Refusal::new(code, en, zh));
    let name = &body.tag;
    let Some(tag) = names.tag(name) else {
        return refuse(
            RefusalCode::UnknownTag,
            format!("There is no tag {name}."),
            format!("没有位号 {name}。"),
        );
    };
    let Some(writable) = &tag.writable else {
        return refuse(
            RefusalCode::NotWritable,
            format!("{name} is not for operators to write."),
            format!("{name} 不允许操作员写入。"),
        );
    };
    let value = match body.value {
        Some(v) if v.is_finite() => v,
        _ => {
            return refuse(
                RefusalCode::NotFinite,
                "The value is not a number.".into(),
                "数值无效。".into(),
            );
        }
    };
    fresh(snapshot, now_utc_ns, pace, body.seen_ms)?;
    fits(tag, value)?;
    let unit = unit_of(tag);
    if value < writable.lo || value > writable.hi {
        let (lo, hi) = (writable.lo, writable.hi);
        return refuse(
            RefusalCode::OutOfRange,
            format!("{value}{unit} is outside {lo} to {hi}{unit}."),
            format!("{value}{unit} 超出范围 {lo} 至 {hi}{unit}。"),
        );
    }
    if let Some(only) = &writable.only_when {
        let actual = named(names, snapshot, &only.tag);
        if actual != Some(only.value) {
            return refuse(
                RefusalCode::NotPermitted,
                only.why.en.clone(),
                only.why.zh.clone(),
            );
        }
    }
    let actual = cell(snapshot, tag);
    if let (Some(seen), Some(actual)) = (body.seen_value, actual)
        && !same_shown(seen, actual)
    {
        let d = usize::from(tag.decimals);
        return refuse(
            RefusalCode::ValueChanged,
            format!("The value changed to {actual:.d$}{unit}. Look again."),
            format!("数值已变为 {actual:.d$}{unit}，请重新查看。"),
        );
    }
    if let (Some(step), Some(actual)) = (writable.max_step, actual)
        && (value - actual).abs() > step * (1.0 + 1e-9)
    {
        return refuse(
            RefusalCode::StepTooLarge,
            format!("One step may be at most {step}{unit}."),
            format!("单次改变不得超过 {step}{unit}。"),
        );
    }
    Ok(Command {
        id: body.id.clone(),
        actor: LOCAL_ACTOR.to_owned(),
        tag: name.clone(),
        value,
        seen_value: body.seen_value,
        reason: body.reason.clone(),
        permit: body.permit.clone(),
    })
}

/// The person's view is young enough and the runtime scans.
///
/// Both times are the plant's: in a simulation that goes fast, five seconds of a person
/// are more of them.
pub(crate) fn fresh(
    snapshot: &Snapshot,
    now_utc_ns: i64,
    pace: f64,
    seen_ms: i64,
) -> Result<(), Refusal> {
    let paced = |ms: i64| (ms as f64 * pace.max(1.0)) as i64;
    let now_ms = now_utc_ns.div_euclid(1_000_000);
    let age_ms = now_ms.saturating_sub(seen_ms);
    if !(-paced(AHEAD_MS_MAX)..=paced(COMMAND_AGE_MS_MAX)).contains(&age_ms) {
        return Err(Refusal::new(
            RefusalCode::Expired,
            "The command was decided on a view older than 5 s. Look again.",
            "命令依据的画面已超过 5 秒，请重新查看。",
        ));
    }
    let snapshot_age_ms = now_ms.saturating_sub(snapshot.utc_ns.div_euclid(1_000_000));
    if snapshot_age_ms > paced(SNAPSHOT_AGE_MS_MAX) {
        return Err(Refusal::new(
            RefusalCode::RuntimeStalled,
            "The runtime does not scan; nothing is accepted.",
            "运行系统没有扫描，不接受任何命令。",
        ));
    }
    Ok(())
}

/// The tag's machine kind can hold the value.
pub(crate) fn fits(tag: &Tag, value: f64) -> Result<(), Refusal> {
    let fits = match tag.kind {
        TagKind::Real => true,
        TagKind::Bool => value == 0.0 || value == 1.0,
        TagKind::Int => value.fract() == 0.0,
    };
    if fits {
        return Ok(());
    }
    let name = &tag.name;
    Err(Refusal::new(
        RefusalCode::WrongKind,
        format!("{value} is not a value that {name} can have."),
        format!("{name} 不能取值 {value}。"),
    ))
}

fn unit_of(tag: &Tag) -> String {
    if tag.unit.is_empty() {
        String::new()
    } else {
        format!(" {}", tag.unit)
    }
}

fn cell(snapshot: &Snapshot, tag: &Tag) -> Option<f64> {
    usize::try_from(tag.handle)
        .ok()
        .and_then(|h| snapshot.cells.get(h))
        .map(|c| c.value)
}

fn named(names: &Names, snapshot: &Snapshot, name: &str) -> Option<f64> {
    names.tag(name).and_then(|t| cell(snapshot, t))
}

/// Screens receive values as binary32: equal there is equal.
fn same_shown(seen: f64, actual: f64) -> bool {
    seen == actual || seen as f32 == actual as f32
}
