//! `scanloop audit`: verifies, lists and copies out the audit trail of a station, or of a
//! copy of it.

use clap::{Args, Subcommand};
use journal::ledger::read::{self, Place};
use journal::ledger::{Class, DiskFolder, Entry, Report, keys, replica::Replicated, verify};
use records::{Query, paper, parse_instant};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What to do with an audit trail.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Verify every byte of it: exit code 0 if all is as it was written, 1 otherwise.
    Verify {
        /// A data folder, or the folder of a ledger.
        folder: PathBuf,
        /// The public key (ledger.pub), from a place that you trust.
        #[arg(long)]
        key: Option<PathBuf>,
        /// The second place of the signed checkpoints.
        #[arg(long)]
        checkpoints: Option<PathBuf>,
        /// The report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List records, oldest first.
    List {
        /// A data folder, or the folder of a ledger.
        folder: PathBuf,
        /// Which records.
        #[command(flatten)]
        which: Which,
        /// As CSV.
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        /// As JSON, one record a line.
        #[arg(long)]
        json: bool,
    },
    /// Copy records out as CSV and JSON, with a report of the verification and a list of
    /// SHA-256 sums.
    Export {
        /// A data folder, or the folder of a ledger.
        folder: PathBuf,
        /// Folder for the copies; made if absent.
        #[arg(long)]
        out: PathBuf,
        /// Which records.
        #[command(flatten)]
        which: Which,
        /// The public key (ledger.pub), from a place that you trust.
        #[arg(long)]
        key: Option<PathBuf>,
        /// The second place of the signed checkpoints.
        #[arg(long)]
        checkpoints: Option<PathBuf>,
    },
}

/// Which records; all conditions hold together.
#[derive(Clone, Debug, Default, Args)]
pub struct Which {
    /// From this time on, such as 2026-11-22 or 2026-11-22T14:03+08:00.
    #[arg(long, value_parser = instant)]
    from: Option<i64>,
    /// Before this time.
    #[arg(long, value_parser = instant)]
    to: Option<i64>,
    /// Actor, or the second person.
    #[arg(long)]
    who: Option<String>,
    /// Class: command, alarm, login, access, change, batch, bypass, manual, signature,
    /// report, system.
    #[arg(long, value_parser = class)]
    class: Option<Class>,
    /// Tag or other object, or the beginning of its name.
    #[arg(long)]
    object: Option<String>,
    /// Words anywhere in the record.
    #[arg(long)]
    text: Option<String>,
}

/// An instant of the command line, nanoseconds of UTC.
///
/// # Errors
/// A sentence if it is none.
pub fn instant(text: &str) -> Result<i64, String> {
    parse_instant(text).ok_or_else(|| "a date, or a date and time as in RFC 3339".into())
}

fn class(word: &str) -> Result<Class, String> {
    Class::of(word).ok_or_else(|| {
        let words: Vec<&str> = Class::ALL.into_iter().map(Class::word).collect();
        format!("one of {}", words.join(", "))
    })
}

impl Which {
    fn query(&self) -> Query {
        Query {
            from_ns: self.from,
            to_ns: self.to,
            class: self.class,
            who: self.who.clone(),
            subject: self.object.clone(),
            text: self.text.clone(),
            ..Query::default()
        }
    }
}

/// Does what was asked; what is to be printed.
///
/// # Errors
/// A sentence; or nothing but what was to be printed, if the trail is not good.
pub fn run(audit: Audit, print: impl Fn(&str)) -> Result<(), String> {
    match audit {
        Audit::Verify {
            folder,
            key,
            checkpoints,
            json,
        } => {
            let report = report(&folder, key.as_deref(), checkpoints.as_deref())?;
            if json {
                print(&format!("{:#}", to_json(&report)));
            } else {
                print(report.text().trim_end());
            }
            good(&report)
        }
        Audit::List {
            folder,
            which,
            csv,
            json,
        } => {
            let entries = entries(&folder, &which)?;
            if csv {
                print(paper::csv(&entries)?.trim_end());
                return Ok(());
            }
            for entry in &entries {
                if json {
                    print(&paper::to_json(entry).to_string());
                } else {
                    print(&paper::line(entry));
                }
            }
            Ok(())
        }
        Audit::Export {
            folder,
            out,
            which,
            key,
            checkpoints,
        } => {
            let report = report(&folder, key.as_deref(), checkpoints.as_deref())?;
            let entries = entries(&folder, &which)?;
            export(&out, &entries, &report)?;
            print(&format!("{} records in {}", entries.len(), out.display()));
            good(&report)
        }
    }
}

fn good(report: &Report) -> Result<(), String> {
    match report.findings.first() {
        None => Ok(()),
        Some(first) => Err(format!("the audit trail is not as it was written: {first}")),
    }
}

/// A data folder holds its ledger in a folder of its own.
fn ledger_of(folder: &Path) -> Result<DiskFolder, String> {
    let inner = crate::second_place::ledger_folder(folder);
    let folder = if inner.is_dir() { &inner } else { folder };
    if !folder.is_dir() {
        return Err(format!("{}: no such folder", folder.display()));
    }
    Ok(DiskFolder::at(folder))
}

