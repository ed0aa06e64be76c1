//! The tables behind a server: reads from the image, writes through the desk.

use super::config::{Meaning, Offer};
use super::map::{Place, PointMap};
use super::rate::{Rate, WriteRate};
use super::view::{Pace, View};
use gateway::Desk;
use gateway::desk::{Attempt, Cell, Command, Receipt, Refusal, RefusalCode};
use modbus::value::WORDS_MAX;
use modbus::{Codec, Table, ValueType};
use modbus_server::{Bank, BitTable, Exception, RegisterTable};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// Commands of one server that may wait at the desk. The desk's own queue is many
/// times longer, so that no client can keep people from it.
pub const WRITES_WAITING_MAX: usize = 8;

/// The tables of one server.
pub struct NorthBank {
    map: PointMap,
    view: View,
    desk: Arc<dyn Desk>,
    /// Who writes, for the record: `modbus:north`.
    actor: String,
    waiting: Arc<Semaphore>,
    rate: WriteRate,
    /// Commands asked for since start, for their ids.
    asked: u64,
    /// Follows commands that are still waiting.
    tokio: Handle,
}

type Answer = Pin<Box<dyn Future<Output = Result<Receipt, Refusal>> + Send>>;

impl NorthBank {
    /// The bank of the server `name`.
    pub fn new(
        name: &str,
        map: PointMap,
        desk: Arc<dyn Desk>,
        pace: Pace,
        tokio: Handle,
    ) -> NorthBank {
        let tags = map.offers().iter().map(|offer| offer.tag.clone());
        NorthBank {
            view: View::new(desk.clone(), tags.collect(), pace),
            map,
            desk,
            actor: format!("modbus:{name}"),
            waiting: Arc::new(Semaphore::new(WRITES_WAITING_MAX)),
            rate: WriteRate::new(),
            asked: 0,
            tokio,
        }
    }

    /// All words of a range, from one image.
    fn read(&mut self, table: Table, address: u16, out: &mut [u16]) -> Result<(), Exception> {
        let places = self
            .map
            .cover(table, address, out.len())
            .ok_or(Exception::IllegalDataAddress)?;
        let image = self.view.look()?;
        let mut rest = out;
        for place in places {
            let (words, after) = rest.split_at_mut(usize::from(place.words));
            words.fill(0);
            for index in &place.offers {
                let offer = &self.map.offers()[*index];
                put(offer, image.cell(*index)?, words);
            }
            rest = after;
        }
        Ok(())
    }

    /// One request, one value, one command: an acknowledgement then means that this
    /// command was taken, not that some of several were.
    fn write(&mut self, table: Table, address: u16, words: &[u16]) -> Result<(), Exception> {
        let places = self
            .map
            .cover(table, address, words.len())
            .ok_or(Exception::IllegalDataAddress)?;
        let [place] = places else {
            return Err(Exception::IllegalDataValue);
        };
        match self.rate.judge(self.desk.now_utc_ns()) {
            Rate::Within => {}
            // Recorded once: the record is what the rate protects.
            Rate::Exceeded => {
                let tag = self.first_tag(place);
                self.refuse(&tag, None, RefusalCode::Busy);
                return Err(Exception::ServerDeviceBusy);
            }
            Rate::StillExceeded => return Err(Exception::ServerDeviceBusy),
        }
        let (offer, codec) = match self.written(place) {
            Ok(written) => written,
            Err(tag) => {
                self.refuse(&tag, None, RefusalCode::NotWritable);
                return Err(Exception::IllegalDataAddress);
            }
        };
        let (tag, place) = (offer.tag.clone(), offer.address);
        let Some(value) = value_of(&codec, words) else {
            self.refuse(&tag, None, RefusalCode::NotFinite);
            return Err(Exception::IllegalDataValue);
        };
        if let Err(exception) = self.view.look() {
            self.refuse(&tag, Some(value), RefusalCode::RuntimeStalled);
            return Err(exception);
        }
        let Ok(permit) = self.waiting.clone().try_acquire_owned() else {
            self.refuse(&tag, Some(value), RefusalCode::Busy);
            return Err(Exception::ServerDeviceBusy);
        };
        self.asked += 1;
        let command = Command {
            id: format!("{}:{}:{}", self.actor, self.desk.now_utc_ns(), self.asked),
            actor: self.actor.clone(),
            tag,
            value,
            seen_value: None,
            reason: format!("Modbus write of {place}"),
            permit: String::new(),
        };
        let desk = self.desk.clone();
        let mut answer: Answer = Box::pin(async move { desk.submit(command).await });
        // The desk judges at once what it can; what is then still waiting has been
        // taken, and a request of Modbus waits for nothing more.
        match answer
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(Ok(_)) => Ok(()),
            Poll::Ready(Err(refusal)) => Err(exception_of(refusal.code)),
            Poll::Pending => {
                drop(self.tokio.spawn(async move {
                    // A refusal from here on stands in the record.
                    let _ = answer.await;
                    drop(permit);
                }));
                Ok(())
            }
        }
    }

    /// The one offer of a place, if clients may write it; else the tag refused.
    fn written(&self, place: &Place) -> Result<(&Offer, Codec), String> {
        let offers = self.map.offers();
        match place.offers.as_slice() {
            [index] => match (&offers[*index], offers[*index].meaning) {
                (offer, Meaning::Value(codec)) if offer.is_written => Ok((offer, codec)),
                (offer, _) => Err(offer.tag.clone()),
            },
            _ => Err(self.first_tag(place)),
        }
    }

    /// For the record; of a register of bits, the first.
    fn first_tag(&self, place: &Place) -> String {
        let first = place.offers.first();
        first.map_or_else(String::new, |index| self.map.offers()[*index].tag.clone())
    }

    /// What this bank turns away itself is recorded like what the desk turns away.
    fn refuse(&self, tag: &str, value: Option<f64>, code: RefusalCode) {
        let (en, zh) = match code {
            RefusalCode::NotWritable => (
                "this server does not offer the tag for writing",
                "该服务器未开放此位号的写入",
            ),
            RefusalCode::NotFinite => (
                "the registers hold no number of the tag",
                "寄存器内容不是该位号的有效数值",
            ),
            RefusalCode::RuntimeStalled => ("the image is too old", "过程映像过旧"),
            _ => (
                "this server writes too much at a time; attempts beyond are not recorded",
                "该服务器写入过于频繁,超出部分不再记录",
            ),
        };
        self.desk.refused(Attempt {
            utc_ns: self.desk.now_utc_ns(),
            actor: self.actor.clone(),
            id: None,
            tag: Some(tag.to_string()),
            value,
            refusal: Refusal::new(code, en, zh),
        });
    }
}

