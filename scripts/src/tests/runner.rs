use crate::limits;
use crate::runner::{RunnerOptions, ScriptState, Scripts};
use crate::script::ScriptText;
use gateway::desk::{
    Cell, Directory, Edition, Event, EventKind, Limits, Receipt, Snapshot, Tag, TagKind, Text,
    Writable,
};
use gateway::hub::Intake;
use gateway::{Ask, History, Hub, Order};
use signal::Quality;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Long enough for anything that happens at all.
const LONG: Duration = Duration::from_secs(20);

fn tag(handle: u32, name: &str, kind: TagKind, range: Option<(f64, f64)>) -> Tag {
    Tag {
        handle,
        name: name.into(),
        desc: Text::default(),
        unit: String::new(),
        decimals: 2,
        kind,
        lo: 0.0,
        hi: 100.0,
        limits: Limits::default(),
        writable: range.map(|(lo, hi)| Writable {
            lo,
            hi,
            ..Writable::default()
        }),
        states: Vec::new(),
    }
}

struct Plant {
    hub: Arc<Hub>,
    intake: Intake,
    events: Receiver<Event>,
    options: RunnerOptions,
    scan: u64,
}

/// A desk with a temperature, a set-point and a restart button.
fn plant() -> Plant {
    let (hub, intake) = Hub::new(|| 1_000_000_000);
    let directory = Directory {
        epoch: 1,
        edition: Edition {
            number: 1,
            digest: String::new(),
        },
        tags: vec![
            tag(0, "TT-1.PV", TagKind::Real, None),
            tag(1, "TIC-1.SP", TagKind::Real, Some((0.0, 50.0))),
            tag(2, "HS-1.RESTART", TagKind::Bool, Some((0.0, 1.0))),
        ],
        ..Directory::empty()
    };
    hub.set_directory(
        directory,
        vec![false; 3],
        History::new(3, 10, 1_000_000_000),
    );
    let (tell, events) = channel();
    let options = RunnerOptions {
        desk: hub.clone(),
        tell: Arc::new(move |event| {
            let _ = tell.send(event);
        }),
        pace: Arc::new(|| 100.0),
        stale: LONG,
    };
    let mut plant = Plant {
        hub,
        intake,
        events,
        options,
        scan: 0,
    };
    plant.show(41.5, 40.0, 0.0);
    plant
}

impl Plant {
    fn show(&mut self, pv: f64, sp: f64, restart: f64) {
        self.scan += 1;
        let cells = [pv, sp, restart].map(|value| Cell {
            value,
            quality: Quality::GOOD,
        });
        let snapshot = Snapshot {
            scan: self.scan,
            utc_ns: 0,
            cells: cells.to_vec(),
        };
        self.hub.set_snapshot(1, snapshot);
    }

    /// The next order, taken as the clerk would.
    fn order(&self) -> Order {
        self.intake.orders.recv_timeout(LONG).expect("an order")
    }

    fn event(&self) -> Event {
        self.events.recv_timeout(LONG).expect("an event")
    }
}

fn text(name: &str, text: &str) -> ScriptText {
    ScriptText {
        name: name.into(),
        text: text.into(),
        period_s: 1.0,
        reads: vec!["TT-1.PV".into()],
        writes: vec!["TIC-1.SP".into()],
        restart: Some("HS-1.RESTART".into()),
        operations_max: limits::OPERATIONS_DEFAULT,
    }
}

fn accept(order: Order) {
    let receipt = Receipt {
        id: order.id,
        utc_ns: 0,
        scan: None,
    };
    let _ = order.answer.send(Ok(receipt));
}

#[test]
fn a_write_goes_through_the_desk_under_the_name_of_the_script() {
    let plant = plant();
    let scripts = Scripts::start(
        vec![text(
            "campaign",
            "write(\"TIC-1.SP\", read(\"TT-1.PV\").value - 1.5 - run, \"why\");",
        )],
        &plant.options,
    );
    let order = plant.order();
    assert_eq!(order.actor, "script:campaign");
    assert_eq!(order.subject, "TIC-1.SP");
    assert_eq!(order.reason, "why");
    // The first run asked for what stands already: that is no command.
    assert!(matches!(order.ask, Ask::Write { value, old, .. } if value == 39.0 && old == 40.0));
    accept(order);
    scripts.join();
}

