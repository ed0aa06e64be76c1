//! What every question that could change something has in common: it is parsed, its
//! id is answered once, and each refusal is recorded.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cmd::REASON_CHARS_MAX;
use crate::desk::{Attempt, Desk, Person, Receipt, Refusal, RefusalCode, Submission};

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

/// Who asks, and what marks the very question.
pub(crate) struct Asked<'a> {
    pub(crate) desk: &'a dyn Desk,
    pub(crate) answers: &'a Answers,
    pub(crate) person: Person,
    /// Name for the record of a refusal.
    pub(crate) actor: String,
    /// Tells one question from another of the same id.
    pub(crate) mark: u64,
}

/// One question that was asked.
#[derive(Debug)]
struct Kept {
    id: String,
    mark: u64,
    /// `None` while the desk decides.
    answer: Option<Answer>,
}

/// Answers by id.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    kept: Mutex<VecDeque<Kept>>,
    /// With keys of its own, so that nobody can make two questions look alike.
    marks: RandomState,
}

enum Seen {
    New,
    /// The id was used for another question, or by another person.
    Replayed,
    Deciding,
    Answered(Answer),
}

impl Answers {
    /// The mark of a question: who asks and every byte of it. The bytes are not kept:
    /// there may be a password among them.
    pub(crate) fn mark(&self, person: &Person, body: &[u8]) -> u64 {
        let session = person.session.as_ref().map(crate::desk::Token::text);
        self.marks.hash_one((session, body))
    }

    fn begin(&self, id: &str, mark: u64) -> Seen {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = kept.iter().find(|k| k.id == id) {
            if before.mark != mark {
                return Seen::Replayed;
            }
            return before.answer.clone().map_or(Seen::Deciding, Seen::Answered);
        }
        if kept.len() >= ANSWERS_KEPT {
            kept.pop_front();
        }
        kept.push_back(Kept {
            id: id.to_owned(),
            mark,
            answer: None,
        });
        Seen::New
    }

    fn end(&self, id: &str, answer: &Answer) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = kept.iter_mut().find(|k| k.id == id) {
            entry.answer = Some(answer.clone());
        }
    }
}

/// Reads a body.
pub(crate) fn parse<T: DeserializeOwned>(asked: &Asked<'_>, body: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|e| {
        let refusal = malformed(
            &format!("the body is not a command ({})", place(&e)),
            "请求体不是命令",
        );
        refuse(asked.desk, &asked.actor, Claim::default(), refusal)
    })
}

/// What is wrong with a body, without any of its text: it may hold a password.
fn place(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Data => "wrong or missing key",
        Category::Io | Category::Syntax | Category::Eof => "not JSON",
    };
    format!("{what}, column {}", error.column())
}

/// Checks and submits, once for each id. `check` names the reason of a refusal or
/// hands the question to the desk.
pub(crate) async fn decide<'a>(
    asked: &Asked<'_>,
    claim: Claim,
    reason: &str,
    check: impl FnOnce() -> Result<Submission<'a>, Refusal>,
) -> Answer {
    let id = match plausible(&claim, reason) {
        Ok(id) => id,
        Err(refusal) => return refuse(asked.desk, &asked.actor, claim, refusal),
    };
    match asked.answers.begin(&id, asked.mark) {
        Seen::Replayed => {
            let refusal = Refusal::new(
                RefusalCode::Replayed,
                "The id of this command was used before, for another one.",
                "该命令的 id 已用于另一命令。",
            );
            return refuse(asked.desk, &asked.actor, claim, refusal);
        }
        Seen::Answered(answer) => return answer,
        Seen::Deciding => {
            let refusal = Refusal::new(
                RefusalCode::Busy,
                "This command is already being decided.",
                "该命令正在处理中。",
            );
            return refuse(asked.desk, &asked.actor, claim, refusal);
        }
        Seen::New => {}
    }
    let answer = match check() {
        Err(refusal) => refuse(asked.desk, &asked.actor, claim, refusal),
        Ok(submission) => match submission.await {
            Ok(receipt) => Answer::Admitted { ok: true, receipt },
            Err(refusal) => Answer::refused(refusal),
        },
    };
    asked.answers.end(&id, &answer);
    answer
}

/// Records a refusal and turns it into the answer.
pub(crate) fn refuse(desk: &dyn Desk, actor: &str, claim: Claim, refusal: Refusal) -> Answer {
    desk.refused(Attempt {
        utc_ns: desk.now_utc_ns(),
        actor: actor.to_owned(),
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
