//! A wicked twin of any channel.

use super::Channel;
use crate::dispatch::Message;
use crate::problem::{ProblemKind, SendProblem};
use std::collections::VecDeque;

/// What a faulty channel does with one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing wrong.
    None,
    /// Fails without sending.
    Fails(ProblemKind),
    /// Sends, and says that it failed: the answer was lost.
    LosesAnswer,
    /// Says that it was sent, and did not.
    Lies,
    /// Panics.
    Panics,
}

/// A channel that misbehaves to order: one fault a call, and none when the list is over.
pub struct FaultyChannel<C> {
    inner: C,
    faults: VecDeque<Fault>,
}

impl<C: Channel> FaultyChannel<C> {
    /// A twin of a channel.
    pub fn new(inner: C, faults: impl IntoIterator<Item = Fault>) -> FaultyChannel<C> {
        FaultyChannel {
            inner,
            faults: faults.into_iter().collect(),
        }
    }

    fn fault(&mut self) -> Fault {
        self.faults.pop_front().unwrap_or(Fault::None)
    }
}

impl<C: Channel> Channel for FaultyChannel<C> {
    fn send(&mut self, message: &Message) -> Result<(), SendProblem> {
        match self.fault() {
            Fault::None => self.inner.send(message),
            Fault::Fails(kind) => Err(SendProblem::new(kind, None, "to order")),
            Fault::LosesAnswer => {
                self.inner.send(message)?;
                Err(SendProblem::new(ProblemKind::TimedOut, None, "to order"))
            }
            Fault::Lies => Ok(()),
            Fault::Panics => panic!("to order"),
        }
    }

    fn probe(&mut self) -> Result<(), SendProblem> {
        match self.fault() {
            Fault::Fails(kind) => Err(SendProblem::new(kind, None, "to order")),
            _ => self.inner.probe(),
        }
    }
}
