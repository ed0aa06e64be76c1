//! Why something was denied, in both languages, and whom it concerns.

use crate::rights::{Action, SignatureClass};
use core::fmt;

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nobody is enrolled, so nobody can sign in.
    NobodyEnrolled,
    /// There is no session, or it is over.
    NoSession,
    /// The session was too long.
    SessionOver,
    /// The session is locked, by the person or by idle time.
    SessionLocked,
    /// The name is unknown.
    UnknownUser,
    /// The password is wrong.
    WrongPassword,
    /// Too many failures: locked.
    UserLocked,
    /// The user is disabled.
    UserDisabled,
    /// The user has no password yet.
    NoPassword,
    /// The password is too old or was given by somebody else: it must be changed first.
    PasswordToChange,
    /// Too many failures from one place.
    TooManyFailures,
    /// No role of the user may do it.
    NoRight {
        /// What.
        action: Action,
        /// Titles of roles that may, English and Chinese.
        roles: (String, String),
    },
    /// A role may do it, but not there.
    WrongArea {
        /// What.
        action: Action,
        /// Where; empty = the whole plant.
        area: String,
    },
    /// The qualification is missing or over.
    Unqualified {
        /// Its name.
        qualification: String,
        /// It was held, and is over.
        is_over: bool,
    },
    /// The user administers, and may not operate.
    NotSeparated,
    /// The action needs more than was given.
    SignatureMissing {
        /// What it needs.
        class: SignatureClass,
        /// What is missing.
        missing: Missing,
    },
    /// The second person is the first.
    SamePerson,
    /// A part of the system cannot sign.
    CannotSign {
        /// What is needed.
        class: SignatureClass,
    },
    /// The new password is not good enough.
    WeakPassword {
        /// In what way.
        weakness: Weakness,
    },
    /// The file of users cannot be written.
    StoreDown,
}

/// What a signature lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A reason.
    Reason,
    /// The person's own password.
    Password,
    /// The second person.
    Second,
}

/// What is wrong with a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Shorter than this, characters.
    TooShort(usize),
    /// Longer than [`crate::password::BYTES_MAX`].
    TooLong,
    /// On the list of common passwords, or nothing but one character.
    Common,
    /// Holds the user's name.
    HoldsName,
    /// Was used before.
    UsedBefore,
}

impl Why {
    /// The reason in English. What a stranger may learn from it is in [`Why::said`].
    pub fn en(&self) -> String {
        match self {
            Why::NobodyEnrolled => {
                "nobody is enrolled: `scanloop users add NAME --state FOLDER` enrols the first user"
                    .into()
            }
            Why::NoSession => "sign in first".into(),
            Why::SessionOver => "the session is over: sign in again".into(),
            Why::SessionLocked => "the station is locked: unlock it first".into(),
            Why::UnknownUser => "unknown user".into(),
            Why::WrongPassword => "wrong password".into(),
            Why::UserLocked => "the user is locked after too many failures".into(),
            Why::UserDisabled => "the user is disabled".into(),
            Why::NoPassword => "the user has no password yet".into(),
            Why::PasswordToChange => "the password must be changed first".into(),
            Why::TooManyFailures => "too many failures: wait a minute".into(),
            Why::NoRight { action, roles } => {
                format!("\"{}\" needs another role: {}", action.word(), roles.0)
            }
            Why::WrongArea { action, area } if area.is_empty() => {
                format!(
                    "\"{}\" of the whole plant needs a role that is not bound to areas",
                    action.word()
                )
            }
            Why::WrongArea { action, area } => {
                format!("no right to \"{}\" in area {area}", action.word())
            }
            Why::Unqualified {
                qualification,
                is_over: true,
            } => format!("the qualification {qualification} is over"),
            Why::Unqualified {
                qualification,
                is_over: false,
            } => format!("the qualification {qualification} is missing"),
            Why::NotSeparated => "who administers users may not operate the plant".into(),
            Why::SignatureMissing { missing, class } => format!(
                "this needs {} (signature class \"{}\")",
                match missing {
                    Missing::Reason => "a reason",
                    Missing::Password => "your password",
                    Missing::Second => "a second person",
                },
                class.word()
            ),
            Why::SamePerson => "the second person must be another person".into(),
            Why::CannotSign { class } => format!(
                "this needs the signature of a person (class \"{}\")",
                class.word()
            ),
            Why::WeakPassword { weakness } => match weakness {
                Weakness::TooShort(least) => format!("the password needs {least} characters"),
                Weakness::TooLong => "the password is too long".into(),
                Weakness::Common => "the password is a common one".into(),
                Weakness::HoldsName => "the password holds the user's name".into(),
                Weakness::UsedBefore => "the password was used before".into(),
            },
            Why::StoreDown => "the file of users cannot be written".into(),
        }
    }

