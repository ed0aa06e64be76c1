//! Passwords and keys: referred to by plant text, never written in it.

use crate::limits;
use core::fmt;
use serde::Deserialize;
use std::io::Read;

/// Where a secret is: a file that only the station reads, or an environment variable.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum SecretPlace {
    /// Path of a file; line ends at its end do not count.
    File(String),
    /// Name of an environment variable.
    Env(String),
}

/// A secret. It has no way to be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret given as text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The secret itself, for the wire only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why there is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretProblem {
    /// The file cannot be read.
    File {
        /// Its path.
        path: String,
        /// What the system said.
        said: String,
    },
    /// The variable is not set, or not text.
    Env {
        /// Its name.
        name: String,
    },
    /// Empty, too long, or with control characters in it.
    Shape {
        /// File or variable.
        place: String,
    },
}

impl fmt::Display for SecretProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretProblem::File { path, said } => write!(f, "secret file {path}: {said}"),
            SecretProblem::Env { name } => {
                write!(f, "environment variable {name} holds no secret")
            }
            SecretProblem::Shape { place } => {
                write!(
                    f,
                    "the secret of {place} is empty, too long or of several lines"
                )
            }
        }
    }
}

impl std::error::Error for SecretProblem {}

impl SecretPlace {
    /// Fetches the secret.
    ///
    /// # Errors
    /// It is not there, or is no single line of text. The message names the place, never
    /// what was found there.
    pub fn fetch(&self) -> Result<Secret, SecretProblem> {
        let (place, text) = match self {
            SecretPlace::File(path) => {
                let text = read_text(path).map_err(|said| SecretProblem::File {
                    path: path.clone(),
                    said,
                })?;
                (path, text)
            }
            SecretPlace::Env(name) => {
                let text =
                    std::env::var(name).map_err(|_| SecretProblem::Env { name: name.clone() })?;
                (name, text)
            }
        };
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() || text.len() > 4_096 || text.chars().any(char::is_control) {
            let place = place.clone();
            return Err(SecretProblem::Shape { place });
        }
        Ok(Secret::new(text))
    }
}

/// The text of a small file.
pub(crate) fn read_text(path: &str) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    file.take(limits::FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("opensesame");
        assert!(!format!("{secret:?}").contains("opensesame"));
    }

    #[test]
    fn what_is_not_there_is_named_by_its_place() {
        let missing = SecretPlace::File("/nowhere/at/all".to_string()).fetch();
        assert!(matches!(missing, Err(SecretProblem::File { .. })));
        let missing = SecretPlace::Env("SCANLOOP_NO_SUCH_VARIABLE".to_string()).fetch();
        assert!(matches!(missing, Err(SecretProblem::Env { .. })));
    }

    #[test]
    fn a_secret_of_two_lines_is_refused_without_being_shown() {
        let path = std::env::temp_dir().join(format!("notify-secret-{}", std::process::id()));
        let name = path.to_string_lossy().into_owned();
        let write = |text: &str| std::fs::write(&path, text).is_ok();
        assert!(write("one\r\nX-Evil: two\n"));
        let found = SecretPlace::File(name.clone()).fetch();
        assert!(
            found
                .as_ref()
                .is_err_and(|problem| !problem.to_string().contains("Evil"))
        );
        assert!(write("one\n"));
        assert_eq!(SecretPlace::File(name).fetch(), Ok(Secret::new("one")));
        assert!(std::fs::remove_file(&path).is_ok());
    }
}
