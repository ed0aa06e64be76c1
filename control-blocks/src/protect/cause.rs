//! One row of a cause-and-effect table: conditions, vote, delay.

use super::bypass::{Maintenance, Operational};
use super::is_demanded;
use super::voting::{self, Ballot, OnBad, Outcome, Voting};
use crate::few::Few;
use crate::logic::compare::{Side, is_beyond};
use crate::logic::timing::{Delay, ns};
use scan::*;
use signal::limits::VOTE_CHANNELS_MAX;
use signal::{Level, Quality, Reading, Reason};
use std::collections::BTreeMap;

/// One channel of a vote.
struct Channel {
    condition: Condition,
    on_bad: OnBad,
    /// Whether it was beyond its limit, for the hysteresis.
    was: bool,
}

/// A channel as written.
struct Row {
    condition: Condition,
    on_bad: Option<OnBad>,
}

enum Condition {
    Analog {
        tag: Input<f64>,
        limit: Input<f64>,
        side: Side,
        hysteresis: f64,
    },
    Logical {
        tag: Input<bool>,
        is: bool,
    },
}

impl Channel {
    #[inline]
    fn vote(&mut self, image: &Image) -> Ballot {
        let vote = match &self.condition {
            Condition::Analog {
                tag,
                limit,
                side,
                hysteresis,
            } => {
                let reading = image.get(*tag);
                let limit = image.get(*limit);
                if reading.is_bad() || limit.is_bad() {
                    None
                } else {
                    self.was = is_beyond(reading.value, limit.value, *side, *hysteresis, self.was);
                    Some(self.was)
                }
            }
            Condition::Logical { tag, is } => {
                let reading = image.get(*tag);
                (!reading.is_bad()).then_some(reading.value == *is)
            }
        };
        Ballot::of(vote, self.on_bad)
    }

    /// What the channel shows; a contact 0 or 1.
    fn value(&self, image: &Image) -> f64 {
        match &self.condition {
            Condition::Analog { tag, .. } => image.value(*tag),
            Condition::Logical { tag, .. } => f64::from(u8::from(image.value(*tag))),
        }
    }
}

/// `CAUSE`: a voted condition that demands a trip.
///
/// Either equal analog channels:
///
/// | key | meaning |
/// |---|---|
/// | `of` | list of tags (real), one unit |
/// | `limit` | tuning tag `LIMIT` in their unit, or a tag; required |
/// | `when` | `"above"` or `"below"`; at the limit counts; required |
///
/// or conditions of different kinds:
///
/// | key | meaning |
/// |---|---|
/// | `any` | rows, one channel each: `{ tag = "M-101.RUN.PV", is = false }`, `{ tag = "ST-101.PV", below = 40.0 }`, `{ tag = "PT-101.PV", above = 250.0, hysteresis = 5.0 }`; a limit is the tuning tag `LIMIT.n` of row n, or a tag |
///
/// and
///
/// | key | meaning |
/// |---|---|
/// | `vote` | `"1oo1"` … `"MooN"`, N = number of channels; may be left out for one channel |
/// | `on_bad` | the vote of a bad channel: `"trip"` (default), `"no-trip"` or `"exclude"` |
/// | `degrade_to` | for `"exclude"` and 1 < M < N, required: the vote with one channel missing, for 2oo3 `"1oo2"` or `"2oo2"` |
/// | `hysteresis` | how far a value must come back, 0; a row may have its own |
/// | `on_delay_s` | how long the vote must last, 0 |
/// | `mos_key` | Boolean tag of the bypass-enable key: permits maintenance overrides of single channels; none without it |
/// | `mos_expiry_s`, `mos_warning_s` | longest bypass, 28 800 s, and warning before its end, 1 800 s |
/// | `mos_per_vote`, `mos_per_unit` | most bypassed channels of this vote, 1, and of the unit, 2 |
/// | `mos_before`, `mos_begun_before`, `mos_unit` | `MOS_TOTAL` and `MOS_BEGUN` of the row before and, delayed, `MOS_TOTAL` of the unit's last row: so that the unit's limit holds within a scan too |
/// | `oos_s`, `oos_healthy_s` | permits an operational override of the row for at most so long, and how long the row must have been healthy for it to end by itself, 10 s |
/// | `proof_s` | with `mos_key`: permits proof tests of the row, each for at most so long; one counts as a bypass of the unit |
/// | `armed` | Boolean tag: false keeps the cause from tripping; a bad one counts as armed; always armed if left out |
///
/// | output | meaning |
/// |---|---|
/// | `TRIP` | the vote has lasted; ends with the vote (latching is the interlock's) |
/// | `PRE` | the vote is for the trip, the delay runs |
/// | `VOTES` | channels that vote for the trip; with `on_bad = "trip"` bad ones too |
/// | `DEGRADED` | a channel is bad |
/// | `MOS_1` … | settings: the channel is bypassed; taken back if key or limits do not permit it |
/// | `MOS_LEFT_S`, `MOS_WARNING`, `MOS_EXPIRED` | time left of the shortest bypass, its warning, and that one goes on after its time since its channel would trip |
/// | `MOS_TOTAL`, `MOS_BEGUN` | bypassed channels of this and the rows before, and those begun in this scan |
/// | `OOS`, `OOS_LEFT_S` | setting: the row is overridden; time left |
/// | `PROOF`, `PROOF_LEFT_S`, `PROOF_EXPIRED` | setting: the row is tested and does not act; time left; it goes on after its time since the row stands |
/// | `PROOF_AS_FOUND`, `PROOF_AS_LEFT` | value of the channel that voted first in the test, and in the last try |
/// | `PROOF_RESPONSE_S`, `PROOF_TRIPS` | longest time from vote to trip in the test, and how often it would have tripped |
/// | `BYPASSED` | any of these |
///
/// `TRIP` is good, or uncertain-degraded while a channel is bad; never bad, since
/// the rule for bad channels has been applied. No bypass outlives a start. A value that is not finite counts
/// as bad, an uncertain one by its value.
pub struct Cause {
    voting: Voting,
    on_ns: u64,
    delay: Delay,
    channels: Few<Channel, 1>,
    /// What the outputs show, and since which intervention.
    shown: (Outcome, bool, bool),
    shown_since: u64,
    armed: Option<Input<bool>>,
    /// What people may override.
    overrides: Option<Box<Overrides>>,
    trip: Output<bool>,
    pre: Output<bool>,
    votes: Output<i64>,
    degraded: Output<bool>,
}

