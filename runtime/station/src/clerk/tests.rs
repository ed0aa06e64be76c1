use super::*;
use crate::kinds;
use gateway::hub::Intake;
use journal::storage::{FaultyStorage, MemoryStorage, StorageFault};
use std::path::PathBuf;
use tokio::sync::oneshot;

fn plant_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../plants/synthesis")
}

/// A clerk of the demo plant with one ring, which nobody empties.
struct Office {
    clerk: Clerk,
    ring: rtrb::Consumer<ScanOrder>,
    _pump: Receiver<PumpUpdate>,
}

fn office(deeds: Deeds) -> Office {
    let plant = plant::load(&plant_folder(), &kinds::blocks(), &kinds::Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)));
    let (hub, Intake { orders, attempts }) = Hub::new(|| 0);
    let (ring_in, ring) = rtrb::RingBuffer::new(4);
    let (pump, pump_out) = crossbeam::channel::unbounded();
    let (editions, _) = crossbeam::channel::unbounded();
    let flags = crate::supervision::flags_of(&plant);
    let supervision = Supervision::new(&plant, hub.clone(), 1.0, flags);
    let clerk = Clerk {
        hub,
        orders,
        attempts,
        deeds,
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
        env: Environment::Simulation,
        supervision: Arc::new(supervision),
    };
    Office {
        clerk,
        ring,
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
        self.clerk.handle(vec![order]);
        wait.try_recv().unwrap()
    }
}

fn record(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("scanloop-{}-{name}.slj", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

#[test]
fn what_cannot_be_recorded_is_not_done() {
    // Each record is one append and one sync; the fourth operation fails.
    let storage = FaultyStorage::new(MemoryStorage::default(), 4, StorageFault::Error, false);
    let mut office = office(Deeds::over(Box::new(storage), 0));
    assert!(office.ask(1, WRITE).is_ok());
    assert!(office.ring.pop().is_ok());
    for _ in 0..3 {
        let refusal = office.ask(1, WRITE).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::Failed);
        assert!(refusal.en.contains("JournalDown"), "{}", refusal.en);
        assert!(office.ring.pop().is_err(), "nothing reached the scan");
    }
    let force = Ask::Force {
        handle: 0,
        value: 1.0,
        old: 0.0,
    };
    assert!(office.ask(1, force).is_err());
    assert!(office.clerk.forces.lock().unwrap().is_empty());
}

#[test]
fn an_order_for_another_edition_is_refused_and_the_record_says_so() {
    let path = record("edition");
    let mut office = office(Deeds::open(&path).unwrap());
    let refusal = office.ask(2, WRITE).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::ValueChanged);
    assert!(office.ring.pop().is_err());
    let deeds = Deeds::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let whats: Vec<&str> = deeds.iter().map(|deed| deed.what.as_str()).collect();
    assert_eq!(whats, ["write", "refused"]);
    assert_eq!(deeds[1].why, refusal.en);
}

#[test]
fn a_note_is_recorded_and_reaches_no_scan_and_without_its_record_there_is_none() {
    let path = record("note");
    let note = || Ask::Note {
        what: "sign-in".into(),
    };
    let mut kept = office(Deeds::open(&path).unwrap());
    // Also while another edition is on its way: people come and go at any time.
    assert!(kept.ask(2, note()).is_ok());
    assert!(kept.ring.pop().is_err());
    let deeds = Deeds::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!((deeds.len(), deeds[0].what.as_str()), (1, "sign-in"));
    let storage = FaultyStorage::new(MemoryStorage::default(), 1, StorageFault::Error, false);
    let refusal = office(Deeds::over(Box::new(storage), 0)).ask(1, note());
    assert_eq!(refusal.unwrap_err().code, RefusalCode::Failed);
}

#[test]
fn a_change_comes_after_the_orders_given_before_it() {
    let mut office = office(Deeds::over(Box::new(MemoryStorage::default()), 0));
    let (write, mut written) = order(1, WRITE);
    let (change, mut changed) = order(1, Ask::Adopt);
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
    office.clerk.handle(vec![write, change]);
    let (_ring, mut changed) = scan.join().unwrap();
    assert!(written.try_recv().unwrap().is_ok());
    let refusal = changed.try_recv().unwrap().unwrap_err();
    assert!(refusal.en.contains("the one that runs"), "{}", refusal.en);
}

#[test]
fn a_task_that_has_ended_takes_no_order() {
    let mut office = office(Deeds::over(Box::new(MemoryStorage::default()), 0));
    drop(std::mem::replace(
        &mut office.ring,
        rtrb::RingBuffer::new(1).1,
    ));
    let refusal = office.ask(1, WRITE).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::RuntimeStalled);
}
