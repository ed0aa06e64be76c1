//! Tags by name, rebuilt when the directory's epoch changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::desk::{Desk, Directory, Tag};

/// A directory with an index of its names.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) directory: Arc<Directory>,
    by_name: HashMap<String, usize>,
}

impl Names {
    fn new(directory: Arc<Directory>) -> Names {
        let by_name = directory
            .tags
            .iter()
            .enumerate()
            .map(|(i, t)| (t.name.clone(), i))
            .collect();
        Names { directory, by_name }
    }

    pub(crate) fn tag(&self, name: &str) -> Option<&Tag> {
        self.by_name
            .get(name)
            .and_then(|i| self.directory.tags.get(*i))
    }
}

/// The newest [`Names`].
#[derive(Debug, Default)]
pub(crate) struct NamesCache {
    newest: Mutex<Option<Arc<Names>>>,
}

impl NamesCache {
    pub(crate) fn get(&self, desk: &dyn Desk) -> Arc<Names> {
        let directory = desk.directory();
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        match newest.as_ref() {
            Some(names) if names.directory.epoch == directory.epoch => Arc::clone(names),
            _ => Arc::clone(newest.insert(Arc::new(Names::new(directory)))),
        }
    }
}
