//! `scanloop backup` and `scanloop restore`: a copy of everything that stays of a station,
//! made while it runs, proved before it is called a backup, and proved again before it is
//! put back.
//!
//! The signing key stays where it is: whoever holds a backup must not be able to sign for
//! the station. A restored station makes a new key, and says so in its ledger.

use crate::archive::{history_folder, trips_folder};
use crate::notes::{self, Note};
use crate::second_place::{ledger_folder, ledger_key};
use crate::snapshots::snapshots_folder;
use clap::Args;
use historian::HistoryReader;
use journal::ledger::read::{self, Place};
use journal::ledger::{DiskFolder, keys, segment_name, verify};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// `scanloop backup`.
#[derive(Debug, Args)]
pub struct BackupArguments {
    /// Data folder of the station, such as data/live. The station may run.
    pub data: PathBuf,
    /// A new or empty folder.
    #[arg(long)]
    pub to: PathBuf,
    /// Folder of the plant's text, to be copied too.
    #[arg(long)]
    pub plant: Option<PathBuf>,
}

/// `scanloop restore`.
#[derive(Debug, Args)]
pub struct RestoreArguments {
    /// Folder of the backup.
    pub backup: PathBuf,
    /// Data folder to be made: new or empty. Without it the backup is only verified.
    #[arg(long)]
    pub to: Option<PathBuf>,
}

const MANIFEST: &str = "BACKUP.json";
/// Folder of the plant's text in a backup.
const PLANT: &str = "plant";
const FORM: &str = "scanloop backup 1";
/// Single files of a data folder that belong to a backup; absent ones are passed over.
const FILES: [&str; 4] = ["state.slstate", "alarms.json", "people.json", "ledger.pub"];

/// What a backup holds.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Manifest {
    form: String,
    /// Version of the program that made it.
    version: String,
    /// When, nanoseconds since 1970.
    utc_ns: i64,
    /// Last entry of the audit trail.
    last_entry: u64,
    /// SHA-256 of each file, by its path.
    files: BTreeMap<String, String>,
}

/// Why a backup or a restore did not succeed.
#[derive(Debug)]
pub enum BackupError {
    /// A file cannot be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The target holds something already.
    NotEmpty {
        /// Which folder.
        folder: PathBuf,
    },
    /// There is no station's data here.
    NoData {
        /// Which folder.
        folder: PathBuf,
    },
    /// There is no plant's text here.
    NoPlant {
        /// Which folder.
        folder: PathBuf,
    },
    /// A part of it does not hold.
    Unsound {
        /// Which part.
        part: &'static str,
        /// What was found.
        found: String,
    },
}

impl core::fmt::Display for BackupError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            BackupError::File { path, error } => write!(f, "{}: {error}", path.display()),
            BackupError::NotEmpty { folder } => {
                write!(f, "{} is not empty; give a new folder", folder.display())
            }
            BackupError::NoData { folder } => write!(
                f,
                "{} holds no ledger: it is not the data folder of a station",
                folder.display()
            ),
            BackupError::NoPlant { folder } => write!(
                f,
                "{} holds no plant.toml: it is not the text of a plant",
                folder.display()
            ),
            BackupError::Unsound { part, found } => write!(f, "{part}: {found}"),
        }
    }
}
impl std::error::Error for BackupError {}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError + '_ {
    move |error| BackupError::File {
        path: path.to_path_buf(),
        error,
    }
}

fn unsound<E: ToString>(part: &'static str) -> impl FnOnce(E) -> BackupError {
    move |error| BackupError::Unsound {
        part,
        found: error.to_string(),
    }
}

/// Makes a folder that is empty.
fn fresh(folder: &Path) -> Result<(), BackupError> {
    fs::create_dir_all(folder).map_err(at(folder))?;
    let mut entries = fs::read_dir(folder).map_err(at(folder))?;
    if entries.next().is_some() {
        return Err(BackupError::NotEmpty {
            folder: folder.to_path_buf(),
        });
    }
    Ok(())
}

/// Copies the first bytes of a file, synced.
fn copy(from: &Path, to: &Path, bytes: u64) -> Result<(), BackupError> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    let source = fs::File::open(from).map_err(at(from))?;
    let mut target = fs::File::create(to).map_err(at(to))?;
    io::copy(&mut source.take(bytes), &mut target).map_err(at(to))?;
    target.sync_all().map_err(at(to))
}

