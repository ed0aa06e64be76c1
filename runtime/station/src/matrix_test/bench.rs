//! The protect stage of a task by itself: the same blocks with the same tables that
//! run in the plant; all that they read comes from the test.

use super::oracle::{Device, Position, Wishes};
use super::sheet::{Pin, Point, Sheet};
use matrix::{Action, EffectKind};
use plant::Plant;
use scan::link::{declared_kinds, link};
use scan::{
    BlockDecl, Door, Entry, Inlet, Linked, NoWitness, ProblemKind, Scan, SimClock, Slot,
    SourceDecl, Stage, Start, Task, Value, Witness,
};
use signal::{Kind, Level, Quality, Reason, ScanIndex, Utc};

/// Name of the source that the test plays.
const FIELD: &str = "field";

/// What comes in: one frame of the field, and what people do.
#[derive(Clone, Debug, Default)]
struct Feed {
    frame: Vec<(u64, Quality)>,
    entries: Vec<Entry>,
}

impl Inlet for Feed {
    fn sample<W: Witness>(&mut self, _scan: &Scan, door: &mut Door<'_, W>) {
        door.frame(0, self.frame.iter().copied());
        for entry in self.entries.drain(..) {
            door.admit(entry);
        }
    }
}

/// Where a point of the matrix is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drive {
    /// Place in the frame of the field.
    Field(usize, Kind),
    /// Written by people: never bad.
    Write(Slot, Kind),
    /// Nobody reads it, or a protective block writes it.
    Absent,
}

/// How a device is moved and seen.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    command: Option<Slot>,
    /// Whether a true command is the open position.
    is_open_true: bool,
    /// Settings with the values that take it away and back.
    wish: Vec<(Slot, [u64; 2])>,
    /// The demand of an analog output can be driven.
    is_driven: bool,
    /// Place of the run feedback in the frame, and its point if it is one.
    feedback: Option<(usize, Option<usize>)>,
    /// It may not start again at once.
    pub is_locked_out: bool,
}

/// Saved state of the program with the world around it.
#[derive(Clone)]
pub(super) struct Saved {
    words: Vec<u64>,
    frame: Vec<(u64, Quality)>,
    index: u64,
}

/// The program under test.
pub(super) struct Bench {
    task: Task<SimClock, Feed, (), NoWitness>,
    /// What is set without being bad is set as uncertain.
    pub is_doubtful: bool,
    index: u64,
    pub period_ns: u64,
    drives: Vec<Drive>,
    pub holds: Vec<Hold>,
    resets: Vec<Option<Slot>>,
    mos: Vec<Vec<Option<Slot>>>,
    oos: Vec<Option<Slot>>,
    pins: Vec<Option<Slot>>,
    trips: Vec<Option<Slot>>,
    mos_seen: Vec<Vec<Option<Slot>>>,
    oos_seen: Vec<Option<Slot>>,
}

fn text<'b>(block: &'b BlockDecl, key: &str) -> Option<&'b str> {
    match block.config.get(key) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

fn real(block: &BlockDecl, key: &str, default: f64) -> f64 {
    match block.config.get(key) {
        Some(Value::Real(real)) => *real,
        Some(Value::Int(int)) => *int as f64,
        _ => default,
    }
}

