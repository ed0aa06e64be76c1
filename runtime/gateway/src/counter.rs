//! The counter: where people show who they are, and where what they ask is signed.
//!
//! The judgement is that of [`people`]; the counter gives it the time and turns each
//! denial into a refusal of the desk. What people do among themselves (sign in, lock,
//! fail) is recorded as commands are, and a sign-in that cannot be recorded is none.

use crate::alarms::AlarmCommand;
use crate::desk::{Answered, Change, Command, Environment, Forcing, Refusal, RefusalCode};
use crate::simulator::SimulationDeed;
pub use people::{Action, Given, Meaning, Second, Secret, SignatureClass, SignedIn, Token, Who};
use people::{Denied, Now, Office, Question, Rules, Signed, Why};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The name of whoever asks at an open simulation.
pub const OPEN_ACTOR: &str = "operator (simulation)";

/// A person who asks.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// Their session, if they have one.
    pub session: Option<Token>,
    /// Where they ask from, for the limit of failures.
    pub source: String,
    /// What they give to sign.
    pub given: Given,
}

/// What a person asks of the desk.
#[derive(Clone, Debug)]
pub enum Wish {
    /// A write.
    Write(Command),
    /// A force.
    Force(Forcing),
    /// An online change.
    Change(Change),
    /// Something with alarms.
    Alarm(AlarmCommand),
    /// Something to the simulated process: id of the client, who, what.
    Simulate(String, String, SimulationDeed),
}

/// What a page may know of people and of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose session it is.
    pub who: Option<Who>,
    /// Commands need no session: an open simulation.
    pub is_open: bool,
    /// Nobody is enrolled yet.
    pub is_nobody_enrolled: bool,
    /// Signature of a force.
    pub force: SignatureClass,
    /// Signature of an online change.
    pub change: SignatureClass,
    /// Signature of an acknowledgement.
    pub acknowledge: SignatureClass,
    /// Signature of shelving an alarm.
    pub shelve: SignatureClass,
    /// Signature of taking an alarm out of service.
    pub out_of_service: SignatureClass,
    /// Idle time that locks, seconds.
    pub idle_s: u32,
}

/// What people do among themselves.
pub trait People: Send + Sync {
    /// Opens a session in the place of the one that was there, if any.
    fn sign_in(&self, person: Person, name: String, password: Secret) -> Answered<'_, SignedIn>;

    /// Ends a session.
    fn sign_out(&self, person: Person) -> Answered<'_, ()>;

    /// Locks a session: its page goes on to show, and may ask nothing.
    fn lock(&self, person: Person) -> Answered<'_, ()>;

    /// Opens a locked session by its user's password.
    fn unlock(&self, person: Person, password: Secret) -> Answered<'_, ()>;

    /// Changes the user's own password.
    fn change_password(&self, person: Person, old: Secret, new: Secret) -> Answered<'_, ()>;

    /// The person moved.
    ///
    /// # Errors
    /// [`Refusal`] if there is no session or it is locked.
    fn active(&self, session: &Token) -> Result<(), Refusal>;

    /// Who asks, and what is needed.
    fn standing(&self, session: Option<&Token>) -> Standing;

    /// The name under which a person's refusals are recorded.
    fn name_of(&self, person: &Person) -> String;

    /// The name of a wallboard.
    fn wallboard(&self, token: &Token) -> Option<String>;
}

/// The areas of an edition.
#[derive(Clone, Debug, Default)]
pub struct Areas {
    /// By block.
    pub blocks: BTreeMap<String, String>,
    /// By alarm, as its rationalisation says.
    pub alarms: BTreeMap<String, String>,
}

/// An office with a clock, the environment, and the areas of the plant.
pub struct Counter {
    pub(crate) office: Arc<Office>,
    env: Environment,
    begun: Instant,
    areas: Mutex<Areas>,
}

impl Counter {
    /// Over an office.
    pub fn new(office: Office, env: Environment, begun: Instant) -> Counter {
        Counter {
            office: Arc::new(office),
            env,
            begun,
            areas: Mutex::new(Areas::default()),
        }
    }

    /// Takes the rules and the areas of an edition.
    pub fn set_rules(&self, rules: Rules, areas: Areas) {
        self.office.set_rules(rules);
        *self.areas.lock().unwrap_or_else(PoisonError::into_inner) = areas;
    }

