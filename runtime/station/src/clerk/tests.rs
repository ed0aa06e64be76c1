use super::*;
use crate::clock_watch::Clocks;
use crate::kinds;
use crate::ledger_sender::{LedgerSender, ledger_sender};
use gateway::hub::Intake;
use journal::ledger::{DiskFault, MemoryDisk, Settings, SigningKey, read};
use std::path::PathBuf;
use std::sync::atomic::AtomicI64;
use tokio::sync::oneshot;

fn plant_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../plants/synthesis")
}

/// A clerk of the demo plant with one ring, which nobody empties.
struct Office {
    clerk: Clerk,
    ring: rtrb::Consumer<ScanOrder>,
    sender: LedgerSender,
    _pump: Receiver<PumpUpdate>,
}

fn office(disk: &MemoryDisk) -> Office {
    let key = SigningKey::from_bytes(&[7; 32]);
    let settings = Settings {
        segment_bytes: 1 << 16,
        spares: 1,
        ..Settings::new("SIM", || 0)
    };
    let ledger = Ledger::over(Box::new(disk.clone()), key, settings).unwrap();
    let (sender, postings) = ledger_sender();
    let plant = plant::load(&plant_folder(), &kinds::blocks(), &kinds::Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)));
    let (
        hub,
        Intake {
            orders, attempts, ..
        },
    ) = Hub::new(|| 0);
    let (ring_in, ring) = rtrb::RingBuffer::new(4);
    let (pump, pump_out) = crossbeam::channel::unbounded();
    let (editions, _) = crossbeam::channel::unbounded();
    let flags = crate::supervision::flags_of(&plant);
    let supervision = Supervision::new(&plant, hub.clone(), driver::Pace::new(1.0), flags);
    let clerk = Clerk {
        hub,
        orders,
        attempts,
        ledger,
        kept: Kept::default(),
        postings,
        ledger_down: Arc::default(),
        checkpoints: None,
        rings: vec![ring_in],
        places: vec![Place {
            task: 0,
            slot: 3,
            write: Some((5, true)),
            kind: signal::Kind::Real,
        }],
        changer: Changer::new(plant_folder(), plant, Vec::new(), editions),
        pump,
        forces: ForceNotes::default(),
        bypasses: BypassNotes::default(),
        env: Environment::Simulation,
        clocks: Box::new(Clocks::now),
        clock_steps: Arc::default(),
        supervision: Arc::new(supervision),
    };
    Office {
        clerk,
        ring,
        sender,
        _pump: pump_out,
    }
}

type Wait = oneshot::Receiver<Result<Receipt, Refusal>>;

fn order(edition: u64, ask: Ask) -> (Order, Wait) {
    let (answer, wait) = oneshot::channel();
    let order = Order {
        id: "1".into(),
        edition,
        actor: "operator".into(),
        subject: "TIC-101.SP".into(),
        ask,
        reason: "trial".into(),
        signatures: Vec::new(),
        answer,
    };
    (order, wait)
}

const WRITE: Ask = Ask::Write {
    handle: 0,
    value: 42.0,
    old: 40.0,
};

impl Office {
    fn ask(&mut self, edition: u64, ask: Ask) -> Result<Receipt, Refusal> {
        let (order, mut wait) = order(edition, ask);
        self.clerk.handle(Waiting {
            orders: vec![order],
            ..Waiting::default()
        });
        wait.try_recv().unwrap()
    }
}

fn whats(disk: &MemoryDisk) -> Vec<Record> {
    read::read_from(disk, read::Place::default())
        .unwrap()
        .entries
}