fn report(folder: &Path, key: Option<&Path>, checkpoints: Option<&Path>) -> Result<Report, String> {
    let key = key.map(keys::read_public).transpose();
    let key = key.map_err(|error| error.to_string())?;
    let replicated = checkpoints.map(Replicated::read_folder).transpose();
    let replicated = replicated.map_err(|error| error.to_string())?;
    let ledger = ledger_of(folder)?;
    let report = verify(&ledger, key, replicated).map_err(|error| error.to_string())?;
    if report.segments == 0 {
        return Err(format!("{}: no ledger here", folder.display()));
    }
    Ok(report)
}

fn entries(folder: &Path, which: &Which) -> Result<Vec<Entry>, String> {
    let ledger = ledger_of(folder)?;
    let reading = read::read_from(&ledger, Place::default()).map_err(|error| error.to_string())?;
    let query = which.query();
    let mut entries = reading.entries;
    entries.retain(|entry| query.matches(entry));
    Ok(entries)
}

fn to_json(report: &Report) -> serde_json::Value {
    let hex = journal::ledger::hash::hex;
    let findings: Vec<serde_json::Value> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "segment": finding.segment,
                "at": finding.at,
                "seq": finding.seq,
                "fault": finding.fault.to_string(),
            })
        })
        .collect();
    json!({
        "good": report.is_good(),
        "ledger": hex(&report.ledger),
        "segments": report.segments,
        "entries": report.entries,
        "last": report.last,
        "checkpoints": report.checkpoints,
        "signed_to": report.signed_to,
        "unsigned": report.unsigned(),
        "replicated_to": report.replicated_to,
        "unproved": report.unproved(),
        "head": hex(&report.head),
        "key": hex(&report.key),
        "key_given": report.key_given,
        "replicated": report.replicated,
        "findings": findings,
    })
}

fn export(out: &Path, entries: &[Entry], report: &Report) -> Result<(), String> {
    let fails = |error: std::io::Error| format!("{}: {error}", out.display());
    std::fs::create_dir_all(out).map_err(fails)?;
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| format!("{}\n", paper::to_json(entry)))
        .collect();
    let files = [
        ("records.csv", paper::csv(entries)?),
        ("records.jsonl", lines.concat()),
        ("verification.json", format!("{:#}\n", to_json(report))),
    ];
    let mut sums = String::new();
    for (name, text) in files {
        let sum = journal::ledger::hash::sha256(&[text.as_bytes()]);
        sums += &format!("{}  {name}\n", journal::ledger::hash::hex(&sum));
        std::fs::write(out.join(name), text).map_err(fails)?;
    }
    std::fs::write(out.join("SHA256SUMS"), sums).map_err(fails)
}

#[cfg(test)]
mod tests {
    use super::*;
    use journal::ledger::{Actor, Ledger, Settings};
    use std::cell::RefCell;

    fn said(audit: Audit) -> (Result<(), String>, String) {
        let text = RefCell::new(String::new());
        let done = run(audit, |line| *text.borrow_mut() += &format!("{line}\n"));
        (done, text.into_inner())
    }

    fn verifying(folder: &Path, json: bool) -> Audit {
        Audit::Verify {
            folder: folder.to_path_buf(),
            key: Some(folder.join("ledger.pub")),
            checkpoints: None,
            json,
        }
    }

    #[test]
    fn a_trail_is_verified_listed_copied_out_and_a_changed_byte_is_named() {
        let data = std::env::temp_dir().join(format!("scanloop-{}-audit", std::process::id()));
        let _ = std::fs::remove_dir_all(&data);
        std::fs::create_dir_all(&data).unwrap();
        assert!(
            said(verifying(&data, false)).0.is_err(),
            "no key, no ledger"
        );
        let (folder, key) = (data.join("ledger"), data.join("ledger.key"));
        let mut settings = Settings::new("SIM", || 0);
        (settings.segment_bytes, settings.spares) = (1 << 16, 1);
        let mut ledger = Ledger::open(&folder, &key, settings).unwrap();
        for n in 0..5 {
            let mut entry = Entry::system(n * 1_000_000_000, "SIM", "write", "TIC-101.SP", "why");
            entry.who = Actor::person(if n == 2 { "Li Wei" } else { "Wang Fang" });
            ledger.append(&mut [entry]).unwrap();
        }
        ledger.stop().unwrap();
        let (done, text) = said(verifying(&data, false));
        assert_eq!(done, Ok(()), "{text}");
        assert!(
            text.ends_with("GOOD\n") && text.contains("5 entries"),
            "{text}"
        );

        let which = Which {
            who: Some("Li Wei".into()),
            from: parse_instant("1970-01-01T00:00:01Z"),
            ..Which::default()
        };
        let (_, text) = said(Audit::List {
            folder: data.clone(),
            which: which.clone(),
            csv: true,
            json: false,
        });
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("\n3,1970-01-01T00:00:02.000Z,"), "{text}");
        let out = data.join("out");
        let (done, _) = said(Audit::Export {
            folder: folder.clone(),
            out: out.clone(),
            which,
            key: None,
            checkpoints: None,
        });
        assert_eq!(done, Ok(()));
        assert_eq!(std::fs::read_dir(&out).unwrap().count(), 4);

        let segment = folder.join(journal::ledger::segment_name(1));
        let mut bytes = std::fs::read(&segment).unwrap();
        bytes[300] ^= 1;
        std::fs::write(&segment, bytes).unwrap();
        let (done, text) = said(verifying(&data, true));
        assert!(
            done.unwrap_err()
                .contains("00000001.ledger byte 148, record 1")
        );
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["good"], false);
        assert_eq!(report["findings"][0]["seq"], 1);
        std::fs::remove_dir_all(&data).unwrap();
    }
}