/// What people may override of a row.
struct Overrides {
    maintenance: Option<Box<Maintenance>>,
    operational: Option<Box<Operational>>,
    is_any: bool,
    bypassed: Output<bool>,
}

impl Cause {
    /// Arms, delays and shows the vote.
    #[inline(always)]
    fn conclude(&mut self, scan: &Scan, image: &mut Image, outcome: Outcome, is_out: bool) {
        let is_armed = self.armed.is_none_or(|armed| is_demanded(image, armed));
        let is_due = outcome.trip && is_armed && !is_out;
        let trip = self.delay.step(is_due, self.on_ns, 0, ns(scan.dt_s));
        let shown = (outcome, is_due, trip);
        if shown == self.shown && self.shown_since == image.interventions() {
            return;
        }
        self.show(image, shown);
    }

    /// A row that people may override.
    #[inline(never)]
    fn step_overridable(&mut self, scan: &Scan, image: &mut Image) {
        let mut ballots = [Ballot::No; VOTE_CHANNELS_MAX];
        for (ballot, channel) in ballots.iter_mut().zip(self.channels.iter_mut()) {
            *ballot = channel.vote(image);
        }
        let ballots = &mut ballots[..self.channels.len().min(VOTE_CHANNELS_MAX)];
        let voter = ballots.iter().position(|ballot| *ballot == Ballot::Yes);
        let is_armed = self.armed.is_none_or(|armed| is_demanded(image, armed));
        let dt_ns = ns(scan.dt_s);
        let (mut is_any, mut is_out) = (false, false);
        let mut outcome = Outcome::default();
        if let Some(overrides) = &mut self.overrides {
            if let Some(maintenance) = &mut overrides.maintenance {
                is_any = maintenance.step(image, ballots, dt_ns);
            }
            outcome = self.voting.count(ballots.iter().copied());
            if let Some(operational) = &mut overrides.operational {
                is_out = operational.step(image, outcome.trip, dt_ns);
                is_any |= is_out;
            }
            if let Some(maintenance) = &mut overrides.maintenance
                && let Some(proof) = &mut maintenance.proof
            {
                let value = voter.and_then(|at| self.channels.get(at));
                let value = value.map_or(f64::NAN, |channel| channel.value(image));
                let is_due = outcome.trip && is_armed;
                let is_tested = proof.step(image, is_due, value, self.on_ns, dt_ns);
                is_out |= is_tested;
                is_any |= is_tested;
            }
            if is_any != overrides.is_any {
                overrides.is_any = is_any;
                self.shown_since = u64::MAX;
            }
            image.put(&overrides.bypassed, is_any);
        }
        self.conclude(scan, image, outcome, is_out);
    }
}

