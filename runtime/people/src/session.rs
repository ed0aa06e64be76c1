//! Sessions: opened by a sign-in, locked by idle time, ended by their length.

use crate::SECOND_NS;
use crate::denied::Why;
use crate::rights::Policy;
use crate::token::Token;

/// Sessions of all users at the same time.
pub const SESSIONS_MAX: usize = 256;

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Digest of its token.
    digest: String,
    /// Whose.
    pub user: String,
    /// The password has to be changed before anything else.
    pub must_change: bool,
    opened_mono_ns: u64,
    active_mono_ns: u64,
    is_locked: bool,
}

impl Session {
    /// Locked by the person, or by idle time.
    pub fn is_locked(&self, policy: &Policy, mono_ns: u64) -> bool {
        let idle_ns = u64::from(policy.idle_s) * SECOND_NS;
        self.is_locked || mono_ns.saturating_sub(self.active_mono_ns) >= idle_ns
    }

    fn is_over(&self, policy: &Policy, mono_ns: u64) -> bool {
        mono_ns.saturating_sub(self.opened_mono_ns) >= u64::from(policy.life_s) * SECOND_NS
    }

    /// Locks it.
    pub fn lock(&mut self) {
        self.is_locked = true;
    }

    /// The person has shown who they are.
    pub fn unlock(&mut self, mono_ns: u64) {
        self.is_locked = false;
        self.active_mono_ns = self.active_mono_ns.max(mono_ns);
    }
}

/// All sessions.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    open: Vec<Session>,
}

impl Sessions {
    /// Opens one; the user's oldest goes if there are too many.
    pub fn open(
        &mut self,
        token: &Token,
        user: &str,
        must_change: bool,
        policy: &Policy,
        mono_ns: u64,
    ) {
        self.open
            .retain(|session| !session.is_over(policy, mono_ns));
        let of_user = self.open.iter().filter(|s| s.user == user).count();
        if of_user >= policy.sessions_max.max(1)
            && let Some(oldest) = self.open.iter().position(|s| s.user == user)
        {
            self.open.remove(oldest);
        }
        if self.open.len() >= SESSIONS_MAX {
            self.open.remove(0);
        }
        self.open.push(Session {
            digest: token.digest(),
            user: user.to_string(),
            must_change,
            opened_mono_ns: mono_ns,
            active_mono_ns: mono_ns,
            is_locked: false,
        });
    }

    /// A session that is not over, locked or not.
    ///
    /// # Errors
    /// [`Why::NoSession`], [`Why::SessionOver`]
    pub fn find(
        &mut self,
        token: &Token,
        policy: &Policy,
        mono_ns: u64,
    ) -> Result<&mut Session, Why> {
        let digest = token.digest();
        let at = self.open.iter().position(|s| s.digest == digest);
        let at = at.ok_or(Why::NoSession)?;
        if self.open[at].is_over(policy, mono_ns) {
            self.open.remove(at);
            return Err(Why::SessionOver);
        }
        Ok(&mut self.open[at])
    }

    /// A session that may act; acting counts as activity.
    ///
    /// # Errors
    /// [`Why::NoSession`], [`Why::SessionOver`], [`Why::SessionLocked`]
    pub fn act(
        &mut self,
        token: &Token,
        policy: &Policy,
        mono_ns: u64,
    ) -> Result<&mut Session, Why> {
        let session = self.find(token, policy, mono_ns)?;
        if session.is_locked(policy, mono_ns) {
            session.lock();
            return Err(Why::SessionLocked);
        }
        session.active_mono_ns = session.active_mono_ns.max(mono_ns);
        Ok(session)
    }

    /// Ends one.
    pub fn end(&mut self, token: &Token) -> Option<String> {
        let digest = token.digest();
        let at = self.open.iter().position(|s| s.digest == digest)?;
        Some(self.open.remove(at).user)
    }

    /// Ends all of a user but, if given, one.
    pub fn end_of(&mut self, user: &str, but: Option<&Token>) {
        let keep = but.map(Token::digest);
        self.open
            .retain(|s| s.user != user || Some(&s.digest) == keep.as_ref());
    }
}
