//! Plants that must not load.
//!
//! A case is one text: comments that say what is wrong, lines `# expect: CODE
//! FILE:LINE`, then the files, each under a line `#== NAME`. After the name may
//! stand `absent` (there is no such file), `latin-1` (written in that encoding) or
//! `padded N` (blanks to N bytes). Without a `plant.toml` of its own a case gets
//! [`PLANT`].

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The `plant.toml` of cases that are about something else.
pub const PLANT: &str = r#"[plant]
name = "demo"
title = { en = "Demo", zh = "示例" }

[[task]]
name = "fast"
period_ms = 100
"#;

/// A problem by number and place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// `P0213`.
    pub code: String,
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:{}", self.code, self.file, self.line)
    }
}

/// One broken plant.
#[derive(Clone, Debug)]
pub struct Case {
    /// Name of its file, without the ending.
    pub name: String,
    /// What it must show, sorted.
    pub expected: Vec<Told>,
    /// Its files: name and bytes.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Case {
    /// Reads a case. `Err` says what is wrong with the case itself.
    pub fn parse(name: &str, text: &str) -> Result<Case, String> {
        let mut expected = Vec::new();
        let mut files: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if let Some(head) = line.strip_prefix("#== ") {
                files.push((head.to_string(), String::new()));
            } else if let Some((_, body)) = files.last_mut() {
                body.push_str(line);
                body.push('\n');
            } else if let Some(told) = line.strip_prefix("# expect: ") {
                expected.push(parse_told(told).ok_or_else(|| format!("{name}: {line}"))?);
            }
        }
        if expected.is_empty() || files.is_empty() {
            return Err(format!("{name}: a case expects something of some file"));
        }
        expected.sort();
        if files
            .iter()
            .all(|(head, _)| !head.starts_with("plant.toml"))
        {
            files.push(("plant.toml".to_string(), PLANT.to_string()));
        }
        let files = files
            .into_iter()
            .filter(|(head, _)| !head.ends_with(" absent"))
            .map(|(head, body)| encode(&head, body))
            .collect::<Result<_, _>>()?;
        Ok(Case {
            name: name.to_string(),
            expected,
            files,
        })
    }

    /// Writes the plant into an empty folder.
    ///
    /// # Errors
    /// As the file system says.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        for (name, bytes) in &self.files {
            let path = folder.join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, bytes)?;
        }
        Ok(())
    }
}

/// All cases of `tests/broken`, by name.
///
/// # Errors
/// If the folder cannot be read or a case is malformed.
pub fn cases() -> Result<Vec<Case>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("broken");
    let entries = std::fs::read_dir(&folder).map_err(|error| error.to_string())?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Case::parse(&name, &text)
    };
    paths.iter().map(read).collect()
}

fn parse_told(text: &str) -> Option<Told> {
    let (code, place) = text.trim().split_once(' ')?;
    let (file, line) = place.rsplit_once(':')?;
    Some(Told {
        code: code.to_string(),
        file: file.to_string(),
        line: line.parse().ok()?,
    })
}

fn encode(head: &str, body: String) -> Result<(String, Vec<u8>), String> {
    let mut words = head.split(' ');
    let name = words.next().unwrap_or_default().to_string();
    let bytes = match (words.next(), words.next()) {
        (None, _) => body.into_bytes(),
        (Some("latin-1"), None) => body
            .chars()
            .map(|c| u8::try_from(u32::from(c)).map_err(|_| format!("{c} is not Latin-1")))
            .collect::<Result<_, _>>()?,
        (Some("padded"), Some(size)) => {
            let mut bytes = body.into_bytes();
            bytes.resize(size.parse().map_err(|_| head.to_string())?, b' ');
            bytes
        }
        _ => return Err(format!("unknown words after a file's name: {head}")),
    };
    Ok((name, bytes))
}
