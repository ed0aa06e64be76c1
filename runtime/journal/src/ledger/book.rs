//! The open ledger.

use super::chain::{BODY_BYTES_MAX, FRAME_BYTES, Kind, SegmentHead, seal};
use super::checkpoint::{CHECKPOINT_BODY_BYTES, Checkpoint, Reason};
use super::entry::Entry;
use super::folder::{DiskFolder, Folder, SEGMENT_BYTES_MIN};
use super::hash::{Hash, merkle_root};
use super::keys::signing_key;
use super::recover::{End, Oddity, recover, tail};
use super::{LedgerError, segment_name, segment_number};
use crate::storage::Storage;
use ed25519_dalek::SigningKey;
use std::path::Path;

/// Bytes of a checkpoint's frame.
const CHECKPOINT_BYTES: u64 = (CHECKPOINT_BODY_BYTES + FRAME_BYTES) as u64;
const _: () = assert!(
    SEGMENT_BYTES_MIN > 2 * (BODY_BYTES_MAX as u64) - 4 * CHECKPOINT_BYTES,
    "the longest entry fits into the smallest segment"
);
/// Beginning of the names of files of reserved space.
const SPARE: &str = "spare-";

/// How a ledger is kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bytes of a segment.
    pub segment_bytes: u64,
    /// Segments of space reserved beyond the one that is written.
    pub spares: usize,
    /// Entries after which a checkpoint is made.
    pub every_entries: usize,
    /// Nanoseconds after which entries are covered by a checkpoint.
    pub every_ns: u64,
    /// Environment of entries by the ledger itself: `SIM` or `LIVE`.
    pub env: String,
    /// The clock, nanoseconds since 1970.
    pub utc_ns: fn() -> i64,
}

impl Settings {
    /// Segments of 4 MiB with three in reserve (at least 12 MiB for the trail on a full
    /// disk), a checkpoint every 1 000 entries and 10 s.
    pub fn new(env: &str, utc_ns: fn() -> i64) -> Settings {
        Settings {
            segment_bytes: 4 << 20,
            spares: 3,
            every_entries: 1_000,
            every_ns: 10_000_000_000,
            env: env.to_string(),
            utc_ns,
        }
    }
}

/// The ledger, open for appending.
pub struct Ledger {
    folder: Box<dyn Folder>,
    key: SigningKey,
    settings: Settings,
    id: [u8; 16],
    file: Option<Box<dyn Storage>>,
    capacity: u64,
    end: End,
    spares: Vec<(String, u64)>,
    spares_made: u64,
    void: Vec<String>,
    to_cut: Vec<(String, u64)>,
    down: Option<String>,
    buffer: Vec<u8>,
    fresh: Vec<Vec<u8>>,
    uncovered_since: Option<u64>,
    stopped: bool,
}

impl Ledger {
    /// Opens the ledger in a folder of the disk with the signing key at `key`; both are
    /// made if absent. A torn end is left out and a new segment begun, which says so.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing was changed then but for the begun segment.
    pub fn open(path: &Path, key: &Path, settings: Settings) -> Result<Ledger, LedgerError> {
        let folder = DiskFolder::make(path)
            .map_err(|error| LedgerError::of("making the ledger's folder", error))?;
        Ledger::over(Box::new(folder), signing_key(key)?, settings)
    }

