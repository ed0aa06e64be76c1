//! Plant files as texts, and places in them.

use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::notifications;
use core::ops::Range;
use signal::limits;
use std::path::Path;

/// A place in the sources: a file and a byte range.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Index of the file.
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

impl Origin {
    /// A range of a file.
    pub fn new(file: usize, span: Range<usize>) -> Origin {
        Origin {
            file,
            start: span.start,
            end: span.end,
        }
    }
}

/// The files of a plant, in order: `plant.toml` first, `notify.toml` if there is one,
/// then the units, then the cause-and-effect matrices and their grids, scripts and lists of processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: Vec<(String, String)>,
    /// First byte of every line of every file.
    lines: Vec<Vec<usize>>,
}

impl Sources {
    /// Sources given as (name, text) pairs.
    pub fn from_texts<N: Into<String>, T: Into<String>>(
        texts: impl IntoIterator<Item = (N, T)>,
    ) -> Sources {
        let mut sources = Sources::default();
        for (name, text) in texts {
            sources.add(name.into(), text.into());
        }
        sources
    }

    fn add(&mut self, name: String, text: String) {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        self.lines.push(std::iter::once(0).chain(ends).collect());
        self.files.push((name, text));
    }

    /// Reads `plant.toml`, `notify.toml`, `units/*.toml`, `matrix/*`, `alarms/*.toml`,
    /// `scripts/*.rhai` and
    /// `processes/*.toml` of a folder, each by name. What
    /// cannot be read is noted and left out.
    pub fn read(folder: &Path, problems: &mut Diagnostics) -> Sources {
        let mut sources = Sources::default();
        let mut names = vec!["plant.toml".to_string()];
        if folder.join(notifications::FILE).exists() {
            names.push(notifications::FILE.to_string());
        }
        for (inner, ending) in [
            ("units", ".toml"),
            ("matrix", ".csv"),
            ("matrix", ".toml"),
            ("alarms", ".toml"),
            ("scripts", ".rhai"),
            ("processes", ".toml"),
        ] {
            if let Ok(entries) = std::fs::read_dir(folder.join(inner)) {
                let mut found: Vec<String> = entries
                    .flatten()
                    .map(|entry| entry.file_name().to_string_lossy().into_owned())
                    .filter(|name| name.ends_with(ending))
                    .map(|name| format!("{inner}/{name}"))
                    .collect();
                found.sort();
                names.extend(found);
            }
        }
        let mut total = 0;
        for name in names {
            let file = sources.files.len();
            let at = Origin::new(file, 0..0);
            let path = folder.join(&name);
            let text = match std::fs::read(&path) {
                Err(error) => {
                    problems.push(
                        codes::UNREADABLE,
                        &at,
                        format!("{}: {error}", path.display()),
                        "give the folder of a plant: it holds plant.toml and units/*.toml",
                    );
                    String::new()
                }
                Ok(bytes) => {
                    total += bytes.len();
                    if bytes.len() > limits::PLANT_FILE_BYTES_MAX || total > limits::PLANT_BYTES_MAX
                    {
                        problems.push(
                            codes::TOO_LARGE,
                            &at,
                            format!("{} bytes", bytes.len()),
                            format!(
                                "at most {} bytes a file and {} a plant",
                                limits::PLANT_FILE_BYTES_MAX,
                                limits::PLANT_BYTES_MAX
                            ),
                        );
                        String::new()
                    } else {
                        match String::from_utf8(bytes) {
                            Ok(text) => text,
                            Err(error) => {
                                problems.push(
                                    codes::TOO_LARGE,
                                    &at,
                                    format!("not UTF-8: {error}"),
                                    "save the file as UTF-8",
                                );
                                String::new()
                            }
                        }
                    }
                }
            };
            sources.add(name, text);
        }
        sources
    }

    /// Files as (name, text).
    pub fn files(&self) -> &[(String, String)] {
        &self.files
    }

    /// Index of a file by name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.files.iter().position(|(other, _)| other == name)
    }

    /// Name of the file of a place.
    pub fn name(&self, at: &Origin) -> &str {
        self.files.get(at.file).map_or("?", |(name, _)| name)
    }

    fn text(&self, at: &Origin) -> &str {
        self.files.get(at.file).map_or("", |(_, text)| text)
    }

    /// Line and column, both from 1; columns count characters.
    pub fn line_column(&self, at: &Origin) -> (usize, usize) {
        let text = self.text(at);
        let mut start = at.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let lines = self.lines.get(at.file).map_or(&[0][..], Vec::as_slice);
        let line = lines.partition_point(|first| *first <= start).max(1);
        let column = text[lines[line - 1]..start].chars().count() + 1;
        (line, column)
    }

    /// The line of a place, without its end.
    pub fn line(&self, at: &Origin) -> &str {
        let (line, _) = self.line_column(at);
        let first = self
            .lines
            .get(at.file)
            .and_then(|lines| lines.get(line - 1));
        let rest = first.and_then(|first| self.text(at).get(*first..));
        rest.and_then(|rest| rest.lines().next()).unwrap_or("")
    }

    /// Characters of the place on its first line.
    pub fn caret_width(&self, at: &Origin) -> usize {
        let text = self.text(at);
        let (start, end) = (at.start.min(text.len()), at.end.min(text.len()));
        text.get(start..end)
            .and_then(|piece| piece.lines().next())
            .map_or(1, |piece| piece.chars().count())
    }

    /// A fingerprint of names and texts (FNV-1a, 64 bit): it tells editions apart,
    /// it does not protect them.
    pub fn digest(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut eat = |bytes: &[u8]| {
            for byte in bytes {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        };
        for (name, text) in &self.files {
            eat(name.as_bytes());
            eat(&[0]);
            eat(text.as_bytes());
            eat(&[0]);
        }
        hash
    }
}
