//! Messages of the socket, protocol `hmi.v1.cbor`.
//!
//! Server to client, binary CBOR, each an array that begins with its kind:
//!
//! | message | items |
//! | --- | --- |
//! | welcome | `[0, {v, epoch, utc_ms}]` |
//! | values | `[1, seq, scan, utc_ms, handles, values, qualities]` |
//! | alarms | `[3, JSON {full, seq, utc_ms, counts, rows, gone}]` |
//! | events | `[4, [{seq, utc_ms, kind, tag, actor, en, zh}]]` |
//! | heartbeat | `[5, seq, scan, utc_ms, age_ms, revision of the displays]` |
//! | subscribed | `[6, id, known, [unknown names]]` |
//!
//! Client to server, JSON text: [`FromClient`]. Nothing is ever written to the plant
//! through the socket.

use serde::Deserialize;
use signal::Quality;

use crate::cbor::Encoder;
use crate::desk::{Event, EventKind, Trend};

/// Name offered in `Sec-WebSocket-Protocol`.
pub const SUBPROTOCOL: &str = "hmi.v1.cbor";

/// What a client may say.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase", deny_unknown_fields)]
pub enum FromClient {
    /// First message.
    Hello {
        /// Newest event the client has.
        #[serde(default)]
        events_since: u64,
    },
    /// Replaces subscription `id` by these tags.
    Sub {
        /// Chosen by the client.
        id: u32,
        /// Full tag names.
        tags: Vec<String>,
        /// Least time between two frames, milliseconds.
        period_ms: u64,
    },
    /// Ends subscription `id`.
    Unsub {
        /// Chosen by the client.
        id: u32,
    },
    /// Frames up to `seq` have been read.
    Ack {
        /// Sequence number of a frame.
        seq: u64,
    },
}

pub(crate) fn welcome(epoch: u64, utc_ms: i64) -> Vec<u8> {
    let mut e = Encoder::with_capacity(64);
    e.array(2).unsigned(0).map(3);
    e.text("v").unsigned(1);
    e.text("epoch").float(epoch as f64);
    e.text("utc_ms").float(utc_ms as f64);
    e.into_bytes()
}

pub(crate) fn values(
    seq: u64,
    scan: u64,
    utc_ms: i64,
    handles: &[u32],
    values: &[f64],
    qualities: &[Quality],
) -> Vec<u8> {
    let mut e = Encoder::with_capacity(48 + handles.len() * 8);
    e.array(7).unsigned(1).unsigned(seq).unsigned(scan);
    e.float(utc_ms as f64).handles(handles).values(values);
    e.array_u16(qualities.iter().map(|q| q.bits()));
    e.into_bytes()
}

pub(crate) fn alarms(json: &str) -> Vec<u8> {
    let mut e = Encoder::with_capacity(json.len() + 8);
    e.array(2).unsigned(3).text(json);
    e.into_bytes()
}

pub(crate) fn heartbeat(seq: u64, scan: u64, utc_ms: i64, age_ms: f64, shown: u64) -> Vec<u8> {
    let mut e = Encoder::with_capacity(48);
    e.array(6).unsigned(5).unsigned(seq).unsigned(scan);
    e.float(utc_ms as f64).float(age_ms).unsigned(shown);
    e.into_bytes()
}

pub(crate) fn subscribed(id: u32, known: usize, unknown: &[String]) -> Vec<u8> {
    let mut e = Encoder::with_capacity(32);
    e.array(4).unsigned(6).unsigned(u64::from(id));
    e.unsigned(known as u64).array(unknown.len());
    for name in unknown {
        e.text(name);
    }
    e.into_bytes()
}

fn kind_word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Command => "command",
        EventKind::Refused => "refused",
        EventKind::Trip => "trip",
        EventKind::Reset => "reset",
        EventKind::State => "state",
        EventKind::System => "system",
    }
}

pub(crate) fn events(list: &[Event]) -> Vec<u8> {
    let mut e = Encoder::with_capacity(64 + list.len() * 160);
    e.array(2).unsigned(4).array(list.len());
    for event in list {
        e.map(7).text("seq").unsigned(event.seq);
        e.text("utc_ms").float(event.utc_ms as f64);
        e.text("kind").text(kind_word(event.kind));
        e.text("tag");
        match &event.tag {
            Some(tag) => e.text(tag),
            None => e.null(),
        };
        e.text("actor").text(&event.actor);
        e.text("en").text(&event.text.en);
        e.text("zh").text(&event.text.zh);
    }
    e.into_bytes()
}

/// A trend as CBOR: `{from_ms, to_ms, series: [{tag, min, max, last, mark}]}`.
pub(crate) fn trend(trend: &Trend) -> Vec<u8> {
    let buckets: usize = trend.series.iter().map(|s| s.buckets.len()).sum();
    let mut e = Encoder::with_capacity(128 + buckets * 16);
    e.map(3).text("from_ms").float(trend.from_ms as f64);
    e.text("to_ms").float(trend.to_ms as f64);
    e.text("series").array(trend.series.len());
    let mut column: Vec<f64> = Vec::new();
    for series in &trend.series {
        e.map(5).text("tag").text(&series.tag);
        for (name, pick) in [
            ("min", (|b| b.min) as fn(&crate::desk::Bucket) -> f64),
            ("max", |b| b.max),
            ("last", |b| b.last),
        ] {
            column.clear();
            column.extend(series.buckets.iter().map(pick));
            e.text(name).values(&column);
        }
        e.text("mark")
            .bytes_u8(series.buckets.iter().map(|b| b.mark as u8));
    }
    e.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ciborium::Value;

    #[test]
    fn a_value_frame_carries_kind_seq_scan_time_and_three_arrays_of_one_length() {
        let bytes = values(
            7,
            1234,
            1_700_000_000_123,
            &[3, 9],
            &[1.5, -2.0],
            &[Quality::GOOD, Quality::STALE],
        );
        let v: Value = ciborium::from_reader(bytes.as_slice()).expect("well-formed");
        let items = v.as_array().expect("array");
        assert_eq!(items.len(), 7);
        assert_eq!(items[0], Value::from(1));
        assert_eq!(items[1], Value::from(7));
        assert_eq!(items[2], Value::from(1234));
        assert_eq!(items[3], Value::Float(1_700_000_000_123.0));
        assert_eq!(
            items[4],
            Value::Tag(69, Box::new(Value::Bytes(vec![3, 0, 9, 0])))
        );
        let mut floats = 1.5f32.to_le_bytes().to_vec();
        floats.extend((-2.0f32).to_le_bytes());
        assert_eq!(items[5], Value::Tag(85, Box::new(Value::Bytes(floats))));
        let mut q = 0u16.to_le_bytes().to_vec();
        q.extend(Quality::STALE.bits().to_le_bytes());
        assert_eq!(items[6], Value::Tag(69, Box::new(Value::Bytes(q))));
    }

    #[test]
    fn a_client_message_with_an_unknown_field_or_kind_is_not_understood() {
        let ok: Result<FromClient, _> = serde_json::from_str(r#"{"t":"ack","seq":4}"#);
        assert_eq!(ok.ok(), Some(FromClient::Ack { seq: 4 }));
        assert!(serde_json::from_str::<FromClient>(r#"{"t":"write","seq":4}"#).is_err());
        assert!(serde_json::from_str::<FromClient>(r#"{"t":"ack","seq":4,"x":1}"#).is_err());
    }
}
