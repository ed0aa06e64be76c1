//! A comparison as text to read in a review.

use super::{Comparison, Key, Touched};
use core::fmt::{self, Write};
use std::collections::BTreeMap;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.old == self.new {
            return writeln!(f, "the texts are the same: {}", self.old);
        }
        writeln!(f, "{} -> {}", self.old, self.new)?;
        if self.changes.is_empty() {
            return writeln!(f, "only comments and layout differ");
        }
        for change in &self.changes {
            let (file, line) = (&change.file, change.line);
            write!(
                f,
                "{} {} {}",
                change.how.word(),
                change.section,
                change.name
            )?;
            if !change.desc.en.is_empty() {
                write!(f, ": {}", change.desc.en)?;
            }
            writeln!(f, " ({file}:{line})")?;
            for key in &change.keys {
                writeln!(f, "    {}", said(key))?;
            }
        }
        let impact = &self.impact;
        writeln!(f, "\nImpact")?;
        for what in &impact.restart {
            writeln!(f, "  needs a restart: alters {}", what.words())?;
        }
        for misfit in &impact.misfits {
            writeln!(f, "  refused online: {misfit}")?;
        }
        for bar in &impact.bars {
            let now = match bar.holds {
                Some(true) => ": it does now",
                _ => "",
            };
            let (block, why) = (&bar.block, &bar.why.en);
            writeln!(
                f,
                "  refused while {block} holds a latched trip{now}; the change {why}"
            )?;
        }
        for (title, list) in [
            ("final elements", &impact.elements),
            ("causes", &impact.causes),
            ("effects", &impact.effects),
            ("loops", &impact.loops),
            ("alarms", &impact.alarms),
            ("tags", &impact.tags),
        ] {
            touched(f, title, list)?;
        }
        for (title, list) in [
            (
                "new initial value in place of what people have set",
                &impact.set_anew,
            ),
            ("begins anew", &impact.anew),
            ("state goes with it", &impact.gone),
        ] {
            if !list.is_empty() {
                writeln!(f, "  {title}: {}", list.join(", "))?;
            }
        }
        writeln!(
            f,
            "  blocks that keep their state: {}; fed by what changes: {}",
            impact.kept, impact.fed
        )
    }
}

fn said(key: &Key) -> String {
    let mut out = match (&key.old, &key.new) {
        (Some(old), Some(new)) => format!("{} {old} -> {new}", key.key),
        (Some(old), None) => format!("{} {old} -> gone", key.key),
        (None, Some(new)) => format!("{} now {new}", key.key),
        (None, None) => key.key.clone(),
    };
    if !key.unit.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(out, " {}", key.unit);
    }
    out.trim_start().to_string()
}

fn touched(f: &mut fmt::Formatter<'_>, title: &str, list: &[Touched]) -> fmt::Result {
    if list.is_empty() {
        return Ok(());
    }
    writeln!(f, "  {title}")?;
    let mut fed: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for item in list {
        if item.how.is_fed() {
            let group = fed.entry((item.how.word(), &item.by));
            group.or_default().push(&item.name);
            continue;
        }
        write!(f, "    {} {}", item.how.word(), item.name)?;
        if !item.by.is_empty() {
            write!(f, " by {}", item.by)?;
        }
        match item.desc.en.as_str() {
            "" => writeln!(f)?,
            desc => writeln!(f, ": {desc}")?,
        }
    }
    for ((how, by), names) in fed {
        writeln!(f, "    {how} by {by}: {}", names.join(", "))?;
    }
    Ok(())
}
