//! Compares what runs with the plant's text as it is now, for the desk.

use crate::change::{Running, SharedRunning};
use crate::kinds;
use gateway::hub::Compare;
use gateway::{Desk, Hub};
use plant::compare::{Comparison, compare};
use plant::{Diagnostics, Sources};
use serde_json::json;
use signal::Quality;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, Weak};

/// First-out of a trip group after a start: every effect is demanded until a reset.
const START_UP: f64 = 100.0;

/// A comparison of the text in `folder` with what `running` says; whether trips are
/// latched now is read at the desk.
pub fn comparer(folder: PathBuf, running: SharedRunning, hub: Weak<Hub>) -> Compare {
    Box::new(move || {
        let running = running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let value = |tag: &str| value_now(&*hub.upgrade()?, tag);
        answer(&folder, &running, &value).to_string()
    })
}

/// The value of a tag now, if it is known.
fn value_now(hub: &Hub, tag: &str) -> Option<f64> {
    let handle = hub.handle(tag)?;
    let cell = *hub.snapshot().cells.get(handle as usize)?;
    (cell.quality != Quality::NOT_WRITTEN).then_some(cell.value)
}

fn answer(
    folder: &Path,
    running: &Running,
    value: &dyn Fn(&str) -> Option<f64>,
) -> serde_json::Value {
    let (problems, comparison) = match plant::load(folder, &kinds::blocks(), &kinds::Drivers) {
        Err((sources, problems)) => (listed(&sources, &problems), None),
        Ok(new) => {
            let mut comparison = compare(&running.plant, &new);
            note_trips(&mut comparison, value);
            (json!([]), Some(comparison))
        }
    };
    json!({
        "number": running.number,
        "has_before": running.has_before,
        "problems": problems,
        "comparison": comparison,
    })
}

fn listed(sources: &Sources, problems: &Diagnostics) -> serde_json::Value {
    problems.to_json(sources)
}

/// Says of every bar whether its block holds a trip now.
fn note_trips(comparison: &mut Comparison, value: &dyn Fn(&str) -> Option<f64>) {
    for bar in &mut comparison.impact.bars {
        let pin = |pin: &str| value(&format!("{}.{pin}", bar.block));
        // A latch has one output; a trip group says what it holds, and that it began.
        bar.holds = pin("Q").map(|q| q != 0.0).or_else(|| {
            let (latched, first) = (pin("LATCHED")?, pin("FIRST_OUT")?);
            Some(latched != 0.0 || first == START_UP)
        });
    }
}
