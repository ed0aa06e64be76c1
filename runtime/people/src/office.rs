//! The office: judgement with memory. It knows sessions, counts failures, and keeps the
//! register; whoever asks is judged anew at every question.
//!
//! A password is checked outside of the lock, so that a slow check of one person holds
//! nobody else up, and for an unknown name as long as for a known one.

use crate::denied::{Denied, Why};
use crate::judge::{Need, Question, complete, judge, judge_second};
use crate::password::{self, Cost, Secret};
use crate::register::{Note, Register, take_hash};
use crate::rights::{Action, Policy, Rules, SignatureClass};
use crate::session::Sessions;
use crate::signature::{Given, Meaning, Signed};
use crate::store::{Stamp, Store, StoreError};
use crate::token::{Token, sha256};
use crate::user::User;
use crate::{DAY_NS, Now, SECOND_NS};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Failures of sources remembered.
const FAILURES_KEPT: usize = 4_096;
/// The minute of the rate limit.
const MINUTE_NS: u64 = 60 * SECOND_NS;

/// Whether a password proves that somebody is a user: the seam for a directory service.
/// Roles and qualifications stay with the register.
pub trait Identity: Send + Sync {
    /// Checks; may take long. `None` is an unknown user, and must take as long.
    fn proves(&self, user: Option<&User>, secret: &Secret) -> bool;
}

/// Passwords of the register itself.
#[derive(Debug)]
pub struct LocalPasswords {
    nobody: String,
}

impl LocalPasswords {
    /// Checks at a cost; for users that are unknown, too.
    ///
    /// # Errors
    /// [`password::NotHashed`]
    pub fn new(cost: Cost) -> Result<LocalPasswords, password::NotHashed> {
        let token = Token::new().ok_or(password::NotHashed)?;
        let nobody = password::hash(&Secret::new(token.text()), cost)?;
        Ok(LocalPasswords { nobody })
    }
}

impl Identity for LocalPasswords {
    fn proves(&self, user: Option<&User>, secret: &Secret) -> bool {
        let hash = user.and_then(|user| user.password.as_ref());
        match hash {
            Some(password) => password::is_of(secret, &password.hash),
            None => {
                let _ = password::is_of(secret, &self.nobody);
                false
            }
        }
    }
}

/// Somebody signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session's token.
    pub token: Token,
    /// The user.
    pub user: String,
    /// The password has to be changed before anything else.
    pub must_change: bool,
}

/// Who a session belongs to, and what its user could do somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// Name.
    pub user: String,
    /// Printed name.
    pub full_name: String,
    /// Roles.
    pub roles: Vec<String>,
    /// Action classes that any role of the user has.
    pub actions: Vec<Action>,
    /// Locked: it sees, and may do nothing.
    pub is_locked: bool,
    /// The password has to be changed before anything else.
    pub must_change: bool,
}

struct State {
    rules: Rules,
    register: Register,
    stamp: Stamp,
    sessions: Sessions,
    /// Failures in a row, and until when a user is locked on the monotonic clock.
    failures: BTreeMap<String, (u32, Option<u64>)>,
    /// Source and time of failures.
    sources: VecDeque<(String, u64)>,
}

/// The office. One for a station.
pub struct Office {
    identity: Box<dyn Identity>,
    store: Option<Store>,
    state: Mutex<State>,
    /// One check of a password at a time: its memory is the attacker's lever.
    desk: Mutex<()>,
}

impl Office {
    /// An office over a store. A user that was locked when the station ended is locked
    /// for the whole time again.
    ///
    /// # Errors
    /// [`StoreError`] if the file cannot be read.
    pub fn open(
        rules: Rules,
        identity: Box<dyn Identity>,
        store: Store,
        now: Now,
    ) -> Result<Office, StoreError> {
        let stamp = store.stamp();
        let register = store.read()?;
        let mut office = Office::in_memory(rules, identity, register, now);
        office.store = Some(store);
        office.state().stamp = stamp;
        Ok(office)
    }

