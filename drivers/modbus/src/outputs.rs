//! Writing: what is wanted, what the device has, and when to say it again.

use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

use driver::OutputReader;
use tokio::time::Instant;
use tokio_modbus::Request;

use crate::config::DeviceConfig;
use crate::exchange::{Exchange, Failure};
use crate::map::{Map, Wire};
use crate::polls::paced;
use crate::write::{Buffers, Gathered, WriteGroup, WriteKind};

/// Pause before a refused write is tried again.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);

struct Group {
    group: WriteGroup,
    refresh_at: Instant,
    retry_at: Option<Instant>,
    refused: bool,
}

pub(crate) struct Outputs {
    reader: OutputReader,
    scan_last: Option<u64>,
    advanced_at: Instant,
    fail_safe_after: Duration,
    refresh: Option<Duration>,
    /// The same in the plant's time.
    refresh_of_text: Option<Duration>,
    single_writes: bool,
    wanted: Vec<Option<Wire>>,
    written: Vec<Option<Wire>>,
    groups: Vec<Group>,
    buffers: Box<Buffers>,
    generation: u64,
}

/// How often what is written is written again, if at all.
fn refresh_of(config: &DeviceConfig) -> Option<Duration> {
    let period = config.write_refresh_ms;
    (period > 0).then(|| Duration::from_millis(period))
}

impl Outputs {
    pub(crate) fn new(
        config: &DeviceConfig,
        map: &Map,
        reader: OutputReader,
        now: Instant,
    ) -> Outputs {
        let groups = map.writes().iter().map(|group| Group {
            group: group.clone(),
            refresh_at: now,
            retry_at: None,
            refused: false,
        });
        Outputs {
            reader,
            scan_last: None,
            advanced_at: now,
            fail_safe_after: Duration::from_millis(config.fail_safe_ms),
            refresh: refresh_of(config),
            refresh_of_text: refresh_of(config),
            single_writes: config.single_writes,
            wanted: vec![None; map.outputs()],
            written: vec![None; map.outputs()],
            groups: groups.collect(),
            buffers: Box::default(),
            generation: 0,
        }
    }

    /// Goes at another pace of the plant's time. A scan that stood still has not died.
    pub(crate) fn keep(&mut self, speed: f64, now: Instant) {
        self.refresh = self.refresh_of_text.map(|period| paced(period, speed));
        self.advanced_at = now;
        for group in &mut self.groups {
            group.refresh_at = now;
        }
    }

    /// Takes the newest output frame. True while the scan lives: some frame has
    /// come and its scan index has advanced within the fail-safe time.
    pub(crate) fn take(&mut self, map: &Map, now: Instant) -> bool {
        if let Some(frame) = self.reader.latest() {
            if self.scan_last != Some(frame.scan) {
                self.scan_last = Some(frame.scan);
                self.advanced_at = now;
            }
            for (index, cell) in frame.cells.iter().enumerate() {
                let wire = match frame.armed {
                    true => map.want(index, cell),
                    false => map.safe(index),
                };
                // Holding is wanting what was wanted before.
                if wire.is_some() {
                    self.wanted[index] = wire;
                }
            }
        }
        let lives = now.duration_since(self.advanced_at) < self.fail_safe_after;
        if !lives {
            for (index, wanted) in self.wanted.iter_mut().enumerate() {
                *wanted = map.safe(index).or(*wanted);
            }
        }
        lives && self.scan_last.is_some()
    }

    /// Whether a frame waits to be taken.
    pub(crate) fn has_newer(&self) -> bool {
        self.reader.has_newer()
    }

    /// Whether some write is refused.
    pub(crate) fn is_degraded(&self) -> bool {
        self.groups.iter().any(|group| group.refused)
    }

    fn is_due(&self, group: &Group, members: &[usize], now: Instant) -> bool {
        if group.retry_at.is_some_and(|at| now < at) {
            return false;
        }
        let due = now >= group.refresh_at && self.refresh.is_some();
        members.iter().any(|&index| {
            self.wanted[index].is_some() && (due || self.wanted[index] != self.written[index])
        })
    }

    /// A new connection may mean a new device: nothing counts as written.
    fn renew(&mut self, exchange: &Exchange) {
        if self.generation != exchange.generation() {
            self.generation = exchange.generation();
            self.written.fill(None);
        }
    }