#[test]
fn what_cannot_be_recorded_is_not_done_and_it_recovers_by_itself() {
    let disk = MemoryDisk::default();
    let mut office = office(&disk);
    assert!(office.ask(1, WRITE).is_ok());
    assert!(office.ring.pop().is_ok());
    // The sync of the next record fails, and everything after it.
    disk.fail_at(2, DiskFault::Device, true);
    for _ in 0..3 {
        let refusal = office.ask(1, WRITE).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::JournalDown);
        assert!(refusal.en.contains("JournalDown"), "{}", refusal.en);
        assert!(office.ring.pop().is_err(), "nothing reached the scan");
        assert!(office.clerk.ledger_down.load(Ordering::Relaxed));
        office.clerk.tend(0, true);
    }
    let force = Ask::Force {
        handle: 0,
        value: 1.0,
        old: 0.0,
    };
    assert!(office.ask(1, force).is_err());
    assert!(office.clerk.forces.lock().unwrap().is_empty());
    disk.mend();
    office.clerk.tend(0, true);
    assert!(!office.clerk.ledger_down.load(Ordering::Relaxed));
    assert!(office.ask(1, WRITE).is_ok());
    assert!(office.ring.pop().is_ok());
    // What was refused meanwhile is a record as soon as there can be one.
    let records = whats(&disk);
    let words: Vec<&str> = records.iter().map(|record| record.what.as_str()).collect();
    let refused = ["refused"; 4];
    let expected = [&["write", "cut", "reopened"][..], &refused, &["write"]].concat();
    assert_eq!(words, expected);
    assert!(records[3].why.contains("JournalDown"), "{}", records[3].why);
}

#[test]
fn what_has_happened_waits_for_a_ledger_that_is_down_and_what_must_be_recorded_first_does_not() {
    let disk = MemoryDisk::default();
    let mut office = office(&disk);
    let entry = |what: &str| Record::system(0, "SIM", what, "", "");
    disk.fail_at(2, DiskFault::Device, true);
    let handle = |office: &mut Office| {
        let mut waiting = Waiting::default();
        drain(&mut waiting.postings, &office.clerk.postings);
        office.clerk.handle(waiting);
    };
    office.sender.post(vec![entry("history down")]).unwrap();
    let asked = office.sender.ask(vec![entry("script started")]).unwrap();
    handle(&mut office);
    assert!(asked.try_recv().unwrap().is_err());
    office.clerk.tend(0, true);
    office.sender.post(vec![entry("history up")]).unwrap();
    handle(&mut office);
    disk.mend();
    for _ in 0..3 {
        office.clerk.tend(0, true);
    }
    let words: Vec<String> = whats(&disk).into_iter().map(|r| r.what).collect();
    assert_eq!(
        words,
        ["cut", "reopened", "history down", "history up"],
        "once each"
    );
}

#[test]
fn of_what_cannot_wait_the_number_is_recorded() {
    let disk = MemoryDisk::default();
    let mut office = office(&disk);
    disk.fail_at(1, DiskFault::Full, true);
    let entry = |at: usize| Record::system(0, "SIM", &format!("happened {at}"), "", "");
    for at in 0..4_100 {
        office.sender.post(vec![entry(at)]).unwrap();
        let mut waiting = Waiting::default();
        drain(&mut waiting.postings, &office.clerk.postings);
        office.clerk.handle(waiting);
    }
    disk.mend();
    office.clerk.tend(0, true);
    let records = whats(&disk);
    let happened = records.iter().filter(|r| r.what.starts_with("happened"));
    assert_eq!(happened.count(), 4_096);
    let gap = records.last().unwrap();
    assert_eq!(gap.what, "gap");
    assert_eq!(gap.why, "not recorded while the ledger was down: 4");
}

#[test]
fn what_can_never_be_written_keeps_back_nothing_and_a_ledger_that_fails_again_loses_nothing() {
    let disk = MemoryDisk::default();
    let mut office = office(&disk);
    let entry = |what: &str| Record::system(0, "SIM", what, "", "");
    let too_long = Record {
        detail: Some("x".repeat(100_000).into()),
        ..entry("long")
    };
    disk.fail_at(1, DiskFault::Full, true);
    for entry in [entry("first"), too_long, entry("last")] {
        office.sender.post(vec![entry]).unwrap();
        let mut waiting = Waiting::default();
        drain(&mut waiting.postings, &office.clerk.postings);
        office.clerk.handle(waiting);
    }
    // It comes back, and fails again while the first is written.
    disk.mend();
    office.clerk.ledger.reopen().unwrap();
    disk.fail_at(2, DiskFault::Device, true);
    office.clerk.write_kept();
    assert!(office.clerk.ledger.down().is_some());
    disk.mend();
    office.clerk.tend(0, true);
    let records = whats(&disk);
    let words: Vec<&str> = records.iter().map(|record| record.what.as_str()).collect();
    let ours = ["first", "last", "gap"];
    let seen: Vec<&str> = words
        .iter()
        .filter(|word| ours.contains(word))
        .copied()
        .collect();
    assert_eq!(seen, ours, "{words:?}");
    let gap = records.last().unwrap();
    assert_eq!(gap.why, "not recorded while the ledger was down: 1");
}

