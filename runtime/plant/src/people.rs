//! What the plant's text says of people: roles, passwords, sessions, signatures; and
//! how the operator interface is to be reached from other machines.

use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::draft::{self, Draft};
use crate::servers::LinkedTags;
use crate::tree::{Node, Reader};
use people::{Action, Cost, Policy, Role, Rules, SignatureClass};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Roles that a plant may declare.
pub const ROLES_MAX: usize = 64;

/// People, and the door of their pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleDraft {
    /// Roles, signatures and policy.
    pub rules: Rules,
    /// How the pages are reached from other machines; on this machine only without it.
    pub door: Option<DoorDraft>,
}

/// The door of the pages towards other machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorDraft {
    /// File of the certificate chain, PEM; relative to the plant's folder.
    pub certificate: PathBuf,
    /// File of its private key, PEM; relative to the plant's folder.
    pub key: PathBuf,
    /// Host names under which it is asked for.
    pub names: Vec<String>,
}

pub(crate) fn read(node: &Node, problems: &mut Diagnostics) -> Rules {
    let mut rules = Rules::default();
    let Some(mut reader) = Reader::new(node, "people", problems) else {
        return rules;
    };
    if let Some(is_open) = reader.bool("open_in_simulation") {
        rules.is_open_in_simulation = is_open;
    }
    let password = reader.node("password");
    let lockout = reader.node("lockout");
    let session = reader.node("session");
    let signature = reader.node("signature");
    let roles = reader.tables("role");
    reader.finish();
    let policy = &mut rules.policy;
    if let Some(mut reader) =
        password.and_then(|node| Reader::new(node, "people.password", problems))
    {
        read_password(&mut reader, policy);
        reader.finish();
    }
    if let Some(mut reader) = lockout.and_then(|node| Reader::new(node, "people.lockout", problems))
    {
        put(
            &mut reader,
            "failures_max",
            1..=20,
            &mut policy.failures_max,
        );
        put(&mut reader, "lockout_s", 0..=604_800, &mut policy.lockout_s);
        let minute = &mut policy.failures_per_minute_max;
        put(&mut reader, "failures_per_minute_max", 1..=1_000, minute);
        reader.finish();
    }
    if let Some(mut reader) = session.and_then(|node| Reader::new(node, "people.session", problems))
    {
        put(&mut reader, "idle_s", 30..=86_400, &mut policy.idle_s);
        put(&mut reader, "life_s", 60..=172_800, &mut policy.life_s);
        if let Some(count) = reader.int("sessions_max", 1..=32) {
            policy.sessions_max = usize::try_from(count).unwrap_or(1);
        }
        reader.finish();
    }
    if let Some(mut reader) =
        signature.and_then(|node| Reader::new(node, "people.signature", problems))
    {
        for action in Action::ALL {
            if let Some(class) = class(&mut reader, action.word()) {
                rules.signatures.insert(action, class);
            }
        }
        reader.finish();
    }
    let mut named = BTreeSet::new();
    for node in roles.into_iter().take(ROLES_MAX) {
        let Some(role) = read_role(node, problems) else {
            continue;
        };
        if !named.insert(role.name.clone()) {
            problems.push(
                codes::ROLE,
                &node.place("name"),
                format!("there are two roles {}", role.name),
                "one table for a role",
            );
        }
        rules.roles.insert(role.name.clone(), role);
    }
    rules
}

fn read_password(reader: &mut Reader<'_, '_>, policy: &mut Policy) {
    if let Some(length) = reader.int("length_min", 8..=128) {
        policy.length_min = usize::try_from(length).unwrap_or(policy.length_min);
    }
    if let Some(count) = reader.int("no_reuse_of", 0..=24) {
        policy.no_reuse_of = usize::try_from(count).unwrap_or(policy.no_reuse_of);
    }
    put(reader, "age_days_max", 0..=3_650, &mut policy.age_days_max);
    if let Some(words) = reader.texts("blocklist") {
        policy.blocklist = words;
    }
    let Cost {
        memory_kib,
        passes,
        lanes,
    } = &mut policy.cost;
    // The least that the OWASP cheat sheet names is 7 MiB with five passes.
    put(reader, "memory_kib", 7_168..=1_048_576, memory_kib);
    put(reader, "passes", 1..=20, passes);
    put(reader, "lanes", 1..=8, lanes);
}