    /// Writes what is due; with `keep_registers`, whole registers wait for a request
    /// that reads as well.
    pub(crate) async fn flush(
        &mut self,
        map: &Map,
        exchange: &mut Exchange,
        keep_registers: bool,
    ) -> Result<(), Failure> {
        self.renew(exchange);
        let mut at = 0;
        while at < self.groups.len() {
            let now = Instant::now();
            let group = &self.groups[at];
            let range = group.group.members.clone();
            let kept = keep_registers && group.group.kind == WriteKind::Registers;
            if !kept && self.is_due(group, &map.write_members()[range.clone()], now) {
                self.write_group(at, range, map, exchange).await?;
            }
            at += 1;
        }
        Ok(())
    }

    async fn write_group(
        &mut self,
        at: usize,
        range: Range<usize>,
        map: &Map,
        exchange: &mut Exchange,
    ) -> Result<(), Failure> {
        let group = self.groups[at].group.clone();
        let mut rest = &map.write_members()[range];
        while !rest.is_empty() {
            let wanted = &self.wanted;
            let wire = |index: usize| wanted[index];
            let (gathered, taken) = group.gather(rest, &map.outputs, &wire, &mut self.buffers);
            if let Some(gathered) = gathered {
                let request = write_request(gathered, self.single_writes);
                match exchange.ask(&request).await {
                    Ok(_) => self.note_written(at, &rest[..taken]),
                    Err(Failure::Exception(code)) => {
                        self.note_refused(at, code);
                        return Ok(());
                    }
                    Err(lost) => return Err(lost),
                }
            }
            rest = &rest[taken..];
        }
        Ok(())
    }

    fn note_written(&mut self, at: usize, members: &[usize]) {
        for &index in members {
            self.written[index] = self.wanted[index];
        }
        let group = &mut self.groups[at];
        group.retry_at = None;
        group.refused = false;
        group.refresh_at = Instant::now() + self.refresh.unwrap_or_default();
    }

    /// A refused group is halved, so that one wrong output does not hold the others.
    fn note_refused(&mut self, at: usize, code: u8) {
        let now = Instant::now();
        let group = &mut self.groups[at];
        let members = group.group.members.clone();
        group.refused = true;
        let divisible = group.group.kind != WriteKind::Bits && members.len() > 1;
        if matches!(code, 2 | 3) && divisible {
            let middle = members.start + members.len() / 2;
            group.group.members.end = middle;
            let kind = group.group.kind;
            let second = Group {
                group: WriteGroup {
                    kind,
                    members: middle..members.end,
                },
                refresh_at: now,
                retry_at: None,
                refused: true,
            };
            self.groups.insert(at + 1, second);
        } else {
            group.retry_at = Some(now + REFUSED_PAUSE);
        }
    }

    /// Writes the first due registers together with this read. `None`: none is due.
    pub(crate) async fn combine(
        &mut self,
        map: &Map,
        exchange: &mut Exchange,
        read_address: u16,
        read_quantity: u16,
    ) -> Option<Result<crate::exchange::Reply, Failure>> {
        self.renew(exchange);
        let now = Instant::now();
        let at = self.groups.iter().position(|group| {
            let members = &map.write_members()[group.group.members.clone()];
            group.group.kind == WriteKind::Registers && self.is_due(group, members, now)
        })?;
        let group = self.groups[at].group.clone();
        let members = &map.write_members()[group.members.clone()];
        let wanted = &self.wanted;
        let wire = |index: usize| wanted[index];
        let (gathered, taken) = group.gather(members, &map.outputs, &wire, &mut self.buffers);
        let Some(Gathered::Registers(address, values)) = gathered else {
            return None;
        };
        let values = Cow::Borrowed(values);
        let request =
            Request::ReadWriteMultipleRegisters(read_address, read_quantity, address, values);
        let reply = exchange.ask(&request).await;
        if reply.is_ok() {
            self.note_written(at, &members[..taken]);
        }
        Some(reply)
    }
}

fn write_request(gathered: Gathered<'_>, single_writes: bool) -> Request<'_> {
    match gathered {
        Gathered::Coils(address, &[value]) if single_writes => {
            Request::WriteSingleCoil(address, value)
        }
        Gathered::Coils(address, values) => {
            Request::WriteMultipleCoils(address, Cow::Borrowed(values))
        }
        Gathered::Registers(address, &[value]) if single_writes => {
            Request::WriteSingleRegister(address, value)
        }
        Gathered::Registers(address, values) => {
            Request::WriteMultipleRegisters(address, Cow::Borrowed(values))
        }
        Gathered::Mask { address, and, or } => Request::MaskWriteRegister(address, and, or),
    }
}