    /// The area of a tag by its block; empty if it belongs to none.
    pub(crate) fn area(&self, tag: &str) -> String {
        let block = tag.split_once('.').map_or(tag, |(block, _)| block);
        let areas = self.areas.lock().unwrap_or_else(PoisonError::into_inner);
        areas.blocks.get(block).cloned().unwrap_or_default()
    }

    /// The area of an alarm; empty if it concerns the whole plant.
    pub(crate) fn area_of_alarm(&self, alarm: &str) -> String {
        let areas = self.areas.lock().unwrap_or_else(PoisonError::into_inner);
        areas.alarms.get(alarm).cloned().unwrap_or_default()
    }

    /// Whether commands need no session.
    pub fn is_open(&self) -> bool {
        self.env == Environment::Simulation && self.office.rules().is_open_in_simulation
    }

    /// The time by both clocks.
    pub(crate) fn now(&self, utc_ns: i64) -> Now {
        Now {
            utc_ns,
            mono_ns: u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn name_of(&self, person: &Person, utc_ns: i64) -> String {
        let who = person
            .session
            .as_ref()
            .and_then(|token| self.office.who(token, self.now(utc_ns)).ok());
        match who {
            Some(who) => who.user,
            None if self.is_open() => OPEN_ACTOR.to_string(),
            None => format!("nobody at {}", person.source),
        }
    }

    pub(crate) fn standing(&self, session: Option<&Token>, utc_ns: i64) -> Standing {
        let rules = self.office.rules();
        Standing {
            who: session.and_then(|token| self.office.who(token, self.now(utc_ns)).ok()),
            is_open: self.is_open(),
            is_nobody_enrolled: !self.office.has_somebody(),
            force: rules.signature(Action::Force),
            change: rules.signature(Action::Change),
            acknowledge: rules.signature(Action::Acknowledge),
            shelve: rules.signature(Action::Shelve),
            out_of_service: rules.signature(Action::Limit),
            idle_s: rules.policy.idle_s,
        }
    }

    /// Judges and signs: who it is, and the signatures under it. Whoever asks without a session at an open simulation is taken
    /// as its operator and signs nothing.
    ///
    /// # Errors
    /// The denial; slow if a password is part of it.
    pub(crate) fn judged(
        &self,
        person: &Person,
        question: &Question,
        what: &str,
        utc_ns: i64,
    ) -> Result<(String, Vec<Signed>), Denied> {
        let Some(token) = &person.session else {
            if self.is_open() {
                return Ok((OPEN_ACTOR.to_string(), Vec::new()));
            }
            let why = if self.office.has_somebody() {
                Why::NoSession
            } else {
                Why::NobodyEnrolled
            };
            return Err(Denied::new(self.name_of(person, utc_ns), why));
        };
        let now = self.now(utc_ns);
        let signed = self
            .office
            .sign(token, question, &person.given, what, &person.source, now);
        let mut signed = signed.map_err(|mut denied| {
            if denied.who.is_empty() {
                denied.who = self.name_of(person, utc_ns);
            }
            denied
        })?;
        let actor = signed.first().map_or_else(String::new, |s| s.user.clone());
        // Below a reason nothing was signed: the session says who it was.
        if question_class(&self.office.rules(), question) < SignatureClass::Reason {
            signed.clear();
        }
        Ok((actor, signed))
    }
}

fn question_class(rules: &Rules, question: &Question) -> SignatureClass {
    question
        .class
        .unwrap_or_else(|| rules.signature(question.action))
}

/// The refusal of a denial. What a stranger could learn from is not in it; the record
/// has the whole.
pub fn refusal(denied: &Denied) -> Refusal {
    let code = match denied.why {
        Why::NobodyEnrolled | Why::NoSession | Why::SessionOver => RefusalCode::SignInNeeded,
        Why::SessionLocked => RefusalCode::SessionLocked,
        Why::UnknownUser
        | Why::WrongPassword
        | Why::UserLocked
        | Why::UserDisabled
        | Why::NoPassword => RefusalCode::NotProved,
        Why::PasswordToChange | Why::WeakPassword { .. } => RefusalCode::PasswordNeeded,
        Why::TooManyFailures => RefusalCode::TooMany,
        Why::NoRight { .. }
        | Why::WrongArea { .. }
        | Why::Unqualified { .. }
        | Why::NotSeparated
        | Why::CannotSign { .. }
        | Why::SamePerson => RefusalCode::Forbidden,
        Why::SignatureMissing { .. } => RefusalCode::SignatureNeeded,
        Why::StoreDown => RefusalCode::Failed,
    };
    let (en, zh) = denied.why.said();
    Refusal::new(code, en, zh)
}
