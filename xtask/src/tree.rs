//! The files of the project, read once.

use std::fs;
use std::path::Path;

/// Folders that are not ours, wherever they are: products of builds, stores of tools.
const FOREIGN: [&str; 4] = [".git", "target", "node_modules", "__pycache__"];

/// What a station writes while it runs, at the root only.
const WRITTEN: &str = "data";

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path from the root, with `/`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl File {
    /// The text, if it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        core::str::from_utf8(&self.bytes).ok()
    }

    /// The part of the name after its last point, or nothing.
    pub fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or("");
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Lines with their numbers from 1; none if the file is not text.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let text = self.text().unwrap_or("");
        text.lines().enumerate().map(|(at, line)| (at + 1, line))
    }

    /// Third-party text that came with a licence of its own.
    pub fn is_vendored(&self) -> bool {
        self.path.contains("/vendor/") && !self.path.ends_with("VENDOR.toml")
    }
}

/// All files of the project, by path.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Sorted by path.
    pub files: Vec<File>,
}

impl Tree {
    /// Reads everything under `root` but the foreign folders.
    ///
    /// # Errors
    /// A sentence naming what could not be read.
    pub fn read(root: &Path) -> Result<Tree, String> {
        let mut files = Vec::new();
        let mut waiting = vec![root.to_path_buf()];
        while let Some(folder) = waiting.pop() {
            let unreadable = |error| format!("cannot read {}: {error}", folder.display());
            for entry in fs::read_dir(&folder).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                let path = entry.path();
                let kind = entry.file_type().map_err(unreadable)?;
                if kind.is_dir() {
                    let name = entry.file_name();
                    let is_foreign = FOREIGN.iter().any(|foreign| name == *foreign);
                    let is_written = name == WRITTEN && folder == root;
                    if !is_foreign && !is_written {
                        waiting.push(path);
                    }
                } else if kind.is_file() {
                    let bytes = match fs::read(&path) {
                        Ok(bytes) => bytes,
                        // A file that another program has just removed is not part of the project.
                        Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                        Err(error) => {
                            return Err(format!("cannot read {}: {error}", path.display()));
                        }
                    };
                    let relative = path.strip_prefix(root).unwrap_or(&path);
                    files.push(File {
                        path: relative.to_string_lossy().replace('\\', "/"),
                        bytes,
                    });
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Tree { files })
    }

    /// A tree of these paths and texts, for tests of rules.
    pub fn of(files: &[(&str, &str)]) -> Tree {
        let mut files: Vec<File> = files
            .iter()
            .map(|(path, text)| File {
                path: (*path).to_string(),
                bytes: text.as_bytes().to_vec(),
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Tree { files }
    }

    /// The file at this path.
    pub fn get(&self, path: &str) -> Option<&File> {
        let at = self
            .files
            .binary_search_by(|file| file.path.as_str().cmp(path));
        at.ok().map(|at| &self.files[at])
    }

    /// Whether a file or a folder is at this path; the root is the empty path.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.get(path).is_some()
            || self.files.iter().any(|file| file.path.starts_with(&folder))
    }

    /// Files of these extensions that are our own.
    pub fn own<'a>(&'a self, extensions: &'a [&'a str]) -> impl Iterator<Item = &'a File> + 'a {
        self.files
            .iter()
            .filter(|file| !file.is_vendored() && extensions.contains(&file.extension()))
    }
}