impl Cause {
    #[inline(never)]
    fn show(&mut self, image: &mut Image, shown: (Outcome, bool, bool)) {
        let (outcome, is_due, trip) = shown;
        self.shown = shown;
        self.shown_since = image.interventions();
        let quality = if outcome.bad > 0 {
            Quality::new(Level::Uncertain, Reason::Degraded)
        } else {
            Quality::GOOD
        };
        let quality = match &self.overrides {
            Some(overrides) if overrides.is_any => quality.with(Quality::BYPASSED),
            _ => quality,
        };
        image.set(&self.trip, Reading::new(trip, quality));
        image.put(&self.pre, is_due && !trip);
        image.put(&self.votes, i64::from(outcome.votes));
        image.put(&self.degraded, outcome.bad > 0);
    }
}

impl Block for Cause {
    #[inline(always)] // Into the loop over a row: plants have many.
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        if self.overrides.is_some() {
            return self.step_overridable(scan, image);
        }
        let outcome = self
            .voting
            .count(self.channels.iter_mut().map(|channel| channel.vote(image)));
        self.conclude(scan, image, outcome, false);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.delay.save(state);
        for channel in self.channels.iter() {
            state.bool(channel.was);
        }
        if let Some(overrides) = &self.overrides {
            if let Some(maintenance) = &overrides.maintenance {
                maintenance.save(state);
            }
            if let Some(operational) = &overrides.operational {
                operational.save(state);
            }
        }
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.shown_since = u64::MAX;
        self.delay.restore(state)?;
        for channel in self.channels.iter_mut() {
            channel.was = state.bool()?;
        }
        if let Some(overrides) = &mut self.overrides {
            if let Some(maintenance) = &mut overrides.maintenance {
                maintenance.restore(state)?;
            }
            if let Some(operational) = &mut overrides.operational {
                operational.restore(state)?;
            }
        }
        Ok(())
    }

    fn start(&mut self, _start: Start) {
        // No bypass outlives a start.
        if let Some(overrides) = &mut self.overrides {
            if let Some(maintenance) = &mut overrides.maintenance {
                maintenance.clear();
            }
            if let Some(operational) = &mut overrides.operational {
                operational.clear();
            }
        }
    }
}

impl Cause {
    fn equal_channels(wiring: &mut Wiring<'_>, hysteresis: f64) -> Vec<Row> {
        let tags = wiring.inputs::<f64>("of");
        for (key, help) in [
            ("limit", "limit = 65.0"),
            ("when", "\"above\" or \"below\""),
        ] {
            if !wiring.has(key) {
                wiring.problem(key, format!("`{key}` is not given"), help);
            }
        }
        let side = wiring.choice("when", &Side::WORDS, Side::Above);
        let limit = wiring.tuning("limit", 0.0, f64::MIN..=f64::MAX);
        let mut pins: Vec<String> = (1..=tags.len()).map(|at| format!("of.{at}")).collect();
        pins.push("limit".into());
        let pins: Vec<&str> = pins.iter().map(String::as_str).collect();
        wiring.same_unit(&pins);
        wiring.range_like("limit", "of.1");
        tags.into_iter()
            .map(|tag| Row {
                condition: Condition::Analog {
                    tag,
                    limit,
                    side,
                    hysteresis,
                },
                on_bad: None,
            })
            .collect()
    }

    fn row_channels(wiring: &mut Wiring<'_>, hysteresis: f64) -> Vec<Row> {
        let rows = wiring.rows("any");
        rows.iter()
            .enumerate()
            .filter_map(|(at, row)| Self::row_channel(wiring, at + 1, row, hysteresis))
            .collect()
    }

