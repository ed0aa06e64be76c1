//! A program under test: declared in a few words, scanned by hand, read by name.

use crate::blocks::registry;
use scan::{
    BlockDecl, Door, Entry, Inlet, LinkInput, Linked, Problem, ProblemKind, Program, Scan,
    SourceDecl, Stage, TagDecl, Task, Value, Witness, link,
};
use signal::{Kind, Quality, Reading, ScanIndex, Unit, Utc};

/// Seconds of a scan of these tests.
pub const PERIOD_S: f64 = 0.1;

pub fn text(text: &str) -> Value {
    Value::Text(text.to_string())
}

pub fn delayed(tag: &str) -> Value {
    Value::Table([("delayed".to_string(), text(tag))].into())
}

pub fn list(tags: &[&str]) -> Value {
    Value::List(tags.iter().map(|tag| text(tag)).collect())
}

/// A block of the test registry.
pub fn block(kind: &str, name: &str, keys: &[(&str, Value)]) -> BlockDecl {
    let kind = registry().get(kind).expect("a kind of this test");
    BlockDecl {
        name: name.to_string(),
        kind,
        stage: None,
        config: keys
            .iter()
            .map(|(key, value)| ((*key).to_string(), value.clone()))
            .collect(),
    }
}

pub fn staged(mut block: BlockDecl, stage: Stage) -> BlockDecl {
    block.stage = Some(stage);
    block
}

pub fn sum(name: &str, tags: &[&str]) -> BlockDecl {
    block("SUM", name, &[("in", list(tags))])
}

/// A tag that people write.
pub fn operator(name: &str, initial: f64) -> TagDecl {
    TagDecl {
        operator: Some(initial),
        ..meta(name)
    }
}

/// A tag that the text says something about.
pub fn meta(name: &str) -> TagDecl {
    TagDecl {
        name: name.to_string(),
        kind: None,
        unit: None,
        range: None,
        operator: None,
    }
}

pub fn with_unit(mut tag: TagDecl, symbol: &str) -> TagDecl {
    tag.unit = Some(Unit::parse(symbol).expect("a unit"));
    tag
}

/// One source of real tags.
pub fn source(tags: &[&str]) -> SourceDecl {
    SourceDecl {
        name: "io1".to_string(),
        tags: tags
            .iter()
            .map(|tag| ((*tag).to_string(), Kind::Real))
            .collect(),
    }
}

pub fn program(blocks: Vec<BlockDecl>) -> LinkInput {
    LinkInput {
        blocks,
        ..LinkInput::default()
    }
}

/// The problems of a program that must not link.
pub fn problems(input: &LinkInput) -> Vec<Problem> {
    match link(input) {
        Ok(_) => panic!("this program must not link"),
        Err(problems) => problems,
    }
}

/// The one problem of a program that must not link.
pub fn problem(input: &LinkInput) -> Problem {
    let mut list = problems(input);
    assert_eq!(list.len(), 1, "{list:?}");
    list.remove(0)
}

pub fn kind_of_problem(input: &LinkInput) -> ProblemKind {
    problem(input).kind
}

/// What came in and what came out.
#[derive(Default)]
pub struct Log {
    pub entries: Vec<Vec<Entry>>,
    pub digests: Vec<u64>,
}

impl Witness for &mut Log {
    fn begin(&mut self, _scan: &Scan) {
        self.entries.push(Vec::new());
    }
    fn entry(&mut self, entry: &Entry) {
        if let Some(scan) = self.entries.last_mut() {
            scan.push(*entry);
        }
    }
    fn end(&mut self, _scan: &Scan, digest: u64) {
        self.digests.push(digest);
    }
}

struct Given<F>(Option<F>);

/// What a test lets in: written once, for any witness.
pub trait Feed {
    fn feed<W: Witness>(self, door: &mut Door<'_, W>);
}

impl Feed for &[Entry] {
    fn feed<W: Witness>(self, door: &mut Door<'_, W>) {
        for entry in self {
            door.admit(*entry);
        }
    }
}

/// A whole frame of source 0.
pub struct Frame<'a>(pub &'a [(f64, Quality)]);

