use super::*;
use journal::ledger::{Actor, Class, Ledger, MemoryDisk, Settings, SigningKey, Value};
use proptest::prelude::*;

fn open(disk: &MemoryDisk) -> Ledger {
    let settings = Settings {
        segment_bytes: 1 << 16,
        spares: 1,
        ..Settings::new("SIM", || 0)
    };
    Ledger::over(
        Box::new(disk.clone()),
        SigningKey::from_bytes(&[3; 32]),
        settings,
    )
    .unwrap()
}

fn entry(utc_ns: i64, class: Class, who: &str, subject: &str, why: &str) -> Entry {
    Entry {
        utc_ns,
        class,
        who: Actor {
            second: (utc_ns % 3 == 0).then(|| "second".to_string()),
            ..Actor::person(who)
        },
        what: "write".into(),
        subject: subject.into(),
        new: Some(Value::from(utc_ns as f64 / 7.0)),
        why: why.into(),
        ..Entry::default()
    }
}

fn everything(index: &Index) -> Vec<Entry> {
    let mut query = Query {
        limit: 7,
        ..Query::default()
    };
    let mut all = Vec::new();
    loop {
        let page = index.ask(&query).unwrap();
        query.before_seq = page.entries.last().map(|entry| entry.seq);
        all.extend(page.entries);
        if !page.more {
            return all;
        }
    }
}

#[test]
fn thrown_away_and_made_anew_it_is_the_same() {
    let disk = MemoryDisk::default();
    let mut ledger = open(&disk);
    let mut followed = Index::in_memory().unwrap();
    assert!(followed.is_empty().unwrap());
    for n in 0..40 {
        let mut batch =
            vec![entry(n, Class::Alarm, "Li Wei", "TAH-101", "hot"); 1 + n as usize % 3];
        ledger.append(&mut batch).unwrap();
        if n % 7 == 0 {
            followed.follow(&disk).unwrap();
        }
        if n % 19 == 18 {
            ledger.stop().unwrap();
            ledger = open(&disk);
        }
    }
    followed.follow(&disk).unwrap();
    assert_eq!(followed.follow(&disk).unwrap(), 0, "nothing twice");
    let mut anew = Index::in_memory().unwrap();
    anew.rebuild(&disk).unwrap();
    let all = everything(&followed);
    assert_eq!(all, everything(&anew));
    assert_eq!(all.len() as u64, ledger.last());
    assert_eq!(followed.len().unwrap(), ledger.last());
    let seqs: Vec<u64> = all.iter().rev().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (1..=ledger.last()).collect::<Vec<_>>());
}

#[test]
fn the_index_of_another_ledger_is_made_anew() {
    let (one, other) = (MemoryDisk::default(), MemoryDisk::default());
    open(&one)
        .append(&mut vec![entry(1, Class::Login, "a", "", ""); 5])
        .unwrap();
    open(&other)
        .append(&mut [entry(2, Class::Login, "b", "", "")])
        .unwrap();
    let mut index = Index::in_memory().unwrap();
    index.follow(&one).unwrap();
    index.follow(&other).unwrap();
    let all = everything(&index);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].who.name, "b");
}

#[test]
fn a_damaged_index_is_thrown_away() {
    let path = std::env::temp_dir().join(format!("scanloop-{}-index.db", std::process::id()));
    std::fs::write(
        &path,
        "this is no database, but it is long enough to look at",
    )
    .unwrap();
    let disk = MemoryDisk::default();
    open(&disk)
        .append(&mut [entry(1, Class::Login, "a", "", "")])
        .unwrap();
    let mut index = Index::open(&path).unwrap();
    assert_eq!(index.follow(&disk).unwrap(), 1);
    drop(index);
    assert_eq!(Index::open(&path).unwrap().follow(&disk).unwrap(), 0);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("TIC-1".into()),
        Just("TIC-101.SP".into()),
        Just("温度".into()),
        "[a-cA-C%_']{0,3}"
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The index gives the same answer as reading through the ledger.
    #[test]
    fn the_index_answers_as_the_ledger_would(
        entries in prop::collection::vec((0_i64..20, 0..11_usize, word(), word(), word()), 1..40),
        from in prop::option::of(0_i64..20), to in prop::option::of(0_i64..20),
        class in prop::option::of(0..11_usize), who in prop::option::of(word()),
        subject in prop::option::of(word()), text in prop::option::of(word()),
        before_seq in prop::option::of(0_u64..50), limit in 0_u32..9,
    ) {
        let mut entries: Vec<Entry> = entries
            .into_iter()
            .map(|(at, class, who, subject, why)| entry(at, Class::ALL[class], &who, &subject, &why))
            .collect();
        let disk = MemoryDisk::default();
        open(&disk).append(&mut entries).unwrap();
        let mut index = Index::in_memory().unwrap();
        index.follow(&disk).unwrap();
        let class = class.map(|class| Class::ALL[class]);
        let query = Query { from_ns: from, to_ns: to, class, who, subject, text, before_seq, limit };
        let mut expected: Vec<Entry> = entries
            .into_iter()
            .rev()
            .filter(|entry| query.matches(entry) && before_seq.is_none_or(|seq| entry.seq < seq))
            .collect();
        let more = expected.len() > query.page_len();
        expected.truncate(query.page_len());
        prop_assert_eq!(index.ask(&query).unwrap(), Page { entries: expected, more });
    }
}
