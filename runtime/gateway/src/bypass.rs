//! Bypasses at the desk: what one is bound to, and those that stand.
//!
//! The scan has the last word on key and limits and takes back what they do not permit,
//! without a word. The desk knows the same rules and says why not, before anything is
//! recorded as done.

use crate::desk::{Cell, Command, Refusal, RefusalCode};
use serde::{Deserialize, Serialize};

/// Longest permit number, characters.
pub const PERMIT_CHARS_MAX: usize = 64;

/// What a tag that takes protection out is bound to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BypassRule {
    /// The number of the permit to work has to be given: a maintenance override.
    pub permit: bool,
    /// Tag of the channel that is taken out; none: the whole row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Bool: the bypass-enable key; none begins without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Bypasses of one vote, and how many of them may stand at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vote: Option<(Vec<String>, u32)>,
    /// Int: bypasses that stand in the unit, and how many may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<(String, u32)>,
    /// Real: seconds until it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
}

/// One bypass that stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bypass {
    /// Tag that holds it, `C01.MOS_1`.
    pub tag: String,
    /// Tag of the channel that is taken out; none: the whole row.
    pub channel: Option<String>,
    /// Since when, milliseconds since the epoch; 0 if nobody asked for it at this station.
    pub since_ms: i64,
    /// By whom.
    pub actor: String,
    /// The second person, where one signed.
    pub second: Option<String>,
    /// Why.
    pub reason: String,
    /// Number of the permit to work; empty if none was asked for.
    pub permit: String,
    /// Seconds until it ends by itself, of the plant's time; of several channels of one
    /// row that of the first to end. Not more than 0: its time is over and its channel
    /// would trip.
    pub left_s: Option<f64>,
}

fn refuse(code: RefusalCode, en: String, zh: String) -> Box<Refusal> {
    Box::new(Refusal::new(code, en, zh))
}

impl BypassRule {
    /// Whether a command may begin or end the bypass, by the newest values: `old` of the
    /// bypass itself, `cell` of any tag.
    ///
    /// # Errors
    /// What is missing: reason, permit, key, or room within a limit.
    pub fn check(
        &self,
        command: &Command,
        old: f64,
        cell: impl Fn(&str) -> Option<Cell>,
    ) -> Result<(), Box<Refusal>> {
        let permit = command.permit.trim();
        if permit.chars().count() > PERMIT_CHARS_MAX {
            return Err(refuse(
                RefusalCode::Malformed,
                format!("the permit number is longer than {PERMIT_CHARS_MAX} characters"),
                format!("许可证号超过 {PERMIT_CHARS_MAX} 个字符"),
            ));
        }
        // Protection may come back at any time.
        if command.value == 0.0 {
            return Ok(());
        }
        let tag = &command.tag;
        if old != 0.0 {
            return Err(refuse(
                RefusalCode::NotPermitted,
                format!("{tag} is bypassed already; end that bypass first"),
                format!("{tag} 已旁路,请先解除"),
            ));
        }
        if command.reason.trim().is_empty() {
            return Err(refuse(
                RefusalCode::Malformed,
                "say why: the reason of a bypass is part of the record".into(),
                "请说明原因:旁路原因是记录的一部分".into(),
            ));
        }
        if self.permit && permit.is_empty() {
            return Err(refuse(
                RefusalCode::PermitNeeded,
                format!("{tag}: give the number of the permit to work"),
                format!("{tag}:请填写作业许可证号"),
            ));
        }
        if let Some(key) = &self.key {
            let on = cell(key).is_some_and(|key| key.value != 0.0 && !key.quality.is_bad());
            if !on {
                return Err(refuse(
                    RefusalCode::NotPermitted,
                    format!("the bypass key {key} is not on"),
                    format!("旁路允许钥匙 {key} 未投入"),
                ));
            }
        }
        if let Some((vote, at_most)) = &self.vote {
            let stands = |tag: &&String| cell(tag).is_some_and(|cell| cell.value != 0.0);
            if vote.iter().filter(stands).count() >= *at_most as usize {
                return Err(refuse(
                    RefusalCode::NotPermitted,
                    format!(
                        "{tag}: at most {at_most} of this vote may be bypassed at the same time"
                    ),
                    format!("{tag}:同一表决组最多旁路 {at_most} 个通道"),
                ));
            }
        }
        if let Some((total, at_most)) = &self.unit
            && cell(total).is_some_and(|cell| cell.value >= f64::from(*at_most))
        {
            return Err(refuse(
                RefusalCode::NotPermitted,
                format!(
                    "{tag}: at most {at_most} bypasses may stand in this unit at the same time"
                ),
                format!("{tag}:该单元最多同时投用 {at_most} 个旁路"),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
