//! Horn and beacons of an area.

use crate::logic::timing::ns;
use crate::protect::is_demanded;
use crate::sense::Spell;
use scan::*;

const MS: u64 = 1_000_000;
/// All patterns repeat within this time.
const CYCLE_NS: u64 = 2_000 * MS;
/// Length of a chime.
const CHIME_NS: u64 = 1_000 * MS;
/// All inputs of a horn.
const INPUTS_MAX: usize = 64;

/// Kinds of alarms, the most urgent first, with their keys.
const KEYS: [&str; 5] = ["esd", "gas", "p1", "p2", "p3"];
const ESD: usize = 0;
const GAS: usize = 1;
const P1: usize = 2;
const P2: usize = 3;
const P3: usize = 4;

/// Whether a sound of this kind is on, so long after it began.
///
/// ESD: continuous. Gas: two short and a pause, unlike all others (GB/T 50493: a gas
/// alarm must be told from the rest). P1: 2 Hz. P2: 1 Hz. P3: one chime of a second.
pub const fn sounds(kind: usize, at_ns: u64) -> bool {
    let at = at_ns % CYCLE_NS / MS;
    match kind {
        ESD => true,
        GAS => at < 150 || at >= 300 && at < 450,
        P1 => at % 500 < 250,
        P2 => at % 1_000 < 500,
        P3 => at_ns < CHIME_NS,
        _ => false,
    }
}

/// The memory of a horn. Alarms are bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HornLaw {
    /// What stood in the last scan.
    stood: u64,
    /// What has come since the last silence, and stands.
    loud: u64,
    /// Since the present sound began.
    sounding_ns: u64,
    kind: Option<usize>,
    first_out: i64,
}

impl HornLaw {
    /// One scan; whether the horn sounds. `kinds` are the bits of each kind.
    pub fn step(&mut self, kinds: &[u64; 5], standing: u64, silence: bool, dt_ns: u64) -> bool {
        if silence {
            self.loud = 0;
        }
        let new = standing & !self.stood;
        self.stood = standing;
        self.loud = (self.loud | new) & standing;
        if self.first_out == 0 && new != 0 {
            self.first_out = i64::from(new.trailing_zeros()) + 1;
        }
        // A chime is over by itself.
        if self.kind == Some(P3) && self.sounding_ns >= CHIME_NS {
            self.loud &= !kinds[P3] | new;
        }
        let kind = (0..kinds.len()).find(|kind| self.loud & kinds[*kind] != 0);
        let begins = kind != self.kind || (kind == Some(P3) && new & kinds[P3] != 0);
        self.sounding_ns = match (begins, kind) {
            (false, Some(_)) => self.sounding_ns.saturating_add(dt_ns),
            _ => 0,
        };
        self.kind = kind;
        kind.is_some_and(|kind| sounds(kind, self.sounding_ns))
    }

    /// Forgets the first-out.
    pub fn reset(&mut self) {
        self.first_out = 0;
    }

    /// Number of the alarm that came first since the reset; 0 none.
    pub const fn first_out(&self) -> i64 {
        self.first_out
    }
}

/// `HORN`: horn, beacons and first-out of an area.
///
/// | key | meaning |
/// |---|---|
/// | `esd`, `gas`, `p1`, `p2`, `p3` | lists of Boolean tags: alarms that stand, up to 64 together; a bad one stands |
/// | `unacknowledged` | Boolean tag: somebody must still acknowledge: the beacons flash; false = they are steady; flashing if left out |
/// | `test_s` | length of a test, 5 s |
///
/// | tag | meaning |
/// |---|---|
/// | `SILENCE` | command: the horn is silent until the next new alarm; acknowledges nothing |
/// | `TEST` | command: horn and all lights on for `test_s` |
/// | `RESET` | command: forgets the first-out |
/// | `HORN` | sounder |
/// | `RED` | beacon: ESD, gas or P1, 2 Hz |
/// | `AMBER` | beacon: P2, 1 Hz |
/// | `FIRST_OUT` | number of the alarm that came first since the reset, counted through `esd`, `gas`, `p1`, `p2`, `p3`; 0 none |
/// | `FLASH` | 2 Hz while there is a first-out: for its lamp or display |
///
/// Sounds: ESD continuous; gas two short and a pause; P1 2 Hz; P2 1 Hz; P3 one chime of a
/// second ([`sounds`]). Of several the most urgent sounds. An alarm that goes takes
/// its sound with it. Of alarms in one scan the lowest number is first. A start of the program
/// sounds again for what stands. Patterns are exact to a scan, which must be
/// 125 ms or less for them to be told apart. (Sequences: ISA-18.1; patterns: demo design values.)
pub struct Horn {
    law: HornLaw,
    kinds: [u64; 5],
    test_ns: u64,
    test_left_ns: u64,
    blink: Spell,
    inputs: Box<[Input<bool>]>,
    unacknowledged: Option<Input<bool>>,
    silence: Request<bool>,
    test: Request<bool>,
    reset: Request<bool>,
    horn: Output<bool>,
    red: Output<bool>,
    amber: Output<bool>,
    first_out: Output<i64>,
    flash: Output<bool>,
}

