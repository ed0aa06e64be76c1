//! One request, one reply: connection, time-out, attempts, and the proof that the
//! reply answers the request.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use driver::Health;
use driver::random::Random;
use signal::{Level, Quality, Reason};
use tokio::time::Instant;
use tokio_modbus::client::{Client, Context, rtu, tcp};
use tokio_modbus::{Error, ExceptionCode, Request, Response, Slave as Unit};

use crate::config::{DeviceConfig, Transport};
use crate::connect::Connect;
use crate::deadline::Deadline;

/// What a request brought.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Bits, at least as many as asked for.
    Bits(Vec<bool>),
    /// Registers, exactly as many as asked for.
    Registers(Vec<u16>),
    /// It was written.
    Written,
}

/// Why a request brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The device refuses, with this code.
    Exception(u8),
    /// The device does not answer.
    Lost,
}

/// What an exception makes of the points asked for.
pub(crate) fn quality_of_exception(code: u8) -> Quality {
    match code {
        1..=3 => Quality::new(Level::Bad, Reason::Configuration),
        5 | 6 => Quality::STALE,
        10 | 11 => Quality::COMM_LOST,
        _ => Quality::BAD,
    }
}

/// The wire to one device.
pub(crate) struct Exchange {
    wire: Wire,
    deadline: Deadline,
    timeout: Duration,
    retries: u32,
    backoff_ms_min: u64,
    backoff_ms_max: u64,
    random: Random,
    /// Rounds that failed since the last valid reply.
    failures: u32,
}

/// The connection itself.
struct Wire {
    connect: Box<dyn Connect>,
    transport: Transport,
    unit_id: u8,
    health: Arc<Health>,
    context: Option<Context>,
    /// Connections made so far: who remembers an older number must start afresh.
    generation: u64,
}

impl Exchange {
    /// Must be called within a runtime.
    pub(crate) fn new(
        config: &DeviceConfig,
        connect: Box<dyn Connect>,
        health: Arc<Health>,
    ) -> Exchange {
        Exchange {
            wire: Wire {
                connect,
                transport: config.transport,
                unit_id: config.unit_id,
                health,
                context: None,
                generation: 0,
            },
            deadline: Deadline::new(),
            timeout: Duration::from_millis(config.timeout_ms),
            retries: config.retries,
            backoff_ms_min: config.backoff_ms_min,
            backoff_ms_max: config.backoff_ms_max,
            random: Random::seeded(jitter_seed(config)),
            failures: 0,
        }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.wire.generation
    }

    /// Makes sure there is a connection; tries once.
    pub(crate) async fn connected(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + self.timeout;
        match self.deadline.within(deadline, self.wire.attach()).await {
            Ok(Ok(())) => Ok(()),
            _ => {
                self.failures = self.failures.saturating_add(1);
                Err(Failure::Lost)
            }
        }
    }

    /// Asks, again if need be. After anything but a valid reply or an exception the
    /// connection is gone: what may still arrive on it answers an older question.
    pub(crate) async fn ask(&mut self, request: &Request<'_>) -> Result<Reply, Failure> {
        // A device known to be lost is not worth more than one attempt a round.
        let attempts = if self.failures > 0 {
            1
        } else {
            1 + self.retries
        };
        for _ in 0..attempts {
            let sent = Instant::now();
            let limit = sent + self.timeout;
            let outcome = self
                .deadline
                .within(limit, self.wire.attempt(request))
                .await;
            let response = match outcome {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => {
                    if is_refusal(&error) {
                        self.wire.health.refused();
                    }
                    self.wire.context = None;
                    continue;
                }
                Err(_) => {
                    self.wire.health.timeout();
                    self.wire.context = None;
                    continue;
                }
            };
            match response {
                Err(exception) => {
                    let code = u8::from(exception);
                    self.failures = 0;
                    self.wire.health.exception(code);
                    return Err(Failure::Exception(code));
                }
                Ok(response) => match answer(request, response) {
                    Some(reply) => {
                        self.failures = 0;
                        let us = sent.elapsed().as_micros();
                        self.wire
                            .health
                            .reply(u32::try_from(us).unwrap_or(u32::MAX));
                        return Ok(reply);
                    }
                    None => {
                        self.wire.health.refused();
                        self.wire.context = None;
                    }
                },
            }
        }
        self.failures = self.failures.saturating_add(1);
        Err(Failure::Lost)
    }