/// Devices of a sheet with what the columns do to them.
pub(super) fn devices(sheet: &Sheet, plant: &Plant) -> Vec<Device> {
    let mut devices: Vec<Device> = Vec::new();
    for (column, effect) in sheet.matrix.effects.iter().enumerate() {
        let EffectKind::Final(actions) = &effect.kind else {
            continue;
        };
        for action in actions {
            let name = action.device();
            match devices.iter_mut().find(|device| device.name == name) {
                Some(device) => device.actions.push((column, action.clone())),
                None => devices.push(Device {
                    name: name.to_string(),
                    actions: vec![(column, action.clone())],
                    demand: 0.0,
                }),
            }
        }
    }
    let task = plant.tasks.iter().find(|task| task.name == sheet.task);
    let blocks = task.map_or(&[][..], |task| &task.input.blocks);
    for device in &mut devices {
        let Some(block) = blocks.iter().find(|block| block.name == device.name) else {
            continue;
        };
        let (lo, hi) = (real(block, "lo", 0.0), real(block, "hi", 100.0));
        // A demand that no action equals.
        device.demand = (1..20)
            .map(|part| lo + (hi - lo) * f64::from(part) * 0.055)
            .find(|demand| {
                device.actions.iter().all(|(_, action)| {
                    !matches!(action, Action::Analog { value, .. } if (value - demand).abs() < 1e-9)
                })
            })
            .unwrap_or(lo);
    }
    devices
}

impl Bench {
    /// The protect stage of the sheet's task in this plant.
    ///
    /// # Errors
    /// What keeps it from being linked by itself, in words.
    pub fn new(
        sheet: &Sheet,
        plant: &Plant,
        points: &[Point],
        pins: &[Pin],
        devices: &[Device],
    ) -> Result<Bench, String> {
        let task = plant
            .tasks
            .iter()
            .find(|task| task.name == sheet.task)
            .ok_or_else(|| format!("there is no task {}", sheet.task))?;
        let kinds = declared_kinds(&task.input);
        let mut input = task.input.clone();
        input
            .blocks
            .retain(|block| block.stage.unwrap_or(block.kind.stage) == Stage::Protect);
        let mut field = SourceDecl {
            name: FIELD.into(),
            tags: Vec::new(),
        };
        let linked: Linked = loop {
            input.sources = vec![field.clone()];
            let problems = match link(&input) {
                Ok(linked) => break linked,
                Err(problems) => problems,
            };
            let known = field.tags.len();
            for problem in &problems {
                if let ProblemKind::UnknownTag { tag, .. } = &problem.kind
                    && let Some(kind) = kinds.get(tag)
                    && field.tags.iter().all(|(name, _)| name != tag)
                {
                    field.tags.push((tag.clone(), *kind));
                }
            }
            if field.tags.len() == known {
                return Err(format!("the protect stage of {}: {problems:?}", task.name));
            }
        };
        let slot = |tag: &str| linked.tags.get(tag).map(|entry| entry.slot);
        let wish = |tag: &str| {
            let entry = linked.tags.get(tag)?;
            entry.writable.map(|writable| writable.slot)
        };
        let in_frame = |tag: &str| field.tags.iter().position(|(name, _)| name == tag);
        let drives = points
            .iter()
            .map(
                |point| match (in_frame(&point.tag), linked.tags.get(&point.tag)) {
                    (Some(place), _) => Drive::Field(place, field.tags[place].1),
                    (None, Some(entry)) => match entry.writable {
                        Some(writable) if !writable.is_request => {
                            Drive::Write(writable.slot, entry.kind)
                        }
                        _ => Drive::Absent,
                    },
                    (None, None) => Drive::Absent,
                },
            )
            .collect();
        let mut frame: Vec<(u64, Quality)> = field
            .tags
            .iter()
            .map(|(_, kind)| (kind.from_f64(0.0), Quality::GOOD))
            .collect();
        let block = |name: &str| input.blocks.iter().find(|block| block.name == name);
        let mut holds = Vec::new();
        for device in devices {
            let Some(block) = block(&device.name) else {
                return Err(format!("{} is not in the protect stage", device.name));
            };
            let own = |suffix: &str| format!("{}.{suffix}", device.name);
            let command = text(block, "cmd").map_or_else(|| own("CMD"), str::to_string);
            let mut hold = Hold {
                command: slot(&command),
                is_open_true: text(block, "fail") != Some("open"),
                wish: Vec::new(),
                is_driven: false,
                feedback: None,
                is_locked_out: real(block, "restart_min_s", 0.0) > 0.0,
            };
            match &device.actions[0].1 {
                Action::Valve { open, .. } => {
                    let mode = wish(&own("MODE")).map(|slot| (slot, [0, 0]));
                    let away = [u64::from(!*open), u64::from(*open)];
                    let open = wish(&own("OPEN")).map(|slot| (slot, away));
                    hold.wish.extend(mode.into_iter().chain(open));
                }
                Action::Stop { .. } => {
                    hold.wish
                        .extend(wish(&own("START")).map(|slot| (slot, [1, 0])));
                    hold.feedback = text(block, "run").and_then(|tag| {
                        let point = points.iter().position(|point| point.tag == tag);
                        Some((in_frame(tag)?, point))
                    });
                }
                Action::Analog { .. } => {
                    if let Some(place) = text(block, "demand").and_then(in_frame) {
                        frame[place].0 = device.demand.to_bits();
                        hold.is_driven = true;
                    }
                }
            }
            if let Some(place) = text(block, "permit").and_then(in_frame) {
                frame[place].0 = 1;
            }
            holds.push(hold);
        }
        let causes = &sheet.matrix.causes;
        let numbered =
            |of: &dyn Fn(&str) -> Option<Slot>, id: &str, n: usize| -> Vec<Option<Slot>> {
                (1..=n).map(|at| of(&format!("{id}.MOS_{at}"))).collect()
            };
        Ok(Bench {
            is_doubtful: false,
            index: 0,
            period_ns: task.period_ns,
            drives,
            holds,
            resets: sheet
                .matrix
                .groups
                .iter()
                .map(|group| wish(&format!("{}.RESET", group.name)))
                .collect(),
            mos: causes
                .iter()
                .map(|cause| numbered(&wish, &cause.id, cause.channels.len()))
                .collect(),
            mos_seen: causes
                .iter()
                .map(|cause| numbered(&slot, &cause.id, cause.channels.len()))
                .collect(),
            oos: causes
                .iter()
                .map(|c| wish(&format!("{}.OOS", c.id)))
                .collect(),
            oos_seen: causes
                .iter()
                .map(|c| slot(&format!("{}.OOS", c.id)))
                .collect(),
            pins: pins.iter().map(|pin| slot(&pin.tag)).collect(),
            trips: causes
                .iter()
                .map(|c| slot(&format!("{}.TRIP", c.id)))
                .collect(),
            task: Task {
                clock: SimClock::new(task.period_ns, Utc(0)),
                program: Box::new(linked.program),
                inlet: Feed {
                    frame,
                    entries: Vec::new(),
                },
                outlet: (),
                witness: NoWitness,
            },
        })
    }