    /// Opens the ledger in any folder.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn over(
        folder: Box<dyn Folder>,
        key: SigningKey,
        settings: Settings,
    ) -> Result<Ledger, LedgerError> {
        let recovered = recover(&*folder)?;
        let mut end = recovered.end;
        let id = match recovered.ledger {
            Some(id) => id,
            None => new_id()?,
        };
        if end.next == 0 {
            (end.next, end.covered) = (1, 1);
        }
        let mut ledger = Ledger {
            folder,
            key,
            settings,
            id,
            file: None,
            capacity: 0,
            end,
            spares: Vec::new(),
            spares_made: 0,
            void: recovered.void,
            to_cut: recovered.to_cut,
            down: None,
            buffer: Vec::new(),
            fresh: Vec::new(),
            uncovered_since: None,
            stopped: false,
        };
        ledger.settle()?;
        ledger.begin(&recovered.oddities)?;
        Ok(ledger)
    }

    /// Which ledger this is, for good.
    pub const fn id(&self) -> [u8; 16] {
        self.id
    }

    /// The public key of its checkpoints.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// Number of the last acknowledged entry, 0 for none.
    pub const fn last(&self) -> u64 {
        self.end.next - 1
    }

    /// Why nothing can be recorded, if it cannot.
    pub fn down(&self) -> Option<&str> {
        self.down.as_deref()
    }

    /// Bytes that can be written although the disk is full.
    pub fn reserved(&self) -> u64 {
        let spare: u64 = self.spares.iter().map(|(_, length)| length).sum();
        spare + self.capacity.saturating_sub(self.end.at)
    }

    /// Whether less space is reserved than the settings ask for.
    pub const fn is_short(&self) -> bool {
        self.spares.len() < self.settings.spares
    }

    /// Frames of the checkpoints made since this was last called, for the second place.
    pub fn take_checkpoints(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.fresh)
    }

    /// Appends entries with one write and one sync (more only where a segment ends);
    /// returns the number of the first when all of them survive a power cut, and gives
    /// each its number.
    ///
    /// # Errors
    /// [`LedgerError::TooLong`] and [`LedgerError::Encoding`] leave the ledger as it was.
    /// After any other the ledger is down: these entries may or may not be found again,
    /// they are not acknowledged, and nothing is until [`reopen`](Ledger::reopen).
    pub fn append(&mut self, entries: &mut [Entry]) -> Result<u64, LedgerError> {
        self.up()?;
        let bodies = entries.iter().map(body).collect::<Result<Vec<_>, _>>()?;
        let first = self.end.next;
        self.write_all(&bodies).or_else(|error| self.fall(error))?;
        for (entry, seq) in entries.iter_mut().zip(first..) {
            entry.seq = seq;
        }
        Ok(first)
    }

    /// What is to be done now and then, at least once a second: a checkpoint if one is
    /// due, space in reserve, old segments cut to their length. `now_ns` never goes back.
    ///
    /// # Errors
    /// [`LedgerError`] if the ledger went down; lack of reserve is not an error, see
    /// [`is_short`](Ledger::is_short).
    pub fn tend(&mut self, now_ns: u64) -> Result<(), LedgerError> {
        if self.down.is_some() || self.stopped {
            return Ok(());
        }
        if self.end.leaves.is_empty() {
            self.uncovered_since = None;
        } else if now_ns.saturating_sub(*self.uncovered_since.get_or_insert(now_ns))
            >= self.settings.every_ns
        {
            self.checkpoint(Reason::Time)
                .or_else(|error| self.fall(error))?;
            self.uncovered_since = None;
        }
        self.cut_old();
        if self.is_short() {
            // A full disk: what is there must do, and the owner can ask whether it is short.
            let _ = self.make_spare();
        }
        Ok(())
    }

    /// After a failure: goes on in a new segment from the last acknowledged entry. What
    /// stands behind it was never acknowledged; it is cut, and the ledger says so.
    ///
    /// # Errors
    /// [`LedgerError`]; the ledger is still down.
    pub fn reopen(&mut self) -> Result<(), LedgerError> {
        if self.down.is_none() {
            return Ok(());
        }
        let result = self.try_reopen();
        if let Err(error) = &result {
            self.down = Some(error.to_string());
        }
        result
    }

    fn try_reopen(&mut self) -> Result<(), LedgerError> {
        let io = |error| LedgerError::of("reopening the ledger", error);
        self.file = None;
        let files = self.folder.list().map_err(io)?;
        for (name, _) in files {
            let is_later = segment_number(&name).is_some_and(|n| n > self.end.segment);
            if is_later && !self.void.contains(&name) {
                self.void.push(name);
            }
        }
        let mut oddities = Vec::new();
        if self.end.segment > 0 {
            let bytes = self
                .folder
                .read(&segment_name(self.end.segment))
                .map_err(io)?;
            oddities.extend(tail(self.end.segment, &bytes, self.end.at as usize));
        }
        let since = self.down.clone().unwrap_or_default();
        oddities.push(Oddity {
            what: "reopened",
            subject: String::new(),
            why: format!("the ledger was down since: {since}"),
        });
        self.begin(&oddities)?;
        self.down = None;
        Ok(())
    }

    /// Ends the ledger with a checkpoint and nothing reserved behind it.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn stop(&mut self) -> Result<(), LedgerError> {
        self.up()?;
        self.checkpoint(Reason::Stop)
            .or_else(|error| self.fall(error))?;
        self.file = None;
        self.stopped = true;
        self.to_cut
            .push((segment_name(self.end.segment), self.end.at));
        self.cut_old();
        Ok(())
    }

    fn up(&self) -> Result<(), LedgerError> {
        match &self.down {
            Some(since) => Err(LedgerError::Down {
                since: since.clone(),
            }),
            None if self.stopped => Err(LedgerError::Down {
                since: "it was stopped".into(),
            }),
            None => Ok(()),
        }
    }

    fn fall<T>(&mut self, error: LedgerError) -> Result<T, LedgerError> {
        self.file = None;
        self.down = Some(error.to_string());
        Err(error)
    }

    fn write_all(&mut self, bodies: &[Vec<u8>]) -> Result<(), LedgerError> {
        let mut rest = bodies;
        while !rest.is_empty() {
            // One checkpoint may be due after these, one more must fit at the end.
            let mut room = self
                .capacity
                .saturating_sub(self.end.at + 2 * CHECKPOINT_BYTES);
            let mut count = 0;
            for body in rest {
                let bytes = (body.len() + FRAME_BYTES) as u64;
                if bytes > room {
                    break;
                }
                room -= bytes;
                count += 1;
            }
            if count == 0 {
                self.turn()?;
                continue;
            }
            let (now, later) = rest.split_at(count);
            self.write(now, None)?;
            rest = later;
        }
        Ok(())
    }

    /// Writes one batch that fits, and a checkpoint behind it if one is due.
    fn write(&mut self, bodies: &[Vec<u8>], reason: Option<Reason>) -> Result<(), LedgerError> {
        let batch = self.end.next;
        self.buffer.clear();
        let (mut head, mut leaves) = (self.end.head, Vec::new());
        for (body, seq) in bodies.iter().zip(batch..) {
            head = seal(&mut self.buffer, Kind::Entry, seq, batch, &head, body);
            leaves.push(head);
        }
        let mut next = End {
            segment: self.end.segment,
            at: 0,
            next: batch + bodies.len() as u64,
            head,
            leaves: Vec::new(),
            ..self.end
        };
        let is_due = self.end.leaves.len() + leaves.len() >= self.settings.every_entries;
        let reason = reason.or_else(|| is_due.then_some(Reason::Count));
        let frame = reason.map(|reason| {
            let all: Vec<Hash> = self.end.leaves.iter().chain(&leaves).copied().collect();
            self.seal_checkpoint(&mut next, batch, &all, reason)
        });
        self.commit()?;
        next.at = self.end.at + self.buffer.len() as u64;
        if let Some(frame) = frame {
            self.fresh.push(frame);
        } else {
            next.leaves = std::mem::take(&mut self.end.leaves);
            next.leaves.append(&mut leaves);
        }
        self.end = next;
        Ok(())
    }

    /// Puts a checkpoint behind what is in the buffer; its frame.
    fn seal_checkpoint(
        &mut self,
        next: &mut End,
        batch: u64,
        leaves: &[Hash],
        reason: Reason,
    ) -> Vec<u8> {
        let mut checkpoint = Checkpoint {
            ledger: self.id,
            number: next.checkpoints + 1,
            first: next.covered,
            last: next.next - 1,
            root: merkle_root(leaves),
            previous: next.checkpoint,
            utc_ns: (self.settings.utc_ns)(),
            reason,
            key: [0; 32],
            signature: [0; 64],
        };
        checkpoint.sign(&next.head, &self.key);
        let from = self.buffer.len();
        let body = checkpoint.to_bytes();
        let kind = Kind::Checkpoint;
        next.head = seal(&mut self.buffer, kind, next.next, batch, &next.head, &body);
        next.checkpoint = next.head;
        next.checkpoints += 1;
        next.covered = next.next;
        self.buffer[from..].to_vec()
    }

    fn checkpoint(&mut self, reason: Reason) -> Result<(), LedgerError> {
        self.write(&[], Some(reason))
    }

    /// One write, one sync.
    fn commit(&mut self) -> Result<(), LedgerError> {
        let file = self.file.as_mut().ok_or_else(|| LedgerError::Down {
            since: "no segment is open".into(),
        })?;
        file.append(&self.buffer)
            .map_err(|error| LedgerError::of("writing the ledger", error))?;
        file.sync()
            .map_err(|error| LedgerError::of("syncing the ledger", error))
    }

    /// Ends a full segment and begins the next.
    fn turn(&mut self) -> Result<(), LedgerError> {
        self.checkpoint(Reason::SegmentEnd)?;
        self.begin(&[])
    }

    /// Writes the segment that was read once more, the same bytes, and syncs it. What was
    /// read may stand in memory only: a sync that fails leaves it there, marked as if it
    /// were on the disk, and an earlier run may have ended on that.
    fn settle(&mut self) -> Result<(), LedgerError> {
        let io = |error| LedgerError::of("settling the last segment", error);
        if self.end.segment == 0 {
            return Ok(());
        }
        let name = segment_name(self.end.segment);
        let bytes = self.folder.read(&name).map_err(io)?;
        let held = bytes.get(..self.end.at as usize).unwrap_or(&bytes);
        let mut file = self.folder.open(&name).map_err(io)?;
        file.append(held).map_err(io)?;
        file.sync().map_err(io)
    }

    /// Begins a segment behind the end, and tells in it what was odd.
    fn begin(&mut self, oddities: &[Oddity]) -> Result<(), LedgerError> {
        let io = |error| LedgerError::of("beginning a segment", error);
        self.remove_void()?;
        if self.spares.is_empty() {
            self.find_spares()?;
        }
        if self.spares.is_empty() {
            self.make_spare().map_err(io)?;
        }
        let (spare, capacity) = self.spares.pop().ok_or_else(|| LedgerError::Format {
            name: SPARE.into(),
            message: "there is no space in reserve".into(),
        })?;
        let number = self.end.segment + 1;
        let name = segment_name(number);
        self.folder.rename(&spare, &name).map_err(io)?;
        self.folder.sync().map_err(io)?;
        let file = self.folder.open(&name).map_err(io)?;

        let (old, at) = (self.end.segment, self.end.at);
        let body = SegmentHead {
            ledger: self.id,
            segment: number,
            continues: old,
            continues_at: at,
            utc_ns: (self.settings.utc_ns)(),
            key: self.public_key(),
        }
        .to_bytes();
        let mut next = self.end.clone();
        let batch = next.next;
        self.buffer.clear();
        next.head = seal(
            &mut self.buffer,
            Kind::Segment,
            batch,
            batch,
            &next.head,
            &body,
        );
        for oddity in oddities {
            let entry = Entry {
                who: super::Actor::system("ledger"),
                ..Entry::system(
                    (self.settings.utc_ns)(),
                    &self.settings.env,
                    oddity.what,
                    &oddity.subject,
                    &oddity.why,
                )
            };
            let text = serde_json::to_vec(&entry).map_err(encoding)?;
            let kind = Kind::Entry;
            next.head = seal(&mut self.buffer, kind, next.next, batch, &next.head, &text);
            next.leaves.push(next.head);
            next.next += 1;
        }
        let mut frame = None;
        if !next.leaves.is_empty() {
            let leaves = std::mem::take(&mut next.leaves);
            frame = Some(self.seal_checkpoint(&mut next, batch, &leaves, Reason::Start));
        }
        self.file = Some(file);
        self.commit()?;
        self.capacity = capacity;
        next.segment = number;
        next.at = self.buffer.len() as u64;
        self.end = next;
        self.fresh.extend(frame);
        if old > 0 {
            self.to_cut.push((segment_name(old), at));
        }
        self.cut_old();
        Ok(())
    }

    /// Removes segments in which nothing was ever acknowledged. While one is there the
    /// next cannot be begun: a reader could not tell it from a forged one.
    fn remove_void(&mut self) -> Result<(), LedgerError> {
        let io = |error| LedgerError::of("removing a void segment", error);
        if self.void.is_empty() {
            return Ok(());
        }
        while let Some(name) = self.void.last() {
            match self.folder.remove(name) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(io(error));
                }
                _ => self.void.pop(),
            };
        }
        self.folder.sync().map_err(io)
    }

    fn find_spares(&mut self) -> Result<(), LedgerError> {
        let io = |error| LedgerError::of("looking for reserved space", error);
        for (name, length) in self.folder.list().map_err(io)? {
            let Some(number) = name.strip_prefix(SPARE) else {
                continue;
            };
            self.spares_made = self.spares_made.max(number.parse().unwrap_or(0));
            if length >= SEGMENT_BYTES_MIN {
                self.spares.push((name, length));
            } else {
                // Left from a start that was cut short; it is in nobody's way.
                let _ = self.folder.remove(&name);
            }
        }
        Ok(())
    }

    fn make_spare(&mut self) -> std::io::Result<()> {
        self.spares_made += 1;
        let name = format!("{SPARE}{}", self.spares_made);
        let length = self.folder.reserve(&name, self.settings.segment_bytes)?;
        self.spares.insert(0, (name, length));
        self.folder.sync()
    }

    /// Cuts segments to what they hold; what fails is tried again later.
    fn cut_old(&mut self) {
        let folder = &mut self.folder;
        self.to_cut
            .retain(|(name, length)| folder.cut(name, *length).is_err());
    }
}

fn encoding(error: serde_json::Error) -> LedgerError {
    LedgerError::Encoding {
        message: error.to_string(),
    }
}

fn body(entry: &Entry) -> Result<Vec<u8>, LedgerError> {
    let body = serde_json::to_vec(entry).map_err(encoding)?;
    if body.len() > BODY_BYTES_MAX {
        return Err(LedgerError::TooLong {
            bytes: body.len(),
            most: BODY_BYTES_MAX,
        });
    }
    Ok(body)
}

fn new_id() -> Result<[u8; 16], LedgerError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| LedgerError::Format {
        name: "ledger".into(),
        message: format!("no random number for its name: {error}"),
    })?;
    Ok(id)
}
