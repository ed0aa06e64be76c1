//! `POST /api/v1/force` and `POST /api/v1/edition`: what service people ask. A tag is
//! held at a value or released; the plant's text is loaded anew or the edition before
//! comes back. Both need a reason.

use serde::{Deserialize, Deserializer};

use crate::answer::{Answer, Asked, Claim, decide, malformed, parse};
use crate::cmd::{LOCAL_ACTOR, fits, fresh};
use crate::desk::{Change, Forcing, Refusal, RefusalCode, Wish};
use crate::names::Names;
use crate::signature::{self, SignatureBody};

/// The body of a force.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForceBody {
    /// UUID given by the client.
    pub id: String,
    /// Full tag name.
    pub tag: String,
    /// The value to hold; `null` releases the tag. A body without it is malformed, so
    /// that a forgotten value does not release.
    #[serde(deserialize_with = "present")]
    pub value: Option<f64>,
    /// Why; must not be empty.
    pub reason: String,
    /// Server time of the newest frame that the person saw, milliseconds.
    pub seen_ms: i64,
    /// Signature, where one is asked for.
    #[serde(default)]
    pub sig: Option<SignatureBody>,
}

/// The body of an online change.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditionBody {
    /// UUID given by the client.
    pub id: String,
    /// Back to the edition before, instead of the text as it is now.
    pub back: bool,
    /// Digest of the text that the person has compared; another one is refused.
    #[serde(default)]
    pub digest: Option<String>,
    /// Why; must not be empty.
    pub reason: String,
    /// Server time of the newest frame that the person saw, milliseconds.
    pub seen_ms: i64,
    /// Signature, where one is asked for.
    #[serde(default)]
    pub sig: Option<SignatureBody>,
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    Option::deserialize(from)
}

/// Parses, checks and asks for a force.
pub(crate) async fn force(asked: &Asked<'_>, names: &Names, body: &[u8]) -> Answer {
    let desk = asked.desk;
    let body: ForceBody = match parse(asked, body) {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let claim = Claim {
        id: Some(body.id.clone()),
        tag: Some(body.tag.clone()),
        value: body.value,
    };
    decide(asked, claim, &body.reason, || {
        reasoned(&body.reason)?;
        let Some(tag) = names.tag(&body.tag) else {
            return Err(Refusal::new(
                RefusalCode::UnknownTag,
                format!("There is no tag {}.", body.tag),
                format!("没有位号 {}。", body.tag),
            ));
        };
        fresh(
            &desk.snapshot(),
            desk.now_utc_ns(),
            desk.pace(),
            body.seen_ms,
        )?;
        if let Some(value) = body.value {
            fits(tag, value)?;
        }
        let forcing = Forcing {
            id: body.id.clone(),
            actor: LOCAL_ACTOR.to_owned(),
            tag: body.tag.clone(),
            value: body.value,
            reason: body.reason.clone(),
        };
        let person = signature::person(asked, body.sig.as_ref());
        Ok(desk.ask(person, Wish::Force(forcing)))
    })
    .await
}

/// Parses, checks and asks for an online change.
pub(crate) async fn change(asked: &Asked<'_>, body: &[u8]) -> Answer {
    let desk = asked.desk;
    let body: EditionBody = match parse(asked, body) {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let claim = Claim {
        id: Some(body.id.clone()),
        ..Claim::default()
    };
    decide(asked, claim, &body.reason, || {
        reasoned(&body.reason)?;
        fresh(
            &desk.snapshot(),
            desk.now_utc_ns(),
            desk.pace(),
            body.seen_ms,
        )?;
        let change = Change {
            id: body.id.clone(),
            actor: LOCAL_ACTOR.to_owned(),
            back: body.back,
            digest: body.digest.clone(),
            reason: body.reason.clone(),
        };
        let person = signature::person(asked, body.sig.as_ref());
        Ok(desk.ask(person, Wish::Change(change)))
    })
    .await
}

fn reasoned(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(malformed("the reason is missing", "缺少理由"));
    }
    Ok(())
}
