//! The judgement: may this user do this, there, now; and what must they give for it.

use crate::denied::{Denied, Missing, Why};
use crate::rights::{Action, Role, Rules, SignatureClass};
use crate::user::{Grant, User};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Class of the action.
    pub action: Action,
    /// Area; empty = the whole plant; none = nowhere in particular: the right in any area
    /// is enough.
    pub area: Option<String>,
    /// Signature class of the tag, if it asks for another than its action class.
    pub class: Option<SignatureClass>,
}

/// What the user must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The signature.
    pub class: SignatureClass,
}

/// Judges a question of a user at a wall-clock time. It reads nothing and remembers
/// nothing; whether the user is who they say is not judged here.
///
/// # Errors
/// [`Denied`] with the reason that comes nearest to a right: an area or a qualification
/// that is missing is named before a role that is.
pub fn judge(
    rules: &Rules,
    user: &User,
    question: &Question,
    now_utc_ns: i64,
) -> Result<Need, Denied> {
    let deny = |why| Err(Denied::new(&user.name, why));
    if user.is_disabled {
        return deny(Why::UserDisabled);
    }
    let granted = || {
        let grants = user.roles.iter();
        grants.filter_map(|grant| Some((grant, rules.roles.get(&grant.role)?)))
    };
    let action = question.action;
    if action.is_of_the_plant()
        && granted().any(|(_, role)| role.actions.contains(&Action::Administer))
    {
        return deny(Why::NotSeparated);
    }
    if action == Action::Administer
        && granted().any(|(_, role)| role.actions.iter().any(|a| a.is_of_the_plant()))
    {
        return deny(Why::NotSeparated);
    }
    let mut nearest = no_right(rules, action);
    for (grant, role) in granted().filter(|(_, role)| role.actions.contains(&action)) {
        if !reaches(grant, role, question.area.as_deref()) {
            if matches!(nearest, Why::NoRight { .. }) {
                nearest = Why::WrongArea {
                    action,
                    area: question.area.clone().unwrap_or_default(),
                };
            }
            continue;
        }
        match qualified(user, role, action, now_utc_ns) {
            Ok(()) => {
                return Ok(Need {
                    class: question.class.unwrap_or_else(|| rules.signature(action)),
                });
            }
            Err(why) => nearest = why,
        }
    }
    deny(nearest)
}

/// Judges the second person: another one, with the same right.
///
/// # Errors
/// [`Denied`]
pub fn judge_second(
    rules: &Rules,
    first: &str,
    second: &User,
    question: &Question,
    now_utc_ns: i64,
) -> Result<(), Denied> {
    if second.name == first {
        return Err(Denied::new(first, Why::SamePerson));
    }
    judge(rules, second, question, now_utc_ns).map(|_| ())
}

/// Whether what was given is enough for a class, before any password is looked at.
///
/// # Errors
/// [`Why::SignatureMissing`] with the first thing that is missing.
pub fn complete(
    class: SignatureClass,
    has_reason: bool,
    has_password: bool,
    has_second: bool,
) -> Result<(), Why> {
    let steps = [
        (SignatureClass::Reason, has_reason, Missing::Reason),
        (
            SignatureClass::Reauthenticate,
            has_password,
            Missing::Password,
        ),
        (SignatureClass::Second, has_second, Missing::Second),
    ];
    for (from, is_there, missing) in steps {
        if class >= from && !is_there {
            return Err(Why::SignatureMissing { class, missing });
        }
    }
    Ok(())
}

fn no_right(rules: &Rules, action: Action) -> Why {
    let roles = rules.roles_with(action);
    let of = |text: fn(&Role) -> &str, between: &str| {
        let titles: Vec<&str> = roles.iter().map(|role| text(role)).collect();
        titles.join(between)
    };
    Why::NoRight {
        action,
        roles: (
            of(|role| &role.title.en, ", "),
            of(|role| &role.title.zh, "、"),
        ),
    }
}

/// A grant may narrow the areas of its role, never widen them.
fn reaches(grant: &Grant, role: &Role, area: Option<&str>) -> bool {
    let Some(area) = area else {
        return true;
    };
    let in_grant = match &grant.areas {
        None => true,
        Some(areas) => areas.iter().any(|a| a == area),
    };
    let in_role = match &role.areas {
        None => true,
        Some(areas) => areas.contains(area),
    };
    in_grant && in_role
}

fn qualified(user: &User, role: &Role, action: Action, now_utc_ns: i64) -> Result<(), Why> {
    let Some(name) = role
        .qualification
        .as_ref()
        .filter(|_| action.is_of_the_plant())
    else {
        return Ok(());
    };
    let held = user.qualifications.iter().find(|q| q.name == *name);
    match held {
        Some(held) if now_utc_ns < held.until_utc_ns => Ok(()),
        held => Err(Why::Unqualified {
            qualification: name.clone(),
            is_over: held.is_some(),
        }),
    }
}

#[cfg(test)]
mod tests;
