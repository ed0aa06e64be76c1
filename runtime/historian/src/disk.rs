//! Where files are: a folder, memory that can lose power, or a wicked twin that
//! fails on demand.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A flat folder of files.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Names of the files, sorted.
    ///
    /// # Errors
    /// As the medium says; so for all of this trait.
    fn list(&self) -> io::Result<Vec<String>>;
    /// A new, empty file for appending; one of that name is replaced.
    ///
    /// # Errors
    /// As the medium says.
    fn create(&self, name: &str) -> io::Result<Box<dyn Appending>>;
    /// A file for reading. It stays readable after its name is removed.
    ///
    /// # Errors
    /// As the medium says.
    fn open(&self, name: &str) -> io::Result<Arc<dyn Reading>>;
    /// Gives a file another name, in one step.
    ///
    /// # Errors
    /// As the medium says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a name.
    ///
    /// # Errors
    /// As the medium says.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Returns only when the names survive a power cut.
    ///
    /// # Errors
    /// As the medium says.
    fn sync_names(&self) -> io::Result<()>;
}

/// A file that grows.
pub trait Appending: Send {
    /// Appends all of `bytes`.
    ///
    /// # Errors
    /// Then some prefix of `bytes` may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns only when everything appended survives a power cut.
    ///
    /// # Errors
    /// Final: a later sync of the same file proves nothing.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file that is read.
pub trait Reading: Send + Sync {
    /// Its bytes.
    ///
    /// # Errors
    /// As the medium says.
    fn size(&self) -> io::Result<u64>;
    /// Fills `into` from `offset` on.
    ///
    /// # Errors
    /// Also if the file ends before.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;
}

/// All bytes from an offset, as many as asked.
pub(crate) fn read_exact(file: &dyn Reading, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let size = file.size()?;
    if offset
        .checked_add(length as u64)
        .is_none_or(|end| end > size)
    {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut bytes = vec![0; length];
    file.read_at(offset, &mut bytes)?;
    Ok(bytes)
}

/// All bytes.
pub(crate) fn read_all(file: &dyn Reading) -> io::Result<Vec<u8>> {
    let size = usize::try_from(file.size()?).map_err(io::Error::other)?;
    read_exact(file, 0, size)
}

/// A folder of the file system.
#[derive(Clone, Debug)]
pub struct FolderDisk {
    path: PathBuf,
}

impl FolderDisk {
    /// The folder, which is created if need be.
    ///
    /// # Errors
    /// As the file system says.
    pub fn create(path: &Path) -> io::Result<FolderDisk> {
        fs::create_dir_all(path)?;
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
        FolderDisk::existing(path)
    }

    /// The folder, which must be there.
    ///
    /// # Errors
    /// As the file system says.
    pub fn existing(path: &Path) -> io::Result<FolderDisk> {
        if !fs::metadata(path)?.is_dir() {
            return Err(io::Error::other("not a folder"));
        }
        Ok(FolderDisk {
            path: path.to_path_buf(),
        })
    }
}

impl Disk for FolderDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
    fn create(&self, name: &str) -> io::Result<Box<dyn Appending>> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true);
        Ok(Box::new(options.open(self.path.join(name))?))
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn Reading>> {
        Ok(Arc::new(File::open(self.path.join(name))?))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }
    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

impl Appending for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

impl Reading for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(into, offset)
    }
}

#[derive(Clone, Debug, Default)]
struct MemoryFile {
    bytes: Vec<u8>,
    synced: usize,
}

type MemoryFiles = BTreeMap<String, Arc<Mutex<MemoryFile>>>;

#[derive(Debug, Default)]
struct MemoryNames {
    now: MemoryFiles,
    synced: MemoryFiles,
}

/// Memory that knows what a power cut would leave.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk(Arc<Mutex<MemoryNames>>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryDisk {
    /// What is left after a power cut: synced names, synced bytes, and of the bytes
    /// after them `torn` more of each file.
    pub fn power_cut(&self, torn: usize) -> MemoryDisk {
        let names = lock(&self.0);
        let mut left = MemoryNames::default();
        for (name, file) in &names.synced {
            let file = lock(file);
            let end = (file.synced + torn).min(file.bytes.len());
            let file = Arc::new(Mutex::new(MemoryFile {
                bytes: file.bytes[..end].to_vec(),
                synced: end,
            }));
            left.now.insert(name.clone(), file.clone());
            left.synced.insert(name.clone(), file);
        }
        MemoryDisk(Arc::new(Mutex::new(left)))
    }

    /// The bytes of a file.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let names = lock(&self.0);
        names.now.get(name).map(|file| lock(file).bytes.clone())
    }

    /// Puts a file there, synced.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let file = Arc::new(Mutex::new(MemoryFile {
            bytes: bytes.to_vec(),
            synced: bytes.len(),
        }));
        let mut names = lock(&self.0);
        names.now.insert(name.to_string(), file.clone());
        names.synced.insert(name.to_string(), file);
    }
}