/// A cell as registers, into the place of its offer.
fn put(offer: &Offer, cell: Cell, words: &mut [u16]) {
    match &offer.meaning {
        Meaning::Quality => words.fill(cell.quality.bits()),
        Meaning::Value(codec) => {
            let is_number = cell.value.is_finite();
            let is_bad = cell.quality.is_bad() || !is_number;
            let bits = codec
                .kind()
                .from_f64(if is_number { cell.value } else { 0.0 });
            match codec.encode(bits) {
                _ if is_bad && codec.value_type.is_float() => nan(codec, words),
                None => nan(codec, words),
                Some(found) => match codec.bit {
                    Some(bit) => words.iter_mut().for_each(|word| *word |= found[0] << bit),
                    None => words.copy_from_slice(&found[..words.len()]),
                },
            }
        }
    }
}

/// The quiet NaN of IEEE 754, in the order of its codec.
fn nan(codec: &Codec, words: &mut [u16]) {
    words.fill(0);
    let most_significant = if codec.order.words_reversed {
        words.last_mut()
    } else {
        words.first_mut()
    };
    if let Some(word) = most_significant {
        *word = match codec.value_type {
            ValueType::F64 => 0x7ff8,
            _ => 0x7fc0,
        };
        if codec.order.bytes_swapped {
            *word = word.swap_bytes();
        }
    }
}

/// The number that registers mean. A single is taken for the shortest decimal that
/// it stands for, so that 90.3 does not exceed a limit of 90.3.
fn value_of(codec: &Codec, words: &[u16]) -> Option<f64> {
    let mut registers = [0; WORDS_MAX];
    let registers = &mut registers[..words.len()];
    registers.copy_from_slice(words);
    let decoded = codec.decode(registers);
    let value = codec.kind().to_f64(decoded.bits?);
    if decoded.quality.is_bad() {
        return None;
    }
    if codec.value_type == ValueType::F32 && codec.scaling.is_none() {
        return format!("{}", value as f32).parse().ok();
    }
    Some(value)
}

/// A refusal in the few words of Modbus; the record has all of them.
const fn exception_of(code: RefusalCode) -> Exception {
    match code {
        RefusalCode::OutOfRange
        | RefusalCode::StepTooLarge
        | RefusalCode::NotFinite
        | RefusalCode::WrongKind => Exception::IllegalDataValue,
        RefusalCode::Busy => Exception::ServerDeviceBusy,
        RefusalCode::RuntimeStalled => Exception::GatewayTargetFailed,
        _ => Exception::ServerDeviceFailure,
    }
}

impl Bank for NorthBank {
    fn read_bits(
        &mut self,
        table: BitTable,
        address: u16,
        out: &mut [bool],
    ) -> Result<(), Exception> {
        let table = match table {
            BitTable::Coils => Table::Coils,
            BitTable::DiscreteInputs => Table::DiscreteInputs,
        };
        let mut words = vec![0; out.len()];
        self.read(table, address, &mut words)?;
        for (bit, word) in out.iter_mut().zip(words) {
            *bit = word != 0;
        }
        Ok(())
    }

    fn read_registers(
        &mut self,
        table: RegisterTable,
        address: u16,
        out: &mut [u16],
    ) -> Result<(), Exception> {
        let table = match table {
            RegisterTable::HoldingRegisters => Table::HoldingRegisters,
            RegisterTable::InputRegisters => Table::InputRegisters,
        };
        self.read(table, address, out)
    }

    fn write_bits(&mut self, address: u16, values: &[bool]) -> Result<(), Exception> {
        let words: Vec<u16> = values.iter().map(|bit| u16::from(*bit)).collect();
        self.write(Table::Coils, address, &words)
    }

    fn write_registers(&mut self, address: u16, values: &[u16]) -> Result<(), Exception> {
        self.write(Table::HoldingRegisters, address, values)
    }
}