    /// The reason in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Why::NobodyEnrolled => {
                "尚未登记任何用户:用 `scanloop users add NAME --state FOLDER` 登记第一个用户".into()
            }
            Why::NoSession => "请先登录".into(),
            Why::SessionOver => "会话已结束,请重新登录".into(),
            Why::SessionLocked => "操作站已锁定,请先解锁".into(),
            Why::UnknownUser => "未知用户".into(),
            Why::WrongPassword => "密码错误".into(),
            Why::UserLocked => "失败次数过多,用户已锁定".into(),
            Why::UserDisabled => "用户已停用".into(),
            Why::NoPassword => "用户尚无密码".into(),
            Why::PasswordToChange => "必须先修改密码".into(),
            Why::TooManyFailures => "失败次数过多,请等待一分钟".into(),
            Why::NoRight { action, roles } => format!("“{}”需要其他角色:{}", action.zh(), roles.1),
            Why::WrongArea { action, area } if area.is_empty() => {
                format!("对全厂“{}”需要不受区域限制的角色", action.zh())
            }
            Why::WrongArea { action, area } => format!("无权在区域 {area} “{}”", action.zh()),
            Why::Unqualified {
                qualification,
                is_over: true,
            } => format!("资质 {qualification} 已过期"),
            Why::Unqualified {
                qualification,
                is_over: false,
            } => format!("缺少资质 {qualification}"),
            Why::NotSeparated => "管理用户者不得操作工厂".into(),
            Why::SignatureMissing { missing, class } => format!(
                "该操作需要{}(签名级别“{}”)",
                match missing {
                    Missing::Reason => "理由",
                    Missing::Password => "您的密码",
                    Missing::Second => "第二人",
                },
                class.word()
            ),
            Why::SamePerson => "第二人必须是另一个人".into(),
            Why::CannotSign { class } => format!("该操作需要人员签名(级别“{}”)", class.word()),
            Why::WeakPassword { weakness } => match weakness {
                Weakness::TooShort(least) => format!("密码至少需要 {least} 个字符"),
                Weakness::TooLong => "密码过长".into(),
                Weakness::Common => "密码过于常见".into(),
                Weakness::HoldsName => "密码包含用户名".into(),
                Weakness::UsedBefore => "该密码曾经使用过".into(),
            },
            Why::StoreDown => "无法写入用户文件".into(),
        }
    }

    /// What is told to whoever tries to prove who they are: which of name, password and
    /// state was wrong is for the record only.
    pub fn said(&self) -> (String, String) {
        match self {
            Why::UnknownUser
            | Why::WrongPassword
            | Why::UserLocked
            | Why::UserDisabled
            | Why::NoPassword => (
                "name or password wrong, or the user is locked".into(),
                "用户名或密码错误,或用户已锁定".into(),
            ),
            other => (other.en(), other.zh()),
        }
    }
}

/// A denial: why, and who was denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Who, as far as known: a user's name, or what was claimed.
    pub who: String,
    /// Why.
    pub why: Why,
}

impl Denied {
    /// A denial of somebody.
    pub fn new(who: impl Into<String>, why: Why) -> Denied {
        Denied {
            who: who.into(),
            why,
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.who, self.why.en())
    }
}
impl std::error::Error for Denied {}
