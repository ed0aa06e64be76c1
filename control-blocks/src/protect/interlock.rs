//! A trip group: causes, effects, latch, first-out, reset.

use super::voting::check_row;
use super::{is_certain, is_demanded};
use scan::*;
use signal::limits::CAUSES_MAX;

/// `FIRST_OUT` after a start.
pub const START_UP: i64 = 100;

/// The memory of a trip group. Causes are bits, row 1 in bit 0.
///
/// - A latching cause that stands sets its latch; only a reset clears it.
/// - The first-out is the lowest row among the causes that stand in the first
///   scan of a trip; it stays until the reset, or until the trip ends by itself
///   if nothing latched.
/// - A reset acts only while no latching cause stands.
/// - A start latches everything, first-out 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TripGroupLaw {
    latched: u64,
    standing: u64,
    is_start_up: bool,
    first_out: i64,
    resets: i64,
}

impl TripGroupLaw {
    /// One scan: `standing` causes, of which those in `latching` latch.
    pub fn step(&mut self, standing: u64, latching: u64, reset: bool) {
        self.standing = standing;
        if reset && standing & latching == 0 && self.is_latched() {
            self.latched = 0;
            self.is_start_up = false;
            self.first_out = 0;
            self.resets = self.resets.saturating_add(1);
        }
        self.latched |= standing & latching;
        if !self.is_tripped() {
            self.first_out = 0;
        } else if self.first_out == 0 {
            self.first_out = i64::from(standing.trailing_zeros()) + 1;
        }
    }

    /// Latches everything.
    pub fn start(&mut self, latching: u64) {
        self.latched = latching;
        self.is_start_up = true;
        self.first_out = START_UP;
    }

    /// The causes whose effects are demanded now.
    pub const fn active(&self) -> u64 {
        self.latched | self.standing
    }

    /// Whether every effect is demanded, whatever its causes.
    pub const fn is_start_up(&self) -> bool {
        self.is_start_up
    }

    /// Whether any effect is demanded.
    pub const fn is_tripped(&self) -> bool {
        self.is_start_up || self.active() != 0
    }

    /// Whether something waits for a reset.
    pub const fn is_latched(&self) -> bool {
        self.is_start_up || self.latched != 0
    }

    /// Row of the first cause; 0 none, 100 a start.
    pub const fn first_out(&self) -> i64 {
        self.first_out
    }
}

/// `INTERLOCK`: a trip group.
///
/// | key | meaning |
/// |---|---|
/// | `causes` | up to 64 rows `{ cause = "C01.TRIP", effects = ["E1", "E2"], latch = true }`; `latch` may be left out (true) |
/// | `reset_by` | list of Boolean tags whose rising edge resets as `RESET` does, optional |
///
/// | tag | meaning |
/// |---|---|
/// | one per effect named | `BLOCK.E1`, …: true = effect demanded |
/// | `TRIPPED` | some effect is demanded |
/// | `FIRST_OUT` | row of the first cause, 1-based; 100 = start-up; 0 = none |
/// | `LATCHED` | bit mask of latched rows, row 1 in bit 0 |
/// | `STANDING` | bit mask of causes that are true now |
/// | `ARMED_RESET` | something is latched and a reset would succeed |
/// | `RESET_COUNT` | successful resets |
/// | `RESET` | command: clears every latch, if no latching cause stands; otherwise nothing |
///
/// A cause of bad quality counts as true. After every start, cold or warm, all
/// effects are demanded, with first-out 100, until somebody resets. The law is
/// [`TripGroupLaw`]. (First-out and manual
/// reset: ISA-18.1.) Of two causes within one scan the lower row is the first.
pub struct Interlock {
    law: TripGroupLaw,
    /// [`Image::interventions`] when the outputs were last written: while they stand
    /// still, only another set of standing causes can change anything.
    shown_since: u64,
    latching: u64,
    causes: Box<[Input<bool>]>,
    /// Each effect with the mask of the rows that demand it.
    effects: Box<[(u64, Output<bool>)]>,
    reset: Request<bool>,
    /// Tags of which a rising edge resets, and what they were; nothing rises in the
    /// first scan.
    reset_by: Box<[(Input<bool>, bool)]>,
    tripped: Output<bool>,
    first_out: Output<i64>,
    latched: Output<i64>,
    standing: Output<i64>,
    armed_reset: Output<bool>,
    reset_count: Output<i64>,
}