/// Files below a folder, by their paths from it, in order.
fn files_below(folder: &Path) -> Result<Vec<String>, BackupError> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(relative) = folders.pop() {
        let here = folder.join(&relative);
        for entry in fs::read_dir(&here).map_err(at(&here))? {
            let entry = entry.map_err(at(&here))?;
            let path = relative.join(entry.file_name());
            if entry.file_type().map_err(at(&here))?.is_dir() {
                folders.push(path);
            } else {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn sum(path: &Path) -> Result<String, BackupError> {
    let mut file = fs::File::open(path).map_err(at(path))?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut piece).map_err(at(path))?;
        if count == 0 {
            break;
        }
        hash.update(&piece[..count]);
    }
    let bytes = hash.finalize();
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What was copied or found, for people.
#[derive(Debug, Default, PartialEq)]
pub struct Summary {
    /// Files of the plant's text.
    pub plant: usize,
    /// Files.
    pub files: usize,
    /// Entries of the audit trail.
    pub entries: u64,
    /// Points of history.
    pub points: u64,
    /// SHA-256 of the manifest: what to write down beside the backup.
    pub digest: String,
}

/// Copies the data of a station that may be running into a new folder, and verifies the
/// copy.
///
/// # Errors
/// [`BackupError`]; what has been copied by then is no backup: it has no manifest.
pub fn backup(
    data: &Path,
    plant: Option<&Path>,
    to: &Path,
    utc_ns: i64,
) -> Result<Summary, BackupError> {
    let ledger = ledger_folder(data);
    if !ledger.is_dir() {
        return Err(BackupError::NoData {
            folder: data.to_path_buf(),
        });
    }
    fresh(to)?;
    copy_ledger(&ledger, &ledger_folder(to))?;
    let public = keys::public_path(&ledger_key(data));
    if public.exists() {
        copy(&public, &keys::public_path(&ledger_key(to)), u64::MAX)?;
    }
    let history = history_folder(data);
    if history.is_dir() {
        let (reader, _) = HistoryReader::open(&history).map_err(unsound("history"))?;
        let copied = reader.backup(&history_folder(to));
        copied.map_err(unsound("history"))?;
    }
    for name in FILES {
        let from = data.join(name);
        if from.is_file() {
            copy(&from, &to.join(name), u64::MAX)?;
        }
    }
    let trips = trips_folder(data);
    if trips.is_dir() {
        for name in files_below(&trips)? {
            copy(&trips.join(&name), &trips_folder(to).join(&name), u64::MAX)?;
        }
    }
    if let Some(plant) = plant {
        if !plant.join("plant.toml").is_file() {
            return Err(BackupError::NoPlant {
                folder: plant.to_path_buf(),
            });
        }
        for name in files_below(plant)? {
            copy(&plant.join(&name), &to.join(PLANT).join(&name), u64::MAX)?;
        }
    }
    let snapshots = snapshots_folder(data);
    if snapshots.is_dir() {
        for name in files_below(&snapshots)? {
            copy(
                &snapshots.join(&name),
                &snapshots_folder(to).join(&name),
                u64::MAX,
            )?;
        }
    }
    let proved = prove(to)?;
    let mut manifest = Manifest {
        form: FORM.to_string(),
        version: env!("CARGO_PKG_VERSION").to_string(),
        utc_ns,
        last_entry: proved.entries,
        files: BTreeMap::new(),
    };
    for name in files_below(to)? {
        manifest.files.insert(name.clone(), sum(&to.join(&name))?);
    }
    let text = serde_json::to_vec_pretty(&manifest).map_err(unsound("manifest"))?;
    let path = to.join(MANIFEST);
    journal::replace_file(&path, &text).map_err(at(&path))?;
    Ok(Summary {
        files: manifest.files.len(),
        digest: sum(&path)?,
        ..proved
    })
}

/// Copies the segments of a ledger that may be growing, up to its last whole record.
fn copy_ledger(from: &Path, to: &Path) -> Result<(), BackupError> {
    let reading = read::read_from(&DiskFolder::at(from), Place::default());
    let end = reading.map_err(unsound("audit trail"))?.end;
    for name in files_below(from)? {
        let bytes = match journal::ledger::segment_number(&name) {
            // Made after the end was found.
            Some(number) if number > end.segment => continue,
            Some(number) if number == end.segment => end.at,
            _ => u64::MAX,
        };
        copy(&from.join(&name), &to.join(&name), bytes)?;
    }
    debug_assert!(to.join(segment_name(end.segment)).exists());
    Ok(())
}

/// Verifies the audit trail and history of a copy.
fn prove(copy: &Path) -> Result<Summary, BackupError> {
    let public = keys::public_path(&ledger_key(copy));
    let key = match public.exists() {
        true => Some(keys::read_public(&public).map_err(unsound("public key"))?),
        false => None,
    };
    let folder = DiskFolder::at(&ledger_folder(copy));
    let report = verify(&folder, key, None).map_err(unsound("audit trail"))?;
    if let Some(first) = report.findings.first() {
        return Err(BackupError::Unsound {
            part: "audit trail",
            found: first.to_string(),
        });
    }
    let mut summary = Summary {
        entries: report.last,
        ..Summary::default()
    };
    if copy.join(PLANT).is_dir() {
        summary.plant = files_below(&copy.join(PLANT))?.len();
    }
    let history = history_folder(copy);
    if history.is_dir() {
        let report = historian::verify(&history).map_err(unsound("history"))?;
        if !report.is_sound() {
            return Err(BackupError::Unsound {
                part: "history",
                found: report.faults.join("; "),
            });
        }
        summary.points = report.points;
    }
    Ok(summary)
}

/// Verifies a backup: each file against the manifest, the audit trail by its chain and
/// signatures, history point by point.
///
/// # Errors
/// [`BackupError`]: the first thing that does not hold.
pub fn check(backup: &Path) -> Result<Summary, BackupError> {
    let path = backup.join(MANIFEST);
    let text = fs::read(&path).map_err(at(&path))?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(unsound("manifest"))?;
    if manifest.form != FORM {
        return Err(BackupError::Unsound {
            part: "manifest",
            found: format!(
                "of the form \"{}\", this program reads \"{FORM}\"",
                manifest.form
            ),
        });
    }
    for (name, wanted) in &manifest.files {
        if sum(&backup.join(name))? != *wanted {
            return Err(BackupError::Unsound {
                part: "files",
                found: format!("{name} is not as it was copied"),
            });
        }
    }
    let known = |name: &String| name == MANIFEST || manifest.files.contains_key(name);
    if let Some(other) = files_below(backup)?.iter().find(|name| !known(name)) {
        return Err(BackupError::Unsound {
            part: "files",
            found: format!("{other} does not belong to the backup"),
        });
    }
    let proved = prove(backup)?;
    if proved.entries != manifest.last_entry {
        return Err(BackupError::Unsound {
            part: "audit trail",
            found: format!(
                "ends with entry {}, the manifest says {}",
                proved.entries, manifest.last_entry
            ),
        });
    }
    Ok(Summary {
        files: manifest.files.len(),
        digest: sum(&path)?,
        ..proved
    })
}

/// Puts a verified backup into a new data folder, and verifies that.
///
/// # Errors
/// [`BackupError`]
pub fn restore(backup: &Path, to: &Path) -> Result<Summary, BackupError> {
    let summary = check(backup)?;
    fresh(to)?;
    for name in files_below(backup)? {
        let is_of_the_copy = name == MANIFEST || name == format!("history/{}", history_manifest());
        if !is_of_the_copy {
            copy(&backup.join(&name), &to.join(&name), u64::MAX)?;
        }
    }
    prove(to)?;
    Ok(summary)
}

const fn history_manifest() -> &'static str {
    historian::backup::MANIFEST
}

fn tell(summary: &Summary) {
    println!(
        "audit trail: {} entries, chain and signatures hold",
        summary.entries
    );
    println!("history: {} points, every block decodes", summary.points);
    match summary.plant {
        0 => println!("plant's text: NOT in it; --plant FOLDER copies it"),
        files => println!("plant's text: {files} files"),
    }
    println!("not in it by design: signing key, recordings of runs, the index of records");
    println!(
        "{} files; SHA-256 of the manifest {}",
        summary.files, summary.digest
    );
}

fn done(result: Result<Summary, BackupError>, what: &str) -> Result<(), String> {
    let summary = result.map_err(|error| error.to_string())?;
    tell(&summary);
    println!("{what}");
    Ok(())
}

/// Runs `scanloop backup`.
///
/// # Errors
/// What did not hold, for people.
pub fn run_backup(arguments: &BackupArguments) -> Result<(), String> {
    let utc_ns = crate::rt::utc_ns();
    let (data, to) = (&arguments.data, &arguments.to);
    let made = backup(data, arguments.plant.as_deref(), to, utc_ns);
    let noted = made.as_ref().ok().map(|made| {
        let (what, subject) = ("backup", to.display().to_string());
        notes::leave(data, &note(what, &subject, utc_ns, made))
    });
    done(made, &format!("backup in {}", to.display()))?;
    noted_or_told(noted)
}

fn note(what: &str, subject: &str, utc_ns: i64, made: &Summary) -> Note {
    Note {
        utc_ns,
        who: crate::users::console(),
        what: what.to_string(),
        subject: subject.to_string(),
        why: format!(
            "{} entries, {} points, {} files, {} of the plant's text; SHA-256 of the manifest {}",
            made.entries, made.points, made.files, made.plant, made.digest
        ),
    }
}

fn noted_or_told(noted: Option<io::Result<()>>) -> Result<(), String> {
    match noted {
        Some(Err(error)) => Err(format!(
            "the backup is good, but the station's audit trail cannot be told of it: {error}"
        )),
        _ => Ok(()),
    }
}

/// Runs `scanloop restore`.
///
/// # Errors
/// What did not hold, for people.
pub fn run_restore(arguments: &RestoreArguments) -> Result<(), String> {
    match &arguments.to {
        None => done(check(&arguments.backup), "the backup is sound"),
        Some(to) => {
            let made = restore(&arguments.backup, to);
            let noted = made.as_ref().ok().map(|made| {
                let from = arguments.backup.display().to_string();
                notes::leave(to, &note("restore", &from, crate::rt::utc_ns(), made))
            });
            done(
                made,
                &format!(
                    "restored into {}; the station makes a new signing key",
                    to.display()
                ),
            )?;
            noted_or_told(noted)
        }
    }
}
