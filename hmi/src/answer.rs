//! What every question that could change something has in common: it is parsed, its
//! id is answered once, and each refusal is recorded.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cmd::{LOCAL_ACTOR, REASON_CHARS_MAX};
use crate::desk::{Attempt, Desk, Receipt, Refusal, RefusalCode, Submission};

/// Answers remembered so that a repeated id is answered, not executed.
const ANSWERS_KEPT: usize = 1_024;

/// The answer of a command, a force or an online change.
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

/// What a request says of itself, for the record of its refusal.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Claim {
    pub(crate) id: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) value: Option<f64>,
}

/// Answers by id; `None` while the desk decides.
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

/// Reads a body.
pub(crate) fn parse<T: DeserializeOwned>(desk: &dyn Desk, body: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|e| {
        let refusal = malformed(
            &format!("the body is not a command ({e})"),
            "请求体不是命令",
        );
        refuse(desk, Claim::default(), refusal)
    })
}

/// Checks and submits, once for each id. `check` names the reason of a refusal or
/// hands the question to the desk.
pub(crate) async fn decide<'a>(
    desk: &dyn Desk,
    answers: &Answers,
    claim: Claim,
    reason: &str,
    check: impl FnOnce() -> Result<Submission<'a>, Refusal>,
) -> Answer {
    let id = match plausible(&claim, reason) {
        Ok(id) => id,
        Err(refusal) => return refuse(desk, claim, refusal),
    };
    match answers.begin(&id) {
        Seen::Answered(answer) => return answer,
        Seen::Deciding => {
            let refusal = Refusal::new(
                RefusalCode::Busy,
                "This command is already being decided.",
                "该命令正在处理中。",
            );
            return refuse(desk, claim, refusal);
        }
        Seen::New => {}
    }
    let answer = match check() {
        Err(refusal) => refuse(desk, claim, refusal),
        Ok(submission) => match submission.await {
            Ok(receipt) => Answer::Admitted { ok: true, receipt },
            Err(refusal) => Answer::refused(refusal),
        },
    };
    answers.end(&id, &answer);
    answer
}

/// Records a refusal and turns it into the answer.
pub(crate) fn refuse(desk: &dyn Desk, claim: Claim, refusal: Refusal) -> Answer {
    desk.refused(Attempt {
        utc_ns: desk.now_utc_ns(),
        actor: LOCAL_ACTOR.to_owned(),
        id: claim.id,
        tag: claim.tag,
        value: claim.value,
        refusal: refusal.clone(),
    });
    Answer::refused(refusal)
}

pub(crate) fn malformed(en: &str, zh: &str) -> Refusal {
    Refusal::new(
        RefusalCode::Malformed,
        format!("Not understood: {en}."),
        format!("无法理解请求：{zh}。"),
    )
}

fn plausible(claim: &Claim, reason: &str) -> Result<String, Refusal> {
    let id = claim.id.clone().unwrap_or_default();
    let uuid = id.len() == 36
        && id.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    if !uuid {
        return Err(malformed("the id is not a UUID", "id 不是 UUID"));
    }
    if reason.chars().count() > REASON_CHARS_MAX {
        return Err(malformed("the reason is too long", "理由过长"));
    }
    Ok(id)
}
