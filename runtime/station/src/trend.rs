//! `scanloop trend`: history of a tag as text, CSV, JSON or Parquet.

use historian::export::{write_csv, write_parquet};
use historian::{Aggregate, Bucket, HistoryReader, Mark, Phase, Policy, TagFacts, Window};
use serde_json::{Value, json};
use signal::Utc;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

/// Columns of the line that shows the course.
const SPARKS: usize = 72;
/// Rows of the table unless `--every` says otherwise.
const ROWS: i64 = 20;
/// Most rows of a table.
const ROWS_MAX: i64 = 100_000;

/// What was asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Folder of the history.
    pub folder: PathBuf,
    /// Tag; none to list them.
    pub tag: Option<String>,
    /// Start: an instant, or so long before the end; the beginning of history without.
    pub from: Option<String>,
    /// End; the last scan without.
    pub to: Option<String>,
    /// Width of a row, nanoseconds.
    pub every_ns: Option<i64>,
    /// Tag of a step, a phase or a batch: each stretch in which it held one value is a
    /// row.
    pub phase: Option<String>,
    /// How it is told.
    pub form: Form,
}

/// How history is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A line and a table.
    #[default]
    Text,
    /// The stored points and gaps.
    Csv,
    /// The rows of the table.
    Json,
    /// The stored points and gaps, into this file.
    Parquet(PathBuf),
}

/// Answers on `out`.
///
/// # Errors
/// A sentence.
pub fn answer(question: &Question, out: &mut impl Write) -> Result<(), String> {
    let (reader, recovery) =
        HistoryReader::open(&question.folder).map_err(|error| error.to_string())?;
    let tell = |out: &mut dyn Write, text: &str| {
        let told = out.write_all(text.as_bytes());
        told.map_err(|error| format!("cannot tell: {error}"))
    };
    for file in &recovery.quarantined {
        tell(out, &format!("cannot be read, and is a gap: {file}\n"))?;
    }
    let tags = reader.tags();
    let Some(name) = &question.tag else {
        let text = match question.form {
            Form::Json => format!("{:#}\n", list_json(&tags)),
            _ => list(&tags),
        };
        return tell(out, &text);
    };
    let facts = tags.iter().find(|tag| tag.name == *name);
    let facts = facts.ok_or_else(|| {
        let names = tags.iter().map(|tag| tag.name.as_str());
        let near = scan::wiring::nearest(name, names);
        let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        format!("no history of {name}{near}")
    })?;
    let (first, last) = facts
        .range
        .ok_or_else(|| format!("the history of {name} is empty"))?;
    let end = last.saturating_add(1);
    let to_ns = instant(question.to.as_deref(), end)?.unwrap_or(end);
    let from_ns = instant(question.from.as_deref(), to_ns)?.unwrap_or(first);
    if from_ns >= to_ns {
        return Err("--from is not before --to".into());
    }
    let tag = [name.as_str()];
    match &question.form {
        Form::Csv => {
            let done = write_csv(&reader, &tag, from_ns, to_ns, out);
            done.map(drop).map_err(|error| error.to_string())
        }
        Form::Parquet(path) => {
            let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
            let file = File::create(path).map_err(|error| told(&error))?;
            let file = std::io::BufWriter::new(file);
            let done = write_parquet(&reader, &tag, from_ns, to_ns, file);
            let done = done.map_err(|error| told(&error))?;
            let text = format!(
                "{} points and {} gaps in {}\n",
                done.points,
                done.gaps,
                path.display()
            );
            tell(out, &text)
        }
        Form::Text | Form::Json => {
            let rows = match &question.phase {
                Some(phase) => rows_of_phases(&reader, name, (from_ns, to_ns), phase)?,
                None => rows(&reader, name, (from_ns, to_ns), question.every_ns)?,
            };
            if question.form == Form::Json {
                return tell(out, &format!("{:#}\n", rows_json(facts, &rows)));
            }
            let course = reader
                .envelope(name, from_ns, to_ns, SPARKS)
                .map_err(|error| error.to_string())?;
            tell(out, &page(facts, (from_ns, to_ns), &course, &rows))
        }
    }
}

struct Row {
    window: Window,
    sum: Aggregate,
    /// Value of the step or phase that it is.
    phase: Option<f64>,
}

