//! The file of the register: replaced as a whole, so that it is the old one or the new
//! one, never half of either.

use crate::register::Register;
use core::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Name of the file in its folder.
pub const FILE: &str = "people.json";
/// Largest file that is read, bytes.
const BYTES_MAX: u64 = 16 << 20;

/// Why the register could not be read or written.
#[derive(Debug)]
pub enum StoreError {
    /// The folder or file cannot be used.
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a register.
    NotARegister {
        /// Which.
        path: PathBuf,
        /// Why.
        message: String,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Io { path, source } => write!(f, "{}: {source}", path.display()),
            StoreError::NotARegister { path, message } => {
                write!(
                    f,
                    "{} is not a register of users: {message}",
                    path.display()
                )
            }
        }
    }
}
impl std::error::Error for StoreError {}

/// Where the register is kept.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// What tells a changed file from an unchanged one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(Option<(SystemTime, u64)>);

impl Store {
    /// The store in a folder; nothing is read yet.
    pub fn new(folder: impl Into<PathBuf>) -> Store {
        Store {
            folder: folder.into(),
        }
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    fn io(path: &Path) -> impl Fn(std::io::Error) -> StoreError + '_ {
        |source| StoreError::Io {
            path: path.to_path_buf(),
            source,
        }
    }

    /// When and how long the file is.
    pub fn stamp(&self) -> Stamp {
        let found = fs::metadata(self.path());
        Stamp(found.ok().and_then(|m| Some((m.modified().ok()?, m.len()))))
    }

    /// The register; an empty one if there is no file.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn read(&self) -> Result<Register, StoreError> {
        let path = self.path();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Register::default()),
            Err(source) => return Err(StoreError::Io { path, source }),
        };
        let mut text = String::new();
        let read = file.take(BYTES_MAX).read_to_string(&mut text);
        read.map_err(Store::io(&path))?;
        serde_json::from_str(&text).map_err(|e| StoreError::NotARegister {
            path,
            message: e.to_string(),
        })
    }

    /// Reads, lets `change` work, and writes what it made, while no other process does.
    /// If `change` refuses, the file stays as it was.
    ///
    /// # Errors
    /// [`StoreError`]; the inner result is that of `change`.
    pub fn change<T, E>(
        &self,
        change: impl FnOnce(&mut Register) -> Result<T, E>,
    ) -> Result<Result<T, E>, StoreError> {
        fs::create_dir_all(&self.folder).map_err(Store::io(&self.folder))?;
        let lock_path = self.folder.join("people.lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(Store::io(&lock_path))?;
        lock.lock().map_err(Store::io(&lock_path))?;
        let before = self.read()?;
        let mut register = before.clone();
        let changed = change(&mut register);
        if changed.is_ok() && register != before {
            self.write(&register)?;
        }
        // The lock goes with the file.
        Ok(changed)
    }

    /// Write, sync, rename, sync of the folder.
    fn write(&self, register: &Register) -> Result<(), StoreError> {
        let path = self.path();
        let new = self.folder.join("people.json.new");
        let text = serde_json::to_vec_pretty(register).map_err(|e| StoreError::NotARegister {
            path: path.clone(),
            message: e.to_string(),
        })?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        operation().map_err(Store::io(&new))?;
        let mut file = options.open(&new).map_err(Store::io(&new))?;
        operation().map_err(Store::io(&new))?;
        file.write_all(&text).map_err(Store::io(&new))?;
        operation().map_err(Store::io(&new))?;
        file.sync_all().map_err(Store::io(&new))?;
        operation().map_err(Store::io(&path))?;
        fs::rename(&new, &path).map_err(Store::io(&path))?;
        operation().map_err(Store::io(&self.folder))?;
        let folder = File::open(&self.folder).map_err(Store::io(&self.folder))?;
        folder.sync_all().map_err(Store::io(&self.folder))
    }
}

/// Before each operation that writes: where a test lets the n-th fail.
#[cfg(not(test))]
const fn operation() -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
use tests::operation;

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        /// Operations until one fails; none if it is 0.
        static LEFT: Cell<u32> = const { Cell::new(0) };
    }

    pub(super) fn operation() -> std::io::Result<()> {
        let left = LEFT.get();
        LEFT.set(left.saturating_sub(1));
        if left == 1 {
            return Err(std::io::Error::other("injected"));
        }
        Ok(())
    }

    #[test]
    fn whichever_operation_fails_the_register_is_the_old_or_the_new_and_takes_the_next_change() {
        let folder = std::env::temp_dir().join(format!("scanloop-store-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let store = Store::new(&folder);
        let add = |name: &str| store.change(|register| register.add("console", name, name, 0));
        assert!(add("li").is_ok_and(|added| added.is_ok()));
        let mut failed = 0;
        for nth in 1.. {
            let before = store.read().expect("readable");
            LEFT.set(nth);
            let name = format!("user{nth}");
            let done = add(&name);
            if LEFT.replace(0) > 0 {
                assert!(done.is_ok_and(|added| added.is_ok()));
                break;
            }
            failed += 1;
            assert!(done.is_err(), "operation {nth}: nothing is acknowledged");
            let after = store.read().expect("readable");
            let has = |register: &Register| register.users.iter().any(|user| user.name == name);
            assert!(after == before || has(&after), "operation {nth}");
            // The fault is gone: what was refused can be asked again.
            let again = add(&format!("other{nth}"));
            assert!(again.is_ok_and(|added| added.is_ok()), "operation {nth}");
        }
        assert_eq!(failed, 5, "open, write, sync, rename, sync of the folder");
        fs::remove_dir_all(&folder).expect("the folder goes");
    }
}