impl Disk for MemoryDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(lock(&self.0).now.keys().cloned().collect())
    }
    fn create(&self, name: &str) -> io::Result<Box<dyn Appending>> {
        let file = Arc::new(Mutex::new(MemoryFile::default()));
        lock(&self.0).now.insert(name.to_string(), file.clone());
        Ok(Box::new(file))
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn Reading>> {
        let names = lock(&self.0);
        let file = names.now.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(file.clone()))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut names = lock(&self.0);
        let file = names.now.remove(from).ok_or(io::ErrorKind::NotFound)?;
        names.now.insert(to.to_string(), file);
        Ok(())
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        let removed = lock(&self.0).now.remove(name);
        removed.map(drop).ok_or(io::ErrorKind::NotFound.into())
    }
    fn sync_names(&self) -> io::Result<()> {
        let mut names = lock(&self.0);
        names.synced = names.now.clone();
        Ok(())
    }
}

impl Appending for Arc<Mutex<MemoryFile>> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        lock(self).bytes.extend_from_slice(bytes);
        Ok(())
    }
    fn sync(&mut self) -> io::Result<()> {
        let mut file = lock(self);
        file.synced = file.bytes.len();
        Ok(())
    }
}

impl Reading for Arc<Mutex<MemoryFile>> {
    fn size(&self) -> io::Result<u64> {
        Ok(lock(self).bytes.len() as u64)
    }
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let file = lock(self);
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        let bytes = file.bytes.get(from..from + into.len());
        into.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// How a [`FaultyDisk`] fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFault {
    /// The operation fails and nothing is done.
    Error,
    /// Of an append half is written, then it fails; all else fails as an error.
    Torn,
}

#[derive(Debug)]
struct Fuse {
    nth: u64,
    fault: DiskFault,
    for_good: bool,
    done: u64,
}

impl Fuse {
    fn blows(&mut self) -> Option<DiskFault> {
        self.done += 1;
        let blows = self.done == self.nth || (self.for_good && self.done > self.nth);
        blows.then_some(self.fault)
    }
}

/// The wicked twin: the `nth` operation that changes anything (from 1) fails, once
/// or for good.
#[derive(Clone, Debug)]
pub struct FaultyDisk<D> {
    /// What lies below.
    pub inner: D,
    fuse: Arc<Mutex<Fuse>>,
}

impl<D: Disk> FaultyDisk<D> {
    /// Fails at the `nth` operation.
    pub fn new(inner: D, nth: u64, fault: DiskFault, for_good: bool) -> FaultyDisk<D> {
        let fuse = Fuse {
            nth,
            fault,
            for_good,
            done: 0,
        };
        FaultyDisk {
            inner,
            fuse: Arc::new(Mutex::new(fuse)),
        }
    }

    /// Operations so far.
    pub fn operations(&self) -> u64 {
        lock(&self.fuse).done
    }

    fn check(&self) -> io::Result<()> {
        match lock(&self.fuse).blows() {
            Some(_) => Err(io::Error::other("injected")),
            None => Ok(()),
        }
    }
}

struct FaultyFile {
    inner: Box<dyn Appending>,
    fuse: Arc<Mutex<Fuse>>,
}

impl Appending for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let blown = lock(&self.fuse).blows();
        match blown {
            None => self.inner.append(bytes),
            Some(fault) => {
                if fault == DiskFault::Torn {
                    self.inner.append(&bytes[..bytes.len() / 2])?;
                }
                Err(io::Error::other("injected"))
            }
        }
    }
    fn sync(&mut self) -> io::Result<()> {
        let blown = lock(&self.fuse).blows();
        match blown {
            None => self.inner.sync(),
            Some(_) => Err(io::Error::other("injected")),
        }
    }
}

impl<D: Disk> Disk for FaultyDisk<D> {
    fn list(&self) -> io::Result<Vec<String>> {
        self.inner.list()
    }
    fn create(&self, name: &str) -> io::Result<Box<dyn Appending>> {
        self.check()?;
        Ok(Box::new(FaultyFile {
            inner: self.inner.create(name)?,
            fuse: self.fuse.clone(),
        }))
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn Reading>> {
        self.inner.open(name)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.check()?;
        self.inner.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.check()?;
        self.inner.remove(name)
    }
    fn sync_names(&self) -> io::Result<()> {
        self.check()?;
        self.inner.sync_names()
    }
}