    /// An office without a file.
    pub fn in_memory(
        rules: Rules,
        identity: Box<dyn Identity>,
        register: Register,
        now: Now,
    ) -> Office {
        let mut failures = BTreeMap::new();
        for user in register.users.iter().filter(|user| user.is_locked) {
            let until = until(&rules.policy, now.mono_ns);
            failures.insert(user.name.clone(), (rules.policy.failures_max, Some(until)));
        }
        Office {
            identity,
            store: None,
            state: Mutex::new(State {
                rules,
                register,
                stamp: Stamp::default(),
                sessions: Sessions::default(),
                failures,
                sources: VecDeque::new(),
            }),
            desk: Mutex::new(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change below is whole before anything in it could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the rules of a new edition.
    pub fn set_rules(&self, rules: Rules) {
        self.state().rules = rules;
    }

    /// The rules in force.
    pub fn rules(&self) -> Rules {
        self.state().rules.clone()
    }

    /// Whether anybody could sign in.
    pub fn has_somebody(&self) -> bool {
        self.state().register.has_somebody()
    }

    /// Reads the file anew if another process changed it, and gives back changes that
    /// nobody has recorded yet. They must be recorded, then [`Office::recorded`].
    ///
    /// # Errors
    /// [`StoreError`]; what is known stays in force.
    pub fn refresh(&self) -> Result<Vec<Note>, StoreError> {
        let Some(store) = &self.store else {
            return Ok(Vec::new());
        };
        let stamp = store.stamp();
        if self.state().stamp == stamp {
            return Ok(self.state().register.unrecorded.clone());
        }
        let register = store.read()?;
        let mut state = self.state();
        for user in &register.users {
            let was_locked = state
                .register
                .user(&user.name)
                .is_some_and(|before| before.is_locked);
            if was_locked && !user.is_locked {
                state.failures.remove(&user.name);
            }
            let has_new_password = state
                .register
                .user(&user.name)
                .is_some_and(|before| before.password != user.password);
            if user.is_disabled || has_new_password {
                state.sessions.end_of(&user.name, None);
            }
        }
        state.register = register;
        state.stamp = stamp;
        Ok(state.register.unrecorded.clone())
    }

    /// Forgets changes that now stand in the audit trail.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn recorded(&self, notes: &[Note]) -> Result<(), StoreError> {
        self.keep(|register| {
            register.unrecorded.retain(|note| !notes.contains(note));
        })
    }

    /// Changes the register in the file and in memory.
    fn keep(&self, change: impl Fn(&mut Register)) -> Result<(), StoreError> {
        let Some(store) = &self.store else {
            change(&mut self.state().register);
            return Ok(());
        };
        let kept = store.change(|register| {
            change(register);
            Ok::<Register, core::convert::Infallible>(register.clone())
        })?;
        let Ok(register) = kept;
        let mut state = self.state();
        state.register = register;
        state.stamp = store.stamp();
        Ok(())
    }

    /// Whether a name and a password belong together now; counts failures.
    fn proves(&self, name: &str, secret: &Secret, source: &str, now: Now) -> Result<User, Denied> {
        let deny = |why| Err(Denied::new(name.get(..64).unwrap_or(name), why));
        let user = {
            let mut state = self.state();
            if !state.register.has_somebody() {
                return deny(Why::NobodyEnrolled);
            }
            if state.is_flooding(source, now.mono_ns) {
                return deny(Why::TooManyFailures);
            }
            state.register.user(name).cloned()
        };
        let proved = {
            let _one = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
            self.identity.proves(user.as_ref(), secret)
        };
        // Looked at after the check: of many guesses at once, those behind the last
        // permitted one find the user locked.
        let locked = self.state().is_locked(name, now.mono_ns);
        let why = match &user {
            None => Some(Why::UnknownUser),
            Some(user) if user.is_disabled => Some(Why::UserDisabled),
            Some(_) if locked => Some(Why::UserLocked),
            Some(user) if user.password.is_none() && !proved => Some(Why::NoPassword),
            Some(_) if !proved => Some(Why::WrongPassword),
            Some(_) => None,
        };
        match (why, user) {
            (None, Some(user)) => {
                let was_locked = user.is_locked;
                self.state().failures.remove(name);
                if was_locked {
                    // A lock whose time is over; if the file cannot say so, the memory does.
                    let _ = self.keep(|register| {
                        if let Some(user) = register.user_mut(name) {
                            user.is_locked = false;
                        }
                    });
                }
                Ok(user)
            }
            (why, user) => {
                let is_new_lock = self
                    .state()
                    .failed(name, source, user.is_some(), now.mono_ns);
                if is_new_lock {
                    let _ = self.keep(|register| {
                        if let Some(user) = register.user_mut(name) {
                            user.is_locked = true;
                        }
                    });
                }
                deny(why.unwrap_or(Why::UnknownUser))
            }
        }
    }

    /// Signs in. `source` is where from, for the limit of failures.
    ///
    /// # Errors
    /// [`Denied`]; tell the person [`Why::said`] only.
    pub fn sign_in(
        &self,
        name: &str,
        secret: &Secret,
        source: &str,
        now: Now,
    ) -> Result<SignedIn, Denied> {
        let user = self.proves(name, secret, source, now)?;
        let token = Token::new().ok_or_else(|| Denied::new(name, Why::StoreDown))?;
        let mut state = self.state();
        let must_change = password_is_due(&state.rules, &user, now.utc_ns);
        let policy = state.rules.policy.clone();
        state
            .sessions
            .open(&token, name, must_change, &policy, now.mono_ns);
        Ok(SignedIn {
            token,
            user: user.name,
            must_change,
        })
    }

    /// Ends a session; the name of its user.
    pub fn sign_out(&self, token: &Token) -> Option<String> {
        self.state().sessions.end(token)
    }

    /// Locks a session: it sees, and may do nothing.
    ///
    /// # Errors
    /// [`Denied`]
    pub fn lock(&self, token: &Token, now: Now) -> Result<String, Denied> {
        let mut state = self.state();
        let State {
            sessions, rules, ..
        } = &mut *state;
        let session = sessions.find(token, &rules.policy, now.mono_ns);
        let session = session.map_err(|why| Denied::new("", why))?;
        session.lock();
        Ok(session.user.clone())
    }

    /// Unlocks a session by the password of its user.
    ///
    /// # Errors
    /// [`Denied`]
    pub fn unlock(
        &self,
        token: &Token,
        secret: &Secret,
        source: &str,
        now: Now,
    ) -> Result<String, Denied> {
        let name = self.user_of(token, now)?;
        self.proves(&name, secret, source, now)?;
        let mut state = self.state();
        let State {
            sessions, rules, ..
        } = &mut *state;
        let session = sessions.find(token, &rules.policy, now.mono_ns);
        session
            .map_err(|why| Denied::new(&name, why))?
            .unlock(now.mono_ns);
        Ok(name)
    }

    fn user_of(&self, token: &Token, now: Now) -> Result<String, Denied> {
        let mut state = self.state();
        let State {
            sessions, rules, ..
        } = &mut *state;
        match sessions.find(token, &rules.policy, now.mono_ns) {
            Ok(session) => Ok(session.user.clone()),
            Err(why) => Err(Denied::new("", why)),
        }
    }

    /// The person moved: the idle time begins anew.
    ///
    /// # Errors
    /// [`Denied`]
    pub fn active(&self, token: &Token, now: Now) -> Result<(), Denied> {
        let mut state = self.state();
        let State {
            sessions, rules, ..
        } = &mut *state;
        match sessions.act(token, &rules.policy, now.mono_ns) {
            Ok(_) => Ok(()),
            Err(why) => Err(Denied::new("", why)),
        }
    }

    /// Who a session belongs to. Asking is no activity.
    ///
    /// # Errors
    /// [`Denied`]
    pub fn who(&self, token: &Token, now: Now) -> Result<Who, Denied> {
        let mut state = self.state();
        let State {
            sessions,
            rules,
            register,
            ..
        } = &mut *state;
        let session = sessions.find(token, &rules.policy, now.mono_ns);
        let session = session.map_err(|why| Denied::new("", why))?;
        let Some(user) = register.user(&session.user) else {
            return Err(Denied::new(&session.user, Why::UnknownUser));
        };
        let roles = user.roles.iter().filter_map(|g| rules.roles.get(&g.role));
        let has = |action: &Action| roles.clone().any(|role| role.actions.contains(action));
        Ok(Who {
            user: user.name.clone(),
            full_name: user.full_name.clone(),
            roles: roles.clone().map(|role| role.name.clone()).collect(),
            actions: Action::ALL.into_iter().filter(has).collect(),
            is_locked: session.is_locked(&rules.policy, now.mono_ns),
            must_change: session.must_change,
        })
    }

    /// Judges a question of a session, without any signature. Quick.
    ///
    /// # Errors
    /// [`Denied`]
    pub fn may(
        &self,
        token: &Token,
        question: &Question,
        now: Now,
    ) -> Result<(User, Need), Denied> {
        let mut state = self.state();
        let State {
            sessions,
            rules,
            register,
            ..
        } = &mut *state;
        let whose = sessions.find(token, &rules.policy, now.mono_ns).ok();
        let whose = whose.map_or_else(String::new, |session| session.user.clone());
        let session = sessions.act(token, &rules.policy, now.mono_ns);
        let session = session.map_err(|why| Denied::new(&whose, why))?;
        if session.must_change {
            return Err(Denied::new(&session.user, Why::PasswordToChange));
        }
        let Some(user) = register.user(&session.user) else {
            return Err(Denied::new(&session.user, Why::UnknownUser));
        };
        let need = judge(rules, user, question, now.utc_ns)?;
        Ok((user.clone(), need))
    }

    /// Judges a question and signs its subject: `what` is the text that is signed. Slow
    /// if a password is part of it.
    ///
    /// # Errors
    /// [`Denied`] of the one who was denied, first or second.
    pub fn sign(
        &self,
        token: &Token,
        question: &Question,
        given: &Given,
        what: &str,
        source: &str,
        now: Now,
    ) -> Result<Vec<Signed>, Denied> {
        let (user, need) = self.may(token, question, now)?;
        let deny = |why| Denied::new(&user.name, why);
        complete(
            need.class,
            !given.reason.trim().is_empty(),
            given.password.is_some(),
            given.second.is_some(),
        )
        .map_err(deny)?;
        let of = sha256(what.as_bytes());
        let signed = |user: &User, meaning: Meaning, method: &str| Signed {
            user: user.name.clone(),
            full_name: user.full_name.clone(),
            utc_ns: now.utc_ns,
            meaning,
            method: method.to_string(),
            of: of.clone(),
        };
        let mut all = Vec::new();
        match &given.password {
            Some(secret) if need.class >= SignatureClass::Reauthenticate => {
                self.proves(&user.name, secret, source, now)?;
                all.push(signed(&user, given.meaning, "password"));
            }
            _ => all.push(signed(&user, given.meaning, "session")),
        }
        if need.class == SignatureClass::Second
            && let Some(second) = &given.second
        {
            if second.user == user.name {
                return Err(deny(Why::SamePerson));
            }
            let other = self.proves(&second.user, &second.password, source, now)?;
            let rules = self.rules();
            judge_second(&rules, &user.name, &other, question, now.utc_ns)?;
            if password_is_due(&rules, &other, now.utc_ns) {
                return Err(Denied::new(&other.name, Why::PasswordToChange));
            }
            let meaning = second.meaning.unwrap_or(Meaning::Verified);
            all.push(signed(&other, meaning, "password"));
        }
        Ok(all)
    }

    /// A person changes their own password; their other sessions end.
    ///
    /// # Errors
    /// [`Denied`]
    pub fn change_password(
        &self,
        token: &Token,
        old: &Secret,
        new: &Secret,
        source: &str,
        now: Now,
    ) -> Result<String, Denied> {
        let name = self.user_of(token, now)?;
        let user = self.proves(&name, old, source, now)?;
        let policy = self.rules().policy;
        let deny = |why| Denied::new(&name, why);
        let hash = {
            let _one = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
            password::judge(&policy, &user, new).map_err(|weakness| deny(weakness.into()))?;
            password::hash(new, policy.cost).map_err(|_| deny(Why::StoreDown))?
        };
        self.keep(|register| {
            if let Some(user) = register.user_mut(&name) {
                take_hash(user, hash.clone(), false, now.utc_ns);
                register.serial += 1;
            }
        })
        .map_err(|_| deny(Why::StoreDown))?;
        let mut state = self.state();
        state.sessions.end_of(&name, Some(token));
        if let Ok(session) = state.sessions.find(token, &policy, now.mono_ns) {
            session.must_change = false;
            session.unlock(now.mono_ns);
        }
        Ok(name)
    }

    /// The name of a wallboard by its token.
    pub fn wallboard(&self, token: &Token) -> Option<String> {
        let digest = token.digest();
        let state = self.state();
        let mut boards = state.register.wallboards.iter();
        boards
            .find(|board| board.digest == digest)
            .map(|board| board.name.clone())
    }
}

fn password_is_due(rules: &Rules, user: &User, utc_ns: i64) -> bool {
    user.password.as_ref().is_some_and(|password| {
        let age_ns = utc_ns.saturating_sub(password.set_utc_ns);
        let max_ns = i64::from(rules.policy.age_days_max) * DAY_NS;
        password.must_change || (max_ns > 0 && age_ns >= max_ns)
    })
}

fn until(policy: &Policy, mono_ns: u64) -> u64 {
    match policy.lockout_s {
        0 => u64::MAX,
        s => mono_ns.saturating_add(u64::from(s) * SECOND_NS),
    }
}

impl State {
    fn is_locked(&mut self, name: &str, mono_ns: u64) -> bool {
        let Some((_, Some(until))) = self.failures.get(name) else {
            return false;
        };
        if mono_ns < *until {
            return true;
        }
        self.failures.remove(name);
        false
    }

    /// Counts a failure; whether it locks the user now.
    fn failed(&mut self, name: &str, source: &str, is_known: bool, mono_ns: u64) -> bool {
        if self.sources.len() >= FAILURES_KEPT {
            self.sources.pop_front();
        }
        self.sources.push_back((source.to_string(), mono_ns));
        if !is_known {
            return false;
        }
        let policy = &self.rules.policy;
        let (count, locked) = self.failures.entry(name.to_string()).or_default();
        *count = count.saturating_add(1);
        if *count >= policy.failures_max.max(1) && locked.is_none() {
            *locked = Some(until(policy, mono_ns));
            return true;
        }
        false
    }

    fn is_flooding(&mut self, source: &str, mono_ns: u64) -> bool {
        while let Some((_, at)) = self.sources.front()
            && mono_ns.saturating_sub(*at) >= MINUTE_NS
        {
            self.sources.pop_front();
        }
        let of_source = self.sources.iter().filter(|(s, _)| s == source).count();
        let most = self.rules.policy.failures_per_minute_max.max(1);
        of_source >= usize::try_from(most).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests;
