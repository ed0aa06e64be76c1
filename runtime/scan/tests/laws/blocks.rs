//! The smallest blocks that show a law each.

use scan::{
    Block, BlockKind, Input, Output, Registry, Request, Scan, Setting, Stage, Start, StateMismatch,
    StateReader, StateWriter, Wiring,
};
use scan::{Image, Value};
use signal::Reading;

/// `OUT` = sum of `in`, with the worst quality.
pub struct Sum {
    inputs: Vec<Input<f64>>,
    out: Output<f64>,
}

impl Block for Sum {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let mut sum = Reading::good(0.0);
        for pin in &self.inputs {
            let reading = image.get(*pin);
            sum.value += reading.value;
            sum.quality = sum.quality.worst(reading.quality);
        }
        image.set(&self.out, sum);
    }
}

impl BlockKind for Sum {
    const NAME: &'static str = "SUM";
    const STAGE: Stage = Stage::Logic;
    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let count = wiring.int("count", 0, 0..=1_000);
        let inputs = wiring.inputs("in");
        if let Some(Value::Text(unit)) = wiring.choice_of_unit() {
            wiring.unit("OUT", &unit);
        }
        let pins: Vec<String> = (1..=inputs.len()).map(|n| format!("in.{n}")).collect();
        let mut same: Vec<&str> = pins.iter().map(String::as_str).collect();
        same.push("OUT");
        if count == 0 {
            wiring.same_unit(&same);
        }
        Sum {
            inputs,
            out: wiring.output("OUT"),
        }
    }
}

trait UnitOfText {
    fn choice_of_unit(&mut self) -> Option<Value>;
}
impl UnitOfText for Wiring<'_> {
    fn choice_of_unit(&mut self) -> Option<Value> {
        let unit = self.text("unit");
        (!unit.is_empty()).then_some(Value::Text(unit))
    }
}

/// `OUT` = `k` × `in`; `k` is a tuning, -10..10.
pub struct Gain {
    input: Input<f64>,
    k: Input<f64>,
    out: Output<f64>,
}

impl Block for Gain {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let value = image.value(self.k) * image.value(self.input);
        image.set(
            &self.out,
            Reading::new(value, image.get(self.input).quality),
        );
    }
}

impl BlockKind for Gain {
    const NAME: &'static str = "GAIN";
    const STAGE: Stage = Stage::Logic;
    fn wire(wiring: &mut Wiring<'_>) -> Self {
        Gain {
            input: wiring.input("in"),
            k: wiring.tuning("k", 1.0, -10.0..=10.0),
            out: wiring.output("OUT"),
        }
    }
}

/// `OUT` = running sum of `in`: state outside the image. `extra` pads the state.
pub struct Integral {
    input: Input<f64>,
    out: Output<f64>,
    sum: f64,
    extra: i64,
}

impl Block for Integral {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        self.sum += image.value(self.input) * f64::from(scan.elapsed);
        image.put(&self.out, self.sum);
    }
    fn save(&self, state: &mut StateWriter<'_>) {
        state.real(self.sum);
        for _ in 0..self.extra {
            state.int(7);
        }
    }
    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.sum = state.real()?;
        for _ in 0..self.extra {
            state.int()?;
        }
        Ok(())
    }
}

impl BlockKind for Integral {
    const NAME: &'static str = "INTEGRAL";
    const STAGE: Stage = Stage::Logic;
    fn wire(wiring: &mut Wiring<'_>) -> Self {
        Integral {
            input: wiring.input("in"),
            out: wiring.output("OUT"),
            sum: 0.0,
            extra: wiring.int("extra", 0, 0..=4),
        }
    }
}

/// A setting `SP` that follows its request, a command `RESET` that is counted in `COUNT`.
pub struct Station {
    sp: Setting<f64>,
    reset: Request<bool>,
    count: Output<i64>,
}

