use super::*;
use crate::desk::{Cell, Edition};
use signal::Quality;

fn tag(handle: u32, name: &str) -> Tag {
    Tag {
        handle,
        name: name.into(),
        desc: Default::default(),
        unit: "°C".into(),
        decimals: 1,
        kind: TagKind::Real,
        lo: 0.0,
        hi: 100.0,
        limits: Default::default(),
        writable: Some(Writable {
            lo: 0.0,
            hi: 60.0,
            ..Writable::default()
        }),
        states: Vec::new(),
    }
}

/// Takes these tags as an edition.
fn take(hub: &Hub, edition: u64, names: &[&str]) {
    let tags: Vec<Tag> = (0..).zip(names).map(|(at, name)| tag(at, name)).collect();
    let history = History::new(tags.len(), 10, 1_000_000_000);
    let forceable = vec![true; tags.len()];
    let directory = Directory {
        epoch: edition,
        edition: Edition {
            number: edition,
            digest: String::new(),
        },
        tags,
        ..Directory::empty()
    };
    hub.set_directory(directory, forceable, history);
}

fn image(values: &[f64]) -> Snapshot {
    Snapshot {
        scan: 1,
        utc_ns: 1,
        cells: values
            .iter()
            .map(|value| Cell {
                value: *value,
                quality: Quality::GOOD,
            })
            .collect(),
    }
}

fn command(tag: &str, value: f64) -> Command {
    Command {
        id: "1".into(),
        actor: "operator".into(),
        tag: tag.into(),
        value,
        seen_value: None,
        reason: String::new(),
        permit: String::new(),
    }
}

#[test]
fn an_image_of_another_edition_is_never_shown_under_the_new_names() {
    let (hub, _intake) = Hub::new(|| 0);
    take(&hub, 1, &["TIC-101.SP"]);
    hub.set_snapshot(1, image(&[40.0]));
    // A tag that sorts before it moves the handle of the other.
    take(&hub, 2, &["A.PV", "TIC-101.SP"]);
    assert!(hub.snapshot().cells.is_empty());
    hub.set_snapshot(1, image(&[40.0]));
    assert!(hub.snapshot().cells.is_empty());
    hub.set_snapshot(2, image(&[1.0, 40.0]));
    assert_eq!(hub.snapshot().cells[1].value, 40.0);
}

#[test]
fn nothing_is_ordered_as_long_as_the_value_now_is_not_known() {
    let (hub, intake) = Hub::new(|| 0);
    take(&hub, 1, &["TIC-101.SP"]);
    let refused = hub.check(&command("TIC-101.SP", 50.0)).unwrap_err();
    assert_eq!(refused.code, RefusalCode::RuntimeStalled);
    let refused = hub.check_force("TIC-101.SP", Some(1.0)).unwrap_err();
    assert_eq!(refused.code, RefusalCode::RuntimeStalled);
    assert!(intake.orders.is_empty());
}

#[test]
fn an_order_names_the_edition_by_which_it_was_checked() {
    let (hub, intake) = Hub::new(|| 0);
    take(&hub, 7, &["TIC-101.SP"]);
    hub.set_snapshot(7, image(&[40.0]));
    drop(hub.submit(command("TIC-101.SP", 50.0)));
    drop(hub.force(Forcing {
        id: "2".into(),
        actor: "service".into(),
        tag: "TIC-101.SP".into(),
        value: Some(3.0),
        reason: "loop check".into(),
    }));
    let orders: Vec<Order> = intake.orders.try_iter().collect();
    assert_eq!(orders.len(), 2);
    for order in orders {
        assert_eq!((order.edition, order.subject.as_str()), (7, "TIC-101.SP"));
    }
}

#[test]
fn the_sequence_is_read_forwards_and_backwards_and_trips_stand_in_the_order_of_their_times() {
    let (hub, _intake) = Hub::new(|| 0);
    for seq in 1..=1_200 {
        hub.add_sequence(SequenceRow {
            seq,
            ..SequenceRow::default()
        });
    }
    let numbers = |since, before| -> (u64, u64, usize) {
        let rows = hub.sequence(since, before);
        let ends = (rows.first(), rows.last());
        let number = |row: Option<&SequenceRow>| row.map_or(0, |row| row.seq);
        (number(ends.0), number(ends.1), rows.len())
    };
    assert_eq!(numbers(0, None), (701, 1_200, 500));
    assert_eq!(numbers(1_198, None), (1_199, 1_200, 2));
    assert_eq!(numbers(0, Some(701)), (201, 700, 500));
    assert_eq!(numbers(0, Some(1)), (0, 0, 0));
    assert_eq!(numbers(500, Some(300)), (0, 0, 0));
    // A run before is read while the first trip of this one has already come.
    for utc_ms in [500, 100, 300] {
        hub.add_trip(Arc::new(TripRecord {
            utc_ms,
            ..TripRecord::default()
        }));
    }
    let times: Vec<i64> = hub.trips().iter().map(|trip| trip.utc_ms).collect();
    assert_eq!(times, [500, 300, 100]);
    for utc_ms in 1_000..1_100 {
        hub.add_trip(Arc::new(TripRecord {
            utc_ms,
            ..TripRecord::default()
        }));
    }
    let kept = hub.trips();
    assert_eq!((kept.len(), kept[0].utc_ms), (TRIPS_KEPT_MAX, 1_099));
}
