//! What may be done, by which role, with which signature.

use crate::password::Cost;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A class of actions. Rights are given by class, not by tag.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// See values, trends and records.
    View,
    /// Acknowledge alarms.
    Acknowledge,
    /// Put alarms aside for a time.
    Shelve,
    /// Set-points, outputs, commands of sequences.
    #[default]
    Operate,
    /// Modes of loops.
    Mode,
    /// Reset of latched trips.
    Reset,
    /// Tuning of loops and other settings of the control.
    Tune,
    /// Limits of alarms and trips.
    Limit,
    /// Bypass of a protective cause.
    Bypass,
    /// Hold of a value by a person.
    Force,
    /// A new edition of the plant's text, or the edition before.
    Change,
    /// Review of records.
    Review,
    /// Approval of records.
    Approve,
    /// Users and their rights.
    Administer,
}

impl Action {
    /// All of them.
    pub const ALL: [Action; 14] = [
        Action::View,
        Action::Acknowledge,
        Action::Shelve,
        Action::Operate,
        Action::Mode,
        Action::Reset,
        Action::Tune,
        Action::Limit,
        Action::Bypass,
        Action::Force,
        Action::Change,
        Action::Review,
        Action::Approve,
        Action::Administer,
    ];

    /// Its word in plant text and records.
    pub const fn word(self) -> &'static str {
        match self {
            Action::View => "view",
            Action::Acknowledge => "acknowledge",
            Action::Shelve => "shelve",
            Action::Operate => "operate",
            Action::Mode => "mode",
            Action::Reset => "reset",
            Action::Tune => "tune",
            Action::Limit => "limit",
            Action::Bypass => "bypass",
            Action::Force => "force",
            Action::Change => "change",
            Action::Review => "review",
            Action::Approve => "approve",
            Action::Administer => "administer",
        }
    }

    /// Its Chinese word.
    pub const fn zh(self) -> &'static str {
        match self {
            Action::View => "查看",
            Action::Acknowledge => "确认报警",
            Action::Shelve => "搁置报警",
            Action::Operate => "操作",
            Action::Mode => "切换模式",
            Action::Reset => "复位",
            Action::Tune => "整定",
            Action::Limit => "修改限值",
            Action::Bypass => "旁路",
            Action::Force => "强制",
            Action::Change => "更改组态",
            Action::Review => "审核",
            Action::Approve => "批准",
            Action::Administer => "管理用户",
        }
    }

    /// The action of a word.
    pub fn from_word(word: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.word() == word)
    }

    /// Whether it can change what the plant does. Nobody who administers users may.
    pub const fn is_of_the_plant(self) -> bool {
        !matches!(
            self,
            Action::View | Action::Review | Action::Approve | Action::Administer
        )
    }
}

/// What a person must give before an action is done. Each class asks for all that the
/// one before it asks for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum SignatureClass {
    /// Nothing.
    #[default]
    None,
    /// A second press. The page asks; it is no proof.
    Confirm,
    /// A reason in words.
    Reason,
    /// The person's password once more.
    Reauthenticate,
    /// Another person with the same right, and that person's password.
    Second,
}

impl SignatureClass {
    /// All, from least to most.
    pub const ALL: [SignatureClass; 5] = [
        SignatureClass::None,
        SignatureClass::Confirm,
        SignatureClass::Reason,
        SignatureClass::Reauthenticate,
        SignatureClass::Second,
    ];

    /// Its word in plant text and records.
    pub const fn word(self) -> &'static str {
        match self {
            SignatureClass::None => "none",
            SignatureClass::Confirm => "confirm",
            SignatureClass::Reason => "reason",
            SignatureClass::Reauthenticate => "reauthenticate",
            SignatureClass::Second => "second",
        }
    }

    /// The class of a word.
    pub fn from_word(word: &str) -> Option<SignatureClass> {
        SignatureClass::ALL
            .into_iter()
            .find(|class| class.word() == word)
    }
}

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub en: String,
    /// 中文.
    pub zh: String,
}

/// A role: a set of action classes, in some areas, under a qualification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// Name in plant text, `shift-lead`.
    pub name: String,
    /// What people read.
    pub title: Words,
    /// What it may do.
    pub actions: BTreeSet<Action>,
    /// Where; none = everywhere.
    pub areas: Option<BTreeSet<String>>,
    /// Qualification without which it may do nothing of the plant.
    pub qualification: Option<String>,
}

impl Role {
    /// Whether it both administers and operates, which nobody may.
    pub fn is_mixed(&self) -> bool {
        self.actions.contains(&Action::Administer)
            && self.actions.iter().any(|action| action.is_of_the_plant())
    }
}