#[test]
fn an_order_for_another_edition_is_refused_and_the_record_says_so() {
    let disk = MemoryDisk::default();
    let mut office = office(&disk);
    let refusal = office.ask(2, WRITE).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::ValueChanged);
    assert!(office.ring.pop().is_err());
    let records = whats(&disk);
    let words: Vec<&str> = records.iter().map(|record| record.what.as_str()).collect();
    assert_eq!(words, ["write", "refused"]);
    assert_eq!(records[1].why, refusal.en);
}

#[test]
fn all_that_waits_is_recorded_with_one_sync_and_each_is_told() {
    let disk = MemoryDisk::default();
    let mut office = office(&disk);
    let entry = |what: &str| Record::system(0, "SIM", what, "", "");
    let first = office.sender.ask(vec![entry("a"), entry("b")]).unwrap();
    office.sender.post(vec![entry("c")]).unwrap();
    let last = office.sender.ask(vec![entry("d")]).unwrap();
    let (order, mut wait) = order(1, WRITE);
    let before = disk.operations();
    let mut waiting = Waiting {
        orders: vec![order],
        ..Waiting::default()
    };
    drain(&mut waiting.postings, &office.clerk.postings);
    office.clerk.handle(waiting);
    assert_eq!(disk.operations() - before, 2, "one write and one sync");
    assert!(wait.try_recv().unwrap().is_ok());
    assert_eq!(first.try_recv().unwrap(), Ok(2));
    assert_eq!(last.try_recv().unwrap(), Ok(5));
    let words: Vec<String> = whats(&disk).into_iter().map(|r| r.what).collect();
    assert_eq!(words, ["write", "a", "b", "c", "d"]);
    disk.fail_at(1, DiskFault::Full, false);
    let refused = office.sender.ask(vec![entry("e")]).unwrap();
    let mut waiting = Waiting::default();
    drain(&mut waiting.postings, &office.clerk.postings);
    office.clerk.handle(waiting);
    let answer = refused.try_recv().unwrap();
    assert!(matches!(answer, Err(Unrecorded::JournalDown { .. })));
}

#[test]
fn a_step_of_the_clock_is_recorded_and_numbers_keep_the_order() {
    let disk = MemoryDisk::default();
    let mut office = office(&disk);
    office.clerk.clock_stepped(Step {
        expected_ns: 3_600_000_000_000,
        found_ns: 0,
    });
    office.ask(1, WRITE).unwrap();
    let records = whats(&disk);
    assert_eq!((records[0].seq, records[1].seq), (1, 2));
    assert_eq!(records[0].what, "clock-step");
    let old = records[0].old.as_ref().unwrap().to_string();
    assert_eq!(old, "1970-01-01T01:00:00.000Z");
}

/// The clock of the machine, which somebody moves.
fn faulty_clock() -> (Arc<AtomicI64>, ReadClocks) {
    let moved_ns = Arc::new(AtomicI64::new(0));
    let read = moved_ns.clone();
    let clocks = move || {
        let clocks = Clocks::now();
        Clocks {
            utc_ns: clocks.utc_ns + read.load(Ordering::Relaxed),
            ..clocks
        }
    };
    (moved_ns, Box::new(clocks))
}

#[test]
fn a_clock_that_is_set_back_while_the_station_runs_is_found_recorded_and_told_once() {
    let disk = MemoryDisk::default();
    let mut office = office(&disk);
    let (moved_ns, clocks) = faulty_clock();
    office.clerk.clocks = clocks;
    let steps = office.clerk.clock_steps.clone();
    let stop = Arc::new(AtomicBool::new(false));
    let (mut clerk, ended) = (office.clerk, stop.clone());
    clerk.rings.clear();
    // The watch begins before the clock is moved: a record is written after its first look.
    let running = std::thread::spawn(move || clerk.run(&ended));
    let recorded = |what: &str| {
        office
            .sender
            .record(vec![Record::system(0, "SIM", what, "", "")])
    };
    recorded("a").unwrap();
    moved_ns.store(-3_600_000_000_000, Ordering::Relaxed);
    let patience = Instant::now() + Duration::from_secs(60);
    while steps.load(Ordering::Relaxed) == 0 {
        assert!(Instant::now() < patience, "nobody saw it");
        std::thread::yield_now();
    }
    recorded("b").unwrap();
    stop.store(true, Ordering::Release);
    running.join().unwrap();
    let words: Vec<String> = whats(&disk).into_iter().map(|record| record.what).collect();
    assert_eq!(words, ["a", "clock-step", "b", "stop"]);
    assert_eq!(steps.load(Ordering::Relaxed), 1);
}