fn rows(
    reader: &HistoryReader,
    tag: &str,
    (from_ns, to_ns): (i64, i64),
    every_ns: Option<i64>,
) -> Result<Vec<Row>, String> {
    let span = to_ns.saturating_sub(from_ns);
    let every_ns = every_ns.unwrap_or_else(|| span.div_euclid(ROWS) + 1).max(1);
    if span / every_ns > ROWS_MAX {
        return Err(format!("more than {ROWS_MAX} rows: give a longer --every"));
    }
    let windows = Window::every(from_ns, to_ns, every_ns);
    let aggregates = reader.aggregate(tag, &windows);
    let aggregates = aggregates.map_err(|error| error.to_string())?;
    let rows = windows.into_iter().zip(aggregates);
    let row = |(window, sum)| Row {
        window,
        sum,
        phase: None,
    };
    Ok(rows.map(row).collect())
}

/// A row for each stretch in which the tag of a step or a phase held one value.
fn rows_of_phases(
    reader: &HistoryReader,
    tag: &str,
    (from_ns, to_ns): (i64, i64),
    phase: &str,
) -> Result<Vec<Row>, String> {
    let phases = reader.phases(phase, from_ns, to_ns);
    let phases = phases.map_err(|error| error.to_string())?;
    if phases.len() as i64 > ROWS_MAX {
        return Err(format!(
            "{phase} changes more than {ROWS_MAX} times: give a later --from"
        ));
    }
    let windows: Vec<Window> = phases.iter().map(|phase| phase.window).collect();
    let sums = reader.aggregate(tag, &windows);
    let sums = sums.map_err(|error| error.to_string())?;
    let row = |(phase, sum): (Phase, Aggregate)| Row {
        window: phase.window,
        sum,
        phase: Some(phase.value),
    };
    Ok(phases.into_iter().zip(sums).map(row).collect())
}

fn policy(policy: Policy) -> String {
    match policy {
        Policy::Raw => "raw".into(),
        Policy::Exception { deadband } => format!("deadband {deadband}"),
        Policy::SwingingDoor { deviation, .. } => format!("swinging door {deviation}"),
    }
}

fn list(tags: &[TagFacts]) -> String {
    let mut text = format!(
        "{:<28} {:<5} {:<8} {:>12}  {:<24} {:<24} kept\n",
        "tag", "kind", "unit", "points", "from", "to"
    );
    for tag in tags {
        let (from, to) = tag.range.map_or_else(Default::default, |(from, to)| {
            (Utc(from).to_string(), Utc(to).to_string())
        });
        // Writing to a text does not fail.
        let _ = writeln!(
            text,
            "{:<28} {:<5} {:<8} {:>12}  {from:<24} {to:<24} {}",
            tag.name,
            tag.kind,
            tag.unit,
            tag.points,
            policy(tag.policy)
        );
    }
    let _ = writeln!(text, "{} tags", tags.len());
    text
}

fn list_json(tags: &[TagFacts]) -> Value {
    let tag = |tag: &TagFacts| {
        json!({
            "tag": tag.name,
            "kind": tag.kind.word(),
            "unit": tag.unit,
            "source": tag.source,
            "policy": policy(tag.policy),
            "points": tag.points,
            "from": tag.range.map(|(from, _)| Utc(from).to_string()),
            "to": tag.range.map(|(_, to)| Utc(to).to_string()),
        })
    };
    tags.iter().map(tag).collect()
}

fn rows_json(facts: &TagFacts, rows: &[Row]) -> Value {
    let seconds = |ns: i64| ns as f64 * 1e-9;
    let row = |Row { window, sum, phase }: &Row| {
        let mut row = json!({
            "from": Utc(window.from_ns).to_string(),
            "to": Utc(window.to_ns).to_string(),
            "points": sum.samples,
            "min": number(sum.min),
            "max": number(sum.max),
            "mean": number(sum.mean()),
            "first": number(sum.first),
            "last": number(sum.last),
            "integral": sum.integral,
            "good_s": seconds(sum.good_ns),
            "uncertain_s": seconds(sum.uncertain_ns),
            "bad_s": seconds(sum.bad_ns),
            "gap_s": seconds(sum.gap_ns),
            "states_s": sum.states.iter()
                .map(|(state, ns)| (state.to_string(), json!(seconds(*ns))))
                .collect::<serde_json::Map<String, Value>>(),
        });
        if let Some(phase) = phase {
            row["phase"] = number(*phase);
        }
        row
    };
    json!({
        "tag": facts.name,
        "unit": facts.unit,
        "rows": rows.iter().map(row).collect::<Value>(),
    })
}

fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// Blocks of eighths for values, a dot for bad, a space for unknown, a bar for a gap.
fn sparks(course: &[Bucket]) -> String {
    const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let low = course.iter().fold(f64::NAN, |low, b| low.min(b.min));
    let high = course.iter().fold(f64::NAN, |high, b| high.max(b.max));
    let spark = |bucket: &Bucket| {
        if bucket.has_gap {
            return '¦';
        }
        if bucket.mean.is_nan() {
            return if bucket.mark == Mark::Bad { '·' } else { ' ' };
        }
        let share = (bucket.mean - low) / (high - low);
        let eighth = if share.is_finite() { share * 7.99 } else { 3.0 };
        EIGHTHS[(eighth as usize).min(7)]
    };
    course.iter().map(spark).collect()
}

fn page(facts: &TagFacts, (from_ns, to_ns): (i64, i64), course: &[Bucket], rows: &[Row]) -> String {
    let low = course.iter().fold(f64::NAN, |low, b| low.min(b.min));
    let high = course.iter().fold(f64::NAN, |high, b| high.max(b.max));
    let mut text = format!(
        "{} {}  {} … {}  {low:.3} … {high:.3}  ({})\n{}\n",
        facts.name,
        facts.unit,
        Utc(from_ns),
        Utc(to_ns),
        policy(facts.policy),
        sparks(course)
    );
    // Writing to a text does not fail.
    let _ = writeln!(
        text,
        "{:<24} {:>12} {:>12} {:>12} {:>12} {:>8} {:>7} {:>7}{}",
        "from",
        "min",
        "mean",
        "max",
        "last",
        "points",
        "good %",
        "gap s",
        if rows.iter().any(|row| row.phase.is_some()) {
            "   phase"
        } else {
            ""
        }
    );
    let cell = |value: f64| {
        if value.is_nan() {
            "–".to_string()
        } else {
            format!("{value:.4}")
        }
    };
    for Row { window, sum, phase } in rows {
        let good = sum.good_fraction();
        let good = if good.is_nan() {
            "–".to_string()
        } else {
            format!("{:.1}", good * 100.0)
        };
        let _ = writeln!(
            text,
            "{:<24} {:>12} {:>12} {:>12} {:>12} {:>8} {good:>7} {:>7.1}{}",
            Utc(window.from_ns).to_string(),
            cell(sum.min),
            cell(sum.mean()),
            cell(sum.max),
            cell(sum.last),
            sum.samples,
            sum.gap_ns as f64 * 1e-9,
            phase.map_or_else(String::new, |phase| format!(" {phase:>7}"))
        );
    }
    text
}