fn put(
    reader: &mut Reader<'_, '_>,
    key: &str,
    range: core::ops::RangeInclusive<i64>,
    into: &mut u32,
) {
    if let Some(value) = reader.int(key, range) {
        *into = u32::try_from(value).unwrap_or(*into);
    }
}

fn choice<T>(
    reader: &mut Reader<'_, '_>,
    key: &str,
    from_word: impl Fn(&str) -> Option<T>,
    words: &[&str],
) -> Option<T> {
    let word = reader.text(key)?;
    let chosen = from_word(&word);
    if chosen.is_none() {
        reader.problem(
            codes::UNKNOWN_CHOICE,
            key,
            format!("no {key} \"{word}\""),
            words.join(", "),
        );
    }
    chosen
}

/// A signature class, if one is stated.
pub(crate) fn class(reader: &mut Reader<'_, '_>, key: &str) -> Option<SignatureClass> {
    let words = SignatureClass::ALL.map(SignatureClass::word);
    choice(reader, key, SignatureClass::from_word, &words)
}

/// An action class, if one is stated.
pub(crate) fn action(reader: &mut Reader<'_, '_>, key: &str) -> Option<Action> {
    let words = Action::ALL.map(Action::word);
    choice(reader, key, Action::from_word, &words)
}

fn read_role(node: &Node, problems: &mut Diagnostics) -> Option<Role> {
    let mut reader = Reader::new(node, "people.role", problems)?;
    let name = reader.text_required("name");
    let mut actions = BTreeSet::new();
    for word in reader.texts("actions").unwrap_or_default() {
        match Action::from_word(&word) {
            Some(action) => {
                actions.insert(action);
            }
            None => reader.problem(
                codes::UNKNOWN_CHOICE,
                "actions",
                format!("no action \"{word}\""),
                Action::ALL.map(Action::word).join(", "),
            ),
        }
    }
    let areas = reader.texts("areas");
    let qualification = reader.text("qualification");
    let role = Role {
        name,
        title: people::Words::default(),
        actions,
        areas: areas.map(|areas| areas.into_iter().collect()),
        qualification,
    };
    if role.is_mixed() {
        reader.problem(
            codes::ROLE,
            "actions",
            format!(
                "the role {} would both administer users and operate the plant",
                role.name
            ),
            "two roles, held by two people",
        );
    }
    let title = reader.node("title");
    reader.finish();
    let title = draft::words(title, Some(node), "title", problems);
    Some(Role {
        title: people::Words {
            en: title.en,
            zh: title.zh,
        },
        ..role
    })
}

pub(crate) fn read_door(node: &Node, problems: &mut Diagnostics) -> Option<DoorDraft> {
    let mut reader = Reader::new(node, "hmi", problems)?;
    let certificate = reader.text_required("certificate");
    let key = reader.text_required("key");
    let names = reader.texts("names").unwrap_or_default();
    let is_name = |name: &String| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
    };
    if names.is_empty() || !names.iter().all(is_name) {
        reader.problem(
            codes::DOOR,
            "names",
            "the names by which the interface is asked for are missing or no host names",
            "names = [\"u100.plant.example\"], as in the certificate, without port",
        );
    }
    reader.finish();
    Some(DoorDraft {
        certificate: PathBuf::from(certificate),
        key: PathBuf::from(key),
        names,
    })
}

/// Signatures stand at tags that people write, areas of roles are areas of units.
pub(crate) fn check(draft: &Draft, linked: &LinkedTags, problems: &mut Diagnostics) {
    for tag in &draft.tags {
        let key = match (tag.signature, tag.action) {
            (Some(_), _) => "signature",
            (None, Some(_)) => "action",
            (None, None) => continue,
        };
        if linked.is_written(&tag.name) == Some(false) {
            problems.push(
                codes::SIGNATURE,
                &tag.node.place(key),
                format!("{} is not for people to write", tag.name),
                "signature and action belong to tags that people write",
            );
        }
    }
    let Some(node) = &draft.people_node else {
        return;
    };
    for role in draft.people.rules.roles.values() {
        for area in role.areas.iter().flatten() {
            if draft.units.iter().all(|unit| unit.area != *area) {
                problems.push(
                    codes::ROLE,
                    &node.at,
                    format!(
                        "the role {} names area {area}, which no unit has",
                        role.name
                    ),
                    "areas are those of [unit] area = \"…\"",
                );
            }
        }
    }
}