    /// As [`ask`](Self::ask); does `meanwhile` while the device thinks.
    pub(crate) async fn ask_and(
        &mut self,
        request: &Request<'_>,
        meanwhile: impl FnOnce(),
    ) -> Result<Reply, Failure> {
        let mut ask = pin!(self.ask(request));
        // The first look at the future sends the request.
        let first = poll_fn(|context| Poll::Ready(ask.as_mut().poll(context))).await;
        meanwhile();
        match first {
            Poll::Ready(reply) => reply,
            Poll::Pending => ask.await,
        }
    }

    /// The pause before a lost device is tried again: doubling, jittered by a quarter.
    pub(crate) fn backoff(&mut self) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(20);
        let pause_ms = self
            .backoff_ms_min
            .saturating_mul(1 << doublings)
            .min(self.backoff_ms_max);
        let jitter_ms = self.random.below(pause_ms / 2 + 1);
        Duration::from_millis(pause_ms - pause_ms / 4 + jitter_ms)
    }
}

impl Wire {
    async fn attach(&mut self) -> io::Result<()> {
        if self.context.is_none() {
            let stream = self.connect.connect().await?;
            let unit = Unit(self.unit_id);
            self.context = Some(match self.transport {
                Transport::Tcp => tcp::attach_slave(stream, unit),
                Transport::Rtu | Transport::RtuOverTcp => rtu::attach_slave(stream, unit),
            });
            self.generation += 1;
            self.health.connected();
        }
        Ok(())
    }

    async fn attempt(
        &mut self,
        request: &Request<'_>,
    ) -> Result<Result<Response, ExceptionCode>, Error> {
        self.attach().await?;
        let Some(context) = &mut self.context else {
            return Err(io::Error::from(io::ErrorKind::NotConnected).into());
        };
        self.health.request();
        context.call(request.clone()).await
    }
}

/// Devices with different addresses get different jitter without being told to:
/// FNV-1a over host, port and unit, mixed with the seed given.
fn jitter_seed(config: &DeviceConfig) -> u64 {
    let host = config.host.bytes();
    let place = host
        .chain(config.port.to_be_bytes())
        .chain([config.unit_id]);
    place.fold(config.seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// A frame that came but is not to be believed, as opposed to a wire that broke.
fn is_refusal(error: &Error) -> bool {
    match error {
        Error::Protocol(_) => true,
        Error::Transport(error) => matches!(
            error.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        ),
    }
}

/// The content of a response that answers this request, to the last number echoed.
fn answer(request: &Request<'_>, response: Response) -> Option<Reply> {
    let written = |same: bool| same.then_some(Reply::Written);
    match (request, response) {
        (Request::ReadCoils(_, count), Response::ReadCoils(bits))
        | (Request::ReadDiscreteInputs(_, count), Response::ReadDiscreteInputs(bits)) => {
            (bits.len() == usize::from(*count).next_multiple_of(8)).then_some(Reply::Bits(bits))
        }
        (Request::ReadInputRegisters(_, count), Response::ReadInputRegisters(words))
        | (Request::ReadHoldingRegisters(_, count), Response::ReadHoldingRegisters(words))
        | (
            Request::ReadWriteMultipleRegisters(_, count, _, _),
            Response::ReadWriteMultipleRegisters(words),
        ) => (words.len() == usize::from(*count)).then_some(Reply::Registers(words)),
        (Request::WriteSingleCoil(a, v), Response::WriteSingleCoil(b, w)) => {
            written(*a == b && *v == w)
        }
        (Request::WriteSingleRegister(a, v), Response::WriteSingleRegister(b, w)) => {
            written(*a == b && *v == w)
        }
        (Request::WriteMultipleCoils(a, v), Response::WriteMultipleCoils(b, n)) => {
            written(*a == b && v.len() == usize::from(n))
        }
        (Request::WriteMultipleRegisters(a, v), Response::WriteMultipleRegisters(b, n)) => {
            written(*a == b && v.len() == usize::from(n))
        }
        (Request::MaskWriteRegister(a, x, y), Response::MaskWriteRegister(b, z, w)) => {
            written(*a == b && *x == z && *y == w)
        }
        _ => None,
    }
}