#[test]
fn what_the_desk_refuses_is_told_to_the_script_and_recorded() {
    let plant = plant();
    let scripts = Scripts::start(
        vec![text(
            "greedy",
            "if refusal(\"TIC-1.SP\") != \"\" { print(refusal(\"TIC-1.SP\")); }\nwrite(\"TIC-1.SP\", 80.0);",
        )],
        &plant.options,
    );
    let attempt = plant.intake.attempts.recv_timeout(LONG).expect("a record");
    assert_eq!(attempt.actor, "script:greedy");
    let event = plant.event();
    assert!(event.text.en.contains("outside 0 to 50"), "{event:?}");
    assert_eq!(event.actor, "script:greedy");
    scripts.join();
}

#[test]
fn a_faulty_script_stops_and_the_other_goes_on() {
    let plant = plant();
    let scripts = Scripts::start(
        vec![
            text("faulty", "let x = 0;\nloop { x += 1; }"),
            text(
                "sound",
                "state.n = (state.n ?? 0) + 1; if state.n % 20 == 0 { print(state.n); }",
            ),
        ],
        &plant.options,
    );
    let statuses = scripts.statuses();
    let (mut stopped, mut lines) = (None, 0);
    while stopped.is_none() || lines < 3 {
        let event = plant.event();
        match event.actor.as_str() {
            "script:faulty" => stopped = Some(event),
            _ => lines += 1,
        }
    }
    let stopped = stopped.expect("an event");
    assert_eq!(stopped.kind, EventKind::System);
    assert!(stopped.text.en.contains("script faulty stopped: line 2"));
    assert!(stopped.text.zh.contains("脚本 faulty 已停止"));
    assert_eq!(statuses[0].1.state(), ScriptState::Faulted);
    assert_eq!(statuses[0].1.runs(), 1, "a faulted script does not run");
    assert_eq!(statuses[1].1.state(), ScriptState::Running);
    assert!(statuses[1].1.runs() >= 60);
    scripts.join();
}

#[test]
fn a_person_restarts_a_faulted_script() {
    let mut plant = plant();
    let scripts = Scripts::start(
        vec![text(
            "once",
            "if read(\"TT-1.PV\").value > 40.0 { throw \"warm\"; }\nprint(\"fine\");",
        )],
        &plant.options,
    );
    let statuses = scripts.statuses();
    assert!(plant.event().text.en.contains("warm"));
    assert_eq!(statuses[0].1.state(), ScriptState::Faulted);
    // The cause is gone, but nobody has asked yet: nothing happens until then.
    plant.show(20.0, 40.0, 0.0);
    plant.show(20.0, 40.0, 1.0);
    assert!(plant.event().text.en.contains("begins anew"));
    assert_eq!(plant.event().text.en, "fine");
    assert_eq!(statuses[0].1.state(), ScriptState::Running);
    scripts.join();
    assert_eq!(statuses[0].1.state(), ScriptState::Ended);
}

#[test]
fn values_that_do_not_move_become_stale() {
    let mut plant = plant();
    plant.options.stale = Duration::ZERO;
    let scripts = Scripts::start(
        vec![text(
            "watch",
            "let t = read(\"TT-1.PV\"); if t.is_bad { print(t.quality); }",
        )],
        &plant.options,
    );
    assert!(plant.event().text.en.contains("stale"));
    scripts.join();
}

#[test]
fn lines_are_rationed() {
    let plant = plant();
    let scripts = Scripts::start(
        vec![text(
            "talker",
            "if run < 40 { print(`line ${run}`); } else { throw \"end\"; }",
        )],
        &plant.options,
    );
    let mut lines = 0;
    loop {
        let event = plant.event();
        if event.text.en.contains("stopped") {
            break;
        }
        lines += u32::from(event.text.en.starts_with("line"));
    }
    // A full minute's ration at first, then one in three runs of a second each.
    assert!(lines <= limits::LINES_PER_MINUTE_MAX + 14, "{lines}");
    assert!(lines >= limits::LINES_PER_MINUTE_MAX, "{lines}");
    scripts.join();
}

#[test]
fn a_station_that_does_not_answer_does_not_hold_the_end() {
    let plant = plant();
    let scripts = Scripts::start(
        vec![text("waits", "write(\"TIC-1.SP\", 1.0);")],
        &plant.options,
    );
    let order = plant.order();
    scripts.join();
    drop(order);
}
