//! Where displays come from, and the set now served: a folder is read again when a
//! file in it changes, and a set that cannot be used leaves the one before in force.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use crate::display::{self, Display, DisplayError, Loaded};

/// How often a folder is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Files of a folder that are looked at.
const FILES_MAX: usize = 1_000;

/// Where displays come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Given once.
    Given(Vec<Display>),
    /// `*.svg` and `*.toml` of a folder, read again when one changes.
    Folder(PathBuf),
}

impl From<Vec<Display>> for Source {
    fn from(displays: Vec<Display>) -> Source {
        Source::Given(displays)
    }
}

impl From<PathBuf> for Source {
    fn from(folder: PathBuf) -> Source {
        Source::Folder(folder)
    }
}

/// The displays in force.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    /// Grows with every new set.
    pub(crate) revision: u64,
    /// The displays.
    pub(crate) displays: Arc<Vec<Loaded>>,
    /// Why the newest files are not in force; empty if they are.
    pub(crate) problem: String,
}

/// Holds the set in force.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    shown: Mutex<Shown>,
}

impl Shelf {
    pub(crate) fn new(displays: Vec<Loaded>) -> Shelf {
        Shelf {
            shown: Mutex::new(Shown {
                revision: 1,
                displays: Arc::new(displays),
                problem: String::new(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self) -> Shown {
        self.lock().clone()
    }

    pub(crate) fn revision(&self) -> u64 {
        self.lock().revision
    }

    fn put(&self, loaded: Result<Vec<Loaded>, DisplayError>) {
        let mut shown = self.lock();
        shown.revision += 1;
        match loaded {
            Ok(displays) => {
                shown.displays = Arc::new(displays);
                shown.problem.clear();
            }
            Err(error) => shown.problem = error.to_string(),
        }
    }
}

/// The displays of a folder: every `*.toml` with the drawing that it names, or the one
/// of its own name if there is one. A drawing that no sidecar uses is left out.
pub fn read_folder(folder: &Path) -> Vec<Display> {
    let mut displays = Vec::new();
    for path in files(folder, "toml") {
        let Ok(toml) = std::fs::read_to_string(&path) else {
            continue;
        };
        let id = path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        // A sidecar that is not understood is refused later, with its line.
        let named = toml.parse::<toml::Table>().ok();
        let named = named.as_ref().and_then(|t| t.get("drawing")?.as_str());
        let drawing = named.unwrap_or(&id);
        // A name is not a path.
        let plain = drawing
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let svg = if plain {
            std::fs::read_to_string(folder.join(format!("{drawing}.svg"))).unwrap_or_default()
        } else {
            String::new()
        };
        displays.push(Display { id, svg, toml });
    }
    displays
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .take(FILES_MAX)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    files.sort();
    files
}

/// What tells that a file changed: its name, time and length.
type Stamp = Vec<(PathBuf, Option<SystemTime>, u64)>;

fn stamp(folder: &Path) -> Stamp {
    let mut all = files(folder, "toml");
    all.extend(files(folder, "svg"));
    let look = |path: PathBuf| {
        let facts = std::fs::metadata(&path).ok();
        let time = facts.as_ref().and_then(|facts| facts.modified().ok());
        let length = facts.map_or(0, |facts| facts.len());
        (path, time, length)
    };
    all.into_iter().map(look).collect()
}

/// Loads what a source gives.
pub(crate) fn load(source: &Source) -> Result<Vec<Loaded>, DisplayError> {
    match source {
        Source::Given(displays) => display::load_all(displays.clone()),
        Source::Folder(folder) => display::load_all(read_folder(folder)),
    }
}

/// Looks at a folder until the stop, and puts every changed set on the shelf.
pub(crate) async fn watch(folder: PathBuf, shelf: Arc<Shelf>, mut stop: watch::Receiver<bool>) {
    let mut last = None;
    let mut tick = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|s| *s) => return,
            _ = tick.tick() => {}
        }
        let folder = folder.clone();
        let Ok(now) = tokio::task::spawn_blocking({
            let folder = folder.clone();
            move || stamp(&folder)
        })
        .await
        else {
            return;
        };
        if last.as_ref() == Some(&now) {
            continue;
        }
        let first = last.replace(now).is_none();
        if first {
            continue;
        }
        let loaded = tokio::task::spawn_blocking(move || load(&Source::Folder(folder))).await;
        if let Ok(loaded) = loaded {
            shelf.put(loaded);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str =
        "title = { en = \"A\", zh = \"甲\" }\nshort = { en = \"A\", zh = \"甲\" }\nlevel = 2\n";

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("shelf-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    #[test]
    fn two_sidecars_share_a_drawing_by_its_name_and_a_path_is_no_name() {
        let at = folder("share");
        std::fs::write(at.join("jacket.svg"), "<svg><text>{n}</text></svg>").expect("written");
        for n in ["1", "2"] {
            let toml = format!("{TOML}drawing = \"jacket\"\nparams = {{ n = \"{n}\" }}\n");
            std::fs::write(at.join(format!("j{n}.toml")), toml).expect("written");
        }
        let outside = format!("{TOML}drawing = \"../share/jacket\"\n");
        std::fs::write(at.join("x.toml"), outside).expect("written");
        let loaded = load(&Source::Folder(at)).expect("usable");
        let texts: Vec<_> = loaded.iter().map(|d| (d.id.as_str(), d.drawn)).collect();
        assert_eq!(texts, [("j1", true), ("j2", true), ("x", false)]);
        assert!(loaded[1].svg.contains("<text>2</text>"));
    }

    #[tokio::test]
    async fn a_changed_file_is_taken_up_and_a_broken_one_leaves_the_set_before() {
        let at = folder("watch");
        std::fs::write(at.join("a.toml"), TOML).expect("written");
        let source = Source::Folder(at.clone());
        let shelf = Arc::new(Shelf::new(load(&source).expect("usable")));
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(super::watch(at.clone(), Arc::clone(&shelf), stopped));
        // The watcher may begin after the first write, so that is repeated.
        let until = async |text: &str, seen: fn(&Shown) -> bool| {
            while !seen(&shelf.get()) {
                std::fs::write(at.join("a.toml"), text).expect("written");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let other = TOML.replace("\"A\"", "\"Other\"");
        let is_other = |shown: &Shown| shown.displays[0].sidecar.title.en == "Other";
        until(&other, |shown| {
            shown.displays[0].sidecar.title.en == "Other"
        })
        .await;
        until("title = ", |shown| shown.problem.contains("sidecar")).await;
        assert!(is_other(&shelf.get()));
        stop.send(true).expect("it listens");
        task.await.expect("it ends");
    }
}