/// An instant in ISO 8601, or so long before `end_ns`: `90s`, `15m`, `8h`, `7d`.
fn instant(text: Option<&str>, end_ns: i64) -> Result<Option<i64>, String> {
    let Some(text) = text else {
        return Ok(None);
    };
    let before = |number: &str, seconds: f64| {
        let number = number.parse::<f64>().ok().filter(|n| *n >= 0.0)?;
        Some(end_ns.saturating_sub((number * seconds * 1e9) as i64))
    };
    let units = [("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0)];
    let mut relative = units
        .iter()
        .filter_map(|(unit, seconds)| before(text.strip_suffix(unit)?, *seconds));
    let found = relative.next().or_else(|| iso_8601(text));
    found.map(Some).ok_or_else(|| {
        format!("\"{text}\" is no time: 2026-11-22T14:00:00Z, 2026-11-22, or 90s, 15m, 8h, 7d")
    })
}

/// `2026-11-22`, `2026-11-22T14:00Z`, `2026-11-22T14:00:05.120Z`; UTC only (day
/// arithmetic after Howard Hinnant's `days_from_civil`).
fn iso_8601(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':');
    let (hour, minute) = (
        time.next()?.parse::<i64>().ok()?,
        time.next()?.parse::<i64>().ok()?,
    );
    let second = time
        .next()
        .map_or(Some(0.0), |part| part.parse::<f64>().ok())?;
    let is_sound = (1_970..2_262).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0.0..61.0).contains(&second);
    if !is_sound {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    let seconds = (days * 24 + hour) * 3_600 + minute * 60;
    Some(seconds * 1_000_000_000 + (second * 1e3).round() as i64 * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use historian::{Historian, Options, Sample, SourceId, Specs, TagId, TagSpec};
    use signal::{Kind, Quality};

    #[test]
    fn instants_are_read_as_they_are_written() {
        for ms in [0, 951_782_400_000, 1_795_355_999_120, 4_102_444_800_000] {
            let text = Utc(ms * 1_000_000).to_string();
            assert_eq!(iso_8601(&text), Some(ms * 1_000_000), "{text}");
        }
        assert_eq!(iso_8601("2026-13-01"), None);
        assert_eq!(
            instant(Some("2m"), 200_000_000_000),
            Ok(Some(80_000_000_000))
        );
        assert!(instant(Some("soon"), 0).is_err());
    }

    #[test]
    fn a_tag_is_told_as_page_json_csv_and_list() {
        let folder = std::env::temp_dir().join(format!("scanloop-trend-{}", std::process::id()));
        let specs = Specs {
            sources: vec!["fast".into()],
            tags: vec![
                TagSpec {
                    name: "TT-101.PV".into(),
                    kind: Kind::Real,
                    unit: "degC".into(),
                    source: SourceId(0),
                    policy: Policy::Raw,
                },
                TagSpec {
                    name: "UP-101.STEP".into(),
                    kind: Kind::Int,
                    unit: String::new(),
                    source: SourceId(0),
                    policy: Policy::Raw,
                },
            ],
        };
        let (mut historian, _) = Historian::open(&folder, specs, Options::default()).unwrap();
        historian.begin(SourceId(0)).unwrap();
        for seq in 1..=100_u64 {
            let sample = Sample {
                tag: TagId(0),
                bits: (seq as f64).to_bits(),
                quality: Quality::GOOD,
            };
            let step = 1 + u64::from(seq >= 30) + u64::from(seq >= 70);
            let step = Sample {
                tag: TagId(1),
                bits: step,
                ..sample
            };
            // Ten scans are lost in the middle.
            let number = if seq > 50 { seq + 10 } else { seq };
            let utc_ns = number as i64 * 1_000_000_000;
            historian
                .frame(SourceId(0), number, utc_ns, &[sample, step])
                .unwrap();
        }
        let tell = |question: Question| {
            let mut out = Vec::new();
            answer(&question, &mut out).map(|()| String::from_utf8(out).unwrap())
        };
        let asked = Question {
            folder: folder.clone(),
            tag: Some("TT-101.PV".into()),
            every_ns: Some(10_000_000_000),
            ..Question::default()
        };
        let page = tell(asked.clone()).unwrap();
        assert!(
            page.contains('¦') && page.contains("1.000 … 100.000"),
            "{page}"
        );
        let json = tell(Question {
            form: Form::Json,
            ..asked.clone()
        });
        let json: Value = serde_json::from_str(&json.unwrap()).unwrap();
        let rows = json["rows"].as_array().unwrap();
        assert_eq!(rows[0]["mean"], 5.5);
        assert_eq!(rows[5]["gap_s"], 10.0);
        let csv = tell(Question {
            form: Form::Csv,
            ..asked.clone()
        });
        // Head, points, and the gap in the middle.
        assert_eq!(csv.unwrap().lines().count(), 1 + 100 + 1);
        let list = tell(Question {
            tag: None,
            ..asked.clone()
        });
        assert!(list.unwrap().contains("2 tags"));
        let by_step = tell(Question {
            phase: Some("UP-101.STEP".into()),
            every_ns: None,
            form: Form::Json,
            ..asked.clone()
        });
        let by_step: Value = serde_json::from_str(&by_step.unwrap()).unwrap();
        let of_step = |row: &Value| {
            let number = |key: &str| row[key].as_f64().unwrap();
            let (from, to) = (&row["from"], &row["to"]);
            assert!(from.as_str() < to.as_str(), "{row}");
            (number("phase"), number("min"), number("max"))
        };
        let steps = by_step["rows"].as_array().unwrap().iter().map(of_step);
        // Step 1 for 29 s, step 2 until scans are lost, step 2 after them, step 3.
        assert_eq!(
            steps.collect::<Vec<_>>(),
            [
                (1.0, 1.0, 29.0),
                (2.0, 30.0, 49.0),
                (2.0, 51.0, 69.0),
                (3.0, 70.0, 100.0)
            ]
        );
        let page_by_step = tell(Question {
            phase: Some("UP-101.STEP".into()),
            every_ns: None,
            ..asked.clone()
        });
        assert!(page_by_step.unwrap().contains("phase"));
        let wrong = tell(Question {
            tag: Some("TT-101.PW".into()),
            ..asked
        });
        assert!(wrong.unwrap_err().contains("did you mean TT-101.PV?"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
