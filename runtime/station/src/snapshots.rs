//! Snapshots of a simulation, kept by name in the data folder: the process and the state
//! of every task at one moment.
//!
//! ```text
//!  snapshots/20261130T101500123Z.slsnap     frame 1  Head   name, when, of which text
//!                                           frame 2  Kept   every task's words, the world
//! ```
//!
//! A file is written beside its place, synced and renamed, so that a whole one is there
//! or none; each frame has its checksum. Nothing is ever deleted but by a person.

use journal::{JournalError, MemoryStorage, TaskState, frames, replace_file, write_frame};
use serde::{Deserialize, Serialize};
use signal::Utc;
use sim::World;
use std::path::{Path, PathBuf};

/// Snapshots kept at most.
pub const SNAPSHOTS_MAX: usize = 32;
/// Longest name, characters.
pub const NAME_CHARS_MAX: usize = 60;

const FORMAT: &str = "scanloop-simulation-1";
const EXTENSION: &str = "slsnap";

/// What a snapshot says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    format: String,
    /// Version of the program that wrote it: what a world is made of may differ in another.
    program: String,
    /// Name.
    pub name: String,
    /// When it was taken, by the wall clock, nanoseconds since 1970.
    pub utc_ns: i64,
    /// Fingerprint of the plant's text that ran.
    pub plant_digest: u64,
}

/// What a snapshot holds. Its words are for programs linked from the same text only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// Plant time since the start at which all stood, nanoseconds: how far it is from
    /// there to the next release of each task is part of the moment.
    pub stands_ns: i64,
    /// State of each task, in the order of the plant.
    pub tasks: Vec<TaskState>,
    /// The process.
    pub world: World,
}

/// Why a snapshot is not kept, given or forgotten.
#[derive(Debug)]
pub enum SnapshotError {
    /// The name is empty, too long or has characters that cannot be shown.
    Name,
    /// There is one of this name.
    Taken,
    /// There is none of this name.
    Unknown,
    /// There are [`SNAPSHOTS_MAX`].
    Full,
    /// The file is torn, damaged or of another format.
    Damaged {
        /// How.
        message: String,
    },
    /// Another version of the program wrote it.
    Version {
        /// Which.
        found: String,
    },
    /// It is of another text of the plant.
    OtherPlant,
    /// The folder cannot be read or written.
    Folder(JournalError),
}

impl SnapshotError {
    /// In English and in Chinese.
    pub fn words(&self) -> (String, String) {
        let (en, zh) = match self {
            SnapshotError::Name => (
                "a snapshot has a name of 1 to 60 characters",
                "快照名称应为1至60个字符",
            ),
            SnapshotError::Taken => ("there is a snapshot of this name", "已有同名快照"),
            SnapshotError::Unknown => ("there is no snapshot of this name", "没有该名称的快照"),
            SnapshotError::Full => (
                "32 snapshots are kept: delete one first",
                "已保存32个快照,请先删除",
            ),
            SnapshotError::OtherPlant => (
                "the snapshot is of another text of the plant",
                "快照属于另一组态文本",
            ),
            SnapshotError::Damaged { message } => {
                return (
                    format!("the snapshot is damaged: {message}"),
                    format!("快照已损坏:{message}"),
                );
            }
            SnapshotError::Version { found } => {
                return (
                    format!("version {found} of the program wrote the snapshot"),
                    format!("快照由程序版本 {found} 写入"),
                );
            }
            SnapshotError::Folder(error) => {
                return (
                    format!("the folder of snapshots: {error}"),
                    format!("快照文件夹:{error}"),
                );
            }
        };
        (en.to_string(), zh.to_string())
    }
}

impl core::fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.words().0)
    }
}
impl std::error::Error for SnapshotError {}

/// The snapshots of one data folder.
#[derive(Debug)]
pub struct Shelf {
    folder: PathBuf,
    /// Oldest first. One whose head cannot be read goes by the name of its file.
    heads: Vec<(PathBuf, Head)>,
}

/// Folder of the snapshots in a data folder.
pub fn snapshots_folder(data: &Path) -> PathBuf {
    data.join("snapshots")
}

/// A name as it is kept, if it may be one.
fn named(name: &str) -> Result<String, SnapshotError> {
    let name = name.trim();
    let count = name.chars().count();
    let is_shown = !name.chars().any(char::is_control);
    match (1..=NAME_CHARS_MAX).contains(&count) && is_shown {
        true => Ok(name.to_string()),
        false => Err(SnapshotError::Name),
    }
}