impl Block for Station {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let wanted = image.wanted(&self.sp);
        image.put(&self.sp.output, wanted);
        if image.requested(&self.reset) == Some(true) {
            let count = image.held(&self.count).value + 1;
            image.put(&self.count, count);
        }
    }
}

impl BlockKind for Station {
    const NAME: &'static str = "STATION";
    const STAGE: Stage = Stage::Logic;
    fn wire(wiring: &mut Wiring<'_>) -> Self {
        Station {
            sp: wiring.setting("SP", 1.0),
            reset: wiring.command("RESET"),
            count: wiring.output("COUNT"),
        }
    }
}

/// Latches when `in` > `limit`; `RESET` releases it.
pub struct Trip {
    input: Input<f64>,
    limit: Input<f64>,
    reset: Request<bool>,
    trip: Output<bool>,
    is_tripped: bool,
}

impl Block for Trip {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let reading = image.get(self.input);
        if reading.is_bad() || reading.value > image.value(self.limit) {
            self.is_tripped = true;
        } else if image.requested(&self.reset) == Some(true) {
            self.is_tripped = false;
        }
        image.put(&self.trip, self.is_tripped);
    }
    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.is_tripped);
    }
    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.is_tripped = state.bool()?;
        Ok(())
    }
    fn start(&mut self, _start: Start) {
        self.is_tripped = true;
    }
    fn is_tripped(&self) -> bool {
        self.is_tripped
    }
}

impl BlockKind for Trip {
    const NAME: &'static str = "TRIP";
    const STAGE: Stage = Stage::Protect;
    fn wire(wiring: &mut Wiring<'_>) -> Self {
        Trip {
            input: wiring.input("in"),
            limit: wiring.tuning("limit", 100.0, 0.0..=1_000.0),
            reset: wiring.command("RESET"),
            trip: wiring.output("TRIP"),
            is_tripped: false,
        }
    }
}

/// `OUT` = 1 / `in`: infinite at zero.
pub struct Inverse {
    input: Input<f64>,
    out: Output<f64>,
}

impl Block for Inverse {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let value = 1.0 / image.value(self.input);
        image.put(&self.out, value);
    }
}

impl BlockKind for Inverse {
    const NAME: &'static str = "INVERSE";
    const STAGE: Stage = Stage::Logic;
    fn wire(wiring: &mut Wiring<'_>) -> Self {
        Inverse {
            input: wiring.input("in"),
            out: wiring.output("OUT"),
        }
    }
}

/// `AGE` = scans since the writer of `in` last refreshed it.
pub struct Age {
    input: Input<f64>,
    age: Output<i64>,
}

impl Block for Age {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let age_scans = image.age_scans(self.input);
        image.put(&self.age, i64::from(age_scans));
    }
}

impl BlockKind for Age {
    const NAME: &'static str = "AGE";
    const STAGE: Stage = Stage::Logic;
    fn wire(wiring: &mut Wiring<'_>) -> Self {
        Age {
            input: wiring.input("in"),
            age: wiring.output("AGE"),
        }
    }
}

/// Takes fewer words than it gave: a faulty kind.
pub struct Forgetful {
    out: Output<f64>,
    words: i64,
}

impl Block for Forgetful {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        image.put(&self.out, 1.0);
    }
    fn save(&self, state: &mut StateWriter<'_>) {
        state.int(self.words);
        state.int(0);
    }
    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.words = state.int()?;
        Ok(())
    }
}

impl BlockKind for Forgetful {
    const NAME: &'static str = "FORGETFUL";
    const STAGE: Stage = Stage::Logic;
    fn wire(wiring: &mut Wiring<'_>) -> Self {
        Forgetful {
            out: wiring.output("OUT"),
            words: 3,
        }
    }
}

pub fn registry() -> Registry {
    let mut registry = Registry::new();
    registry
        .register::<Sum>()
        .register::<Gain>()
        .register::<Integral>()
        .register::<Station>()
        .register::<Trip>()
        .register::<Inverse>()
        .register::<Age>()
        .register::<Forgetful>();
    registry
}
