//! Permissives.

use super::voting::{check_row, row_text};
use crate::logic::timing::{Delay, ns, seconds};
use scan::*;

/// `PERMIT`: everything that must be so before something may begin.
///
/// | key | meaning |
/// |---|---|
/// | `needs` | up to 64 rows `{ name = "agitator runs", tag = "M-101.RUN.PV", is = true }`; `name` and its Chinese form `zh` are for people, `is` may be left out (true) |
/// | `for_s` | how long all must hold without a break, 0 |
///
/// Outputs `OK` (all hold, for `for_s`), `MISSING` (bit mask of the rows that do not
/// hold now, row 1 in bit 0) and `WAIT_S` (seconds until `OK` while all hold and
/// `for_s` runs, else 0). A bad tag does not hold.
pub struct Permit {
    for_ns: u64,
    delay: Delay,
    needs: Box<[(Input<bool>, bool)]>,
    ok: Output<bool>,
    missing: Output<i64>,
    wait_s: Output<f64>,
}

impl Block for Permit {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let mut missing = 0u64;
        for (row, (tag, is)) in self.needs.iter().enumerate() {
            let reading = image.get(*tag);
            let holds = reading.value == *is && !reading.is_bad();
            missing |= u64::from(!holds) << row;
        }
        let ok = self.delay.step(missing == 0, self.for_ns, 0, ns(scan.dt_s));
        image.put(&self.ok, ok);
        image.put(&self.missing, missing as i64);
        image.put(&self.wait_s, seconds(self.delay.left_ns(self.for_ns)));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.delay.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.delay.restore(state)
    }
}

impl BlockKind for Permit {
    const NAME: &'static str = "PERMIT";
    const STAGE: Stage = Stage::Protect;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let rows = wiring.rows("needs");
        if rows.is_empty() || rows.len() > 64 {
            wiring.problem("needs", format!("{} rows", rows.len()), "1 to 64 rows");
        }
        let mut needs = Vec::new();
        for (at, row) in rows.iter().take(64).enumerate() {
            let number = at + 1;
            check_row(wiring, "needs", row, &["name", "zh", "tag", "is"]);
            let is = match row.get("is") {
                None => true,
                Some(Value::Bool(is)) => *is,
                Some(_) => {
                    wiring.problem("needs", format!("`is` of row {number}"), "true or false");
                    true
                }
            };
            for key in ["name", "zh"] {
                let _for_people = row_text(wiring, "needs", row, key);
            }
            match row.get("tag") {
                Some(tag @ (Value::Text(_) | Value::Table(_))) => {
                    needs.push((wiring.input_from(&format!("needs.{number}"), tag), is));
                }
                _ => wiring.problem(
                    "needs",
                    format!("row {number} has no `tag`"),
                    "a Boolean tag",
                ),
            }
        }
        Permit {
            for_ns: ns(wiring.real("for_s", 0.0, 0.0..=86_400.0)),
            delay: Delay::default(),
            needs: needs.into_boxed_slice(),
            ok: wiring.output("OK"),
            missing: wiring.output("MISSING"),
            wait_s: wiring.output("WAIT_S"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use signal::Quality;

    #[test]
    fn all_must_hold_long_enough() {
        let mut rig = Rig::new(
            1000,
            r#"
            field = { run = false, trip = true }
            [[block]]
            kind = "PERMIT"
            name = "P"
            for_s = 30
            needs = [
                { name = "agitator runs", tag = "run" },
                { name = "no trip", tag = "trip", is = false },
            ]
            "#,
        );
        rig.scans(1);
        assert_eq!(rig.value("P.MISSING"), 3.0);
        rig.field("run", 1.0).scans(1);
        assert_eq!(rig.value("P.MISSING"), 2.0);
        assert_eq!(rig.value("P.WAIT_S"), 0.0);
        rig.field("trip", 0.0).scans(30);
        assert!(!rig.is("P.OK"));
        assert_eq!(rig.value("P.WAIT_S"), 1.0);
        assert!(rig.scans(1).is("P.OK"));
        assert_eq!(rig.value("P.WAIT_S"), 0.0);
        rig.quality_of("run", Quality::STALE).scans(1);
        assert!(!rig.is("P.OK"));
        assert_eq!(rig.value("P.MISSING"), 1.0);
    }
}
