//! The wicked twin of a folder: a disk in memory that fails at the n-th operation, is
//! full, is read-only, lies about syncs, and loses power.

use super::folder::{Folder, SEGMENT_BYTES_MIN};
use crate::storage::Storage;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFault {
    /// The device fails; nothing is done. A failed sync drops what waited for it, as
    /// Linux does: later syncs succeed and have nothing to write.
    Device,
    /// Half of it is written, then the device fails.
    Torn,
    /// No space.
    Full,
    /// The file system has become read-only.
    ReadOnly,
}

impl DiskFault {
    fn error(self) -> io::Error {
        match self {
            DiskFault::Device | DiskFault::Torn => io::Error::other("injected"),
            DiskFault::Full => io::ErrorKind::StorageFull.into(),
            DiskFault::ReadOnly => io::ErrorKind::ReadOnlyFilesystem.into(),
        }
    }
}

/// Bytes that reach the medium together.
const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
struct Inode {
    seen: Vec<u8>,
    durable: Vec<u8>,
    waiting: Vec<(usize, Vec<u8>)>,
}

impl Inode {
    fn settle(&mut self) {
        for (at, bytes) in std::mem::take(&mut self.waiting) {
            put(&mut self.durable, at, &bytes);
        }
    }
}

fn put(into: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if into.len() < at + bytes.len() {
        into.resize(at + bytes.len(), 0);
    }
    into[at..at + bytes.len()].copy_from_slice(bytes);
}

#[derive(Clone, Debug)]
struct Disk {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    capacity: usize,
    operations: u64,
    fault: Option<(u64, DiskFault, bool)>,
    syncs_lie: bool,
}

/// A disk in memory. Clones share it.
#[derive(Clone, Debug)]
pub struct MemoryDisk(Arc<Mutex<Disk>>);

impl Default for MemoryDisk {
    fn default() -> MemoryDisk {
        MemoryDisk::with(BTreeMap::new(), Vec::new())
    }
}

impl MemoryDisk {
    fn with(names: BTreeMap<String, usize>, inodes: Vec<Inode>) -> MemoryDisk {
        MemoryDisk(Arc::new(Mutex::new(Disk {
            inodes,
            durable_names: names.clone(),
            names,
            capacity: usize::MAX,
            operations: 0,
            fault: None,
            syncs_lie: false,
        })))
    }

    /// A disk that holds these files, all of them durable.
    pub fn of(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> MemoryDisk {
        let mut names = BTreeMap::new();
        let mut inodes = Vec::new();
        for (name, bytes) in files {
            names.insert(name, inodes.len());
            inodes.push(Inode {
                seen: bytes.clone(),
                durable: bytes,
                waiting: Vec::new(),
            });
        }
        MemoryDisk::with(names, inodes)
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the `nth` operation from now (from 1) fail, once or for good.
    pub fn fail_at(&self, nth: u64, fault: DiskFault, for_good: bool) {
        let mut disk = self.disk();
        let at = disk.operations + nth;
        disk.fault = Some((at, fault, for_good));
    }

    /// Ends the fault.
    pub fn mend(&self) {
        self.disk().fault = None;
    }

    /// Operations so far.
    pub fn operations(&self) -> u64 {
        self.disk().operations
    }

    /// From now on a sync succeeds and does nothing, or is honest again.
    pub fn lie(&self, lies: bool) {
        self.disk().syncs_lie = lies;
    }

    /// Bytes of all files together that the disk takes.
    pub fn set_capacity(&self, bytes: usize) {
        self.disk().capacity = bytes;
    }

    /// Bytes of all files together.
    pub fn used(&self) -> usize {
        self.disk().used()
    }

    /// Files as a reader sees them.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let disk = self.disk();
        let seen = |(name, at): (&String, &usize)| (name.clone(), disk.inodes[*at].seen.clone());
        disk.names.iter().map(seen).collect()
    }

    /// The disk after a power cut: what was synced, and of the rest some sectors, by
    /// `seed`: a prefix, any of them, or none; the last may be torn in its middle.
    pub fn after_power_cut(&self, seed: u64) -> MemoryDisk {
        let mut random = Random(seed);
        let disk = self.disk();
        let names = match random.next() % 2 {
            0 => disk.durable_names.clone(),
            _ => disk.names.clone(),
        };
        let mut files = Vec::new();
        for (name, at) in names {
            let inode = &disk.inodes[at];
            let mut bytes = inode.durable.clone();
            let style = random.next() % 3;
            let mut cut = false;
            for (at, write) in &inode.waiting {
                let mut from = 0;
                while from < write.len() && !cut {
                    let sector = SECTOR - (at + from) % SECTOR;
                    let to = write.len().min(from + sector);
                    match style {
                        0 => cut = true,
                        1 if random.next().is_multiple_of(4) => {
                            cut = true;
                            let half = from + (to - from) / 2;
                            put(&mut bytes, at + from, &write[from..half]);
                        }
                        2 if random.next().is_multiple_of(2) => {}
                        _ => put(&mut bytes, at + from, &write[from..to]),
                    }
                    from = to;
                }
            }
            files.push((name, bytes));
        }
        MemoryDisk::of(files)
    }
}

impl Disk {
    fn used(&self) -> usize {
        self.names
            .values()
            .map(|at| self.inodes[*at].seen.len())
            .sum()
    }