impl Shelf {
    /// What is kept in this folder, which need not exist yet.
    pub fn open(folder: PathBuf) -> Shelf {
        let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut heads: Vec<(PathBuf, Head)> = files
            .map(|file| file.path())
            .filter(|path| path.extension().is_some_and(|ext| ext == EXTENSION))
            .map(|path| {
                let head = head_of(&path).unwrap_or_else(|| Head {
                    format: String::new(),
                    program: String::new(),
                    name: path
                        .file_stem()
                        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
                    utc_ns: 0,
                    plant_digest: 0,
                });
                (path, head)
            })
            .collect();
        heads.sort_by(|(a, _), (b, _)| a.cmp(b));
        Shelf { folder, heads }
    }

    /// Every snapshot: its head, and whether it goes with this text of the plant.
    pub fn list(&self, plant_digest: u64) -> impl Iterator<Item = (&Head, bool)> {
        self.heads
            .iter()
            .map(move |(_, head)| (head, fits(head, plant_digest).is_ok()))
    }

    /// Whether one of this name could be kept now.
    ///
    /// # Errors
    /// Why not.
    pub fn may_keep(&self, name: &str) -> Result<(), SnapshotError> {
        let name = named(name)?;
        if self.find(&name).is_some() {
            return Err(SnapshotError::Taken);
        }
        match self.heads.len() < SNAPSHOTS_MAX {
            true => Ok(()),
            false => Err(SnapshotError::Full),
        }
    }

    /// Keeps a snapshot, synced when this returns.
    ///
    /// # Errors
    /// Why not; nothing is kept then.
    pub fn keep(
        &mut self,
        name: &str,
        utc: Utc,
        plant_digest: u64,
        kept: &Kept,
    ) -> Result<(), SnapshotError> {
        self.may_keep(name)?;
        let head = Head {
            format: FORMAT.to_string(),
            program: env!("CARGO_PKG_VERSION").to_string(),
            name: named(name)?,
            utc_ns: utc.ns(),
            plant_digest,
        };
        let (mut file, mut buffer) = (MemoryStorage::default(), Vec::new());
        write_frame(&mut file, &mut buffer, &head).map_err(SnapshotError::Folder)?;
        write_frame(&mut file, &mut buffer, kept).map_err(SnapshotError::Folder)?;
        let folder = |error| {
            SnapshotError::Folder(JournalError::Io {
                during: "writing a snapshot",
                error,
            })
        };
        std::fs::create_dir_all(&self.folder).map_err(folder)?;
        let path = self.free(utc);
        replace_file(&path, &file.bytes).map_err(folder)?;
        self.heads.push((path, head));
        Ok(())
    }

    /// The snapshot of this name, read anew and checked, if it is of this text.
    ///
    /// # Errors
    /// Why it cannot be put back.
    pub fn read(&self, name: &str, plant_digest: u64) -> Result<Kept, SnapshotError> {
        let (path, _) = self.find(name.trim()).ok_or(SnapshotError::Unknown)?;
        let damaged = |message: String| SnapshotError::Damaged { message };
        let bytes = std::fs::read(path).map_err(|error| damaged(error.to_string()))?;
        let mut frames = frames(&bytes);
        let head = match frames.next_value::<Head>() {
            Some(head) => head.map_err(|error| damaged(error.to_string()))?,
            None => return Err(damaged(fault(&frames))),
        };
        fits(&head, plant_digest)?;
        match frames.next_value::<Kept>() {
            Some(kept) => kept.map_err(|error| damaged(error.to_string())),
            None => Err(damaged(fault(&frames))),
        }
    }

    /// Deletes the snapshot of this name.
    ///
    /// # Errors
    /// Why it is still there.
    pub fn forget(&mut self, name: &str) -> Result<(), SnapshotError> {
        let at = self
            .heads
            .iter()
            .position(|(_, head)| head.name == name.trim());
        let at = at.ok_or(SnapshotError::Unknown)?;
        let removed = std::fs::remove_file(&self.heads[at].0);
        if let Err(error) = removed
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(SnapshotError::Folder(JournalError::Io {
                during: "deleting a snapshot",
                error,
            }));
        }
        self.heads.remove(at);
        Ok(())
    }

    fn find(&self, name: &str) -> Option<&(PathBuf, Head)> {
        self.heads.iter().find(|(_, head)| head.name == name)
    }

    /// A path that no snapshot has, from the time.
    fn free(&self, mut utc: Utc) -> PathBuf {
        loop {
            let stem: String = utc
                .to_string()
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .collect();
            let path = self.folder.join(format!("{stem}.{EXTENSION}"));
            if !path.exists() {
                return path;
            }
            utc = utc.plus_ns(1_000_000);
        }
    }
}

/// Whether a snapshot can be put back where this text runs.
fn fits(head: &Head, plant_digest: u64) -> Result<(), SnapshotError> {
    if head.format != FORMAT {
        return Err(SnapshotError::Damaged {
            message: format!("format {:?}", head.format),
        });
    }
    if head.program != env!("CARGO_PKG_VERSION") {
        return Err(SnapshotError::Version {
            found: head.program.clone(),
        });
    }
    match head.plant_digest == plant_digest {
        true => Ok(()),
        false => Err(SnapshotError::OtherPlant),
    }
}