/// Passwords, failures, sessions. Design defaults of this product; all are editable in
/// the plant's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Shortest password, characters. NIST SP 800-63B asks for 8 at least.
    pub length_min: usize,
    /// Earlier passwords that may not come back.
    pub no_reuse_of: usize,
    /// Oldest password, days; 0 = no limit. 21 CFR 11.300(b) asks for a periodic check.
    pub age_days_max: u32,
    /// Words that no password may be, beside the list that is built in.
    pub blocklist: Vec<String>,
    /// Cost of one check.
    pub cost: Cost,
    /// Failures in a row that lock a user.
    pub failures_max: u32,
    /// How long, seconds; 0 = until an administrator unlocks.
    pub lockout_s: u32,
    /// Failures of one source in a minute before it is told to wait.
    pub failures_per_minute_max: u32,
    /// Idle time that locks a session, seconds.
    pub idle_s: u32,
    /// Longest session, seconds.
    pub life_s: u32,
    /// Sessions of one user at the same time.
    pub sessions_max: usize,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            length_min: 12,
            no_reuse_of: 5,
            age_days_max: 365,
            blocklist: Vec::new(),
            cost: Cost::default(),
            failures_max: 5,
            lockout_s: 900,
            failures_per_minute_max: 20,
            idle_s: 900,
            life_s: 12 * 3_600,
            sessions_max: 3,
        }
    }
}

/// What the plant's text says of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
    /// Least signature of an action class; a tag may ask for another.
    pub signatures: BTreeMap<Action, SignatureClass>,
    /// Passwords, failures, sessions.
    pub policy: Policy,
    /// In simulation, a page without a session may do everything.
    pub is_open_in_simulation: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            roles: default_roles(),
            signatures: default_signatures(),
            policy: Policy::default(),
            is_open_in_simulation: true,
        }
    }
}

impl Rules {
    /// The signature of an action class.
    pub fn signature(&self, action: Action) -> SignatureClass {
        self.signatures.get(&action).copied().unwrap_or_default()
    }

    /// Roles that may do an action, for the reason of a denial.
    pub fn roles_with(&self, action: Action) -> Vec<&Role> {
        let roles = self.roles.values();
        roles
            .filter(|role| role.actions.contains(&action))
            .collect()
    }
}

/// Signature classes unless the text says otherwise. Design defaults of this product.
pub fn default_signatures() -> BTreeMap<Action, SignatureClass> {
    use SignatureClass::{Confirm, None, Reason, Reauthenticate, Second};
    BTreeMap::from([
        (Action::View, None),
        (Action::Acknowledge, None),
        (Action::Shelve, Reason),
        (Action::Operate, None),
        (Action::Mode, Confirm),
        (Action::Reset, Confirm),
        (Action::Tune, Reason),
        (Action::Limit, Reauthenticate),
        (Action::Bypass, Second),
        (Action::Force, Reauthenticate),
        (Action::Change, Second),
        (Action::Review, Reauthenticate),
        (Action::Approve, Reauthenticate),
        (Action::Administer, Reauthenticate),
    ])
}

/// Roles unless the text says otherwise. Design defaults of this product; administration
/// is apart from operation (NMPA notice 2020-74; Annex 11 point 2).
pub fn default_roles() -> BTreeMap<String, Role> {
    use Action::{
        Acknowledge, Administer, Approve, Bypass, Change, Force, Limit, Mode, Operate, Reset,
        Review, Shelve, Tune, View,
    };
    let rows: [(&str, &str, &str, &[Action]); 10] = [
        ("viewer", "Viewer", "查看者", &[View]),
        (
            "operator",
            "Operator",
            "操作工",
            &[View, Acknowledge, Operate, Mode, Reset],
        ),
        (
            "shift-lead",
            "Shift lead",
            "班长",
            &[View, Acknowledge, Shelve, Operate, Mode, Reset, Bypass],
        ),
        (
            "process-engineer",
            "Process engineer",
            "工艺工程师",
            &[View, Acknowledge, Shelve, Tune, Limit],
        ),
        (
            "control-engineer",
            "Control engineer",
            "控制工程师",
            &[View, Tune, Limit, Force, Change],
        ),
        ("maintenance", "Maintenance", "维护", &[View, Bypass, Force]),
        ("qa-reviewer", "QA reviewer", "QA 审核", &[View, Review]),
        (
            "qa-approver",
            "QA approver",
            "QA 批准",
            &[View, Review, Approve],
        ),
        (
            "administrator",
            "System administrator",
            "系统管理员",
            &[View, Administer],
        ),
        ("auditor", "Auditor", "审计员", &[View, Review]),
    ];
    rows.into_iter()
        .map(|(name, en, zh, actions)| {
            let role = Role {
                name: name.to_string(),
                title: Words {
                    en: en.to_string(),
                    zh: zh.to_string(),
                },
                actions: actions.iter().copied().collect(),
                areas: None,
                qualification: None,
            };
            (name.to_string(), role)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_default_role_both_administers_and_operates() {
        for role in default_roles().values() {
            assert!(!role.is_mixed(), "{}", role.name);
        }
    }

    #[test]
    fn every_word_is_read_back_and_every_action_has_a_signature_class() {
        for action in Action::ALL {
            assert_eq!(Action::from_word(action.word()), Some(action));
            assert!(default_signatures().contains_key(&action));
            assert!(
                Rules::default().roles_with(action).len() > 1
                    || action == Action::Administer
                    || action == Action::Approve
                    || action == Action::Change,
                "{action:?}"
            );
        }
        for class in SignatureClass::ALL {
            assert_eq!(SignatureClass::from_word(class.word()), Some(class));
        }
        assert_eq!(Action::from_word("own"), None);
    }
}