#[test]
fn signatures_stand_in_the_entry_that_they_sign() {
    let disk = MemoryDisk::default();
    let mut office = office(&disk);
    let (mut signed, mut wait) = order(1, WRITE);
    let by = |user: &str, meaning| people::Signed {
        user: user.into(),
        full_name: format!("Name of {user}"),
        utc_ns: 1,
        meaning,
        method: "password".into(),
        of: "00".repeat(32),
    };
    signed.signatures = vec![
        by("operator", people::Meaning::Performed),
        by("wang", people::Meaning::Verified),
    ];
    office.clerk.handle(Waiting {
        orders: vec![signed],
        ..Waiting::default()
    });
    assert!(wait.try_recv().unwrap().is_ok());
    let record = &whats(&disk)[0];
    assert_eq!(record.why, "trial");
    assert_eq!(record.who.second.as_deref(), Some("wang"));
    let signatures = record.signatures();
    assert_eq!(signatures.len(), 2);
    assert_eq!(signatures[1]["meaning"], "verified");
    assert_eq!(
        record.why_signed(),
        "trial [performed by operator (Name of operator), by password] \
         [verified by wang (Name of wang), by password]"
    );
}

#[test]
fn words_without_end_are_shortened_and_recorded() {
    let disk = MemoryDisk::default();
    let mut office = office(&disk);
    let (mut long, mut wait) = order(1, WRITE);
    long.reason = "长".repeat(100_000);
    office.clerk.handle(Waiting {
        orders: vec![long],
        ..Waiting::default()
    });
    assert!(wait.try_recv().unwrap().is_ok());
    let why = &whats(&disk)[0].why;
    assert!(why.len() < 1_100 && why.ends_with('…'));
}

#[test]
fn a_note_is_recorded_and_reaches_no_scan_and_without_its_record_there_is_none() {
    let disk = MemoryDisk::default();
    let mut office = office(&disk);
    let note = || Ask::Note {
        what: "sign-in".into(),
    };
    // Also while another edition is on its way: people come and go at any time.
    assert!(office.ask(2, note()).is_ok());
    assert!(office.ring.pop().is_err());
    let is_sign_in = |record: &Record| record.what == "sign-in" && record.who.name == "operator";
    assert_eq!(whats(&disk).iter().filter(|r| is_sign_in(r)).count(), 1);
    disk.fail_at(2, DiskFault::Device, true);
    let refusal = office.ask(1, note()).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::JournalDown);
}

#[test]
fn a_change_comes_after_the_orders_given_before_it() {
    let mut office = office(&MemoryDisk::default());
    let (write, mut written) = order(1, WRITE);
    let (change, mut changed) = order(1, Ask::Adopt { digest: None });
    let mut ring = office.ring;
    let scan = std::thread::spawn(move || {
        // The change waits: while an order lies here there is no answer to it.
        while ring.is_empty() {
            std::thread::yield_now();
        }
        for _ in 0..1_000 {
            assert!(changed.try_recv().is_err());
        }
        ring.pop().unwrap();
        (ring, changed)
    });
    office.clerk.handle(Waiting {
        orders: vec![write, change],
        ..Waiting::default()
    });
    let (_ring, mut changed) = scan.join().unwrap();
    assert!(written.try_recv().unwrap().is_ok());
    let refusal = changed.try_recv().unwrap().unwrap_err();
    assert!(refusal.en.contains("the one that runs"), "{}", refusal.en);
}

#[test]
fn a_task_that_has_ended_takes_no_order() {
    let mut office = office(&MemoryDisk::default());
    drop(std::mem::replace(
        &mut office.ring,
        rtrb::RingBuffer::new(1).1,
    ));
    let refusal = office.ask(1, WRITE).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::RuntimeStalled);
}