    fn row_channel(
        wiring: &mut Wiring<'_>,
        number: usize,
        row: &BTreeMap<String, Value>,
        hysteresis: f64,
    ) -> Option<Row> {
        let known = ["tag", "is", "above", "below", "hysteresis", "on_bad"];
        voting::check_row(wiring, "any", row, &known);
        let key = format!("any.{number}");
        let tests = [row.get("is"), row.get("above"), row.get("below")];
        let (Some(tag), 1) = (row.get("tag"), tests.iter().flatten().count()) else {
            wiring.problem(
                "any",
                format!("row {number} is not one condition"),
                "{ tag = \"T\", is = false }, { tag = \"T\", above = 1.0 } or { tag = \"T\", below = 1.0 }",
            );
            return None;
        };
        let condition = match tests {
            [Some(is), ..] => {
                let &Value::Bool(is) = is else {
                    wiring.problem("any", format!("`is` of row {number}"), "true or false");
                    return None;
                };
                Condition::Logical {
                    tag: wiring.input_from(&key, tag),
                    is,
                }
            }
            [_, above, below] => {
                let (limit, side) = match (above, below) {
                    (Some(limit), _) => (limit, Side::Above),
                    (None, limit) => (limit?, Side::Below),
                };
                let hysteresis = match row.get("hysteresis") {
                    None => hysteresis,
                    Some(Value::Real(real)) if *real >= 0.0 && real.is_finite() => *real,
                    Some(Value::Int(int)) if *int >= 0 => *int as f64,
                    Some(_) => {
                        wiring.problem(
                            "any",
                            format!("`hysteresis` of row {number}"),
                            "a number, 0 or more",
                        );
                        0.0
                    }
                };
                let limit_key = format!("limit.{number}");
                let tag = wiring.input_from(&key, tag);
                let limit = wiring.input_from(&limit_key, limit);
                wiring.same_unit(&[&key, &limit_key]);
                wiring.range_like(&limit_key, &key);
                Condition::Analog {
                    tag,
                    limit,
                    side,
                    hysteresis,
                }
            }
        };
        let word = voting::row_text(wiring, "any", row, "on_bad");
        let mut words = OnBad::WORDS.into_iter();
        let on_bad = word.and_then(|word| {
            let known = words.find(|(known, _)| *known == word);
            if known.is_none() {
                wiring.problem(
                    "any",
                    format!("`on_bad` of row {number}"),
                    "\"trip\", \"no-trip\" or \"exclude\"",
                );
            }
            known.map(|(_, on_bad)| on_bad)
        });
        Some(Row { condition, on_bad })
    }
}

impl BlockKind for Cause {
    const NAME: &'static str = "CAUSE";
    const STAGE: Stage = Stage::Protect;
    const NEEDS_REASON: bool = true;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let hysteresis = wiring.real("hysteresis", 0.0, 0.0..=f64::MAX);
        let channels = match (wiring.has("of"), wiring.has("any")) {
            (true, false) => Self::equal_channels(wiring, hysteresis),
            (false, true) => Self::row_channels(wiring, hysteresis),
            _ => {
                wiring.problem(
                    "of",
                    "a cause has either `of` or `any`",
                    "of = [\"TT-1.PV\"] with `limit` and `when`, or any = [{ tag = …, … }]",
                );
                Vec::new()
            }
        };
        let voting = voting::wire(wiring, channels.len());
        let maintenance = Maintenance::wire(wiring, channels.len());
        let operational = Operational::wire(wiring);
        let overrides = (maintenance.is_some() || operational.is_some()).then(|| {
            Box::new(Overrides {
                maintenance,
                operational,
                is_any: false,
                bypassed: wiring.output("BYPASSED"),
            })
        });
        Cause {
            voting,
            on_ns: ns(wiring.real("on_delay_s", 0.0, 0.0..=86_400.0)),
            delay: Delay::default(),
            channels: channels
                .into_iter()
                .map(|row| Channel {
                    condition: row.condition,
                    on_bad: row.on_bad.unwrap_or(voting.on_bad),
                    was: false,
                })
                .collect(),
            shown: Default::default(),
            shown_since: u64::MAX,
            armed: wiring.input_optional("armed"),
            overrides,
            trip: wiring.output("TRIP"),
            pre: wiring.output("PRE"),
            votes: wiring.output("VOTES"),
            degraded: wiring.output("DEGRADED"),
        }
    }
}

#[cfg(test)]
mod tests;