    /// Tells every block how the program starts.
    pub fn start(&mut self, start: Start) {
        self.task.program.start(start);
    }

    pub fn save(&self) -> Saved {
        let mut words = vec![0; self.task.program.state_len()];
        let saved = self.task.program.save(&mut words);
        debug_assert!(saved.is_ok());
        Saved {
            words,
            frame: self.task.inlet.frame.clone(),
            index: self.index,
        }
    }

    /// Takes back what this bench saved.
    pub fn restore(&mut self, saved: &Saved) {
        let restored = self.task.program.restore(&saved.words);
        debug_assert!(restored.is_ok());
        self.task.inlet.frame.clone_from(&saved.frame);
        self.task.inlet.entries.clear();
        self.index = saved.index;
    }

    /// Whether a point can be bad at all.
    pub fn can_be_bad(&self, point: usize) -> bool {
        matches!(self.drives[point], Drive::Field(..))
    }

    /// Whether a point is driven.
    pub fn is_driven(&self, point: usize) -> bool {
        self.drives[point] != Drive::Absent
    }

    /// Gives a point a value and a quality from the next scan on.
    pub fn set(&mut self, point: usize, value: f64, is_bad: bool) {
        match self.drives[point] {
            Drive::Field(place, kind) => {
                let quality = match (is_bad, self.is_doubtful) {
                    (true, _) => Quality::SENSOR_FAULT,
                    (_, true) => Quality::new(Level::Uncertain, Reason::Frozen),
                    _ => Quality::GOOD,
                };
                self.task.inlet.frame[place] = (kind.from_f64(value), quality);
            }
            Drive::Write(slot, kind) => self.task.inlet.entries.push(Entry::Write {
                slot: slot.index() as u32,
                bits: kind.from_f64(value),
            }),
            Drive::Absent => {}
        }
    }

