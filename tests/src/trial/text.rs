//! A copy of the demo plant's text that a trial may edit.

use plant::Plant;
use station::kinds;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A folder that goes with its owner.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A new, empty folder.
    ///
    /// # Panics
    /// If the system has no room for it.
    pub fn new(name: &str) -> Folder {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!(
            "scanloop-trial-{}-{number}-{name}",
            std::process::id()
        ));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder for a trial");
        Folder(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// Loads a plant.
///
/// # Panics
/// With its problems, if it has some.
pub fn load(folder: &Path) -> Plant {
    plant::load(folder, &kinds::blocks(), &kinds::Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
}

/// The demo plant in a folder of its own.
#[derive(Debug)]
pub struct PlantText(Folder);

impl PlantText {
    /// A fresh copy.
    ///
    /// # Panics
    /// If it cannot be copied.
    pub fn new(name: &str) -> PlantText {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plants/synthesis");
        let text = PlantText(Folder::new(name));
        copy(&from, text.path());
        // Its server listens anywhere: another station may hold the port.
        text.edit("plant.toml", "127.0.0.1:15020", "127.0.0.1:0");
        text
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Replaces the one place where `from` stands.
    ///
    /// # Panics
    /// If it stands nowhere or at several places.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path().join(file);
        let text = std::fs::read_to_string(&path).expect("a file of the plant");
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {file}");
        std::fs::write(&path, text.replacen(from, to, 1)).expect("the file takes its new text");
    }

    /// Replaces the one place where `from` stands in the text of a block of R-101 or of
    /// a cause of the matrix.
    ///
    /// # Panics
    /// If there is no such block or cause, or not one such place in it.
    pub fn edit_block(&self, block: &str, from: &str, to: &str) {
        let (path, at) = [
            ("units/r101.toml", format!("name = \"{block}\"\n")),
            (MATRIX, format!("id = \"{block}\"\n")),
        ]
        .into_iter()
        .find_map(|(file, name)| {
            let text = self.text(file);
            let at = text
                .match_indices(&name)
                .map(|(at, _)| at)
                .find(|at| text[..*at].ends_with('\n') && !text[..*at].ends_with("[[tag]]\n"))?;
            Some((file, at))
        })
        .unwrap_or_else(|| panic!("no block {block}"));
        let text = self.text(path);
        let end = text[at..].find("\n[[").map_or(text.len(), |end| at + end);
        let block = &text[at..end];
        assert_eq!(block.matches(from).count(), 1, "{from:?} in {block}");
        let changed = format!(
            "{}{}{}",
            &text[..at],
            block.replacen(from, to, 1),
            &text[end..]
        );
        std::fs::write(self.path().join(path), changed).expect("the file takes its new text");
    }

    /// Takes a cause out of the matrix, its grid and every hazard.
    ///
    /// # Panics
    /// If it is not there.
    pub fn remove_cause(&self, id: &str) {
        let text = self.text(MATRIX);
        let at = text.find(&format!("id = \"{id}\"\n")).expect("the cause");
        let from = text[..at].rfind("[[cause]]").expect("its table");
        let to = at + text[at..].find("\n[[").expect("what comes after") + 1;
        let text = format!("{}{}", &text[..from], &text[to..]);
        let text = text
            .replace(&format!("\"{id}\", "), "")
            .replace(&format!(", \"{id}\""), "");
        std::fs::write(self.path().join(MATRIX), text).expect("the matrix");
        let grid = self.text(GRID);
        let lines = grid
            .lines()
            .filter(|line| !line.starts_with(&format!("{id},")));
        let lines: Vec<&str> = lines.collect();
        std::fs::write(self.path().join(GRID), lines.join("\n")).expect("the grid");
    }

    /// The line of a trip group, from 1, in which a cause stands.
    ///
    /// # Panics
    /// If the plant does not load or has no such line.
    pub fn row_of(&self, group: &str, cause: &str) -> usize {
        let plant = plant::load(
            self.path(),
            &station::kinds::blocks(),
            &station::kinds::Drivers,
        );
        let plant =
            plant.unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)));
        let scan::Value::Table(config) = plant.blocks[group].node.to_value() else {
            panic!("a block is a table");
        };
        let Some(scan::Value::List(rows)) = config.get("causes") else {
            panic!("{group} has causes");
        };
        let wanted = scan::Value::Text(format!("{cause}.TRIP"));
        let row = rows.iter().position(
            |row| matches!(row, scan::Value::Table(row) if row.get("cause") == Some(&wanted)),
        );
        row.expect("a line of the cause") + 1
    }

    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(file)).expect("a file of the plant")
    }

    /// Appends to a file.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn append(&self, file: &str, more: &str) {
        let path = self.path().join(file);
        let text = std::fs::read_to_string(&path).expect("a file of the plant");
        std::fs::write(&path, text + more).expect("the file takes its new text");
    }

    /// The texts that the edits above change, to be put back with
    /// [`PlantText::put_back`].
    ///
    /// # Panics
    /// If they cannot be read.
    pub fn texts(&self) -> [String; 3] {
        EDITED.map(|file| self.text(file))
    }

    /// Puts those texts back.
    ///
    /// # Panics
    /// If they cannot be written.
    pub fn put_back(&self, texts: &[String; 3]) {
        for (file, text) in EDITED.iter().zip(texts) {
            std::fs::write(self.path().join(file), text).expect("a file of the plant");
        }
    }
}

const MATRIX: &str = "matrix/u100.toml";
const GRID: &str = "matrix/u100.csv";
const EDITED: [&str; 3] = ["units/r101.toml", MATRIX, GRID];

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the demo plant") {
        let entry = entry.expect("an entry of the demo plant");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
