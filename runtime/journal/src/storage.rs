//! Where bytes go: a file, memory, or a wicked twin that fails on demand.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Append-only bytes.
pub trait Storage: Send {
    /// Appends all of `bytes`.
    ///
    /// # Errors
    /// Whatever the medium says; then some prefix of `bytes` may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns only when everything appended survives a power cut.
    ///
    /// # Errors
    /// A failed sync is final: what was appended since the last good sync may be
    /// lost although a later sync succeeds.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file.
#[derive(Debug)]
pub struct FileStorage {
    file: File,
    failed: bool,
}

impl FileStorage {
    /// Opens for appending, creates if absent; the folder entry is synced too.
    ///
    /// # Errors
    /// As the file system says.
    pub fn open(path: &Path) -> io::Result<FileStorage> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        sync_folder(path)?;
        Ok(FileStorage {
            file,
            failed: false,
        })
    }

    /// Opens a file whose space is reserved: writing begins at its first byte.
    ///
    /// # Errors
    /// As the file system says; the file must exist.
    pub fn open_reserved(path: &Path) -> io::Result<FileStorage> {
        Ok(FileStorage {
            file: OpenOptions::new().write(true).open(path)?,
            failed: false,
        })
    }
}

/// Syncs the folder that holds `path`, so that a new or renamed file stays.
///
/// # Errors
/// As the file system says.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// Replaces a small file as a whole: written beside it, synced, put in its place, and the
/// folder synced. Whoever reads finds the old content or the new, never a mixture.
///
/// # Errors
/// As the file system says; the old content stands then.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_on(&mut RealPlace, path, bytes)
}

/// What replacing a file asks of a file system, so that each of it can be made to fail.
pub(crate) trait Place {
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    fn sync(&mut self, path: &Path) -> io::Result<()>;
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    fn sync_folder(&mut self, path: &Path) -> io::Result<()>;
}

struct RealPlace;

impl Place for RealPlace {
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        File::create(path)?.write_all(bytes)
    }
    fn sync(&mut self, path: &Path) -> io::Result<()> {
        // What fsync does for a file, it does for every handle of it.
        OpenOptions::new().write(true).open(path)?.sync_all()
    }
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }
    fn sync_folder(&mut self, path: &Path) -> io::Result<()> {
        sync_folder(path)
    }
}

/// The order of it: nothing takes the place of the old content before it is durable.
pub(crate) fn replace_on(place: &mut dyn Place, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    place.write(&beside, bytes)?;
    place.sync(&beside)?;
    place.rename(&beside, path)?;
    place.sync_folder(path)
}

impl Storage for FileStorage {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("an earlier write or sync failed"));
        }
        let result = self.file.write_all(bytes);
        self.failed |= result.is_err();
        result
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("an earlier write or sync failed"));
        }
        let result = self.file.sync_data();
        self.failed |= result.is_err();
        result
    }
}

/// Memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    /// What was appended.
    pub bytes: Vec<u8>,
    /// How much of it was synced.
    pub synced: usize,
}

impl Storage for MemoryStorage {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
    fn sync(&mut self) -> io::Result<()> {
        self.synced = self.bytes.len();
        Ok(())
    }
}

/// How a [`FaultyStorage`] fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageFault {
    /// The operation fails and nothing is written.
    Error,
    /// Half of the bytes are written, then it fails.
    Torn,
    /// A sync reports success and has done nothing.
    LyingSync,
}

/// The wicked twin: the `nth` operation (from 1) fails, once or for good.
#[derive(Clone, Debug)]
pub struct FaultyStorage<S> {
    /// What lies below.
    pub inner: S,
    nth: u64,
    fault: StorageFault,
    for_good: bool,
    done: u64,
}

impl<S: Storage> FaultyStorage<S> {
    /// Fails at the `nth` operation.
    pub const fn new(inner: S, nth: u64, fault: StorageFault, for_good: bool) -> Self {
        FaultyStorage {
            inner,
            nth,
            fault,
            for_good,
            done: 0,
        }
    }

    fn fails(&mut self) -> bool {
        self.done += 1;
        self.done == self.nth || (self.for_good && self.done > self.nth)
    }
}

impl<S: Storage> Storage for FaultyStorage<S> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.fails() {
            match self.fault {
                StorageFault::Error => return Err(io::Error::other("injected")),
                StorageFault::Torn => {
                    self.inner.append(&bytes[..bytes.len() / 2])?;
                    return Err(io::Error::other("injected"));
                }
                StorageFault::LyingSync => {}
            }
        }
        self.inner.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.fails() {
            return match self.fault {
                StorageFault::LyingSync => Ok(()),
                _ => Err(io::Error::other("injected")),
            };
        }
        self.inner.sync()
    }
}

#[cfg(test)]
mod tests;