impl Block for Horn {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let dt_ns = ns(scan.dt_s);
        let mut standing = 0u64;
        for (at, pin) in self.inputs.iter().enumerate() {
            standing |= u64::from(is_demanded(image, *pin)) << at;
        }
        if image.requested(&self.reset) == Some(true) {
            self.law.reset();
        }
        let silence = image.requested(&self.silence) == Some(true);
        let mut horn = self.law.step(&self.kinds, standing, silence, dt_ns);
        if image.requested(&self.test) == Some(true) {
            self.test_left_ns = self.test_ns;
        }
        let tests = self.test_left_ns > 0;
        self.test_left_ns = self.test_left_ns.saturating_sub(dt_ns);
        horn |= tests;
        let at_ns = self.blink.step(true, dt_ns);
        let (fast, slow) = (sounds(P1, at_ns), sounds(P2, at_ns));
        let is_steady = self
            .unacknowledged
            .is_some_and(|pin| !is_demanded(image, pin));
        let red = standing & (self.kinds[ESD] | self.kinds[GAS] | self.kinds[P1]) != 0;
        let amber = standing & self.kinds[P2] != 0;
        image.put(&self.horn, horn);
        image.put(&self.red, tests || red && (fast || is_steady));
        image.put(&self.amber, tests || amber && (slow || is_steady));
        image.put(&self.first_out, self.law.first_out());
        let flash = self.law.first_out() != 0 && fast;
        image.put(&self.flash, tests || flash);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.word(self.law.stood);
        state.word(self.law.loud);
        state.word(self.law.sounding_ns);
        state.int(self.law.kind.map_or(-1, |kind| kind as i64));
        state.int(self.law.first_out);
        state.word(self.test_left_ns);
        self.blink.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.law.stood = state.word()?;
        self.law.loud = state.word()?;
        self.law.sounding_ns = state.word()?;
        let kind = state.int()?;
        self.law.kind = usize::try_from(kind).ok().filter(|kind| *kind <= P3);
        self.law.first_out = state.int()?;
        self.test_left_ns = state.word()?;
        self.blink.restore(state)
    }

    fn start(&mut self, _start: Start) {
        self.law = HornLaw {
            first_out: self.law.first_out,
            ..HornLaw::default()
        };
        self.test_left_ns = 0;
    }
}

impl BlockKind for Horn {
    const NAME: &'static str = "HORN";
    const STAGE: Stage = Stage::Protect;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let mut kinds = [0u64; 5];
        let mut inputs = Vec::new();
        for (key, mask) in KEYS.iter().zip(&mut kinds) {
            for pin in wiring.inputs::<bool>(key) {
                if inputs.len() < INPUTS_MAX {
                    *mask |= 1 << inputs.len();
                }
                inputs.push(pin);
            }
        }
        if inputs.is_empty() || inputs.len() > INPUTS_MAX {
            wiring.problem(
                "p1",
                format!("{} alarms", inputs.len()),
                format!("a horn has 1 to {INPUTS_MAX} alarms"),
            );
            inputs.truncate(INPUTS_MAX);
        }
        wiring.range("FIRST_OUT", 0.0, inputs.len() as f64);
        Horn {
            law: HornLaw::default(),
            kinds,
            test_ns: ns(wiring.real("test_s", 5.0, 0.1..=60.0)),
            test_left_ns: 0,
            blink: Spell::default(),
            inputs: inputs.into_boxed_slice(),
            unacknowledged: wiring.input_optional("unacknowledged"),
            silence: wiring.command("SILENCE"),
            test: wiring.command("TEST"),
            reset: wiring.command("RESET"),
            horn: wiring.output("HORN"),
            red: wiring.output("RED"),
            amber: wiring.output("AMBER"),
            first_out: wiring.output("FIRST_OUT"),
            flash: wiring.output("FLASH"),
        }
    }
}

#[cfg(test)]
mod tests;