impl Feed for Frame<'_> {
    fn feed<W: Witness>(self, door: &mut Door<'_, W>) {
        door.frame(0, self.0.iter().map(|(value, q)| (value.to_bits(), *q)));
    }
}

impl<F: Feed> Inlet for Given<F> {
    fn sample<W: Witness>(&mut self, _scan: &Scan, door: &mut Door<'_, W>) {
        if let Some(feed) = self.0.take() {
            feed.feed(door);
        }
    }
}

/// A linked program on the bench.
pub struct Bench {
    pub linked: Linked,
    pub index: u64,
    pub log: Log,
}

impl Bench {
    pub fn of(input: &LinkInput) -> Bench {
        let linked = link(input).unwrap_or_else(|problems| panic!("{problems:?}"));
        Bench {
            linked,
            index: 0,
            log: Log::default(),
        }
    }

    /// A scan in which nothing comes in.
    pub fn scan(&mut self) {
        self.scan_with(&[][..]);
    }

    pub fn scans(&mut self, count: usize) {
        for _ in 0..count {
            self.scan();
        }
    }

    pub fn scan_with(&mut self, feed: impl Feed) {
        self.step(1, feed);
    }

    /// A scan `elapsed` periods after the last one.
    pub fn step(&mut self, elapsed: u32, feed: impl Feed) {
        self.index += u64::from(elapsed);
        let program = std::mem::replace(&mut self.linked.program, Program::empty());
        let mut task = Task {
            clock: scan::SimClock::new(100_000_000, Utc(0)),
            program: Box::new(program),
            inlet: Given(Some(feed)),
            outlet: (),
            witness: &mut self.log,
        };
        task.scan(&Scan {
            index: ScanIndex(self.index),
            utc: Utc(self.index as i64 * 100_000_000),
            dt_s: PERIOD_S * f64::from(elapsed),
            elapsed,
        });
        self.linked.program = *task.program;
    }

    pub fn slot(&self, tag: &str) -> u32 {
        self.linked.tags[tag].slot.index() as u32
    }

    pub fn bits(&self, tag: &str) -> u64 {
        let slot = self.linked.tags[tag].slot;
        self.linked.program.image.cell(slot).bits
    }

    pub fn real(&self, tag: &str) -> f64 {
        f64::from_bits(self.bits(tag))
    }

    pub fn int(&self, tag: &str) -> i64 {
        self.bits(tag) as i64
    }

    pub fn reading(&self, tag: &str) -> Reading<f64> {
        Reading::new(self.real(tag), self.quality(tag))
    }

    pub fn quality(&self, tag: &str) -> Quality {
        let slot = self.linked.tags[tag].slot;
        self.linked.program.image.cell(slot).quality()
    }

    /// Lets a person write a tag, as the door is told of it.
    pub fn write(&self, tag: &str, value: f64) -> Entry {
        let entry = &self.linked.tags[tag];
        let writable = entry.writable.expect("a tag that people write");
        let (slot, bits) = (writable.slot.index() as u32, entry.kind.from_f64(value));
        if writable.is_request {
            Entry::Request { slot, bits }
        } else {
            Entry::Write { slot, bits }
        }
    }

    pub fn force(&self, tag: &str, value: f64) -> Entry {
        let bits = self.linked.tags[tag].kind.from_f64(value);
        Entry::Force {
            slot: self.slot(tag),
            bits,
        }
    }

    pub fn unforce(&self, tag: &str) -> Entry {
        Entry::Unforce {
            slot: self.slot(tag),
        }
    }

    pub fn names_in_order(&self) -> Vec<&str> {
        let blocks = self.linked.blocks.iter();
        blocks.map(|block| block.name.as_str()).collect()
    }

    pub fn saved(&self) -> Vec<u64> {
        let mut words = vec![0; self.linked.program.state_len()];
        self.linked.program.save(&mut words).expect("that length");
        words
    }
}
