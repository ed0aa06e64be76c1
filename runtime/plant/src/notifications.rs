//! Outgoing messages of a plant: `notify.toml`, named in `[plant]`.

use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::draft::Draft;
use crate::source::{Origin, Sources};
use notify::Config;
use std::collections::BTreeSet;

/// The file with the text of messages, in the folder of the plant.
pub const FILE: &str = "notify.toml";

/// Reads the text of messages, if the plant has one.
pub(crate) fn read(draft: &Draft, sources: &Sources, problems: &mut Diagnostics) -> Option<Config> {
    let file = sources.find(FILE);
    let (name, at) = match (&draft.notify, file) {
        (None, None) => return None,
        (None, Some(file)) => {
            problems.push(
                codes::NOTIFY_FILE,
                &Origin::new(file, 0..0),
                format!("{FILE} is there, but plant.toml does not name it"),
                format!("give notify = \"{FILE}\" in [plant], or remove the file"),
            );
            return None;
        }
        (Some((name, at)), _) => (name, at),
    };
    let Some(file) = file.filter(|_| name == FILE) else {
        problems.push(
            codes::NOTIFY_FILE,
            at,
            format!("there is no {name} that could be the text of messages"),
            format!("the file is called {FILE} and stands beside plant.toml"),
        );
        return None;
    };
    let text = sources.files().get(file).map_or("", |(_, text)| text);
    let config = match Config::read(text) {
        Ok(config) => config,
        Err(found) => {
            for problem in found {
                let at = Origin::new(file, problem.span);
                problems.push(codes::NOTIFY, &at, problem.message, problem.help);
            }
            return None;
        }
    };
    let known: Vec<&str> = draft.units.iter().map(|unit| unit.name.as_str()).collect();
    for (at, profile) in config.profiles.iter().enumerate() {
        for (unit_at, unit) in profile.units.iter().enumerate() {
            if known.contains(&unit.as_str()) {
                continue;
            }
            let path = format!("notify.profile.{}.units.{}", at + 1, unit_at + 1);
            let near = scan::wiring::nearest(unit, known.iter().copied());
            problems.push(
                codes::NOTIFY_UNIT,
                &Origin::new(file, notify::config::locate(text, &path)),
                format!("there is no unit {unit}, so nobody would be told of it"),
                near.map_or_else(String::new, |near| format!("did you mean {near}?")),
            );
        }
    }
    judge_escalations(draft, &config, problems);
    Some(config)
}

/// Profiles that alarms name: they are there, and one that an alarm names itself is for it.
fn judge_escalations(draft: &Draft, config: &Config, problems: &mut Diagnostics) {
    let mut told = BTreeSet::new();
    for alarm in &draft.alarms {
        let record = &alarm.rationale;
        let name = record.escalation.as_str();
        if name.is_empty() {
            continue;
        }
        let is_own = alarm.has("escalation");
        let at = alarm.place_of(if is_own { "escalation" } else { "name" });
        let Some(profile) = config.profiles.iter().find(|p| p.name == name) else {
            // What the head of a file says is said once.
            if is_own || told.insert((at.file, name)) {
                let names = config.profiles.iter().map(|p| p.name.as_str());
                let near = scan::wiring::nearest(name, names);
                problems.push(
                    codes::NOTIFY_PROFILE,
                    &at,
                    format!("there is no profile {name} in {FILE}"),
                    near.map_or_else(String::new, |near| format!("did you mean {near}?")),
                );
            }
            continue;
        };
        let priority = record.priority as u8 + 1;
        let is_told = record.priority.is_annunciated();
        if is_own && is_told && !profile.is_for(priority, &record.unit) {
            problems.push(
                codes::NOTIFY_PROFILE,
                &at,
                format!(
                    "profile {name} is not for {} in {}, so it would never hold",
                    record.priority.word(),
                    record.unit
                ),
                "name a profile for this priority and unit, or none: then the first that fits holds",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::NoDrivers;
    use scan::Registry;

    const NOTIFY: &str = r#"[notify]
enabled = true
station = { en = "Demo", zh = "示例" }
utc_offset = "+08:00"
[[notify.channel]]
name = "mail"
kind = "smtp"
host = "127.0.0.1"
tls = "none"
from = "scanloop@plant.invalid"
[[notify.person]]
name = "wang"
address = { mail = "wang@plant.invalid" }
[[notify.profile]]
name = "all"
priorities = [1, 2, 3]
units = ["U-1"]
step = [{ after_s = 0, to = ["person:wang"], channels = ["mail"] }]
"#;

    fn load(named: &str, notify: Option<&str>) -> Result<crate::Plant, Vec<String>> {
        let plant = format!(
            "[plant]\nname = \"demo\"\ntitle = {{ en = \"Demo\", zh = \"示例\" }}\n{named}\n\
             [[task]]\nname = \"fast\"\nperiod_ms = 100\n"
        );
        let unit = "[unit]\nname = \"U-1\"\ntitle = { en = \"Unit\", zh = \"单元\" }\n";
        let mut files = vec![("plant.toml", plant), ("units/u.toml", unit.to_string())];
        files.extend(notify.map(|text| (FILE, text.to_string())));
        let sources = Sources::from_texts(files);
        crate::load_sources(sources, &Registry::new(), &NoDrivers).map_err(|(sources, problems)| {
            let line = |at: &Origin| sources.line_column(at).0;
            let problems = problems.iter();
            problems
                .map(|p| format!("{} {}:{}", p.code.number, sources.name(&p.at), line(&p.at)))
                .collect()
        })
    }

    const NAMED: &str = "notify = \"notify.toml\"";

    #[test]
    fn the_text_of_messages_is_part_of_the_plant() {
        let plant = load(NAMED, Some(NOTIFY)).unwrap_or_else(|problems| panic!("{problems:?}"));
        let config = plant.notify.as_ref();
        assert!(config.is_some_and(|config| config.is_enabled));
        assert!(load("", None).is_ok_and(|plant| plant.notify.is_none()));
    }

    #[test]
    fn a_text_that_is_not_named_or_not_there_is_a_problem() {
        assert_eq!(
            load("", Some(NOTIFY)).err(),
            Some(vec!["P1101 notify.toml:1".into()])
        );
        assert_eq!(
            load(NAMED, None).err(),
            Some(vec!["P1101 plant.toml:4".into()])
        );
        let other = "notify = \"other.toml\"";
        assert_eq!(
            load(other, Some(NOTIFY)).err(),
            Some(vec!["P1101 plant.toml:4".into()])
        );
    }

    #[test]
    fn what_is_wrong_in_it_is_told_at_its_line() {
        let text = NOTIFY
            .replace("utc_offset = \"+08:00\"", "utc_offset = \"8\"")
            .replace("person:wang", "person:wnag");
        let told = vec!["P1102 notify.toml:4".into(), "P1102 notify.toml:18".into()];
        assert_eq!(load(NAMED, Some(&text)).err(), Some(told));
        let text = NOTIFY.replace("U-1", "U-2");
        assert_eq!(
            load(NAMED, Some(&text)).err(),
            Some(vec!["P1103 notify.toml:17".into()])
        );
    }
}