    /// One scan, of `dt_ns`.
    pub fn scan(&mut self, wishes: &Wishes, dt_ns: u64) {
        // A drive that is no point of the matrix answers its command at once.
        for hold in &self.holds {
            if let (Some((place, None)), Some(command)) = (hold.feedback, hold.command) {
                let bits = self.task.program.image.cell(command).bits;
                self.task.inlet.frame[place] = (bits, Quality::GOOD);
            }
        }
        let mut ask = |slot: Slot, bits: u64| {
            self.task.inlet.entries.push(Entry::Request {
                slot: slot.index() as u32,
                bits,
            });
        };
        for (group, slot) in self.resets.iter().enumerate() {
            if let (true, Some(slot)) = (wishes.reset.means(group), slot) {
                ask(*slot, 1);
            }
        }
        for (row, channel, on) in &wishes.mos {
            if let Some(slot) = self.mos[*row][*channel] {
                ask(slot, u64::from(*on));
            }
        }
        if let Some((row, on)) = wishes.oos
            && let Some(slot) = self.oos[row]
        {
            ask(slot, u64::from(on));
        }
        if let Some(is_away) = wishes.devices {
            for (slot, bits) in self.holds.iter().flat_map(|hold| &hold.wish) {
                ask(*slot, bits[usize::from(!is_away)]);
            }
        }
        let periods = (dt_ns / self.period_ns).max(1);
        self.index += periods;
        let scan = Scan {
            index: ScanIndex(self.index),
            utc: Utc(0).plus_ns((self.index as i64).saturating_mul(self.period_ns as i64)),
            dt_s: dt_ns as f64 * 1e-9,
            elapsed: u32::try_from(periods).unwrap_or(u32::MAX),
        };
        self.task.scan(&scan);
    }

    fn is(&self, slot: Option<Slot>) -> Option<bool> {
        let cell = self.task.program.image.cell(slot?);
        // What is bad counts as demanded for everybody who reads it.
        Some(cell.bits != 0 || cell.quality().is_bad())
    }

    /// What is seen at a pin; `None` if there is no such tag.
    pub fn pin(&self, pin: usize) -> Option<bool> {
        self.is(self.pins[pin])
    }

    /// Whether a row trips.
    pub fn trip(&self, row: usize) -> Option<bool> {
        self.is(self.trips[row])
    }

    /// Whether a channel is bypassed.
    pub fn mos(&self, row: usize, channel: usize) -> Option<bool> {
        self.is(self.mos_seen[row][channel])
    }

    /// Whether a row is overridden.
    pub fn oos(&self, row: usize) -> Option<bool> {
        self.is(self.oos_seen[row])
    }

    /// Where a device is commanded to; `None` without a command.
    pub fn position(&self, device: usize, like: Position) -> Option<Position> {
        let hold = &self.holds[device];
        let cell = self.task.program.image.cell(hold.command?);
        Some(match like {
            Position::Open(_) => Position::Open((cell.bits != 0) == hold.is_open_true),
            Position::Runs(_) => Position::Runs(cell.bits != 0),
            Position::At(_) => Position::At(f64::from_bits(cell.bits)),
        })
    }

    /// Whether the demand of an analog output is driven.
    pub fn has_demand(&self, device: usize) -> bool {
        self.holds[device].is_driven
    }

    /// The point that is the feedback of a drive.
    pub fn feedback(&self, device: usize) -> Option<usize> {
        self.holds[device].feedback.and_then(|(_, point)| point)
    }
}
