use super::*;
use crate::archive::with_own;
use crate::directory::{Named, named};
use crate::figures::figures;
use crate::kinds::{Drivers, blocks};
use crate::ledger_sender::{Posting, ledger_sender};
use alarm::kpi::{Range, Rules};
use gateway::History;
use gateway::alarms::{AlarmRow, AlarmState};
use gateway::desk::{Cell, Snapshot};
use plant::{Diagnostics, Plant, Sources};
use signal::Quality;

/// The alarm desk of the demo plant, whose ledger takes everything.
struct Hall {
    work: Work,
    postings: Receiver<Posting>,
    hub: Arc<Hub>,
    image: Snapshot,
    folder: PathBuf,
}

impl Drop for Hall {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn hall(name: &str) -> Hall {
    hall_of(
        name,
        &demo(|text| text).unwrap_or_else(|said| panic!("{said}")),
    )
}

/// The demo plant with the alarms of R-101 edited, or what is said of them.
fn demo(edit: impl Fn(String) -> String) -> Result<Plant, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plants/synthesis");
    let read = Sources::read(&folder, &mut Diagnostics::default());
    let texts = read.files().iter().cloned().map(|(name, text)| {
        if name == "alarms/r101.toml" {
            (name, edit(text))
        } else {
            (name, text)
        }
    });
    plant::load_sources(Sources::from_texts(texts), &blocks(), &Drivers)
        .map_err(|(sources, problems)| problems.render(&sources))
}

fn hall_of(name: &str, plant: &Plant) -> Hall {
    let linked = plant.link();
    let Named {
        directory,
        forceable,
        ..
    } = named(plant, &linked, Environment::Simulation, 1, 1);
    let roll = with_own(Roll::of(plant, &directory));
    // As before the first scan: settings have their values of the text.
    let cells = directory.tags.iter().map(|tag| {
        let tasks = linked.tasks.iter();
        let entry = tasks
            .filter_map(|task| task.linked.tags.get(&tag.name))
            .next();
        let value = entry.map_or(0.0, |entry| entry.kind.to_f64(entry.initial));
        let quality = Quality::GOOD;
        Cell { value, quality }
    });
    let image = Snapshot {
        scan: 1,
        utc_ns: 0,
        cells: cells.collect(),
    };
    let (hub, intake) = Hub::new(rt::utc_ns);
    let history = History::new(directory.tags.len(), 1, 1_000_000_000);
    hub.set_directory(directory, forceable, history);
    let (teller, told) = teller();
    let (ledger, postings) = ledger_sender();
    let folder = std::env::temp_dir().join(format!("scanloop-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let ours = resumed(&roll, None, Vec::new());
    let desk = AlarmDesk {
        hub: hub.clone(),
        told,
        teller,
        deeds: intake.alarms.deeds,
        ledger,
        ledger_down: Arc::default(),
        recording_down: Arc::default(),
        clock_steps: Arc::default(),
        second_place_down: Arc::default(),
        edition: roll.edition,
        rules: SharedRules::default(),
        env: Environment::Simulation,
        folder: folder.clone(),
        listeners: Vec::new(),
    };
    Hall {
        work: Work::new(desk, ours),
        postings,
        hub,
        image,
        folder,
    }
}

impl Hall {
    /// Time goes on by as much as a comparison wants.
    fn turn(&mut self) -> Vec<Entry> {
        self.hub.set_snapshot(1, self.image.clone());
        self.work.compared_ns = rt::monotonic_ns() - COMPARE_EVERY_NS;
        self.work.tick();
        let postings = self.postings.try_iter();
        postings.flat_map(|posting| posting.entries).collect()
    }

    fn row(&self, alarm: &str) -> Option<AlarmRow> {
        let list = self.hub.alarms();
        list.rows.iter().find(|row| row.alarm == alarm).cloned()
    }

    fn write(&mut self, tag: &str, value: f64) {
        let handle = self.hub.handle(tag).expect("a tag of the plant");
        self.image.cells[handle as usize].value = value;
    }
}

/// Settings that differ at the end of these entries.
fn differing(entries: &[Entry]) -> usize {
    let range = Range {
        from_ns: 0,
        to_ns: i64::MAX,
    };
    figures(entries, &[], range, &Rules::default()).unauthorised_changes
}

#[test]
fn a_limit_that_was_written_is_an_alarm_a_record_and_a_figure_until_it_is_put_back() {
    let mut hall = hall("drift");
    let mut entries = hall.turn();
    assert_eq!(hall.row(own::DRIFT), None, "{entries:?}");
    hall.write("TAH-101.LIMIT", 48.0);
    hall.write("TAH-101.ON_DELAY_S", 6.0);
    entries.extend(hall.turn());
    let row = hall.row(own::DRIFT).expect("an alarm");
    assert_eq!(row.state, AlarmState::Unacknowledged);
    let told: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.what == "drift")
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0].why,
        "TAH-101 limit: 45 approved, 48 runs; TAH-101 on_delay_s: 5 approved, 6 runs"
    );
    assert_eq!(differing(&entries), 2);
    assert!(
        hall.turn().iter().all(|entry| entry.what != "drift"),
        "once"
    );
    hall.write("TAH-101.LIMIT", 45.0);
    hall.write("TAH-101.ON_DELAY_S", 5.0);
    entries.extend(hall.turn());
    let row = hall.row(own::DRIFT).expect("to be acknowledged");
    assert_eq!(row.state, AlarmState::ReturnedUnacknowledged);
    for (seq, entry) in entries.iter_mut().enumerate() {
        entry.seq = seq as u64 + 1;
    }
    assert_eq!(differing(&entries), 0);
}

