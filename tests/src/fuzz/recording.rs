//! The reader of recordings: damaged files, and whole frames of damaged content.

use crate::mutate;
use driver::random::Random;
use journal::{
    Header, MemoryStorage, RecordedEntry, RecordedScan, Recording, RecordingWriter, StartKind,
    TaskHeader,
};

fn good(random: &mut Random) -> Vec<u8> {
    let header = Header {
        format: journal::recording::FORMAT.to_string(),
        program: "0.1.0".to_string(),
        env: "SIM".to_string(),
        utc_ns: 1,
        edition: 1,
        plant_digest: 7,
        sources: vec![("plant.toml".to_string(), "[plant]".to_string())],
        tasks: vec![TaskHeader {
            name: "fast".to_string(),
            period_ns: 100_000_000,
            start: StartKind::Cold,
            state: vec![1, 2, 3],
        }],
    };
    let Ok(mut writer) = RecordingWriter::begin(MemoryStorage::default(), &header) else {
        return Vec::new();
    };
    for index in 1..=random.below(8) {
        writer.push(RecordedScan {
            task: 0,
            index,
            utc_ns: index as i64,
            elapsed: 1,
            entries: vec![
                RecordedEntry::Frame(0),
                RecordedEntry::Field(1, random.next_u64(), 0),
                RecordedEntry::Force(2, 1),
            ],
            digest: random.next_u64(),
        });
        if random.below(2) == 0 && writer.flush().is_err() {
            return Vec::new();
        }
    }
    writer
        .end()
        .map(|storage| storage.bytes)
        .unwrap_or_default()
}

pub fn input(random: &mut Random) -> Vec<u8> {
    let mut bytes = good(random);
    if random.below(4) == 0 {
        mutate::bytes(random, &mut bytes);
        return bytes;
    }
    // Frame by frame, with a true length and checksum about damaged content.
    let payloads: Vec<Vec<u8>> = journal::frames(&bytes).map(<[u8]>::to_vec).collect();
    let mut framed = Vec::new();
    for mut payload in payloads {
        if random.below(2) == 0 {
            mutate::bytes(random, &mut payload);
        }
        framed.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        framed.extend_from_slice(&crc32fast::hash(&payload).to_le_bytes());
        framed.append(&mut payload);
    }
    framed
}

pub fn run(bytes: &[u8]) {
    if let Ok(recording) = Recording::read(bytes) {
        assert_eq!(recording.header.format, journal::recording::FORMAT);
        assert!(recording.scans.len() <= bytes.len());
    }
}
