//! Receipts: links that serve once.

use super::{Dispatch, State};
use crate::limits;
use crate::record::{Event, ReceiptProblem};
use core::fmt;
use std::collections::{BTreeMap, VecDeque};

/// Without letters that look like digits (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 80 bits.
const TOKEN_CHARS: u32 = 16;

/// Links that were given out.
pub(super) struct Receipts {
    keep_ms: u64,
    tokens: Box<dyn FnMut() -> u128 + Send>,
    issued: BTreeMap<String, Issued>,
    order: VecDeque<String>,
}

struct Issued {
    /// Notices with their alarms: a receipt may come long after telling has ended.
    notices: Vec<(u64, String)>,
    person: String,
    expires_ms: u64,
    is_used: bool,
}

impl fmt::Debug for Receipts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receipts({} links)", self.issued.len())
    }
}

impl Receipts {
    pub(super) fn new(keep_ms: u64, tokens: impl FnMut() -> u128 + Send + 'static) -> Receipts {
        Receipts {
            keep_ms,
            tokens: Box::new(tokens),
            issued: BTreeMap::new(),
            order: VecDeque::new(),
        }
    }

    pub(super) fn issue(
        &mut self,
        now_ms: u64,
        notices: Vec<(u64, String)>,
        person: &str,
    ) -> String {
        let bits = (self.tokens)();
        let letter = |at: u32| {
            let index = (bits >> (5 * at)) as usize % LETTERS.len();
            char::from(LETTERS[index])
        };
        let token: String = (0..TOKEN_CHARS).map(letter).collect();
        while self.order.len() >= limits::TOKENS_MAX {
            let oldest = self.order.pop_front().unwrap_or_default();
            self.issued.remove(&oldest);
        }
        let issued = Issued {
            notices,
            person: person.to_string(),
            expires_ms: now_ms + self.keep_ms,
            is_used: false,
        };
        self.issued.insert(token.clone(), issued);
        self.order.push_back(token.clone());
        token
    }

    fn redeem(
        &mut self,
        now_ms: u64,
        token: &str,
    ) -> Result<(Vec<(u64, String)>, String), ReceiptProblem> {
        let issued = self.issued.get_mut(token).ok_or(ReceiptProblem::Unknown)?;
        if now_ms >= issued.expires_ms {
            return Err(ReceiptProblem::Expired);
        }
        if core::mem::replace(&mut issued.is_used, true) {
            return Err(ReceiptProblem::Used);
        }
        Ok((issued.notices.clone(), issued.person.clone()))
    }
}

impl Dispatch {
    /// A receipt by link. Whoever has the link counts as its person, unless `who` says
    /// more. Gives the alarms of the message.
    ///
    /// # Errors
    /// The link is unknown, used or too old; that is recorded too.
    pub fn receipt(
        &mut self,
        now_ms: u64,
        token: &str,
        who: Option<&str>,
    ) -> Result<Vec<String>, ReceiptProblem> {
        self.advance(now_ms);
        match self.receipts.redeem(now_ms, token) {
            Ok((notices, person)) => {
                let who = who.map_or(person, |who| crate::template::one_line(who, 64));
                let mut alarms = Vec::new();
                for (number, alarm) in notices {
                    self.received(now_ms, number, &alarm, &who);
                    alarms.push(alarm);
                }
                Ok(alarms)
            }
            Err(problem) => Err(self.refuse(now_ms, who.unwrap_or_default(), problem)),
        }
    }

    /// A receipt by a person at a page, who is known there.
    ///
    /// # Errors
    /// The alarm is not being told.
    pub fn receipt_of_alarm(
        &mut self,
        now_ms: u64,
        alarm: &str,
        who: &str,
    ) -> Result<(), ReceiptProblem> {
        self.advance(now_ms);
        let told = |number: &u64| {
            let active = self.active.get(number);
            active.is_some_and(|active| !matches!(active.state, State::Resting { .. }))
        };
        match self.by_alarm.get(alarm).copied().filter(told) {
            Some(number) => {
                let who = crate::template::one_line(who, 64);
                self.received(now_ms, number, alarm, &who);
                Ok(())
            }
            None => Err(self.refuse(now_ms, who, ReceiptProblem::Unknown)),
        }
    }

    fn refuse(&mut self, now_ms: u64, who: &str, problem: ReceiptProblem) -> ReceiptProblem {
        let who = crate::template::one_line(who, 64);
        self.record(now_ms, 0, "", Event::ReceiptRefused { who, problem });
        problem
    }
}
