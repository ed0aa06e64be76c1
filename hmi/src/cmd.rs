//! `POST /api/v1/cmd`: one write asked for by a person.
//!
//! The checks here spare the desk what can be seen to be wrong from outside; the
//! desk decides. Every refusal has a machine code, a reason in both languages, and
//! is recorded through [`Desk::refused`] (refusals of the desk itself are the desk's
//! to record).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::desk::{Attempt, Command, Desk, Receipt, Refusal, RefusalCode, Snapshot, Tag, TagKind};
use crate::names::Names;

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
/// Answers remembered so that a repeated id is answered, not executed.
const ANSWERS_KEPT: usize = 1_024;

/// The person at an unlocked local station. There is no sign-in yet, so there is one name.
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
}

/// The answer of a command.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    Admitted {
        ok: bool,
        #[serde(flatten)]
        receipt: Receipt,
    },
    Refused {
        ok: bool,
        #[serde(flatten)]
        refusal: Refusal,
    },
}

impl Answer {
    pub(crate) fn refused(refusal: Refusal) -> Answer {
        Answer::Refused { ok: false, refusal }
    }

    pub(crate) fn status(&self) -> u16 {
        match self {
            Answer::Admitted { .. } => 200,
            Answer::Refused { refusal, .. } => refusal.code.status(),
        }
    }
}

/// Answers by command id; `None` while the desk decides.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    kept: Mutex<VecDeque<(String, Option<Answer>)>>,
}

enum Seen {
    New,
    Deciding,
    Answered(Answer),
}

impl Answers {
    fn begin(&self, id: &str) -> Seen {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, answer)) = kept.iter().find(|(i, _)| i == id) {
            return answer.clone().map_or(Seen::Deciding, Seen::Answered);
        }
        if kept.len() >= ANSWERS_KEPT {
            kept.pop_front();
        }
        kept.push_back((id.to_owned(), None));
        Seen::New
    }

    fn end(&self, id: &str, answer: &Answer) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = kept.iter_mut().find(|(i, _)| i == id) {
            entry.1 = Some(answer.clone());
        }
    }
}

/// Parses, checks and submits.
pub(crate) async fn execute(
    desk: &dyn Desk,
    names: &Names,
    answers: &Answers,
    body: &[u8],
) -> Answer {
    let body: Body = match serde_json::from_slice(body) {
        Ok(body) => body,
        Err(e) => {
            let refusal = malformed(
                &format!("the body is not a command ({e})"),
                "请求体不是命令",
            );
            return refuse(desk, None, refusal);
        }
    };
    if let Err(refusal) = plausible(&body) {
        return refuse(desk, Some(&body), refusal);
    }
    match answers.begin(&body.id) {
        Seen::Answered(answer) => return answer,
        Seen::Deciding => {
            let refusal = Refusal::new(
                RefusalCode::Busy,
                "This command is already being decided.",
                "该命令正在处理中。",
            );
            return refuse(desk, Some(&body), refusal);
        }
        Seen::New => {}
    }
    let answer = match check(names, &desk.snapshot(), desk.now_utc_ns(), &body) {
        Err(refusal) => refuse(desk, Some(&body), refusal),
        Ok(command) => match desk.submit(command).await {
            Ok(receipt) => Answer::Admitted { ok: true, receipt },
            Err(refusal) => Answer::refused(refusal),
        },
    };
    answers.end(&body.id, &answer);
    answer
}

/// Records a refusal and turns it into the answer.
pub(crate) fn refuse(desk: &dyn Desk, body: Option<&Body>, refusal: Refusal) -> Answer {
    desk.refused(Attempt {
        utc_ns: desk.now_utc_ns(),
        actor: LOCAL_ACTOR.to_owned(),
        id: body.map(|b| b.id.clone()),
        tag: body.map(|b| b.tag.clone()),
        value: body.and_then(|b| b.value),
        refusal: refusal.clone(),
    });
    Answer::refused(refusal)
}

fn malformed(en: &str, zh: &str) -> Refusal {
    Refusal::new(
        RefusalCode::Malformed,
        format!("Not understood: {en}."),
        format!("无法理解请求：{zh}。"),
    )
}

fn plausible(body: &Body) -> Result<(), Refusal> {
    let uuid = body.id.len() == 36
        && body.id.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    if !uuid {
        return Err(malformed("the id is not a UUID", "id 不是 UUID"));
    }
    if body.reason.chars().count() > REASON_CHARS_MAX {
        return Err(malformed("the reason is too long", "理由过长"));
    }
    Ok(())
}

/// Every check that needs only the directory, the newest image and the time.
pub(crate) fn check(
    names: &Names,
    snapshot: &Snapshot,
    now_utc_ns: i64,
    body: &Body,
) -> Result<Command, Refusal> {
    let refuse = |code, en: String, zh: String| Err(Refusal::new(code, en, zh));
    let name = &body.tag;
    let now_ms = now_utc_ns.div_euclid(1_000_000);

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
    let age_ms = now_ms.saturating_sub(body.seen_ms);
    if !(-AHEAD_MS_MAX..=COMMAND_AGE_MS_MAX).contains(&age_ms) {
        return refuse(
            RefusalCode::Expired,
            "The command was decided on a view older than 5 s. Look again.".into(),
            "命令依据的画面已超过 5 秒，请重新查看。".into(),
        );
    }
    let snapshot_age_ms = now_ms.saturating_sub(snapshot.utc_ns.div_euclid(1_000_000));
    if snapshot_age_ms > SNAPSHOT_AGE_MS_MAX {
        return refuse(
            RefusalCode::RuntimeStalled,
            "The runtime does not scan; nothing is accepted.".into(),
            "运行系统没有扫描，不接受任何命令。".into(),
        );
    }
    let fits = match tag.kind {
        TagKind::Real => true,
        TagKind::Bool => value == 0.0 || value == 1.0,
        TagKind::Int => value.fract() == 0.0,
    };
    if !fits {
        return refuse(
            RefusalCode::WrongKind,
            format!("{value} is not a value that {name} can have."),
            format!("{name} 不能取值 {value}。"),
        );
    }
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
    })
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
