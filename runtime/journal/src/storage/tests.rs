use super::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How the n-th operation goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It fails and nothing is done.
    Fails,
    /// Half of what is written is there, then it fails; others fail.
    Torn,
    /// It is done and fails all the same.
    DoneAndFails,
}

/// A file system in memory: what is seen, and what a power cut leaves.
#[derive(Clone, Default)]
struct MemoryPlace {
    /// Seen and durable content.
    inodes: Vec<[Vec<u8>; 2]>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    fault: Option<(u32, Fault)>,
    done: u32,
    lies: bool,
}

impl MemoryPlace {
    fn begin(&mut self) -> Option<Fault> {
        self.done += 1;
        let fault = self.fault.filter(|(nth, _)| *nth == self.done);
        fault.map(|(_, fault)| fault)
    }

    fn end(fault: Option<Fault>) -> io::Result<()> {
        fault.map_or(Ok(()), |_| Err(io::Error::other("injected")))
    }

    fn seen(&self, path: &Path) -> Option<&[u8]> {
        let inode = self.names.get(path)?;
        Some(&self.inodes[*inode][0])
    }

    /// Every content that the file may have after a power cut now: folder as it was synced
    /// or as it is, content as it was synced, as it is, or half of that.
    fn after_power_cut(&self, path: &Path) -> Vec<Option<Vec<u8>>> {
        let mut all = Vec::new();
        for names in [&self.names, &self.durable_names] {
            let Some(inode) = names.get(path) else {
                all.push(None);
                continue;
            };
            let [seen, durable] = &self.inodes[*inode];
            all.push(Some(durable.clone()));
            if seen != durable {
                all.push(Some(seen.clone()));
                all.push(Some(seen[..seen.len() / 2].to_vec()));
            }
        }
        all
    }
}

impl Place for MemoryPlace {
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let fault = self.begin();
        let content = match fault {
            Some(Fault::Fails) => return MemoryPlace::end(fault),
            Some(Fault::Torn) => &bytes[..bytes.len() / 2],
            _ => bytes,
        };
        let next = self.inodes.len();
        let inode = *self.names.entry(path.to_path_buf()).or_insert(next);
        if inode == next {
            self.inodes.push(Default::default());
        }
        self.inodes[inode][0] = content.to_vec();
        MemoryPlace::end(fault)
    }

    fn sync(&mut self, path: &Path) -> io::Result<()> {
        let fault = self.begin();
        if !self.lies && matches!(fault, None | Some(Fault::DoneAndFails)) {
            let inode = self.names[path];
            let seen = self.inodes[inode][0].clone();
            self.inodes[inode][1] = seen;
        }
        MemoryPlace::end(fault)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let fault = self.begin();
        if matches!(fault, None | Some(Fault::DoneAndFails)) {
            let inode = self.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
            self.names.insert(to.to_path_buf(), inode);
        }
        MemoryPlace::end(fault)
    }

    fn sync_folder(&mut self, _: &Path) -> io::Result<()> {
        let fault = self.begin();
        if !self.lies && matches!(fault, None | Some(Fault::DoneAndFails)) {
            self.durable_names = self.names.clone();
        }
        MemoryPlace::end(fault)
    }
}

const OLD: &[u8] = b"the old content of a small file";
const NEW: &[u8] = b"the new content, which is somewhat longer than the old one";

fn place() -> (MemoryPlace, PathBuf) {
    let (mut place, path) = (MemoryPlace::default(), PathBuf::from("/data/alarms.json"));
    replace_on(&mut place, &path, OLD).expect("nothing fails");
    place.done = 0;
    (place, path)
}

#[test]
fn whichever_operation_fails_the_file_is_the_old_or_the_new_and_the_next_try_succeeds() {
    let (mut sound, path) = place();
    replace_on(&mut sound, &path, NEW).expect("nothing fails");
    assert_eq!(sound.done, 4);
    for nth in 1..=sound.done {
        for fault in [Fault::Fails, Fault::Torn, Fault::DoneAndFails] {
            let about = format!("operation {nth} {fault:?}");
            let (mut place, path) = place();
            place.fault = Some((nth, fault));
            assert!(replace_on(&mut place, &path, NEW).is_err(), "{about}");
            let seen = place.seen(&path).expect("a file");
            assert!(seen == OLD || seen == NEW, "{about}");
            for found in place.after_power_cut(&path) {
                let found = found.expect("a file");
                assert!(found == OLD || found == NEW, "{about} and a power cut");
            }
            place.fault = None;
            replace_on(&mut place, &path, NEW).expect("the fault is gone");
            for found in place.after_power_cut(&path) {
                assert_eq!(found.as_deref(), Some(NEW), "{about}, then again");
            }
        }
    }
}

#[test]
fn whenever_the_power_fails_the_file_is_the_old_or_the_new() {
    for operations in 0..=4 {
        let (mut place, path) = place();
        // The power fails before the next operation.
        place.fault = Some((operations + 1, Fault::Fails));
        let done = replace_on(&mut place, &path, NEW);
        for found in place.after_power_cut(&path) {
            let found = found.expect("a file");
            assert!(
                found == OLD || found == NEW,
                "after {operations} operations"
            );
            assert!(done.is_err() || found == NEW, "what was said to be done is");
        }
    }
}

/// What no order of operations can mend: it must be told from the content.
#[test]
fn a_disk_that_lies_about_syncs_may_leave_half_of_it() {
    let (mut place, path) = place();
    place.lies = true;
    replace_on(&mut place, &path, NEW).expect("it says so");
    let half = &NEW[..NEW.len() / 2];
    let found = place.after_power_cut(&path);
    assert!(found.iter().flatten().any(|found| found == half));
}
