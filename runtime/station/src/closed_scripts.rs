//! Scripts of a closed loop: between two ticks, in the order of the text, by
//! simulated time. Nothing here depends on a thread or a clock, so that equal runs
//! are equal.

use crate::supervision::{ScriptFlags, script_text};
use plant::Plant;
use scripts::{Asked, Reading, Script, ScriptText};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

struct One {
    text: ScriptText,
    /// `None` once it has faulted.
    script: Option<Script>,
    every: u64,
    was_restart: bool,
    refused: BTreeMap<String, String>,
}

/// All scripts of a plant in a closed loop.
#[derive(Default)]
pub(crate) struct ClosedScripts {
    all: Vec<One>,
    flags: ScriptFlags,
}

impl ClosedScripts {
    /// Nothing has run yet; `flags` show who is faulted.
    pub fn new(plant: &Plant, tick_ns: u64, flags: ScriptFlags) -> ClosedScripts {
        let all = plant
            .scripts
            .iter()
            .map(|draft| {
                let text = script_text(draft);
                One {
                    script: Script::new(&text, Arc::default()).ok(),
                    every: ((text.period_s * 1e9) as u64)
                        .div_ceil(tick_ns.max(1))
                        .max(1),
                    was_restart: true,
                    refused: BTreeMap::new(),
                    text,
                }
            })
            .collect();
        ClosedScripts { all, flags }
    }

    /// Whether there is any.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What the scripts that are due at `tick` ask for. Of two that ask for one tag
    /// the later in the text is asked later.
    pub fn run(
        &mut self,
        tick: u64,
        read: impl Fn(&str) -> Option<Reading>,
    ) -> Vec<(usize, Asked)> {
        let mut asked = Vec::new();
        for (index, one) in self.all.iter_mut().enumerate() {
            if !tick.is_multiple_of(one.every) {
                continue;
            }
            let restart = one.text.restart.as_deref().and_then(&read);
            let is_restart = restart.is_some_and(|r| !r.quality.is_bad() && r.value != 0.0);
            if one.script.is_none() && is_restart && !one.was_restart {
                one.script = Script::new(&one.text, Arc::default()).ok();
                one.refused.clear();
            }
            one.was_restart = is_restart;
            if let Some(script) = &mut one.script {
                let tags = one.text.reads.iter();
                let readings = tags
                    .map(|tag| {
                        let unknown = Reading::unknown(signal::Kind::Real);
                        (tag.clone(), read(tag).unwrap_or(unknown))
                    })
                    .collect();
                match script.run(readings, &one.refused) {
                    Ok(outcome) => {
                        asked.extend(outcome.writes.into_iter().map(|write| (index, write)));
                    }
                    Err(_) => one.script = None,
                }
            }
            if let Some(flag) = self.flags.get(index) {
                flag.store(one.script.is_none(), Ordering::Relaxed);
            }
        }
        asked
    }

    /// Tells a script whether what it asked for was refused.
    pub fn answer(&mut self, index: usize, tag: &str, is_refused: bool) {
        if let Some(one) = self.all.get_mut(index) {
            if is_refused {
                one.refused.insert(tag.to_string(), "refused".to_string());
            } else {
                one.refused.remove(tag);
            }
        }
    }
}