const OF_DOSING: &str =
    "modes = [{ when = \"DOSE.ENABLE\", limit = 43.0, why = \"reactant accumulates\" }]";

#[test]
fn a_limit_of_a_mode_belongs_to_the_detection_and_to_the_master_database() {
    let named = "name = \"TAH-101\"\n";
    let edit = |text: String| text.replace(named, &format!("{named}{OF_DOSING}\n"));
    let plant = demo(edit).unwrap_or_else(|said| panic!("{said}"));
    let mut hall = hall_of("modes", &plant);
    assert!(hall.turn().iter().all(|entry| entry.what != "drift"));
    assert!(hall.hub.handle("TAH-101.LIMIT_ACT").is_some());
    assert!(
        hall.hub.handle("TAH-102.LIMIT_ACT").is_none(),
        "without modes"
    );
    hall.write("TAH-101.LIMIT_1", 44.0);
    let entries = hall.turn();
    let drift = entries
        .iter()
        .find(|entry| entry.what == "drift")
        .expect("a record");
    assert_eq!(drift.why, "TAH-101 limit of a mode: 43 approved, 44 runs");
    // What compares nothing with a limit has none in a mode either.
    let named = "name = \"UA-01\"\n";
    let said = demo(|text: String| text.replace(named, &format!("{named}{OF_DOSING}\n")));
    let said = said.err().expect("refused");
    assert!(
        said.contains("a limit of a mode has no meaning for UA-01"),
        "{said}"
    );
    assert!(said.contains("alarms/r101.toml:"), "{said}");
}

#[test]
fn a_clock_that_was_moved_is_an_alarm_of_the_plant_to_be_acknowledged() {
    let mut hall = hall("clock");
    hall.turn();
    assert_eq!(hall.row("XA-913"), None);
    hall.work.desk.clock_steps.fetch_add(1, Ordering::Relaxed);
    hall.turn();
    let row = hall.row("XA-913").expect("an alarm");
    assert_eq!(row.state, AlarmState::ReturnedUnacknowledged);
    assert_eq!(row.count, 1);
    hall.turn();
    assert_eq!(hall.row("XA-913").expect("still").count, 1, "told once");
}

#[test]
fn conditions_that_did_not_fit_are_an_alarm_and_a_record() {
    let mut hall = hall("lost");
    hall.turn();
    hall.work.desk.teller.lost.fetch_add(3, Ordering::Relaxed);
    let entries = hall.turn();
    let gap = entries
        .iter()
        .find(|entry| entry.what == "gap")
        .expect("a record");
    assert_eq!(gap.why, "3 scans' conditions did not fit");
    let row = hall.row(own::LOST).expect("an alarm");
    assert_eq!(row.state, AlarmState::ReturnedUnacknowledged);
}