impl Block for Interlock {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let mut standing = 0u64;
        for (row, cause) in self.causes.iter().enumerate() {
            standing |= u64::from(is_demanded(image, *cause)) << row;
        }
        let mut reset = image.requested(&self.reset) == Some(true);
        if !self.reset_by.is_empty() {
            reset |= self.is_reset_by(image);
        }
        if standing == self.law.standing && !reset && self.shown_since == image.interventions() {
            return;
        }
        self.shown_since = image.interventions();
        self.law.step(standing, self.latching, reset);
        let law = &self.law;
        for (rows, effect) in &self.effects {
            image.put(effect, law.is_start_up() || law.active() & rows != 0);
        }
        image.put(&self.tripped, law.is_tripped());
        image.put(&self.first_out, law.first_out);
        image.put(&self.latched, law.latched as i64);
        image.put(&self.standing, standing as i64);
        let can_reset = law.is_latched() && standing & self.latching == 0;
        image.put(&self.armed_reset, can_reset);
        image.put(&self.reset_count, law.resets);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.word(self.law.latched);
        // `standing` is found anew in every scan.
        state.bool(self.law.is_start_up);
        state.int(self.law.first_out);
        state.int(self.law.resets);
        for (_, was) in &self.reset_by {
            state.bool(*was);
        }
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.shown_since = u64::MAX;
        self.law.latched = state.word()?;
        self.law.is_start_up = state.bool()?;
        self.law.first_out = state.int()?;
        self.law.resets = state.int()?;
        for (_, was) in &mut self.reset_by {
            *was = state.bool()?;
        }
        Ok(())
    }

    fn start(&mut self, _start: Start) {
        self.shown_since = u64::MAX;
        self.law.start(self.latching);
    }

    fn is_tripped(&self) -> bool {
        self.law.is_latched()
    }
}

impl Interlock {
    #[inline(never)]
    fn is_reset_by(&mut self, image: &Image) -> bool {
        let mut rises = false;
        for (pin, was) in &mut self.reset_by {
            let is = is_certain(image, *pin);
            rises |= is && !*was;
            *was = is;
        }
        rises
    }
}

impl BlockKind for Interlock {
    const NAME: &'static str = "INTERLOCK";
    const STAGE: Stage = Stage::Protect;
    const NEEDS_REASON: bool = true;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let rows = wiring.rows("causes");
        if rows.is_empty() || rows.len() > CAUSES_MAX {
            wiring.problem(
                "causes",
                format!("{} causes", rows.len()),
                format!("an interlock has 1 to {CAUSES_MAX} rows"),
            );
        }
        let mut latching = 0;
        let mut causes = Vec::new();
        let mut effects: Vec<(String, u64)> = Vec::new();
        for (at, row) in rows.iter().take(CAUSES_MAX).enumerate() {
            let number = at + 1;
            check_row(
                wiring,
                "causes",
                row,
                &["cause", "effects", "latch", "text", "live", "armed"],
            );
            match row.get("cause") {
                Some(cause @ (Value::Text(_) | Value::Table(_))) => {
                    causes.push(wiring.input_from(&format!("causes.{number}"), cause));
                }
                _ => {
                    let message = format!("row {number} has no `cause`");
                    wiring.problem("causes", message, "a Boolean tag");
                }
            }
            match row.get("latch") {
                None | Some(Value::Bool(true)) => latching |= 1 << at,
                Some(Value::Bool(false)) => {}
                Some(_) => wiring.problem(
                    "causes",
                    format!("`latch` of row {number}"),
                    "true or false",
                ),
            }
            let named = effects_of(wiring, number, row.get("effects"));
            for name in named {
                match effects.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, mask)) => *mask |= 1 << at,
                    None => effects.push((name, 1 << at)),
                }
            }
        }
        wiring.range("FIRST_OUT", 0.0, START_UP as f64);
        Interlock {
            law: TripGroupLaw::default(),
            shown_since: u64::MAX,
            latching,
            causes: causes.into_boxed_slice(),
            effects: effects
                .into_iter()
                .map(|(name, rows)| (rows, wiring.output_from(&name, true)))
                .collect(),
            reset_by: wiring
                .inputs("reset_by")
                .into_iter()
                .map(|pin| (pin, true))
                .collect(),
            reset: wiring.command("RESET"),
            tripped: wiring.output_from("TRIPPED", true),
            first_out: wiring.output("FIRST_OUT"),
            latched: wiring.output("LATCHED"),
            standing: wiring.output("STANDING"),
            armed_reset: wiring.output("ARMED_RESET"),
            reset_count: wiring.output("RESET_COUNT"),
        }
    }
}

/// The effects of a row; none is a problem.
fn effects_of(wiring: &mut Wiring<'_>, number: usize, value: Option<&Value>) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(Value::List(items)) = value {
        for item in items {
            match item {
                Value::Text(name) if !name.is_empty() => names.push(name.clone()),
                _ => wiring.problem(
                    "causes",
                    format!("an effect of row {number}"),
                    "a name in quotes",
                ),
            }
        }
    }
    if names.is_empty() {
        wiring.problem(
            "causes",
            format!("row {number} has no effect"),
            "effects = [\"E1\"]",
        );
    }
    names
}

#[cfg(test)]
mod tests;
