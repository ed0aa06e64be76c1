//! Where segments lie: a folder of the disk, behind a seam so that every operation of
//! it can fail in a test.

use crate::storage::{FileStorage, Storage};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Least space of a segment: less is as good as none.
pub const SEGMENT_BYTES_MIN: u64 = 64 << 10;

/// A folder of files that are written once, from the front.
pub trait Folder: Send {
    /// Files and their lengths.
    ///
    /// # Errors
    /// As the medium says; so for all of these.
    fn list(&self) -> io::Result<Vec<(String, u64)>>;
    /// The whole of a file.
    ///
    /// # Errors
    /// As the medium says.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;
    /// Makes a file of zeros and syncs it, so that writing into it needs no more space;
    /// its length, which is less than asked for if there is not so much space, but not
    /// less than [`SEGMENT_BYTES_MIN`].
    ///
    /// # Errors
    /// As the medium says; then there is no such file.
    fn reserve(&mut self, name: &str, bytes: u64) -> io::Result<u64>;
    /// Renames a file.
    ///
    /// # Errors
    /// As the medium says.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;
    /// Opens a file for writing from its first byte on.
    ///
    /// # Errors
    /// As the medium says.
    fn open(&mut self, name: &str) -> io::Result<Box<dyn Storage>>;
    /// Cuts a file to a length and syncs it.
    ///
    /// # Errors
    /// As the medium says.
    fn cut(&mut self, name: &str, length: u64) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// As the medium says.
    fn remove(&mut self, name: &str) -> io::Result<()>;
    /// Returns only when all names stay.
    ///
    /// # Errors
    /// As the medium says.
    fn sync(&mut self) -> io::Result<()>;
}

/// A folder of the disk.
#[derive(Clone, Debug)]
pub struct DiskFolder {
    path: PathBuf,
}

impl DiskFolder {
    /// The folder, made if absent; its own name is synced too.
    ///
    /// # Errors
    /// As the file system says.
    pub fn make(path: &Path) -> io::Result<DiskFolder> {
        if !path.is_dir() {
            std::fs::create_dir_all(path)?;
            crate::storage::sync_folder(path)?;
        }
        Ok(DiskFolder::at(path))
    }

    /// The folder, for reading.
    pub fn at(path: &Path) -> DiskFolder {
        DiskFolder {
            path: path.to_path_buf(),
        }
    }
}

/// Whether there was no space: of the disk, of the quota, or for so long a file.
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

impl Folder for DiskFolder {
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                files.push((name, about.len()));
            }
        }
        files.sort();
        Ok(files)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        std::fs::read(self.path.join(name))
    }

    /// Zeros are written, not promised: then a later write changes neither the length of
    /// the file nor where it lies, and its sync is one flush without the file system's
    /// own records. (A file system that never writes in place, such as btrfs or ZFS, needs
    /// new space for every write all the same: there this reserves nothing.)
    fn reserve(&mut self, name: &str, bytes: u64) -> io::Result<u64> {
        const STEP: u64 = SEGMENT_BYTES_MIN;
        let path = self.path.join(name);
        let mut file = File::create(&path)?;
        let zeros = vec![0; STEP as usize];
        let mut length = 0;
        let done = loop {
            if length >= bytes {
                break Ok(());
            }
            match file.write_all(&zeros) {
                Ok(()) => length += STEP,
                Err(error) if is_full(&error) && length > 0 => break file.set_len(length),
                Err(error) => break Err(error),
            }
        };
        match done.and_then(|()| file.sync_all()) {
            Ok(()) => Ok(length),
            Err(error) => {
                drop(file);
                // The first error is the one to tell.
                let _ = std::fs::remove_file(&path);
                Err(error)
            }
        }
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path.join(from), self.path.join(to))
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn Storage>> {
        Ok(Box::new(FileStorage::open_reserved(&self.path.join(name))?))
    }

    fn cut(&mut self, name: &str, length: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.path.join(name))?;
        if file.metadata()?.len() > length {
            file.set_len(length)?;
            file.sync_all()?;
        }
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }

    fn sync(&mut self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}
