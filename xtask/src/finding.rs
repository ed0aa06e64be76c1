//! What a rule reports.

use core::fmt;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// To be mended before the change goes in.
    Fail,
    /// To be considered.
    Warn,
}

/// One thing that is not as the project wants it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// File, from the project's root.
    pub path: String,
    /// Line, from 1; 0 if the whole file is meant.
    pub line: usize,
    /// How grave.
    pub level: Level,
    /// The rule, one word.
    pub rule: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl Finding {
    /// A finding that fails the run.
    pub fn fail(path: &str, line: usize, rule: &'static str, message: impl Into<String>) -> Self {
        Finding {
            path: path.to_string(),
            line,
            level: Level::Fail,
            rule,
            message: message.into(),
        }
    }

    /// A finding that only warns.
    pub fn warn(path: &str, line: usize, rule: &'static str, message: impl Into<String>) -> Self {
        Finding {
            level: Level::Warn,
            ..Finding::fail(path, line, rule, message)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Fail => "",
            Level::Warn => "warning, ",
        };
        write!(
            f,
            "{}:{}: {level}{}: {}",
            self.path,
            self.line.max(1),
            self.rule,
            self.message
        )
    }
}