fn fault(frames: &journal::Frames<'_>) -> String {
    let fault = frames.fault();
    fault.map_or_else(|| "it ends too early".to_string(), ToString::to_string)
}

fn head_of(path: &Path) -> Option<Head> {
    let bytes = std::fs::read(path).ok()?;
    frames(&bytes).next_value().and_then(Result::ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::WorldConfig;

    fn shelf(name: &str) -> Shelf {
        let folder = std::env::temp_dir().join(format!("scanloop-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Shelf::open(folder)
    }

    fn kept() -> Kept {
        let mut world = World::new(WorldConfig::default(), 3);
        world.step(1_000_000_000);
        let task = TaskState {
            name: "fast".into(),
            scan: 9,
            words: vec![1, 2, u64::MAX],
        };
        Kept {
            stands_ns: 1_000_000,
            tasks: vec![task],
            world,
        }
    }

    #[test]
    fn what_was_kept_is_given_back_and_listed_after_a_start() {
        let mut shelf = shelf("shelf");
        let utc = Utc(1_700_000_000_000_000_000);
        shelf.keep(" mid-dosing ", utc, 7, &kept()).unwrap();
        shelf.keep("半程", utc, 7, &kept()).unwrap();
        let again = Shelf::open(shelf.folder.clone());
        let names: Vec<_> = again
            .list(7)
            .map(|(head, fits)| (head.name.clone(), fits))
            .collect();
        assert_eq!(
            names,
            [("mid-dosing".to_string(), true), ("半程".to_string(), true)]
        );
        let back = again.read("mid-dosing", 7).unwrap();
        assert_eq!(format!("{back:?}"), format!("{:?}", kept()));
        assert!(again.list(8).all(|(_, fits)| !fits));
        assert!(matches!(
            again.read("mid-dosing", 8),
            Err(SnapshotError::OtherPlant)
        ));
        shelf.forget("mid-dosing").unwrap();
        assert!(matches!(
            shelf.read("mid-dosing", 7),
            Err(SnapshotError::Unknown)
        ));
        assert_eq!(Shelf::open(shelf.folder.clone()).list(7).count(), 1);
        std::fs::remove_dir_all(&shelf.folder).unwrap();
    }

    #[test]
    fn names_are_checked_and_the_number_is_bounded() {
        let mut shelf = shelf("bounds");
        let keep = |shelf: &mut Shelf, name: &str| shelf.keep(name, Utc(0), 7, &kept());
        for name in ["", "  ", "a\nb", &"x".repeat(NAME_CHARS_MAX + 1)] {
            assert!(
                matches!(keep(&mut shelf, name), Err(SnapshotError::Name)),
                "{name:?}"
            );
        }
        for number in 0..SNAPSHOTS_MAX {
            keep(&mut shelf, &number.to_string()).unwrap();
        }
        assert!(matches!(keep(&mut shelf, "0"), Err(SnapshotError::Taken)));
        assert!(matches!(keep(&mut shelf, "more"), Err(SnapshotError::Full)));
        std::fs::remove_dir_all(&shelf.folder).unwrap();
    }

    #[test]
    fn a_damaged_file_is_refused_wherever_it_is_damaged_and_can_be_deleted() {
        let mut shelf = shelf("damaged");
        shelf.keep("one", Utc(0), 7, &kept()).unwrap();
        let path = shelf.heads[0].0.clone();
        let bytes = std::fs::read(&path).unwrap();
        let places = (0..bytes.len()).step_by(97).chain([bytes.len() - 1]);
        for at in places {
            let mut bad = bytes.clone();
            bad[at] ^= 0x10;
            std::fs::write(&path, &bad).unwrap();
            assert!(shelf.read("one", 7).is_err(), "byte {at}");
            std::fs::write(&path, &bytes[..at]).unwrap();
            assert!(shelf.read("one", 7).is_err(), "cut {at}");
        }
        let mut again = Shelf::open(shelf.folder.clone());
        let names: Vec<_> = again.list(7).map(|(head, _)| head.name.clone()).collect();
        assert_eq!(names, ["one"], "the head is whole, what follows is not");
        std::fs::write(&path, b"nothing").unwrap();
        again = Shelf::open(shelf.folder.clone());
        let (name, fits) = again
            .list(7)
            .map(|(head, fits)| (head.name.clone(), fits))
            .next()
            .unwrap();
        assert!(!fits);
        again.forget(&name).unwrap();
        assert!(!path.exists());
        std::fs::remove_dir_all(&shelf.folder).unwrap();
    }
}