    /// Counts an operation; the fault, if it is to fail.
    fn begin(&mut self) -> Result<(), DiskFault> {
        self.operations += 1;
        match self.fault {
            Some((nth, fault, for_good))
                if self.operations == nth || (for_good && self.operations > nth) =>
            {
                Err(fault)
            }
            _ => Ok(()),
        }
    }

    fn inode(&self, name: &str) -> io::Result<usize> {
        let found = self.names.get(name).copied();
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Folder for MemoryDisk {
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let mut disk = self.disk();
        disk.begin().map_err(DiskFault::error)?;
        let length =
            |(name, at): (&String, &usize)| (name.clone(), disk.inodes[*at].seen.len() as u64);
        Ok(disk.names.iter().map(length).collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut disk = self.disk();
        disk.begin().map_err(DiskFault::error)?;
        Ok(disk.inodes[disk.inode(name)?].seen.clone())
    }

    fn reserve(&mut self, name: &str, bytes: u64) -> io::Result<u64> {
        let mut disk = self.disk();
        disk.begin().map_err(DiskFault::error)?;
        let room = disk.capacity.saturating_sub(disk.used()) as u64;
        let length = bytes.min(room) / SEGMENT_BYTES_MIN * SEGMENT_BYTES_MIN;
        if length == 0 {
            return Err(DiskFault::Full.error());
        }
        let at = disk.inodes.len();
        let zeros = vec![0; length as usize];
        disk.inodes.push(Inode {
            seen: zeros.clone(),
            durable: zeros,
            waiting: Vec::new(),
        });
        disk.names.insert(name.to_string(), at);
        Ok(length)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin().map_err(DiskFault::error)?;
        let at = disk.inode(from)?;
        disk.names.remove(from);
        disk.names.insert(to.to_string(), at);
        Ok(())
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn Storage>> {
        let mut disk = self.disk();
        disk.begin().map_err(DiskFault::error)?;
        Ok(Box::new(MemoryFile {
            disk: self.clone(),
            inode: disk.inode(name)?,
            at: 0,
        }))
    }

    fn cut(&mut self, name: &str, length: u64) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin().map_err(DiskFault::error)?;
        let at = disk.inode(name)?;
        let inode = &mut disk.inodes[at];
        inode.settle();
        inode.seen.truncate(length as usize);
        inode.durable.truncate(length as usize);
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin().map_err(DiskFault::error)?;
        let removed = disk.names.remove(name);
        removed
            .map(drop)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin().map_err(DiskFault::error)?;
        if !disk.syncs_lie {
            disk.durable_names = disk.names.clone();
        }
        Ok(())
    }
}

/// A file of the disk in memory.
struct MemoryFile {
    disk: MemoryDisk,
    inode: usize,
    at: usize,
}

impl Storage for MemoryFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.disk.disk();
        let (written, fault) = match disk.begin() {
            Ok(()) => (bytes, None),
            Err(DiskFault::Torn) => (&bytes[..bytes.len() / 2], Some(DiskFault::Torn)),
            Err(fault) => (&bytes[..0], Some(fault)),
        };
        let inode = &mut disk.inodes[self.inode];
        put(&mut inode.seen, self.at, written);
        inode.waiting.push((self.at, written.to_vec()));
        self.at += written.len();
        fault.map_or(Ok(()), |fault| Err(fault.error()))
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.disk.disk();
        let fault = disk.begin().err();
        let lies = disk.syncs_lie;
        let inode = &mut disk.inodes[self.inode];
        match fault {
            Some(fault) => {
                inode.waiting.clear();
                Err(fault.error())
            }
            None if lies => Ok(()),
            None => {
                inode.settle();
                Ok(())
            }
        }
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
